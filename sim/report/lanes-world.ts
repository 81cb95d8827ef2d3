/** Lanes of the world around the doorbell and of its insides: the doorbell's own lives, disk, troubles, warnings. */
import type { StoryOutcome, TraceEntry } from '../trace.ts'
import {
  drawArea,
  drawBadge,
  drawSpan,
  drawSpanLabel,
  drawTick,
  lengthWithLabel,
  type Point,
} from './draw.ts'
import { entryText, wentWell } from './entry-text.ts'
import type { Lane, Sheet } from './lane.ts'
import { onSpans } from './lanes-signs.ts'
import { endsLife } from './lives.ts'
import { BADGE_SHARE, stackSpans, thinSpans, thinTicks, type Span, type Tick } from './marks.ts'
import { markup, type Markup } from './markup.ts'
import { momentText, spanText } from './moment-text.ts'
import { isWithin, placeOf, type Stretch } from './scale.ts'

const TROUBLE_ROW_PX = 18
const TROUBLE_ROWS_MAX = 8
/** Of so many kinds of trouble each has its own bars; the others share them. */
const TROUBLE_KINDS_MAX = 24
const TROUBLES_OF_A_KIND_MAX = 30
const DENSITY_CELLS = 400

const momentTick = (entry: TraceEntry, look: string): Tick => ({
  atMs: entry.atMs,
  look,
  tip: `${momentText(entry.atMs)} ${entryText(entry)}`,
})

/** When the power was off. */
export const powerCuts = ({ entries, endMs }: StoryOutcome): readonly Stretch[] =>
  onSpans(
    entries.flatMap((entry) =>
      entry.kind === 'power' ? [{ atMs: entry.atMs, isOn: entry.state === 'cut' }] : [],
    ),
    endMs,
  )

/** When the doorbell was up, and how its lives began and ended. */
export function doorbellLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const band = { topPx: 4, heightPx: 14 }
  const changes = outcome.entries.flatMap((entry) => {
    if (entry.kind === 'boot') return [{ atMs: entry.atMs, isOn: true }]
    return endsLife(entry) ? [{ atMs: entry.atMs, isOn: false }] : []
  })
  const lives = onSpans(changes, outcome.endMs).map((life, index): Span => ({
    ...life,
    look: 'up',
    tip: `up from ${momentText(life.fromMs)} to ${momentText(life.toMs)} (${spanText(life.toMs - life.fromMs)})`,
    label: `up ${index + 1}`,
  }))
  const drawn = thinSpans(lives, sheet)
  const ends = thinTicks(
    outcome.entries.filter(({ kind }) => kind === 'stopped').map((entry) => momentTick(entry, 'stopped')),
    sheet,
  )
  return {
    name: 'doorbell',
    legend: `${outcome.boots} ${outcome.boots === 1 ? 'start' : 'starts'}`,
    heightPx: 22,
    drawing: markup`${drawn.map((span) => drawSpan(span, band, stretch))}${drawn.length > 12 ? [] : drawn.map((span) => drawSpanLabel(span, band, stretch))}${ends.map((tick) => drawTick(tick, band, stretch))}`,
  }
}

/** What was done to the doorbell on purpose: bars for what lasts, diamonds for what happens once. */
export function troubleLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const spans = troubleSpans(sheet)
  const once = thinTicks(
    outcome.entries
      .filter((entry) => entry.kind === 'trouble' && entry.state === 'once')
      .map((entry) => momentTick(entry, 'once')),
    sheet,
    BADGE_SHARE,
  )
  const rows = stackSpans(spans, TROUBLE_ROWS_MAX, (span) => lengthWithLabel(span, stretch))
  const bars = rows.flatMap((row, index) => {
    const band = { topPx: 3 + index * TROUBLE_ROW_PX, heightPx: 14 }
    return row.map((span) => markup`${drawSpan(span, band, stretch)}${drawSpanLabel(span, band, stretch)}`)
  })
  const onceTopPx = 3 + rows.length * TROUBLE_ROW_PX
  return {
    name: 'troubles',
    legend: '',
    heightPx: Math.max(rows.length * TROUBLE_ROW_PX + (once.length > 0 ? 18 : 0) + 4, 22),
    drawing: markup`${bars}${once.map((tick) => drawOnce(tick, onceTopPx, stretch))}`,
  }
}

const drawOnce = (tick: Tick, topPx: number, stretch: Stretch): Markup =>
  drawBadge({ ...tick, letter: '◆' }, { topPx: topPx + 1, heightPx: 12 }, stretch)

function troubleSpans({ outcome: { entries, endMs }, stretch, marksMax }: Sheet): readonly Span[] {
  const changes = new Map<string, { atMs: number; isOn: boolean }[]>()
  for (const entry of entries) {
    if (entry.kind !== 'trouble' || entry.state === 'once') continue
    const isFull = changes.size >= TROUBLE_KINDS_MAX && !changes.has(entry.what)
    const what = isFull ? 'other troubles' : entry.what
    const list = changes.get(what) ?? []
    list.push({ atMs: entry.atMs, isOn: entry.state === 'begins' })
    changes.set(what, list)
  }
  return [...changes].flatMap(([what, list]) =>
    thinSpans(
      onSpans(list, endMs).map((span) => ({
        ...span,
        look: 'trouble',
        tip: `${what} from ${momentText(span.fromMs)} to ${momentText(span.toMs)} (${spanText(span.toMs - span.fromMs)})`,
        label: what,
      })),
      { stretch, marksMax: Math.min(marksMax, TROUBLES_OF_A_KIND_MAX) },
    ).map((span) => ({ ...span, label: span.label === what ? what : `${span.label ?? ''} ${what}` })),
  )
}

/** How busy the disk was, and every call that it refused. */
export function diskLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const calls = outcome.entries.filter((entry) => entry.kind === 'disk')
  const inside = calls.filter(({ atMs }) => isWithin(stretch, atMs))
  const bad = thinTicks(
    inside.filter((call) => !wentWell(call)).map((call) => momentTick(call, 'bad')),
    sheet,
  )
  const { points, most } = density(inside, stretch)
  const tip = `${inside.length} calls that change the disk or the index, ${inside.filter((call) => !wentWell(call)).length} refused; at most ${most} in ${spanText((stretch.toMs - stretch.fromMs) / DENSITY_CELLS)}`
  return {
    name: 'disk',
    legend: 'calls',
    heightPx: 34,
    drawing: markup`${drawArea(points, { look: 'density', tip, stretch, band: { topPx: 2, heightPx: 30 }, isUnbroken: true })}${bad.map((tick) => drawTick(tick, { topPx: 2, heightPx: 30 }, stretch))}`,
  }
}

function density(
  calls: readonly { readonly atMs: number }[],
  stretch: Stretch,
): { readonly points: readonly Point[]; readonly most: number } {
  const counts = Array.from({ length: DENSITY_CELLS }, () => 0)
  for (const { atMs } of calls) {
    const cell = Math.min(Math.floor((placeOf(stretch, atMs) / 100) * DENSITY_CELLS), DENSITY_CELLS - 1)
    counts[cell] = (counts[cell] ?? 0) + 1
  }
  const most = counts.reduce((highest, count) => Math.max(highest, count), 0)
  if (most === 0) return { points: [], most }
  const cellMs = (stretch.toMs - stretch.fromMs) / DENSITY_CELLS
  const points = counts.flatMap((count, cell) => {
    const [fromMs, value] = [stretch.fromMs + cell * cellMs, Math.sqrt(count / most)]
    return [
      { atMs: fromMs, value },
      { atMs: fromMs + cellMs, value },
    ]
  })
  return { points, most }
}

/** Warnings, errors and alarms. */
export function logLane(sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  const logs = outcome.entries.flatMap((entry) =>
    entry.kind === 'log' && entry.level !== 'debug' && entry.level !== 'info'
      ? [momentTick(entry, entry.level === 'warn' ? 'warn' : 'bad')]
      : [],
  )
  const alarms = outcome.entries
    .filter(({ kind }) => kind === 'alarm')
    .map((entry) => momentTick(entry, 'alarm'))
  return {
    name: 'warnings',
    legend: 'log, alarms',
    heightPx: 24,
    drawing: markup`${thinTicks(logs, sheet).map((tick) => drawTick(tick, { topPx: 5, heightPx: 14 }, stretch))}${thinTicks(alarms, sheet, BADGE_SHARE).map((tick) => drawBadge({ ...tick, letter: '!' }, { topPx: 4, heightPx: 15 }, stretch))}`,
  }
}
