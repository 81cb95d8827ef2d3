import { describe, expect, it } from 'vitest'
import { fitPicture, normalise, readOutputs, sightsInPicture, SIDE } from './nanodet.ts'

const [CLASSES, BINS] = [80, 11]
const CELLS = [52 * 52, 26 * 26, 13 * 13]

/** Outputs in which nothing is seen, but what `mark` puts in. */
function outputs(mark: (scores: readonly Float32Array[], sides: readonly Float32Array[]) => void) {
  const scores = CELLS.map((cells) => new Float32Array(cells * CLASSES))
  const sides = CELLS.map((cells) => new Float32Array(cells * 4 * BINS).fill(-20))
  mark(scores, sides)
  return [...scores, ...sides]
}

/** The distribution says: exactly so many strides. */
function reach(sides: Float32Array | undefined, cell: number, strides: readonly number[]): void {
  strides.forEach((bin, side) =>
    sides?.fill(20, (cell * 4 + side) * BINS + bin, (cell * 4 + side) * BINS + bin + 1),
  )
}

describe('what the model says', () => {
  it('is a box around the middle of a cell', () => {
    const cell = 5 * 26 + 10 // Row 5, column 10 at stride 16: its middle is at (168, 88).
    const raw = readOutputs(
      outputs((scores, sides) => {
        scores[1]?.fill(0.9, cell * CLASSES, cell * CLASSES + 1)
        reach(sides[1], cell, [1, 2, 3, 4])
      }),
    )
    expect(raw).toHaveLength(1)
    expect(raw[0]?.thing).toBe('person')
    const box = [raw[0]?.left, raw[0]?.top, raw[0]?.right, raw[0]?.bottom].map((n) => Math.round(n ?? 0))
    expect(box).toEqual([152, 56, 216, 152])
  })

  it('counts a car as a vehicle, a dog as an animal, a backpack as something carried, and leaves out a chair', () => {
    const raw = readOutputs(
      outputs((scores) => {
        for (const [cell, number] of [2, 16, 24, 56].entries()) {
          const at = cell * 40 * CLASSES + number
          scores[0]?.fill(0.8, at, at + 1)
        }
      }),
    )
    expect(raw.map(({ thing }) => thing)).toEqual(['vehicle', 'animal', 'carried'])
  })

  it('is said once of a thing that two cells see', () => {
    const raw = readOutputs(
      outputs((scores, sides) => {
        for (const cell of [100, 101]) {
          scores[1]?.fill(cell === 100 ? 0.7 : 0.9, cell * CLASSES, cell * CLASSES + 1)
          reach(sides[1], cell, [6, 6, 6, 6])
        }
      }),
    )
    expect(raw.map(({ score }) => Math.round(score * 10))).toEqual([9])
  })

  it('is refused when there is too little of it, or when it is no number', () => {
    expect(() => readOutputs([new Float32Array(3)])).toThrow(
      'model: wanted 2704 cells at stride 8, got 3 scores',
    )
    expect(readOutputs(outputs((scores) => scores[0]?.fill(Number.NaN)))).toEqual([])
  })
})

describe('a picture for the model', () => {
  const picture = (width: number, height: number) => ({
    width,
    height,
    rgb: Uint8Array.from({ length: width * height * 3 }, (_, at) => [200, 100, 50][at % 3] ?? 0),
  })

  it('stands at the top left, with grey around it', () => {
    const { rgb, scale } = fitPicture(picture(832, 416), { x: 0, y: 0, width: 1, height: 1 })
    expect(scale).toBe(2)
    expect([...rgb.subarray(0, 3)]).toEqual([200, 100, 50])
    const below = (208 * SIDE + 10) * 3
    expect([...rgb.subarray(below, below + 3)]).toEqual([0x72, 0x72, 0x72])
  })

  it('is not enlarged when it is small', () => {
    const { rgb, scale } = fitPicture(picture(100, 50), { x: 0, y: 0, width: 1, height: 1 })
    expect(scale).toBe(1)
    expect([...rgb.subarray(100 * 3, 101 * 3)]).toEqual([0x72, 0x72, 0x72])
  })

  it('becomes planes of blue, green and red around nothing', () => {
    const { rgb } = fitPicture(picture(416, 416), { x: 0, y: 0, width: 1, height: 1 })
    const planes = normalise(rgb)
    const at = (plane: number) => planes[plane * SIDE * SIDE + 7] ?? 0
    expect(at(0)).toBeCloseTo((50 - 103.53) / 57.375, 4)
    expect(at(1)).toBeCloseTo((100 - 116.28) / 57.12, 4)
    expect(at(2)).toBeCloseTo((200 - 123.675) / 58.395, 4)
  })

  it('finds the way back from the model to the whole picture', () => {
    const whole = picture(1000, 500)
    const input = fitPicture(whole, { x: 0.5, y: 0, width: 0.4, height: 1 })
    const side = { left: 0, top: 0, right: 416, bottom: 416 }
    const [sight] = sightsInPicture([{ thing: 'person', score: 0.87654, ...side }], input, whole)
    expect(sight).toEqual({ thing: 'person', score: 0.877, box: { x: 0.5, y: 0, width: 0.5, height: 1 } })
  })
})
