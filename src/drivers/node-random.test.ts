import { describe, expect, it } from 'vitest'
import { nodeRandom } from './node-random.ts'

describe('chance from the operating system', () => {
  it('gives as many bytes as asked for, others each time', () => {
    expect(nodeRandom.bytes(0)).toEqual(new Uint8Array())
    expect(nodeRandom.bytes(16)).toHaveLength(16)
    expect(nodeRandom.bytes(16)).not.toEqual(nodeRandom.bytes(16))
  })

  it('gives numbers from 0 up to, and without, 1', () => {
    const numbers = Array.from({ length: 1000 }, () => nodeRandom.uniform())
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(new Set(numbers).size).toBe(1000)
  })
})
