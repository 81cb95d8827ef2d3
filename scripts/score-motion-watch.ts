/** Runs the motion detector over videos and scenes, as the doorbell would. */
import { monoMs } from '../src/base/time.ts'
import { createMotionDetector, type MotionRules } from '../src/detect/index.ts'
import { openLumaFrames, probeVideo } from '../src/drivers/ffmpeg/index.ts'
import type { LumaFrame } from '../src/ports/camera.ts'
import { renderScene, type SceneOptions } from '../sim/scenes/index.ts'
import type { Span } from './score-motion-rules.ts'

export type Watched = {
  readonly events: readonly Span[]
  readonly frames: number
  /** Processor time of the detector alone. */
  readonly msPerFrame: number
}

const RULES: MotionRules = { sensitivity: 0.5, zones: [] }
const FRAMES_PER_S = 5
const WIDTH_MAX = 320

export async function watchVideo(file: string, rules = RULES): Promise<Watched> {
  const facts = await probeVideo(file)
  await using source = await openLumaFrames(facts, {
    framesPerS: FRAMES_PER_S,
    widthMax: WIDTH_MAX,
    referenceOnly: false,
    skipLoopFilter: false,
  })
  const { width, height, timescale } = source.init
  const watcher = createWatcher(rules)
  let origin: number | undefined
  for (let samples = await source.read(); samples.length > 0; samples = await source.read()) {
    for (const { data, pts } of samples) {
      origin ??= pts
      watcher.see({
        width,
        height,
        luma: data,
        at: monoMs(1000 * (facts.startS + (pts - origin) / timescale)),
      })
    }
  }
  return watcher.end()
}

export function watchScene(name: string, options: SceneOptions = {}, rules = RULES): Watched {
  const scene = renderScene(name, { width: WIDTH_MAX, height: 180, fps: FRAMES_PER_S, ...options })
  const watcher = createWatcher(rules)
  let n = 0
  for (const luma of scene.frames()) {
    watcher.see({ width: scene.width, height: scene.height, luma, at: monoMs((n++ * 1000) / scene.fps) })
  }
  return watcher.end()
}

function createWatcher(rules: MotionRules): { see(frame: LumaFrame): void; end(): Watched } {
  const detector = createMotionDetector(rules)
  const events: Span[] = []
  let [frames, microseconds, lastAt] = [0, 0, 0]
  let from: number | undefined
  return {
    see(frame) {
      const before = process.cpuUsage().user
      const result = detector.step(frame)
      microseconds += process.cpuUsage().user - before
      frames++
      lastAt = frame.at / 1000
      for (const { kind, at } of result.events) {
        if (kind === 'motion-began') from = at / 1000
        else if (from !== undefined) events.push([from, at / 1000])
        if (kind === 'motion-ended') from = undefined
      }
    },
    end() {
      if (from !== undefined) events.push([from, lastAt])
      return { events, frames, msPerFrame: microseconds / 1000 / Math.max(1, frames) }
    },
  }
}
