/** Texts of bytes, hashes and key derivation: WebCrypto behind plain functions. */
import { utf8 } from '../../../base/bytes.ts'

/** WebCrypto takes no shared memory; none of ours is. */
export const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>

export function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** Undefined: no base64, or one that spells its bytes otherwise than we would. */
export function unbase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    return base64(bytes) === text ? bytes : undefined
  } catch {
    return undefined // The callers say what was wanted.
  }
}

const bare = (text: string): string => text.replaceAll('=', '')
const padded = (text: string): string => text + '='.repeat((4 - (text.length % 4)) % 4)

/** Without padding, as in headers of age. */
export const base64Bare = (bytes: Uint8Array): string => bare(base64(bytes))
export const unbase64Bare = (text: string): Uint8Array | undefined => unbase64(padded(text))

export const base64url = (bytes: Uint8Array): string =>
  base64Bare(bytes).replaceAll('+', '-').replaceAll('/', '_')
export const unbase64url = (text: string): Uint8Array | undefined =>
  unbase64Bare(text.replaceAll('-', '+').replaceAll('_', '/'))

export const sha256 = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', own(bytes)))

export async function derive(from: Uint8Array, salt: Uint8Array, info: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', own(from), 'HKDF', false, ['deriveBits'])
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: own(salt), info: own(utf8(info)) }
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 256))
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const

export async function hmac(key: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey('raw', own(key), HMAC, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, own(message)))
}

export async function hasHmac(key: Uint8Array, message: Uint8Array, code: Uint8Array): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', own(key), HMAC, false, ['verify'])
  return crypto.subtle.verify('HMAC', imported, own(code), own(message))
}
