/** Runs the motion detector over a video as the doorbell would, and keeps what there is to say about it. */
import { monoMs } from '../base/time.ts'
import { createMotionDetector, type Box, type MotionResult, type MotionView } from '../detect/index.ts'
import type { Config } from '../config/index.ts'
import { openLumaFrames, type VideoFacts } from '../drivers/ffmpeg/index.ts'

/** One picture that the detector has seen. Times are seconds of the video's own time line. */
export type Look = {
  readonly atS: number
  readonly result: MotionResult
  /** What the detector holds for the empty view at that moment; to be asked for before the next look. */
  readonly view: () => MotionView | undefined
}

/** A reported movement; `largest` is the box that covered most of the picture, if there was one. */
export type Movement = { readonly fromS: number; readonly toS: number; readonly largest: Box | undefined }

export type Watched = {
  readonly frames: number
  /** Where the video ends; where nobody knew before, when its last picture was shown. */
  readonly endS: number
  readonly movements: readonly Movement[]
  /** The highest score in each `stepS` seconds from the video's first picture on. */
  readonly scores: readonly number[]
  readonly stepS: number
}

/** The same pace and size as the doorbell's own. */
const FRAMES_PER_S = 5
const WIDTH_MAX = 320

export type WatchOptions = { readonly name: string; readonly signal: AbortSignal }

export async function* looksAt(
  facts: VideoFacts,
  rules: Config['detect'],
  { name, signal }: WatchOptions,
): AsyncGenerator<Look, void> {
  const detector = createMotionDetector(rules)
  await using source = await openLumaFrames(facts, {
    name,
    signal,
    framesPerS: FRAMES_PER_S,
    widthMax: WIDTH_MAX,
    referenceOnly: false,
    skipLoopFilter: false,
  })
  const { width, height, timescale } = source.init
  for (let samples = await source.read(); samples.length > 0; samples = await source.read()) {
    for (const { data, pts } of samples) {
      const atS = pts / timescale
      const result = detector.step({ width, height, luma: data, at: monoMs(1000 * atS) })
      yield { atS, result, view: () => detector.inspect() }
    }
  }
}

/** The curve of the scores has at most so many points, however long the video is. */
const SCORES_MAX = 2000

export type WatchTold = {
  /** The next picture is not decoded before this is done. */
  readonly onLook: (look: Look) => Promise<void>
  /** How many seconds are done. */
  readonly onProgress: (doneS: number) => void
}

export async function watchVideo(
  facts: VideoFacts,
  rules: Config['detect'],
  { onLook, onProgress, ...options }: WatchOptions & WatchTold,
): Promise<Watched> {
  const stepS = Math.max(1 / FRAMES_PER_S, facts.durationS / SCORES_MAX)
  const scores: number[] = []
  const movements = createMovements()
  let [frames, score] = [0, 0]
  let lastS = facts.startS
  for await (const look of looksAt(facts, rules, options)) {
    await onLook(look)
    onProgress(look.atS - facts.startS)
    movements.take(look)
    const step = Math.max(0, Math.floor((look.atS - facts.startS) / stepS))
    while (scores.length <= step) scores.push(score) // Between two looks it is what it was.
    score = look.result.score
    scores[step] = Math.max(scores[step] ?? 0, score)
    frames++
    lastS = look.atS
  }
  const endS = facts.durationS > 0 ? facts.startS + facts.durationS : lastS
  return { frames, endS, movements: movements.end(lastS), scores, stepS }
}

type Movements = {
  take(look: Look): void
  /** What has not ended by then ends then. */
  end(atS: number): readonly Movement[]
}

function createMovements(): Movements {
  const done: Movement[] = []
  let open: { fromS: number; largest: Box | undefined } | undefined
  const close = (toS: number): void => {
    if (open !== undefined) done.push({ ...open, toS })
    open = undefined
  }
  return {
    take({ result }) {
      for (const { kind, at } of result.events) {
        close(at / 1000)
        if (kind === 'motion-began') open = { fromS: at / 1000, largest: undefined }
      }
      if (open !== undefined)
        for (const box of result.boxes) open.largest = areaOf(box) > areaOf(open.largest) ? box : open.largest
    },
    end(atS) {
      close(atS)
      return done
    },
  }
}

const areaOf = (box: Box | undefined): number => (box === undefined ? 0 : box.width * box.height)
