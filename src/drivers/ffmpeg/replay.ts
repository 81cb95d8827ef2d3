import { Fault } from '../../base/fault.ts'
import { isReferencePicture } from '../../media/index.ts'
import type { VideoCodec } from '../../ports/camera.ts'
import { GAP_S_MAX } from './packet-times.ts'
import type { VideoFacts } from './probe.ts'
import type { Sample } from './samples.ts'

/** A file that the camera plays: `name` is what people typed, `facts` of what is played (its H.264 twin, where it was made). */
export type ReplayVideo = {
  readonly name: string
  readonly facts: VideoFacts
  /** The private zones were filled in when it was encoded. */
  readonly hidesPrivate?: boolean
}

export const FRAMES_PER_S = 5
export const FRAME_WIDTH_MAX = 320
/** With so many reference pictures a second the others need not be decoded to get five a second. */
const REFERENCES_PER_S_MIN = 10
/** In groups so short, what the decoder leaves out does not add up to anything. */
const SHORT_GROUP_S_MAX = 2.5
/**
 * A picture is decoded after its packet has come. So that the two never fall due at the same moment, when the order would
 * be left to chance, the pictures come this much later than they were taken.
 */
export const DECODING_MS = 0.001
/** Times go through floats on their way. */
export const SAME_MS = 0.5

export function whatToSkip(
  head: readonly Sample[],
  codec: VideoCodec,
  timescale: number,
): { readonly referenceOnly: boolean; readonly skipLoopFilter: boolean } {
  const references = head.filter((sample) => isReferencePicture(sample.data, codec))
  const keys = head.filter((sample) => sample.isKey)
  return {
    referenceOnly: references.length >= REFERENCES_PER_S_MIN * Math.max(1, spanS(head, timescale)),
    skipLoopFilter: keys.length > 1 && spanS(keys.slice(0, 2), timescale) <= SHORT_GROUP_S_MAX,
  }
}

export function spanS(samples: readonly Sample[], timescale: number): number {
  const [first, last] = [samples[0], samples.at(-1)]
  return first === undefined || last === undefined ? 0 : (last.dts - first.dts) / timescale
}

/** What was looked at before may have changed since, and no clock should be busy for years. */
export function checkStep(name: string, before: Sample | undefined, sample: Sample, timescale: number): void {
  if (before === undefined) return
  const stepS = (sample.dts - before.dts) / timescale
  const delayS = (sample.pts - sample.dts) / timescale
  if (stepS < 0 || stepS > GAP_S_MAX || Math.abs(delayS) > GAP_S_MAX)
    throw new Fault(
      'invalid',
      `${name}: absurd times: a packet comes ${stepS.toFixed(3)} s after the one before and is shown ${delayS.toFixed(3)} s later`,
    )
}

/** Throws `Fault('bug')` for what no camera of ours sends. */
export function codecOf(facts: VideoFacts): VideoCodec {
  if (facts.codec === 'h264' || facts.codec === 'hevc') return facts.codec
  throw new Fault('bug', `a file of ${facts.codec} reached the camera`)
}
