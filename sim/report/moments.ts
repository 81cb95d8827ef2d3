/** Which pictures of a visit are worth a look, and what lies on them. */
import { isSure } from '../../src/recognise/index.ts'
import type { Area, Sight } from '../../src/ports/vision.ts'
import type { Seen } from '../seen.ts'
import type { VisitSummary } from '../summary.ts'

/** One picture of a visit, and what was seen on it. */
export type VisitMoment = {
  readonly atMs: number
  readonly why: string
  /** Of the picture nearest in time in which movement was looked for. */
  readonly score: number | undefined
  readonly moved: readonly Area[]
  readonly visitors: readonly Sight[]
  /** Who was seen, but does not count: nothing moved there, or a zone says so. */
  readonly others: readonly Sight[]
  /** Where people were looked for. */
  readonly within: Area | undefined
}

/** Boxes that old still lie on what they were around. */
const SAME_MS = 300
/** Pictures nearer to each other show the same. */
const APART_MS = 400

type Wish = { readonly atMs: number; readonly why: string }

/** At most `most` moments in the order of their times; what is best to see is chosen first. There is always one. */
export function momentsOf(visit: VisitSummary, seen: Seen, most: number): readonly VisitMoment[] {
  const [fromMs, toMs] = [visit.fromS * 1000, visit.toS * 1000]
  const looks = seen.looks.filter(({ at }) => at >= fromMs && at <= toMs)
  const lookedAt = seen.lookedAt.filter((looked) => looked.visit === visit.id)
  const wishes = [...bestSights(lookedAt), ...movements(looks), { atMs: fromMs, why: 'the first sign' }]
  const chosen: Wish[] = []
  for (const wish of wishes) {
    const isNew = chosen.every(({ atMs }) => Math.abs(atMs - wish.atMs) >= APART_MS)
    if (isNew && chosen.length < most) chosen.push(wish)
  }
  return chosen.toSorted((a, b) => a.atMs - b.atMs).map((wish) => momentOf(wish, { ...seen, lookedAt }))
}

/** The best picture of each thing that was recognised; people first. */
function bestSights(lookedAt: Seen['lookedAt']): readonly Wish[] {
  const best = new Map<string, { readonly quality: number; readonly wish: Wish }>()
  for (const { at, visitors } of lookedAt) {
    for (const sight of visitors.filter(isSure)) {
      const { thing, score, box } = sight
      const quality = score * Math.sqrt(box.width * box.height) * (thing === 'person' ? 2 : 1)
      if (quality <= (best.get(thing)?.quality ?? 0)) continue
      best.set(thing, { quality, wish: { atMs: at, why: `best picture of ${NAMES[thing]}` } })
    }
  }
  return [...best.values()].toSorted((a, b) => b.quality - a.quality).map(({ wish }) => wish)
}

const NAMES: Readonly<Record<Sight['thing'], string>> = {
  person: 'the person',
  vehicle: 'the vehicle',
  animal: 'the animal',
  carried: 'the carried thing',
}

function movements(looks: Seen['looks']): readonly Wish[] {
  const boxed = looks.filter(({ boxes }) => boxes.length > 0)
  const [first] = boxed
  if (first === undefined) return []
  const most = boxed.reduce((best, look) => (areaOf(look.boxes) > areaOf(best.boxes) ? look : best))
  return [
    { atMs: most.at, why: 'most movement' },
    { atMs: first.at, why: 'first movement' },
  ]
}

const areaOf = (boxes: readonly Area[]): number =>
  boxes.reduce((sum, { width, height }) => sum + width * height, 0)

function momentOf({ atMs, why }: Wish, { looks, lookedAt }: Seen): VisitMoment {
  const look = nearest(looks, atMs)
  const looked = nearest(lookedAt, atMs)
  return {
    ...{ atMs, why },
    score: look?.score,
    moved: look?.boxes ?? [],
    visitors: looked?.visitors ?? [],
    others: looked?.others ?? [],
    within: looked?.within,
  }
}

function nearest<T extends { readonly at: number }>(items: readonly T[], atMs: number): T | undefined {
  const away = ({ at }: T): number => Math.abs(at - atMs)
  const near = items.filter((item) => away(item) <= SAME_MS)
  return near.reduce<T | undefined>(
    (best, item) => (best === undefined || away(item) < away(best) ? item : best),
    undefined,
  )
}
