/** Draws on the pictures of the overlay film: what is said as SVG, nothing else. */
import type { ZoneConfig } from '../config/index.ts'
import type { Thing } from '../ports/vision.ts'
import type { Layout, Place } from './detect-layout.ts'
import type { MovementLabel } from './detect-recognise.ts'
import type { Watched } from './detect-watch.ts'

/** A box on the picture: places and sizes as shares of it, from 0 to 1; `colour` as CSS says it. */
export type DrawnBox = Place & { readonly text: string; readonly colour: string }

/** One moment of the film. */
export type Moment = {
  /** Seconds of the video's own time line. */
  readonly atS: number
  readonly score: number
  readonly state: 'moving' | 'there' | 'stirring' | 'quiet'
  readonly boxes: readonly DrawnBox[]
}

/** What is the same in every picture; `startS` is when the first one is shown. */
export type Film = {
  readonly layout: Layout
  readonly watched: Watched
  readonly labels: readonly MovementLabel[]
  readonly zones: readonly ZoneConfig[]
  readonly startS: number
}

export const MOTION_COLOUR = '#ff9d1e'
export const THING_COLOUR: Readonly<Record<Thing, string>> = {
  person: '#2fd4ff',
  vehicle: '#c58bff',
  animal: '#ffe14a',
  carried: '#ff7ab8',
}
export const UNSURE_COLOUR = '#b8bcc4'
const ZONE_COLOUR = { watch: '#3ddc84', ignore: '#b8bcc4', private: '#000000' } as const
const INK = { panel: '#15171c', text: '#f2f3f5', faint: '#8d93a0', line: '#363b46', curve: '#5f6b80' }
const STATE = {
  moving: { text: 'moving', colour: MOTION_COLOUR },
  there: { text: 'there, still', colour: '#ffd08a' },
  stirring: { text: 'something stirs', colour: '#c9cedb' },
  quiet: { text: 'quiet', colour: INK.faint },
} as const

/** The panel below the picture as it is before the film plays: the whole curve, and what was reported. */
export function drawPanel({ layout, watched, startS }: Film): string {
  const { width, height, pictureHeight, unit, inset, curve } = layout
  const spans = watched.movements.map((span) => spanPlace(span, { layout, watched, startS }))
  const bands = spans.map((span) => rect(span, `fill="${MOTION_COLOUR}" fill-opacity="0.22"`))
  const area = areaOf(layout, watched, startS)
  const frame = { ...inset, x: inset.x - 1, y: inset.y - 1, width: inset.width + 2, height: inset.height + 2 }
  return svg({ x: 0, y: pictureHeight, width, height: height - pictureHeight }, [
    rect({ x: 0, y: pictureHeight, width, height: height - pictureHeight }, `fill="${INK.panel}"`),
    ...bands,
    `<clipPath id="moving">${spans.map((span) => rect(span, '')).join('')}</clipPath>`,
    `<path d="${area}" fill="${INK.curve}"/>`,
    spans.length === 0 ? '' : `<path d="${area}" fill="${MOTION_COLOUR}" clip-path="url(#moving)"/>`,
    ...scaleOf({ layout, watched, startS }),
    rect({ ...curve, y: curve.y + curve.height, height: unit }, `fill="${INK.faint}"`),
    text({ x: inset.x, y: inset.y - 6 * unit, size: 10 * unit, fill: INK.faint }, 'background'),
    rect(frame, `fill="${INK.line}"`),
  ])
}

/** What lies on top of one picture and its panel. */
export function drawMoment(film: Film, moment: Moment): string {
  const { layout, zones } = film
  const picture = { x: 0, y: 0, width: layout.width, height: layout.pictureHeight }
  return svg({ x: 0, y: 0, width: layout.width, height: layout.height }, [
    // First what may be seen by nobody; also in the small picture of the background.
    ...zones.map((zone) =>
      zone.mode === 'private' ? hidden(zone, picture) + hidden(zone, layout.inset) : '',
    ),
    ...zones.map((zone) => (zone.mode === 'private' ? '' : outline(zone, picture, 2 * layout.unit))),
    ...zones.map((zone) => zoneName(zone, layout)),
    ...drawBoxes(moment.boxes, layout),
    ...playhead(film, moment),
    ...caption(film, moment),
  ])
}

type Stretch = Pick<Film, 'layout' | 'watched' | 'startS'>

function xAt({ layout: { curve }, watched, startS }: Stretch, atS: number): number {
  const share = (atS - startS) / Math.max(0.001, watched.endS - startS)
  return curve.x + curve.width * Math.min(1, Math.max(0, share))
}

/** However short it was, it can be seen. */
function spanPlace({ fromS, toS }: { fromS: number; toS: number }, stretch: Stretch): Place {
  const { curve, unit } = stretch.layout
  const x = xAt(stretch, fromS)
  return { x, y: curve.y, width: Math.max(1.5 * unit, xAt(stretch, toS) - x), height: curve.height }
}

function areaOf(layout: Layout, watched: Watched, startS: number): string {
  const { curve } = layout
  const floor = curve.y + curve.height
  const stretch = { layout, watched, startS }
  let path = `M${n(curve.x)} ${n(floor)}`
  watched.scores.forEach((score, step) => {
    const y = n(floor - score * curve.height)
    const [fromX, toX] = [step, step + 1].map((each) => n(xAt(stretch, startS + each * watched.stepS)))
    path += `L${fromX} ${y}L${toX} ${y}`
  })
  return `${path}V${n(floor)}Z`
}

const TICKS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400]
const TICK_WIDTH = 48

function scaleOf(stretch: Stretch): readonly string[] {
  const { layout, watched, startS } = stretch
  const { curve, unit } = layout
  const ticksMax = Math.max(1, curve.width / (TICK_WIDTH * unit))
  const stepS = TICKS_S.find((each) => (watched.endS - startS) / each <= ticksMax) ?? 172_800
  const first = Math.ceil(startS / stepS - 1e-9)
  const count = Math.max(0, Math.floor(watched.endS / stepS + 1e-9) - first + 1)
  return Array.from({ length: count }, (_, index) => {
    const atS = (first + index) * stepS
    const x = xAt(stretch, atS)
    const line = rect({ x, y: curve.y + curve.height, width: unit, height: 4 * unit }, `fill="${INK.faint}"`)
    const place = { x, y: curve.y + curve.height + 14 * unit, size: 9.5 * unit, fill: INK.faint }
    const isAtEdge = x - curve.x < 12 * unit
    return line + text({ ...place, anchor: isAtEdge ? 'start' : 'middle' }, clockOf(atS, 0))
  })
}

function playhead(film: Film, { atS }: Moment): readonly string[] {
  const { curve, unit } = film.layout
  const x = xAt(film, atS)
  const rest = { x, y: curve.y, width: Math.max(0, curve.x + curve.width - x), height: curve.height }
  return [
    rect(rest, `fill="${INK.panel}" fill-opacity="0.55"`),
    rect(
      { x: x - unit, y: curve.y - 4 * unit, width: 2 * unit, height: curve.height + 8 * unit },
      `fill="#ffffff"`,
    ),
  ]
}

function caption(film: Film, { atS, score, state }: Moment): readonly string[] {
  const { layout, watched, labels } = film
  const { unit, pictureHeight, curve, inset } = layout
  const y = pictureHeight + 21 * unit
  const { text: words, colour } = STATE[state]
  const line = { y, size: 12 * unit, fill: INK.faint } as const
  const clock = clockOf(atS, 1)
  const nth = watched.movements.findIndex(({ fromS, toS }) => atS >= fromS && atS <= toS) + 1
  const names = labels.filter(({ movement }) => movement === nth - 1).map(({ label }) => `, ${label}`)
  const which = `movement ${nth} of ${watched.movements.length}${names.join('')}`
  return [
    text({ x: curve.x, y, size: 15 * unit, fill: INK.text, bold: true }, clock),
    text(
      { ...line, x: curve.x + (16 + 9.6 * clock.length) * unit, fill: colour },
      `${words} ${score.toFixed(2)}`,
    ),
    ...(nth === 0 ? [] : [text({ ...line, x: inset.x - 14 * unit, anchor: 'end' }, which)]),
  ]
}

type Tagged = { readonly box: Place; readonly tag: Place; readonly text: string; readonly colour: string }

/** First all boxes, then their names, so that no line goes through a name. */
function drawBoxes(boxes: readonly DrawnBox[], layout: Layout): readonly string[] {
  const tagged = placeTags(boxes, layout)
  const { unit } = layout
  return [
    // A dark line around the coloured one, so that it is seen on everything.
    ...tagged.map(({ box }) =>
      rect(box, `fill="none" stroke="#000000" stroke-opacity="0.45" stroke-width="${n(5 * unit)}"`),
    ),
    ...tagged.map(({ box, colour }) =>
      rect(box, `fill="none" stroke="${attribute(colour)}" stroke-width="${n(3 * unit)}"`),
    ),
    ...tagged.map(({ tag, text: words, colour }) => {
      const name = { x: tag.x + 6 * unit, y: tag.y + 13 * unit, size: 12 * unit, fill: INK.panel, bold: true }
      return rect(tag, `fill="${attribute(colour)}"`) + text(name, words)
    }),
  ]
}

/** A name stands on its box (in it at the upper edge of the picture), and beside the names that stand there already. */
function placeTags(boxes: readonly DrawnBox[], { width, pictureHeight, unit }: Layout): readonly Tagged[] {
  const placed: Tagged[] = []
  for (const { text: words, colour, ...share } of boxes) {
    const box = {
      x: share.x * width,
      y: share.y * pictureHeight,
      width: share.width * width,
      height: share.height * pictureHeight,
    }
    const size = { width: (12 + 7.9 * words.length) * unit, height: 18 * unit }
    const x = Math.max(0, Math.min(width - size.width, box.x - 1.5 * unit))
    let tag = { ...size, x, y: Math.max(0, box.y - size.height) }
    for (const { tag: other } of placed.toSorted((one, another) => another.tag.y - one.tag.y)) {
      if (overlap(tag, other)) tag = besides(tag, other, { width, unit })
    }
    placed.push({ box, tag, text: words, colour })
  }
  return placed
}

/** Above it; where the picture ends there, right of it, or below. */
function besides(tag: Place, other: Place, { width, unit }: Pick<Layout, 'width' | 'unit'>): Place {
  const above = other.y - tag.height - unit
  if (above >= 0) return { ...tag, y: above }
  const right = other.x + other.width + unit
  return right + tag.width <= width ? { ...tag, x: right } : { ...tag, y: other.y + other.height + unit }
}

const overlap = (one: Place, other: Place): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height

const pointsIn = ({ points }: ZoneConfig, { x, y, width, height }: Place): string =>
  points.map(([px, py]) => `${n(x + px * width)},${n(y + py * height)}`).join(' ')

/** The line around it covers the pixels that are half in it. */
const hidden = (zone: ZoneConfig, place: Place): string =>
  `<polygon points="${pointsIn(zone, place)}" fill="#000000" fill-rule="evenodd" stroke="#000000" stroke-width="3"/>`

const outline = (zone: ZoneConfig, place: Place, width: number): string =>
  `<polygon points="${pointsIn(zone, place)}" fill="${ZONE_COLOUR[zone.mode]}" fill-rule="evenodd" fill-opacity="${zone.mode === 'ignore' ? 0.22 : 0.05}" stroke="${ZONE_COLOUR[zone.mode]}" stroke-width="${n(width)}" stroke-linejoin="round"/>`

/** At its highest corner, with what it is for. */
function zoneName({ name, mode, points }: ZoneConfig, { width, pictureHeight, unit }: Layout): string {
  const [x, y] = points.reduce((top, point) => (point[1] < top[1] ? point : top), points[0] ?? [0, 0])
  const words = `${name} (${mode})`
  const left = Math.max(4 * unit, Math.min(width - (8 + 6.8 * words.length) * unit, x * width + 6 * unit))
  const base = Math.min(pictureHeight - 6 * unit, y * pictureHeight + 15 * unit)
  const look = { x: left, y: base, size: 11 * unit, bold: true }
  const fill = mode === 'private' ? INK.faint : ZONE_COLOUR[mode]
  return text({ ...look, fill, halo: true }, words)
}

type TextLook = {
  readonly x: number
  readonly y: number
  readonly size: number
  readonly fill: string
  readonly bold?: boolean
  readonly anchor?: 'start' | 'middle' | 'end'
  /** A dark rim, for letters on a picture. */
  readonly halo?: boolean
}

function text({ x, y, size, fill, bold, anchor = 'start', halo }: TextLook, words: string): string {
  const place = `x="${n(x)}" y="${n(y)}" font-size="${n(size)}" text-anchor="${anchor}" font-weight="${bold === true ? 'bold' : 'normal'}"`
  const letters = `>${attribute(words)}</text>`
  const rim =
    halo === true
      ? `<text ${place} fill="#000000" stroke="#000000" stroke-opacity="0.7" stroke-width="${n(size / 4)}" stroke-linejoin="round"${letters}`
      : ''
  return `${rim}<text ${place} fill="${fill}"${letters}`
}

const rect = ({ x, y, width, height }: Place, look: string): string =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" ${look}/>`

const svg = ({ x, y, width, height }: Place, shapes: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="${n(x)} ${n(y)} ${n(width)} ${n(height)}" font-family="DejaVu Sans, sans-serif">${shapes.join('')}</svg>`

const n = (value: number): string => String(Math.round(value * 100) / 100)

/** Characters that no XML may contain become a question mark: a name of a zone must not spoil the film. */
const attribute = (words: string): string =>
  words
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** `0:05.4`, `1:02:05`; `digits` behind the point. */
export function clockOf(atS: number, digits: 0 | 1): string {
  const tenths = Math.round(Math.abs(atS) * 10 ** digits)
  const whole = Math.floor(tenths / 10 ** digits)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const front = hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}` : String(minutes)
  const behind = digits === 0 ? '' : `.${tenths % 10}`
  return `${atS < 0 && tenths > 0 ? '-' : ''}${front}:${String(rest).padStart(2, '0')}${behind}`
}
