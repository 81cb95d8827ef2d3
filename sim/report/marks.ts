/** What stands on a lane, before it is drawn; and how much is too much to draw one by one. */
import { isWithin, overlap, type Stretch } from './scale.ts'

/** A moment. `look` is its class in the style sheet. */
export type Tick = { readonly atMs: number; readonly look: string; readonly tip: string }

/** Something that lasts. */
export type Span = Stretch & { readonly look: string; readonly tip: string; readonly label?: string }

/** How finely a lane is drawn: so many marks of a sort, each with its own words; what is closer together becomes one. */
export type Grain = { readonly stretch: Stretch; readonly marksMax: number }

/** Marks closer than this share of the width are drawn as one: about a pixel of a screen. */
const FINEST_SHARE = 1 / 1600
/** Badges are wider than ticks: about twelve pixels of a screen. */
export const BADGE_SHARE = 1 / 80

/** So many tips are kept of marks that became one. */
const TIPS_KEPT = 4

/**
 * Ticks within the stretch; those of the same look that would lie on each other (closer than `apartShare` of the
 * width) are one, which says how many it is.
 */
export function thinTicks(ticks: readonly Tick[], grain: Grain, apartShare = FINEST_SHARE): readonly Tick[] {
  const seen = ticks.filter(({ atMs }) => isWithin(grain.stretch, atMs)).toSorted((a, b) => a.atMs - b.atMs)
  return thin(seen, grain, { endOf: ({ atMs }) => atMs, apartShare }).map(mergeTicks)
}

/** Spans that reach into the stretch, cut at its ends; those of the same look that are hardly apart are one. */
export function thinSpans(spans: readonly Span[], grain: Grain): readonly Span[] {
  const seen = spans.flatMap((span) => {
    const part = overlap(span, grain.stretch)
    return part === undefined ? [] : [{ ...span, ...part, atMs: part.fromMs }]
  })
  const sorted = seen.toSorted((a, b) => a.atMs - b.atMs)
  return thin(sorted, grain, { endOf: ({ toMs }) => toMs, apartShare: FINEST_SHARE }).map(mergeSpans)
}

/** Groups that begin and end at nearly the same places and look the same: as fine as the number of groups allows. */
function thin<M extends { readonly atMs: number; readonly look: string }>(
  marks: readonly M[],
  { stretch: { fromMs, toMs }, marksMax }: Grain,
  { endOf, apartShare }: { readonly endOf: (mark: M) => number; readonly apartShare: number },
): readonly M[][] {
  for (let share = apartShare; ; share *= 2) {
    const groups = new Map<string, M[]>()
    const cellMs = Math.max((toMs - fromMs) * share, 1e-3)
    const cellOf = (ms: number): number => Math.floor((ms - fromMs) / cellMs)
    for (const mark of marks) {
      const key = `${cellOf(mark.atMs)} ${cellOf(endOf(mark))} ${mark.look}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [mark])
      else group.push(mark)
    }
    if (groups.size <= marksMax || share > 1) return [...groups.values()].slice(0, marksMax)
  }
}

function mergeTicks(group: readonly Tick[]): Tick {
  const [first] = group
  if (first === undefined) return { atMs: 0, look: '', tip: '' } // No group is empty.
  return { ...first, tip: mergeTips(group) }
}

function mergeSpans(group: readonly Span[]): Span {
  const [first] = group
  if (first === undefined) return { fromMs: 0, toMs: 0, look: '', tip: '' } // No group is empty.
  if (group.length === 1) return first
  const toMs = group.reduce((latest, span) => Math.max(latest, span.toMs), first.toMs)
  const { fromMs, look } = first
  return { fromMs, toMs, look, tip: mergeTips(group), label: `${group.length} ×` }
}

function mergeTips(group: readonly { readonly tip: string }[]): string {
  if (group.length === 1) return group[0]?.tip ?? ''
  const kept = group.slice(0, TIPS_KEPT).map(({ tip }) => tip)
  const rest = group.length - kept.length
  return [`${group.length} in one mark`, ...kept, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n')
}

/** Puts spans on rows so that none lies on another; the last row takes what has no place. `lengthOf` in milliseconds. */
export function stackSpans(
  spans: readonly Span[],
  rowsMax: number,
  lengthOf: (span: Span) => number,
): readonly Span[][] {
  const rows: Span[][] = []
  const endsMs: number[] = []
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const free = endsMs.findIndex((endMs) => endMs <= span.fromMs)
    const row = free >= 0 ? free : Math.min(rows.length, rowsMax - 1)
    const placed = (rows[row] ??= [])
    placed.push(span)
    endsMs[row] = Math.max(endsMs[row] ?? 0, span.fromMs + lengthOf(span))
  }
  return rows
}
