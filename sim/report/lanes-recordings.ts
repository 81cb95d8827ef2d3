/** Lanes of what is kept: visits, clips, uploads. */
import type { ClipFact, TraceEntry, VisitFact } from '../trace.ts'
import {
  drawArea,
  drawBadge,
  drawSpan,
  drawSpanLabel,
  drawTick,
  withRoomyLabels,
  type Point,
} from './draw.ts'
import { entryText, isRing, wentWell } from './entry-text.ts'
import { clipLines } from './fact-text.ts'
import type { Lane, Sheet } from './lane.ts'
import { lifeEndOf } from './lives.ts'
import { BADGE_SHARE, stackSpans, thinSpans, thinTicks, type Span, type Tick } from './marks.ts'
import { markup, type Markup } from './markup.ts'
import { momentText, spanText } from './moment-text.ts'
import { isWithin, placeOf, type Stretch } from './scale.ts'

const CLIP_ROWS_MAX = 3
const CLIP_ROW_PX = 26
const STEPS_MAX = 1200

export function visitLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const endOf = lifeEndOf(outcome)
  const spans = thinSpans(
    outcome.visits.map((visit, index) => visitSpan(visit, index, endOf)),
    sheet,
  )
  const band = { topPx: 3, heightPx: 16 }
  const labelled = withRoomyLabels(spans, stretch)
  return {
    name: 'visits',
    legend: `${outcome.visits.length}`,
    heightPx: 22,
    drawing: markup`${spans.map((span) => drawSpan(span, band, stretch))}${labelled.map((span) => drawSpanLabel(span, band, stretch))}`,
  }
}

function visitSpan(
  { id, fromMs, toMs, signs }: VisitFact,
  index: number,
  endOf: (fromMs: number) => number,
): Span {
  const until = toMs === undefined ? 'never ended' : `to ${momentText(toMs)} (${spanText(toMs - fromMs)})`
  return {
    fromMs,
    toMs: toMs ?? endOf(fromMs),
    look: toMs === undefined ? 'visit open' : 'visit',
    tip: `visit ${index + 1}, ${id}\nfrom ${momentText(fromMs)} ${until}\nsigns: ${signs.join(', ')}`,
    label: `${index + 1} ${signs.join(', ')}`,
  }
}

/** Each clip twice: what it shows (from its first to its last picture), and how long it waited for its upload. */
export function clipLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const endOf = lifeEndOf(outcome)
  const footage = outcome.clips.map((clip, index) => clipSpan(clip, index, endOf))
  const rows = stackSpans(thinSpans(footage, sheet), CLIP_ROWS_MAX, ({ fromMs, toMs }) => toMs - fromMs)
  const bars = rows.flatMap((row, index) => {
    const band = { topPx: 3 + index * CLIP_ROW_PX, heightPx: 14 }
    const labelled = withRoomyLabels(row, stretch)
    return [
      ...row.map((span) => drawSpan(span, band, stretch)),
      ...labelled.map((span) => drawSpanLabel(span, band, stretch)),
    ]
  })
  const heightPx = Math.max(rows.length, 1) * CLIP_ROW_PX + 16
  const floorPx = heightPx - 16
  return {
    name: 'clips',
    legend: 'footage, wait',
    heightPx,
    drawing: markup`${bars}${waits(sheet, floorPx - 7)}${partTicks(sheet, floorPx - 7)}${clipBadges(sheet, floorPx)}`,
  }
}

function clipSpan(clip: ClipFact, index: number, endOf: (fromMs: number) => number): Span {
  const { fromMs, toMs, complete } = clip
  return {
    fromMs,
    toMs: toMs ?? endOf(fromMs),
    look: toMs === undefined ? 'clip open' : complete ? 'clip' : 'clip gappy',
    tip: clipLines(clip, index + 1).join('\n'),
    label: `${index + 1}${complete ? '' : ' incomplete'}`,
  }
}

/** From the last picture to the upload. */
function waits(sheet: Sheet, topPx: number): readonly Markup[] {
  const { outcome, stretch } = sheet
  const { clips, endMs } = outcome
  const spans = clips.flatMap((clip, index): Span[] => {
    const fromMs = clip.toMs ?? clip.sealedAtMs
    if (fromMs === undefined || clip.expired) return []
    const toMs = Math.max(clip.uploadedAtMs ?? endMs, fromMs)
    const tip = `clip ${index + 1} waits for its upload for ${spanText(toMs - fromMs)}`
    return [{ fromMs, toMs, look: clip.uploadedAtMs === undefined ? 'waits lost' : 'waits', tip }]
  })
  return thinSpans(spans, sheet).map((span) => drawSpan(span, { topPx, heightPx: 3 }, stretch))
}

function partTicks(sheet: Sheet, topPx: number): readonly Markup[] {
  const { outcome, stretch } = sheet
  const ticks = outcome.entries.flatMap((entry): Tick[] =>
    entry.kind === 'part'
      ? [{ atMs: entry.atMs, look: 'part', tip: `${momentText(entry.atMs)} ${entryText(entry)}` }]
      : [],
  )
  return thinTicks(ticks, sheet).map((tick) => drawTick(tick, { topPx: topPx - 3, heightPx: 8 }, stretch))
}

type ClipState = Extract<TraceEntry, { kind: 'clip' }>['state']

const CLIP_LETTERS: Partial<Record<ClipState, string>> = {
  uploaded: '✓',
  recovered: 'R',
  gap: 'G',
  lost: '✗',
  expired: 'E',
}

function clipBadges(sheet: Sheet, topPx: number): readonly Markup[] {
  const { outcome, stretch } = sheet
  const ticks = outcome.entries.flatMap((entry): Tick[] =>
    entry.kind === 'clip' && CLIP_LETTERS[entry.state] !== undefined
      ? [{ atMs: entry.atMs, look: entry.state, tip: `${momentText(entry.atMs)} ${entryText(entry)}` }]
      : [],
  )
  return thinTicks(ticks, sheet, BADGE_SHARE).map((tick) =>
    drawBadge({ ...tick, letter: letterOf(tick.look) }, { topPx: topPx + 1, heightPx: 13 }, stretch),
  )
}

const letterOf = (look: string): string =>
  Object.entries(CLIP_LETTERS).find(([state]) => state === look)?.[1] ?? ''

/** Every call to the store, what failed below what went well; behind them, how many clips wait. */
export function uploadLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const calls = outcome.entries.filter((entry) => entry.kind === 'store')
  const ticksOf = (isGood: boolean): readonly Tick[] =>
    calls.flatMap((call) =>
      wentWell(call) === isGood
        ? [
            {
              atMs: call.atMs,
              look: isGood ? 'good' : 'bad',
              tip: `${momentText(call.atMs)} ${entryText(call)}`,
            },
          ]
        : [],
    )
  const good = thinTicks(ticksOf(true), sheet)
  const bad = thinTicks(ticksOf(false), sheet)
  return {
    name: 'uploads',
    legend: 'calls to the store',
    heightPx: 42,
    drawing: markup`${waitingArea(outcome.clips, stretch)}<line class="middle" x1="0" x2="100%" y1="22" y2="22"/>${good.map((tick) => drawTick(tick, { topPx: 6, heightPx: 15 }, stretch))}${bad.map((tick) => drawTick(tick, { topPx: 23, heightPx: 15 }, stretch))}`,
  }
}

function waitingArea(clips: readonly ClipFact[], stretch: Stretch): Markup {
  const changes = clips
    .filter(({ expired }) => !expired)
    .flatMap(({ fromMs, uploadedAtMs }) => [
      { atMs: fromMs, by: 1 },
      ...(uploadedAtMs === undefined ? [] : [{ atMs: uploadedAtMs, by: -1 }]),
    ])
    .toSorted((a, b) => a.atMs - b.atMs)
  let waiting = 0
  const counts = changes.map(({ atMs, by }) => ({ atMs, value: (waiting += by) }))
  const most = counts.reduce((highest, { value }) => Math.max(highest, value), 1)
  const band = { topPx: 2, heightPx: 38 }
  const tip = `clips that wait for their upload: at most ${most}`
  return drawArea(
    steps(counts, stretch).map(({ atMs, value }) => ({ atMs, value: value / most })),
    { look: 'waiting', tip, stretch, band, isUnbroken: true },
  )
}

/** Corners of a staircase through the counts, within the stretch; of many changes in one pixel the last one counts. */
function steps(counts: readonly Point[], stretch: Stretch): readonly Point[] {
  const before = counts.findLast(({ atMs }) => atMs < stretch.fromMs)?.value ?? 0
  const last = new Map<number, Point>()
  for (const count of counts)
    if (isWithin(stretch, count.atMs))
      last.set(Math.floor((placeOf(stretch, count.atMs) / 100) * STEPS_MAX), count)
  const corners: Point[] = [{ atMs: stretch.fromMs, value: before }]
  for (const { atMs, value } of last.values())
    corners.push({ atMs, value: corners.at(-1)?.value ?? 0 }, { atMs, value })
  return [...corners, { atMs: stretch.toMs, value: corners.at(-1)?.value ?? 0 }]
}

/** What was told to the broker, and what reached the household. */
export function messageLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const band = { topPx: 3, heightPx: 11 }
  const ticks = outcome.entries.flatMap((entry): Tick[] =>
    entry.kind === 'message'
      ? [
          {
            atMs: entry.atMs,
            look: wentWell(entry) ? 'good' : 'bad',
            tip: `${momentText(entry.atMs)} ${entryText(entry)}`,
          },
        ]
      : [],
  )
  const good = thinTicks(
    ticks.filter(({ look }) => look === 'good'),
    sheet,
  )
  const bad = thinTicks(
    ticks.filter(({ look }) => look === 'bad'),
    sheet,
  )
  return {
    name: 'messages',
    legend: 'to the broker',
    heightPx: 30,
    drawing: markup`<line class="middle" x1="0" x2="100%" y1="15" y2="15"/>${good.map((tick) => drawTick(tick, band, stretch))}${bad.map((tick) => drawTick(tick, { topPx: 16, heightPx: 11 }, stretch))}`,
  }
}

export function toldLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const told = outcome.entries.flatMap((entry) =>
    entry.kind === 'told'
      ? [
          {
            atMs: entry.atMs,
            look: isRing(entry) ? 'rang' : 'told',
            tip: `${momentText(entry.atMs)} ${entryText(entry)}`,
          },
        ]
      : [],
  )
  const isBadge = ({ look }: Tick): boolean => look === 'rang'
  const rings = thinTicks(told.filter(isBadge), sheet, BADGE_SHARE)
  const news = thinTicks(
    told.filter((tick) => !isBadge(tick)),
    sheet,
  )
  return {
    name: 'household',
    legend: 'is told',
    heightPx: 23,
    drawing: markup`${news.map((tick) => drawTick(tick, { topPx: 6, heightPx: 11 }, stretch))}${rings.map((tick) => drawBadge({ ...tick, letter: '♪' }, { topPx: 4, heightPx: 15 }, stretch))}`,
  }
}
