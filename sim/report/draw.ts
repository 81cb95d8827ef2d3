/** Shapes of the time line. Across, places are per cent, so that the drawing can be stretched; down, they are pixels. */
import { markup, NOTHING, shorten, trusted, type Markup } from './markup.ts'
import { percentText, placeOf, type Stretch } from './scale.ts'
import type { Span, Tick } from './marks.ts'

/** Where on its lane something is drawn, pixels from the lane's top. */
export type Band = { readonly topPx: number; readonly heightPx: number }

/** One letter takes about so much of the width, per cent, on the narrowest drawing. */
const LETTER_PERCENT = 0.85
const TIP_LENGTH_MAX = 700
/** Curves are drawn on a grid of so many places across: as many as single-precision numbers can tell apart. */
const GRID = 10_000_000
/** Points of a curve that are farther apart than this share of the width do not belong together. */
const GAP_SHARE = 1 / 60

const tipOf = (tip: string): Markup => markup`<title>${shorten(tip, TIP_LENGTH_MAX)}</title>`

const across = (stretch: Stretch, atMs: number): string => `${percentText(placeOf(stretch, atMs))}%`

export function drawTick({ atMs, look, tip }: Tick, { topPx, heightPx }: Band, stretch: Stretch): Markup {
  const x = across(stretch, atMs)
  return markup`<line class="tick ${look}" x1="${x}" x2="${x}" y1="${topPx}" y2="${topPx + heightPx}">${tipOf(tip)}</line>`
}

/** A small disc with a letter, for what must be seen on a glance. */
export function drawBadge(
  { atMs, look, tip, letter }: Tick & { readonly letter: string },
  { topPx, heightPx }: Band,
  stretch: Stretch,
): Markup {
  const [x, radius] = [across(stretch, atMs), heightPx / 2]
  const middle = topPx + radius
  return markup`<g class="badge ${look}">${tipOf(tip)}<circle cx="${x}" cy="${middle}" r="${radius}"/><text x="${x}" y="${middle + 4}">${letter}</text></g>`
}

export function drawSpan(span: Span, { topPx, heightPx }: Band, stretch: Stretch): Markup {
  const width = percentText(placeOf(stretch, span.toMs) - placeOf(stretch, span.fromMs))
  const x = across(stretch, span.fromMs)
  const bar = markup`<rect class="span ${span.look}" x="${x}" width="${width}%" y="${topPx}" height="${heightPx}" rx="2">${tipOf(span.tip)}</rect>`
  // However short it was, it can be seen.
  const edge = markup`<line class="edge ${span.look}" x1="${x}" x2="${x}" y1="${topPx}" y2="${topPx + heightPx}"/>`
  return markup`${bar}${edge}`
}

/** The label of a span: at its beginning, or ending at its end when the right border is near. */
export function drawSpanLabel(span: Span, { topPx, heightPx }: Band, stretch: Stretch): Markup {
  const { label } = span
  if (label === undefined || label === '') return NOTHING
  const place = placeOf(stretch, span.fromMs)
  const isNearEnd = place + label.length * LETTER_PERCENT > 100
  const x = isNearEnd ? across(stretch, span.toMs) : `${percentText(place)}%`
  const look = isNearEnd ? 'label end' : 'label'
  // The script keeps the label in sight as long as its span is.
  const ends = percentText(placeOf(stretch, span.toMs))
  return markup`<text class="${look}" x="${x}" dx="${isNearEnd ? -4 : 4}" y="${topPx + heightPx / 2 + 4}" data-end="${ends}">${label}</text>`
}

/** How long a span is together with its label, milliseconds. */
export function lengthWithLabel(span: Span, { fromMs, toMs }: Stretch): number {
  const labelMs = ((span.label?.length ?? 0) * LETTER_PERCENT * (toMs - fromMs)) / 100
  return Math.max(span.toMs - span.fromMs, labelMs)
}

/** Without the labels that would run into the next span. */
export function withRoomyLabels(spans: readonly Span[], stretch: Stretch): readonly Span[] {
  return spans.map((span, index) => {
    const next = spans[index + 1]
    const roomMs = (next?.fromMs ?? Infinity) - span.fromMs
    return roomMs >= lengthWithLabel(span, stretch) ? span : { ...span, label: '' }
  })
}

export type Point = { readonly atMs: number; readonly value: number }

type Drawn = {
  readonly look: string
  readonly tip: string
  readonly stretch: Stretch
  readonly band: Band
}

/**
 * The outline of an area over the band's floor; `value` is 0 to 1. Where points are far apart, nothing is drawn
 * between, unless it is `isUnbroken`.
 */
export function drawArea(
  points: readonly Point[],
  { look, tip, stretch, band, isUnbroken = false }: Drawn & { readonly isUnbroken?: boolean },
): Markup {
  let path = ''
  let lastX: number | undefined
  for (const { atMs, value } of points) {
    const x = gridX(stretch, atMs)
    if (lastX === undefined) path += `M${x} 100`
    else if (!isUnbroken && x - lastX > GRID * GAP_SHARE) path += `L${lastX} 100ZM${x} 100`
    path += `L${x} ${gridY(value)}`
    lastX = x
  }
  return lastX === undefined ? NOTHING : drawPath(`${path}L${lastX} 100Z`, { look, tip, band })
}

/** A line that is high or low, as an oscilloscope shows it. The points are in order; the last level goes on to the end. */
export function drawTrace(points: readonly Point[], { look, tip, stretch, band }: Drawn): Markup {
  let path = `M0 ${gridY(points[0]?.value ?? 0)}`
  for (const { atMs, value } of points.slice(1)) path += `H${gridX(stretch, atMs)}V${gridY(value)}`
  return drawPath(`${path}H${GRID}`, { look, tip, band })
}

function drawPath(
  path: string,
  { look, tip, band }: { readonly look: string; readonly tip: string; readonly band: Band },
): Markup {
  return markup`<svg x="0" width="100%" y="${band.topPx}" height="${band.heightPx}" viewBox="0 0 ${GRID} 100" preserveAspectRatio="none"><path class="${look}" d="${trusted(path)}">${tipOf(tip)}</path></svg>`
}

const gridX = (stretch: Stretch, atMs: number): number =>
  Math.round((Math.min(Math.max(placeOf(stretch, atMs), 0), 100) / 100) * GRID)

const gridY = (value: number): number => Math.round(100 - 100 * Math.min(Math.max(value, 0), 1))
