import { expect, it } from 'vitest'
import { monoMs } from '../base/time.ts'
import { createMotionDetector } from './index.ts'

const [WIDTH, HEIGHT] = [160, 90]

function pictureWith(square: boolean): Uint8Array {
  const luma = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
    (i % WIDTH) + i / WIDTH < 125 ? 60 : 120,
  )
  if (square) for (let y = 30; y < 50; y++) luma.fill(230, y * WIDTH + 40, y * WIDTH + 60)
  return luma
}

it('shows the empty view and what stands out from it', () => {
  const detector = createMotionDetector({ sensitivity: 0.5, zones: [] })
  expect(detector.inspect()).toBeUndefined()
  for (let n = 0; n < 20; n++)
    detector.step({ width: WIDTH, height: HEIGHT, luma: pictureWith(false), at: monoMs(n * 200) })
  detector.step({ width: WIDTH, height: HEIGHT, luma: pictureWith(true), at: monoMs(4000) })
  const view = detector.inspect()
  expect([view?.width, view?.height]).toEqual([WIDTH, HEIGHT])
  const [inSquare, elsewhere] = [40 * WIDTH + 50, 80 * WIDTH + 10]
  expect([view?.background[inSquare], view?.foreground[inSquare]]).toEqual([60, 1])
  expect([view?.background[elsewhere], view?.foreground[elsewhere]]).toEqual([60, 0])
  expect(view?.background[WIDTH - 1]).toBe(120)
})
