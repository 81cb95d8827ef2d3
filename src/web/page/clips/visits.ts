/** Clips → visits by day, and which of them a filter shows. Pure. */
import type { ClipMeta } from '../crypto/documents.ts'
import type { ClipFacts } from './clip-source.ts'

/** A clip as the page knows it: `meta` once it could be opened, else why not. */
export type KnownClip = {
  readonly facts: ClipFacts
  readonly meta?: ClipMeta
  readonly problem?: string
}

export type Visit = {
  readonly id: string
  readonly fromUnixMs: number
  readonly toUnixMs: number
  readonly clockTrusted: boolean
  /** Oldest first. */
  readonly clips: readonly KnownClip[]
  readonly labels: readonly string[]
  readonly zones: readonly string[]
  readonly presses: number
  readonly isGrowing: boolean
  readonly isHeld: boolean
  /** The doorbell was gone before it could finish it. */
  readonly isCutOff: boolean
  /** Set when it cannot be opened with this key. */
  readonly problem?: string
}

/** Newest first. A clip that cannot be opened stands as a visit of its own, at the time of its neighbours. */
export function groupVisits(clips: readonly KnownClip[]): readonly Visit[] {
  const byVisit = new Map<string, KnownClip[]>()
  for (const clip of clips) {
    const id = clip.meta?.visit ?? nameAlone(clip)
    byVisit.set(id, [...(byVisit.get(id) ?? []), clip])
  }
  let lastUnixMs = 0
  return [...byVisit]
    .map(([id, mine]) => ({ id, mine: mine.toSorted((a, b) => a.facts.order - b.facts.order) }))
    .toSorted((a, b) => newestOrder(b.mine) - newestOrder(a.mine))
    .map(({ id, mine }) => {
      const visit = visitOf(id, mine, lastUnixMs)
      lastUnixMs = visit.fromUnixMs
      return visit
    })
}

/** Until a clip can be opened nobody knows to which visit it belongs. */
const nameAlone = ({ facts }: KnownClip): string => `clip-${facts.clip}`

/** The visit of an address, also of one from before its clip could be opened. */
export const visitNamed = (visits: readonly Visit[], name: string): Visit | undefined =>
  visits.find(({ id, clips }) => id === name || clips.some((clip) => nameAlone(clip) === name))

const newestOrder = (clips: readonly KnownClip[]): number =>
  Math.max(...clips.map(({ facts }) => facts.order))

function visitOf(id: string, clips: readonly KnownClip[], aboutUnixMs: number): Visit {
  const metas = clips.flatMap(({ meta }) => meta ?? [])
  const labels = metas.flatMap((meta) => meta.labels)
  const problem = metas.length === 0 ? clips.find((clip) => clip.problem !== undefined)?.problem : undefined
  return {
    id,
    fromUnixMs: metas.length === 0 ? aboutUnixMs : Math.min(...metas.map((meta) => meta.fromUnixMs)),
    toUnixMs:
      metas.length === 0 ? aboutUnixMs : Math.max(...metas.map((meta) => meta.fromUnixMs + meta.durationMs)),
    clockTrusted: metas.every((meta) => meta.clockTrusted),
    clips,
    labels: byCertainty(labels),
    zones: [...new Set(labels.flatMap(({ zones }) => zones ?? []))],
    presses: metas.reduce((sum, meta) => sum + meta.presses.length, 0),
    isGrowing: clips.some(({ facts }) => facts.phase === 'growing'),
    isHeld: clips.some(({ facts }) => facts.held),
    isCutOff: clips.some(({ facts }) => facts.phase === 'cut-off'),
    ...(problem === undefined ? {} : { problem }),
  }
}

const byCertainty = (labels: ClipMeta['labels']): readonly string[] => [
  ...new Set(labels.toSorted((a, b) => b.score - a.score).map(({ label }) => label)),
]

export type Filter = { readonly what: 'all' | 'people' | 'presses'; readonly zone?: string }

export const isShown = (visit: Visit, { what, zone }: Filter): boolean =>
  (what === 'all' || (what === 'people' ? visit.labels.includes('person') : visit.presses > 0)) &&
  (zone === undefined || visit.zones.includes(zone))

export type Day = { readonly key: string; readonly fromUnixMs: number; readonly visits: readonly Visit[] }

/** Days as the people in front of the page count them; newest first, as the visits are. */
export function groupDays(visits: readonly Visit[]): readonly Day[] {
  const days = new Map<string, Visit[]>()
  for (const visit of visits) {
    const key = dayKey(visit.fromUnixMs)
    days.set(key, [...(days.get(key) ?? []), visit])
  }
  return [...days].map(([key, mine]) => ({ key, fromUnixMs: mine[0]?.fromUnixMs ?? 0, visits: mine }))
}

function dayKey(unixMs: number): string {
  const date = new Date(unixMs)
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((n) => String(n).padStart(2, '0'))
    .join('-')
}

/** The share of its day, from 0 to 1, at which a moment lies. */
export function shareOfDay(unixMs: number): number {
  const date = new Date(unixMs)
  return (date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds()) / 86_400
}

/** The visit nearest to a share of the day: what the strip of a day previews. */
export function nearestVisit(visits: readonly Visit[], share: number): Visit | undefined {
  const away = (visit: Visit): number => Math.abs(shareOfDay(visit.fromUnixMs) - share)
  return visits.toSorted((a, b) => away(a) - away(b))[0]
}
