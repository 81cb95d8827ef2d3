/** Compares detected movement with what is really in the video. */
import type { Labels } from './fixtures-manifest.ts'

export type Span = readonly [fromS: number, toS: number]

export type Score = {
  readonly found: number
  readonly wanted: number
  /** From the true onset to the reported one; 0 where movement was already reported. */
  readonly latenciesS: readonly number[]
  readonly falseEvents: number
  readonly falseS: number
  readonly quietS: number
  /** Events of every visit that was found; 1 is ideal. */
  readonly eventsPerVisit: readonly number[]
}

/** Behind true movement so much more is no mistake. */
const GRACE_S = 2
/** Labels made by hand are as accurate as this. */
const SLACK_S = 0.25

const overlaps = (a: Span, b: Span, slack = 0): boolean => a[1] >= b[0] - slack && a[0] <= b[1]

export function scoreMotion(labels: Labels, events: readonly Span[]): Score {
  const starts = labels.motion.map((motion) =>
    events.filter((event) => overlaps(event, motion, SLACK_S)).map(([from]) => from),
  )
  const latenciesS = labels.motion.flatMap(([from], n) => {
    const first = Math.min(...(starts[n] ?? []))
    return Number.isFinite(first) ? [Math.max(0, first - from)] : []
  })
  const known = [...labels.motion, ...labels.ignore].map(([from, to]): Span => [from, to + GRACE_S])
  const quiet = labels.quiet.map(([from, to]): Span => [from > 0.1 ? from + GRACE_S : from, to])
  const shared = (a: Span, b: Span): number => Math.max(0, Math.min(a[1], b[1]) - Math.max(a[0], b[0]))
  return {
    found: latenciesS.length,
    wanted: labels.motion.length,
    latenciesS,
    falseEvents: events.filter((event) => !known.some((span) => overlaps(event, span))).length,
    falseS: quiet.reduce(
      (sum, span) => sum + events.reduce((inside, event) => inside + shared(event, span), 0),
      0,
    ),
    quietS: quiet.reduce((sum, [from, to]) => sum + Math.max(0, to - from), 0),
    eventsPerVisit: labels.present
      .map((visit) => events.filter((event) => overlaps(event, visit, SLACK_S)).length)
      .filter((count) => count > 0),
  }
}

export function totalScore(scores: readonly Score[]): Score {
  const sum = (part: (score: Score) => number): number =>
    scores.reduce((total, score) => total + part(score), 0)
  return {
    found: sum((score) => score.found),
    wanted: sum((score) => score.wanted),
    latenciesS: scores.flatMap((score) => score.latenciesS),
    falseEvents: sum((score) => score.falseEvents),
    falseS: sum((score) => score.falseS),
    quietS: sum((score) => score.quietS),
    eventsPerVisit: scores.flatMap((score) => score.eventsPerVisit),
  }
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
