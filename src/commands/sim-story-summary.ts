import type { Cost, SimSummary, Span } from '../../sim/summary.ts'
import { hasPassed, type StoryResult } from '../../sim/report/index.ts'
import type { StoryOutcome } from '../../sim/trace.ts'
import type { ClipId, VisitId } from '../base/ids.ts'

/** The contract of `lintel sim --json`, and what a story adds to it. Times are seconds of the world. */
export type StorySummary = Omit<SimSummary, 'seeing'> & {
  readonly story: string
  readonly file: string
  readonly seed: number
  readonly passed: boolean
  /** Hexadecimal SHA-256 of the trace: the same story gives the same, on every machine. */
  readonly hash: string
  readonly boots: number
  readonly verdicts: StoryOutcome['verdicts']
  readonly violations: StoryOutcome['violations']
}

export function summaryOf({ file, outcome, cost }: StoryResult & { readonly cost: Cost }): StorySummary {
  const { title, seed, hash, boots, verdicts, violations, endMs, entries, presses } = outcome
  return {
    story: title,
    file,
    seed,
    passed: hasPassed(outcome),
    hash,
    boots,
    video: title,
    durationS: seconds(endMs),
    frames: entries.filter(({ kind }) => kind === 'score').length,
    motion: motionOf(outcome),
    presses: presses.flatMap(
      ({ pressedAtMs, visit }) =>
        visit === undefined ? [] : [{ atS: seconds(pressedAtMs), visit: visit as VisitId }], // An id the doorbell gave.
    ),
    visits: visitsOf(outcome),
    clips: clipsOf(outcome),
    mqtt: {
      published: entries.filter((it) => it.kind === 'message' && it.outcome === 'acknowledged').length,
    },
    cost,
    verdicts,
    violations,
  }
}

const seconds = (ms: number): number => Math.round(ms) / 1000

function motionOf({ entries, endMs }: StoryOutcome): readonly Span[] {
  const spans: Span[] = []
  let fromMs: number | undefined
  for (const it of entries) {
    if (it.kind !== 'motion') continue
    if (it.state === 'on') fromMs ??= it.atMs
    else if (fromMs !== undefined) {
      spans.push({ fromS: seconds(fromMs), toS: seconds(it.atMs) })
      fromMs = undefined
    }
  }
  return fromMs === undefined ? spans : [...spans, { fromS: seconds(fromMs), toS: seconds(endMs) }]
}

const visitsOf = ({ visits, clips, endMs }: StoryOutcome): SimSummary['visits'] =>
  visits.map(({ id, fromMs, toMs, signs, labels = [] }) => ({
    id: id as VisitId, // An id the doorbell gave.
    fromS: seconds(fromMs),
    toS: seconds(toMs ?? endMs),
    signs,
    clips: clips.filter(({ visit }) => visit === id).map((clip) => clip.id as ClipId), // The same.
    labels: labels.map(({ label, score, atMs, box, zones }) => ({
      ...{ label, score, atS: seconds(atMs), box, zones },
    })),
  }))

const clipsOf = ({ clips, endMs }: StoryOutcome): SimSummary['clips'] =>
  clips.map(({ id, fromMs, toMs, parts, bytes, sealedAtMs, uploadedAtMs }) => ({
    id: id as ClipId, // An id the doorbell gave.
    fromS: seconds(fromMs),
    toS: seconds(toMs ?? endMs),
    parts,
    bytes,
    uploaded: uploadedAtMs !== undefined,
    sealed: sealedAtMs !== undefined,
  }))
