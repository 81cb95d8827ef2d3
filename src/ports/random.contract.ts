import { describe, expect, it } from 'vitest'
import type { Random } from './random.ts'

/** What every source of chance must do, real or seeded. `open` gives a fresh one. */
export function describeRandomContract(name: string, open: () => Random): void {
  describe(`${name} keeps the contract of a source of chance:`, () => {
    it('gives as many bytes as asked for, others each time', () => {
      const random = open()
      expect(random.bytes(0)).toEqual(new Uint8Array())
      expect(random.bytes(16)).toHaveLength(16)
      expect(random.bytes(16)).not.toEqual(random.bytes(16))
    })

    it('gives bytes that nobody else changes', () => {
      const random = open()
      const first = random.bytes(32)
      const copy = first.slice()
      for (let i = 0; i < 1000; i++) random.bytes(32)
      expect(first).toEqual(copy)
    })

    it('gives numbers from 0 up to, and without, 1, spread evenly', () => {
      const random = open()
      const numbers = Array.from({ length: 10_000 }, () => random.uniform())
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...numbers)).toBeLessThan(1)
      const tenths = new Set(numbers.map((number) => Math.floor(number * 10)))
      expect(tenths.size).toBe(10)
    })
  })
}
