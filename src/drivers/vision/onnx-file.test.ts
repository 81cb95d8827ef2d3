import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault } from '../../base/fault.ts'
import { MODEL_FILE } from './engines.ts'
import { floatOfHalf, readOnnx } from './onnx-file.ts'

const file = readFileSync(MODEL_FILE)

describe('the model that is shipped', () => {
  it('is the one whose origin the README tells', () => {
    const sha256 = createHash('sha256').update(file).digest('hex')
    expect(readFileSync(new URL('README.md', import.meta.url), 'utf8')).toContain(sha256)
    expect(file.length).toBeLessThan(8e6)
  })

  it('has one input, six outputs, and constants of the sizes it says', () => {
    const { inputs, outputs, nodes, constants } = readOnnx(file)
    expect(inputs).toEqual(['input'])
    expect(outputs).toEqual(['out0', 'out1', 'out2', 'out3', 'out4', 'out5'])
    expect(nodes.filter(({ op }) => op === 'Conv')).toHaveLength(34)
    expect(constants.get('w/PartitionedCall/split/half')?.dims).toEqual([32, 3, 3, 3])
  })
})

describe('a file that is no model', () => {
  it('is refused as corrupt, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: file.length - 1 }), (length) => {
        expect(() => readOnnx(file.subarray(0, length))).toThrow(Fault)
      }),
      { numRuns: 30 },
    )
  })

  it('is refused, or read, but never breaks the reader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readOnnx(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(Fault)
        }
      }),
    )
  })
})

describe('a half float', () => {
  it.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
    [0xfc00, -Infinity],
  ])('%i is %d', (half, float) => {
    expect(floatOfHalf(half)).toBe(float)
  })
})
