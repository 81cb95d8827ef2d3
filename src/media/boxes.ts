/** ISO base media file format (ISO/IEC 14496-12): boxes as data. */
import { concatBytes, utf8 } from '../base/bytes.ts'

export const u8 = (n: number): Uint8Array => Uint8Array.of(n & 0xff)
export const u16 = (n: number): Uint8Array => Uint8Array.of((n >>> 8) & 0xff, n & 0xff)
export const u32 = (n: number): Uint8Array =>
  Uint8Array.of((n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff)
/** Whole numbers up to 2^53. */
export const u64 = (n: number): Uint8Array => concatBytes([u32(Math.floor(n / 2 ** 32)), u32(n % 2 ** 32)])
export const zeros = (length: number): Uint8Array => new Uint8Array(length)

export function box(type: string, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(content)
  return concatBytes([u32(body.length + 8), utf8(type), body])
}

export const fullBox = (
  type: string,
  version: number,
  flags: number,
  ...content: readonly Uint8Array[]
): Uint8Array => box(type, u32(((version << 24) | flags) >>> 0), ...content)
