import { randomBytes } from 'node:crypto'
import type { Random } from '../ports/random.ts'

/** Chance from the operating system. */
export const nodeRandom: Random = {
  bytes: (length) => Uint8Array.from(randomBytes(length)),
  // 53 random bits: as many as a number between 0 and 1 can hold.
  uniform: () => Number(randomBytes(8).readBigUInt64BE() >> 11n) / 2 ** 53,
}
