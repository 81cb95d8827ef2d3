import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { bech32 } from '@scure/base'
import { concatBytes } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'

/** DER around raw X25519 keys (RFC 8410): `node:crypto` takes no bare ones. */
const PRIVATE_DER = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20])
const PUBLIC_DER = Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0])
const KEY_BYTES = 32

export type X25519Pair = { readonly secret: KeyObject; readonly publicKey: Uint8Array }

export function makePair(): X25519Pair {
  const { privateKey } = generateKeyPairSync('x25519')
  return { secret: privateKey, publicKey: publicOf(privateKey) }
}

/** From the 32 bytes behind `AGE-SECRET-KEY-1…`. */
export function pairOf(secret: Uint8Array): X25519Pair {
  if (secret.length !== KEY_BYTES)
    throw new Fault('invalid', `a secret key has ${KEY_BYTES} bytes, got ${secret.length}`)
  const key = createPrivateKey({
    key: Buffer.from(concatBytes([PRIVATE_DER, secret])),
    format: 'der',
    type: 'pkcs8',
  })
  return { secret: key, publicKey: publicOf(key) }
}

function publicOf(secret: KeyObject): Uint8Array {
  const der = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(PUBLIC_DER.length))
}

/** Throws `Fault('corrupt')` for a point of low order, with which the secret would be known to everybody. */
export function sharedSecret(secret: KeyObject, theirs: Uint8Array): Uint8Array {
  const publicKey = createPublicKey({
    key: Buffer.from(concatBytes([PUBLIC_DER, theirs])),
    format: 'der',
    type: 'spki',
  })
  try {
    const shared = diffieHellman({ privateKey: secret, publicKey })
    if (shared.some((byte) => byte !== 0)) return new Uint8Array(shared)
  } catch (cause) {
    throw new Fault('corrupt', 'age header: a key share of low order', { cause })
  }
  throw new Fault('corrupt', 'age header: a key share of low order')
}

/** `age1…` → the 32 bytes of the public key. A point of low order, to which everybody has the key, is none. */
export function parseRecipient(text: string): Uint8Array {
  const decoded = text === text.toLowerCase() ? decodeBech32(text) : undefined
  if (decoded?.prefix === 'age' && decoded.bytes.length === KEY_BYTES && isSafe(decoded.bytes))
    return decoded.bytes
  throw new Fault('invalid', `“${text.slice(0, 80)}”: wanted a recipient age1… of 62 characters`)
}

function isSafe(publicKey: Uint8Array): boolean {
  try {
    return sharedSecret(makePair().secret, publicKey).length > 0
  } catch {
    return false
  }
}

export const formatRecipient = (publicKey: Uint8Array): string => bech32.encodeFromBytes('age', publicKey)

/** `AGE-SECRET-KEY-1…` → its 32 bytes. The text itself never stands in a message. */
export function parseSecret(text: string): Uint8Array {
  const decoded = text === text.toUpperCase() ? decodeBech32(text) : undefined
  if (decoded?.prefix === 'age-secret-key-' && decoded.bytes.length === KEY_BYTES) return decoded.bytes
  throw new Fault('invalid', 'wanted a secret key AGE-SECRET-KEY-1… of 74 characters')
}

function decodeBech32(text: string): { readonly prefix: string; readonly bytes: Uint8Array } | undefined {
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text)
    return { prefix: prefix.toLowerCase(), bytes }
  } catch {
    return undefined // The caller says what was wanted.
  }
}
