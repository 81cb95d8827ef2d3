/** X25519 and Ed25519 by WebCrypto: private keys go in as 32 bytes and do not come out again. */
import { concatBytes } from '../../../base/bytes.ts'
import type { KeyHolder } from './age-open.ts'
import { own, unbase64url } from './bytes.ts'

type Curve = 'X25519' | 'Ed25519'

/** DER in front of a raw private key (RFC 8410): its only difference is the last byte of the algorithm. */
const privateDer = (curve: Curve): Uint8Array =>
  Uint8Array.of(
    0x30,
    0x2e,
    2,
    1,
    0,
    0x30,
    5,
    6,
    3,
    0x2b,
    0x65,
    curve === 'X25519' ? 0x6e : 0x70,
    4,
    0x22,
    4,
    0x20,
  )

const usesOf = (curve: Curve): KeyUsage[] => [curve === 'X25519' ? 'deriveBits' : 'sign']

/** Undefined: this browser does not know the curve. */
export async function importSecret(
  curve: Curve,
  secret: Uint8Array,
): Promise<{ readonly key: CryptoKey; readonly publicKey: Uint8Array } | undefined> {
  const der = own(concatBytes([privateDer(curve), secret]))
  const take = (extractable: boolean): Promise<CryptoKey> =>
    crypto.subtle.importKey('pkcs8', der, { name: curve }, extractable, usesOf(curve))
  try {
    const { x = '' } = await crypto.subtle.exportKey('jwk', await take(true))
    const publicKey = unbase64url(x)
    return publicKey === undefined ? undefined : { key: await take(false), publicKey }
  } catch {
    return undefined
  } finally {
    der.fill(0)
  }
}

export const holderOf = (key: CryptoKey, publicKey: Uint8Array): KeyHolder => ({
  publicKey,
  async agree(theirs) {
    const other = await crypto.subtle.importKey('raw', own(theirs), { name: 'X25519' }, false, [])
    return new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: other }, key, 256))
  },
})

export const signWith = async (key: CryptoKey, message: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.sign('Ed25519', key, own(message)))
