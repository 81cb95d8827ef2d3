/** Reads the bits of a parameter set (ITU-T H.264 and H.265, 7.2 and 9.1/9.2), without its emulation prevention bytes. */
import { Fault } from '../base/fault.ts'

const SET_BYTES_MAX = 4096

/** Throws `Fault('corrupt')` for what reads past the end, so no length or count has to be believed. */
export class BitReader {
  readonly #bytes: Uint8Array
  #at = 0

  /** `unit`: a whole NAL unit; `headBytes` are skipped. */
  constructor(unit: Uint8Array, headBytes: number) {
    this.#bytes = unescaped(unit.subarray(headBytes, SET_BYTES_MAX))
  }

  bit(): number {
    const byte = this.#bytes[this.#at >> 3]
    if (byte === undefined) throw new Fault('corrupt', 'a parameter set ends too soon')
    return (byte >> (7 - (this.#at++ & 7))) & 1
  }

  flag(): boolean {
    return this.bit() === 1
  }

  bits(count: number): number {
    let value = 0
    for (let left = count; left > 0; left--) value = value * 2 + this.bit()
    return value
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) this.bit()
  }

  /** ue(v): up to 2^32 − 2. */
  ue(): number {
    let zeros = 0
    while (this.bit() === 0)
      if (++zeros > 32) throw new Fault('corrupt', 'a parameter set has an absurd number')
    return 2 ** zeros - 1 + this.bits(zeros)
  }

  /** se(v). */
  se(): number {
    const code = this.ue()
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2
  }

  /** ue(v) that is at most so much. Throws `Fault('corrupt')` when it is more. */
  ueMax(most: number): number {
    const value = this.ue()
    if (value > most) throw new Fault('corrupt', `a parameter set: wanted at most ${most}, got ${value}`)
    return value
  }
}

function unescaped(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length)
  let length = 0
  let zeros = 0
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0
      continue
    }
    zeros = byte === 0 ? zeros + 1 : 0
    out[length++] = byte
  }
  return out.subarray(0, length)
}
