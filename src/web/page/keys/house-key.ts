/**
 * The household's key in the page. 32 random bytes, which the recovery words spell, become two keys that the browser does not hand out
 * again: X25519 opens what is sealed, Ed25519 signs lists and grants (derived as `src/formats/documents.ts` `ownerSigner` does).
 */
import { Fault } from '../../../base/fault.ts'
import type { KeyHolder } from '../crypto/age-open.ts'
import { derive, own } from '../crypto/bytes.ts'
import { slowHolder, slowSigner } from '../crypto/ed25519.ts'
import { holderOf, importSecret, signWith } from '../crypto/native-keys.ts'
import type { Signer } from '../crypto/notes.ts'
import { formatRecipient } from '../crypto/recipient.ts'

export const SECRET_BYTES = 32

/** What opens, what signs, and how it is kept: `wrapped` where the browser does not know the curves. */
export type HouseKey = {
  readonly recipient: string
  readonly holder: KeyHolder
  readonly signer: Signer
  readonly kept: KeptKey
}

/** How a key lies in IndexedDB: as keys that cannot be exported, or its bytes under one that cannot. */
export type KeptKey =
  | {
      readonly kind: 'native'
      readonly open: CryptoKey
      readonly openPublic: Uint8Array
      readonly sign: CryptoKey
      readonly signPublic: Uint8Array
    }
  | {
      readonly kind: 'wrapped'
      readonly wrap: CryptoKey
      readonly iv: Uint8Array
      readonly sealed: Uint8Array
    }

export const makeSecret = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SECRET_BYTES))

const seedOf = (secret: Uint8Array): Promise<Uint8Array> =>
  derive(secret, new Uint8Array(0), 'lintel owner signing key v1')

/** `secret` may be wiped afterwards. */
export async function keyFromSecret(secret: Uint8Array): Promise<HouseKey> {
  if (secret.length !== SECRET_BYTES)
    throw new Fault('bug', `a secret key has ${SECRET_BYTES} bytes, got ${secret.length}`)
  const seed = await seedOf(secret)
  const [open, sign] = await Promise.all([importSecret('X25519', secret), importSecret('Ed25519', seed)])
  if (open === undefined || sign === undefined) return keyFromKept(await wrapSecret(secret))
  return keyFromKept({
    kind: 'native',
    open: open.key,
    openPublic: open.publicKey,
    sign: sign.key,
    signPublic: sign.publicKey,
  })
}

export async function wrapSecret(secret: Uint8Array): Promise<KeptKey> {
  const wrap = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrap, own(secret)))
  return { kind: 'wrapped', wrap, iv, sealed }
}

export async function keyFromKept(kept: KeptKey): Promise<HouseKey> {
  if (kept.kind === 'native') {
    const { open, openPublic, sign, signPublic } = kept
    return keyOf(kept, holderOf(open, openPublic), {
      publicKey: signPublic,
      sign: (message) => signWith(sign, message),
    })
  }
  const algorithm = { name: 'AES-GCM', iv: own(kept.iv) }
  const secret = new Uint8Array(await crypto.subtle.decrypt(algorithm, kept.wrap, own(kept.sealed)))
  return keyOf(kept, await slowHolder(secret), await slowSigner(await seedOf(secret)))
}

const keyOf = (kept: KeptKey, holder: KeyHolder, signer: Signer): HouseKey => ({
  recipient: formatRecipient(holder.publicKey),
  holder,
  signer,
  kept,
})
