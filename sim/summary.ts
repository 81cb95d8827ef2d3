import type { ClipId, VisitId } from '../src/base/ids.ts'
import type { MonoMs } from '../src/base/time.ts'
import type { Happening } from '../src/doorbell.ts'
import type { Seeing } from '../src/seeing.ts'
import type { Area } from '../src/ports/vision.ts'

/** What `lintel sim --json` prints for one video; documented in the README. Times are seconds of the video's own timeline. */
export type SimSummary = {
  readonly video: string
  readonly durationS: number
  readonly frames: number
  readonly motion: readonly Span[]
  readonly presses: readonly { readonly atS: number; readonly visit: VisitId }[]
  readonly visits: readonly VisitSummary[]
  readonly clips: readonly ClipSummary[]
  readonly mqtt: { readonly published: number }
  /** Private zones that were recorded all the same, because the owner wants it so; left out where there are none. */
  readonly privateRecorded?: readonly string[]
  readonly seeing: Seeing
  readonly cost: Cost
}

export type Span = { readonly fromS: number; readonly toS: number }
/** The most certain sight of its kind in a visit; `box` in shares of the picture, `atS`: when it was first seen. */
export type Label = {
  readonly label: string
  readonly score: number
  readonly atS: number
  readonly box: Area
  readonly zones: readonly string[]
}
export type Cost = { readonly cpuS: number; readonly wallS: number; readonly peakRssMb: number }

export type VisitSummary = Span & {
  readonly id: VisitId
  readonly signs: readonly string[]
  readonly clips: readonly ClipId[]
  readonly labels: readonly Label[]
}

export type ClipSummary = Span & {
  readonly id: ClipId
  readonly parts: number
  readonly bytes: number
  readonly uploaded: boolean
  readonly sealed: boolean
}

export type Facts = {
  readonly video: string
  readonly durationS: number
  readonly frames: number
  readonly published: number
  readonly privateRecorded: readonly string[]
  readonly seeing: Seeing
  readonly cost: Cost
  /** When the video's own time was 0, on the monotonic clock. */
  readonly startMs: MonoMs
}

/** Retells what happened as one object. Clips that were uploaded or recovered from before do not count: they are not of this video. */
export function summarise(happenings: readonly Happening[], facts: Facts): SimSummary {
  const seconds = (at: number): number => Math.round(at - facts.startMs) / 1000
  const { video, durationS, frames, published, seeing, cost } = facts
  return {
    video,
    durationS: Math.round(durationS * 1000) / 1000,
    frames,
    motion: motionOf(happenings, seconds, durationS),
    presses: happenings.flatMap((it) =>
      it.kind === 'press' ? [{ atS: seconds(it.at), visit: it.visit }] : [],
    ),
    visits: visitsOf(happenings, seconds),
    clips: clipsOf(happenings, seconds),
    mqtt: { published },
    ...(facts.privateRecorded.length === 0 ? {} : { privateRecorded: facts.privateRecorded }),
    seeing,
    cost,
  }
}

type Seconds = (at: number) => number

function motionOf(happenings: readonly Happening[], seconds: Seconds, durationS: number): readonly Span[] {
  const spans: Span[] = []
  let from: number | undefined
  for (const it of happenings) {
    if (it.kind === 'motion-began') from = seconds(it.at)
    if (it.kind !== 'motion-ended' || from === undefined) continue
    spans.push({ fromS: from, toS: seconds(it.at) })
    from = undefined
  }
  return from === undefined ? spans : [...spans, { fromS: from, toS: Math.round(durationS * 1000) / 1000 }]
}

function visitsOf(happenings: readonly Happening[], seconds: Seconds): readonly VisitSummary[] {
  const clips = happenings.filter((it) => it.kind === 'clip-began')
  return happenings.flatMap((it) => {
    if (it.kind !== 'visit-ended') return []
    const mine = clips.filter((clip) => clip.visit === it.visit).map((clip) => clip.clip)
    return [
      {
        id: it.visit,
        fromS: seconds(it.from),
        toS: seconds(it.to),
        signs: it.signs,
        clips: mine,
        labels: it.labels.map(({ label, score, at, box, zones }) => ({
          ...{ label, score, atS: seconds(at), box, zones },
        })),
      },
    ]
  })
}

function clipsOf(happenings: readonly Happening[], seconds: Seconds): readonly ClipSummary[] {
  const uploaded = new Set(happenings.flatMap((it) => (it.kind === 'clip-uploaded' ? [it.clip] : [])))
  return happenings.flatMap((it) => {
    if (it.kind !== 'clip-sealed') return []
    const { clip, from, to, parts, bytes } = it
    return [
      {
        id: clip,
        fromS: seconds(from),
        toS: seconds(to),
        parts,
        bytes,
        uploaded: uploaded.has(clip),
        sealed: true,
      },
    ]
  })
}
