import { utf8 } from '../base/bytes.ts'
import type { ClipId, VisitId } from '../base/ids.ts'
import type { MonoMs } from '../base/time.ts'
import { encodeMeta, type ClipMeta } from '../formats/index.ts'
import type { Track } from '../ports/camera.ts'
import type { VisitNotes } from './clips.ts'

/** What of the meta is known when the clip begins, and stays. */
export type ClipFrame = {
  readonly clip: ClipId
  readonly visit: VisitId
  readonly device: string
  /** When the light of the first picture hit the sensor. */
  readonly from: MonoMs
  readonly fromUnixMs: number
  readonly clockTrusted: boolean
  readonly boot: number
  readonly track: Track
  readonly continues: { readonly clip: ClipId; readonly until: MonoMs } | undefined
}

export type ClipExtent = {
  readonly durationMs: number
  /** It will not get longer. */
  readonly isEnded: boolean
  /** It ended, and no part is missing. */
  readonly isComplete: boolean
}

/** The meta in plain: for the seal only. */
export function metaBytes(frame: ClipFrame, notes: VisitNotes, extent: ClipExtent): Uint8Array {
  const isHere = belongsTo(frame, extent)
  const offsetOf = (at: MonoMs): number => Math.max(0, Math.round(at - frame.from))
  const presses = notes.presses.filter(isHere)
  const meta: ClipMeta = {
    format: 'sealed-clip-meta/1',
    clip: frame.clip,
    visit: frame.visit,
    device: frame.device,
    fromUnixMs: frame.fromUnixMs,
    clockTrusted: frame.clockTrusted,
    boot: frame.boot,
    fromMonoMs: Math.round(frame.from),
    durationMs: Math.round(extent.durationMs),
    codec: frame.track.codec,
    width: frame.track.width,
    height: frame.track.height,
    presses: presses.map(offsetOf),
    signs: notes.signs,
    labels: notes.labels
      .filter(({ at }) => isHere(at))
      .map(({ label, score, at, box, zones }) => ({ label, score, atMs: offsetOf(at), box, zones })),
    ...edgesOf(frame, notes, presses),
    ...(frame.continues === undefined ? {} : { continues: frame.continues.clip }),
    complete: extent.isComplete,
  }
  return utf8(encodeMeta(meta))
}

/** A noisy wire must not make the meta long. */
const EDGES_MAX = 128
/** In milliseconds, to the microsecond: a glitch is shorter than a millisecond. */
const microseconds = (ms: number): number => Math.round(ms * 1000) / 1000
/** As `lines/` keeps them. */
const AROUND_MS = 500

/** Of the presses of this clip; nothing where no press is. Edges before the first picture have times below 0. */
function edgesOf(
  { from }: ClipFrame,
  { edges = [] }: VisitNotes,
  presses: readonly MonoMs[],
): Pick<ClipMeta, 'edges'> {
  const near = edges.filter(({ at }) => presses.some((press) => Math.abs(at - press) <= AROUND_MS))
  if (near.length === 0) return {}
  return {
    edges: near
      .slice(0, EDGES_MAX)
      .map(({ line, active, at }) => ({ line, active, atMs: microseconds(at - from) })),
  }
}

/**
 * Every press is in a clip, also one in a pause between two clips of the visit, or before the camera's first picture:
 * that one is in the clip that came next, at its beginning.
 */
function belongsTo(frame: ClipFrame, { durationMs, isEnded }: ClipExtent): (at: MonoMs) => boolean {
  const from = frame.continues?.until ?? -Infinity
  const until = isEnded ? frame.from + durationMs : Infinity
  return (at) => at >= Math.min(from, frame.from) && at < until
}
