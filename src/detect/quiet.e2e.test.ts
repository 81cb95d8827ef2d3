import { describe, expect, it } from 'vitest'
import { renderScene } from '../../sim/scenes/index.ts'
import { monoMs } from '../base/time.ts'
import { createMotionDetector } from './index.ts'

const SECONDS = 600
/** Eighty minutes of video take half a minute of processor time; a busy machine may need ten times as long. */
const PATIENCE_MS = 900_000

/** When movement was reported in a scene in which nobody is. */
function falseOnsetsS(name: string, seed: number): readonly number[] {
  const scene = renderScene(name, {
    width: 160,
    height: 90,
    fps: 4,
    seconds: SECONDS,
    seed,
  })
  const { width, height, fps } = scene
  const detector = createMotionDetector({ sensitivity: 0.5, zones: [] })
  const onsets: number[] = []
  let n = 0
  for (const luma of scene.frames()) {
    const { events } = detector.step({ width, height, luma, at: monoMs((1000 * n++) / fps) })
    for (const { kind, at } of events) if (kind === 'motion-began') onsets.push(at / 1000)
  }
  expect(n).toBe(SECONDS * fps)
  return onsets
}

describe('ten minutes each of weather and nobody in it', () => {
  it(
    'give at most one false visit in all',
    () => {
      const scenes = [
        'empty-night',
        'rain',
        'rain-night',
        'swaying-tree',
        'near-tree',
        'insects',
        'clouds',
        'headlights',
      ]
      const cries = scenes.flatMap((name, n) =>
        falseOnsetsS(name, 501 + n).map((atS) => `${name} at ${atS} s`),
      )
      expect(cries.slice(1)).toEqual([])
    },
    PATIENCE_MS,
  )
})
