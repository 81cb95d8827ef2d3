/** Small helpers on byte arrays. `Uint8Array` everywhere; `Buffer` only inside a function. */

export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const chunk of chunks) length += chunk.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

const utf8Encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array => utf8Encoder.encode(text)

/** A byte order mark stays: `utf8(fromUtf8(bytes))` is `bytes` again, so that what was hashed or signed is what is read. */
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Throws a `TypeError` on bytes that are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array): string => utf8Decoder.decode(bytes)
