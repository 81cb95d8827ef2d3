/** Lanes of what the doorbell perceives and does on its pins: video, motion, button, PIR, chime. */
import type { TraceEntry } from '../trace.ts'
import { drawArea, drawBadge, drawSpan, drawTrace, type Point } from './draw.ts'
import { pressLines } from './fact-text.ts'
import type { Lane, Sheet, Thumbnail } from './lane.ts'
import { endsLife } from './lives.ts'
import { thinSpans, thinTicks, type Grain, type Span } from './marks.ts'
import { markup, type Markup } from './markup.ts'
import { momentText, spanText } from './moment-text.ts'
import { isWithin, percentText, placeOf, type Stretch } from './scale.ts'

/** So many pictures have place side by side. */
const THUMBNAILS_MAX = 14
const THUMBNAIL_PERCENT = 100 / THUMBNAILS_MAX
const POINTS_MAX = 1200
/** So many presses are drawn with their numbers. */
const NUMBERED_MAX = 40
/** A trace shows so many edges; where there are more, those that are closest together are drawn as one flicker. */
const EDGES_MAX = 3000

export function videoLane({ thumbnails, stretch }: Pick<Sheet, 'thumbnails' | 'stretch'>): Lane {
  const shown = roomyThumbnails(thumbnails, stretch)
  const drawing =
    shown.length === 0
      ? markup`<text class="none" x="6" y="28">no video</text>`
      : markup`${shown.map((thumbnail) => drawThumbnail(thumbnail, stretch))}`
  return { name: 'video', legend: '', heightPx: 48, drawing }
}

/** Those that stand side by side without one lying on another. */
function roomyThumbnails(thumbnails: readonly Thumbnail[], stretch: Stretch): readonly Thumbnail[] {
  const shown: Thumbnail[] = []
  let freeFrom = 0
  for (const thumbnail of thumbnails.toSorted((a, b) => a.atMs - b.atMs)) {
    const place = placeOf(stretch, thumbnail.atMs)
    if (place < freeFrom || place > 100 - THUMBNAIL_PERCENT / 2) continue
    shown.push(thumbnail)
    freeFrom = place + THUMBNAIL_PERCENT
  }
  return shown
}

function drawThumbnail({ atMs, jpeg }: Thumbnail, stretch: Stretch): Markup {
  const source = `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`
  return markup`<image class="thumbnail" x="${percentText(placeOf(stretch, atMs))}%" y="1" width="${percentText(THUMBNAIL_PERCENT)}%" height="46" preserveAspectRatio="xMinYMid meet" href="${source}"><title>${momentText(atMs)}</title></image>`
}

export function motionLane(sheet: Sheet): Lane {
  const { outcome } = sheet
  const scores = outcome.entries.filter((entry) => entry.kind === 'score')
  return scoreLane(scores, movingSpans(outcome.entries, outcome.endMs), sheet)
}

export type Score = { readonly atMs: number; readonly score: number }

/** The score of each picture that was decoded, as a curve, over the spans in which something moved. */
export function scoreLane(scores: readonly Score[], movingIn: readonly Stretch[], grain: Grain): Lane {
  const { stretch } = grain
  const band = { topPx: 2, heightPx: 34 }
  const curve = peaks(
    scores.map(({ atMs, score }) => ({ atMs, value: score })),
    stretch,
  )
  const moving = thinSpans(movingIn.map(movingSpan), grain)
  const tip = `motion score, 0 to 1; ${scores.length} pictures`
  return {
    name: 'motion',
    legend: 'score',
    heightPx: 38,
    drawing: markup`${moving.map((span) => drawSpan(span, band, stretch))}${drawArea(curve, { look: 'score', tip, stretch, band })}`,
  }
}

/** By the scores where there are some that move, else by what the doorbell said; a life's end ends its motion. */
function movingSpans(entries: readonly TraceEntry[], endMs: number): readonly Stretch[] {
  const hasScores = entries.some((entry) => entry.kind === 'score' && entry.moving)
  const changes = entries.flatMap((entry) => {
    if (endsLife(entry)) return [{ atMs: entry.atMs, isOn: false }]
    if (hasScores) return entry.kind === 'score' ? [{ atMs: entry.atMs, isOn: entry.moving }] : []
    return entry.kind === 'motion' ? [{ atMs: entry.atMs, isOn: entry.state === 'on' }] : []
  })
  return onSpans(changes, endMs)
}

const movingSpan = (span: Stretch): Span => ({
  ...span,
  look: 'moving',
  tip: `motion from ${momentText(span.fromMs)} to ${momentText(span.toMs)} (${spanText(span.toMs - span.fromMs)})`,
})

/** From where something is on to where it is off again; what is never off ends at `endMs`. */
export function onSpans(
  changes: readonly { readonly atMs: number; readonly isOn: boolean }[],
  endMs: number,
): readonly Stretch[] {
  const spans: Stretch[] = []
  let fromMs: number | undefined
  for (const { atMs, isOn } of changes) {
    if (isOn) fromMs ??= atMs
    else if (fromMs !== undefined) {
      spans.push({ fromMs, toMs: atMs })
      fromMs = undefined
    }
  }
  return fromMs === undefined ? spans : [...spans, { fromMs, toMs: Math.max(endMs, fromMs) }]
}

/** The highest value in each pixel, so that no peak is lost. */
export function peaks(points: readonly Point[], stretch: Stretch): readonly Point[] {
  const highest = new Map<number, Point>()
  for (const point of points) {
    if (!isWithin(stretch, point.atMs)) continue
    const cell = Math.floor((placeOf(stretch, point.atMs) / 100) * POINTS_MAX)
    const before = highest.get(cell)
    if (before === undefined || point.value > before.value) highest.set(cell, point)
  }
  return [...highest.values()]
}

type Line = Extract<TraceEntry, { kind: 'input' | 'output' }>['line']

/** A pin as an oscilloscope shows it; the button's with every press on it. */
export function pinLane(line: Line, sheet: Sheet): Lane {
  const { outcome, stretch } = sheet
  // The button's badges stand above its trace.
  const band = { topPx: line === 'button' ? 20 : 5, heightPx: 16 }
  const edges = outcome.entries.flatMap((entry) =>
    (entry.kind === 'input' || entry.kind === 'output') && entry.line === line
      ? [{ atMs: entry.atMs, isOn: entry.active }]
      : [],
  )
  const pulses = thinSpans(
    onSpans(edges, outcome.endMs).map((span) => ({
      ...span,
      look: 'pulse',
      tip: `${line} active at ${momentText(span.fromMs)} for ${spanText(span.toMs - span.fromMs)}`,
    })),
    sheet,
  )
  const trace = drawTrace(levels(edges, stretch), {
    look: 'trace',
    tip: `${line}: ${edges.length} edges`,
    stretch,
    band,
  })
  const presses = line === 'button' ? pressBadges(sheet) : []
  return {
    name: line === 'pir' ? 'PIR' : line,
    legend: 'GPIO',
    heightPx: band.topPx + 21,
    drawing: markup`${pulses.map((span) => drawSpan(span, band, stretch))}${trace}${presses}`,
  }
}

/** The level that holds at the left border, then every edge within; far too many edges lose those that no screen shows. */
function levels(
  edges: readonly { readonly atMs: number; readonly isOn: boolean }[],
  stretch: Stretch,
): readonly Point[] {
  const before = edges.findLast(({ atMs }) => atMs < stretch.fromMs)
  const within = edges.filter(({ atMs }) => isWithin(stretch, atMs))
  const seen = new Set<string>()
  const distinct = within.filter(({ atMs, isOn }) => {
    const key = `${Math.floor((placeOf(stretch, atMs) / 100) * EDGES_MAX)} ${isOn}`
    return !seen.has(key) && seen.add(key)
  })
  const kept = within.length <= EDGES_MAX ? within : distinct
  return [{ atMs: stretch.fromMs, isOn: before?.isOn ?? false }, ...kept].map(({ atMs, isOn }) => ({
    atMs,
    value: isOn ? 1 : 0,
  }))
}

function pressBadges(sheet: Sheet): readonly Markup[] {
  const { outcome, stretch } = sheet
  const ticks = outcome.presses.map((press, index) => ({
    atMs: press.pressedAtMs,
    look: press.notifiedAtMs === undefined ? 'press lost' : 'press',
    tip: pressLines(press, index + 1).join('\n'),
    letter: String(index + 1),
  }))
  if (ticks.length <= NUMBERED_MAX) {
    return ticks
      .filter(({ atMs }) => isWithin(stretch, atMs))
      .map((tick) => drawBadge(tick, { topPx: 2, heightPx: 16 }, stretch))
  }
  return thinTicks(ticks, sheet).map((tick) =>
    drawBadge({ ...tick, letter: '' }, { topPx: 6, heightPx: 8 }, stretch),
  )
}
