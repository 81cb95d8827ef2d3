/** Draws what happened on one picture, to scale: what moved, who rang, what was kept, and pictures out of the opened clips. */
import sharp from 'sharp'

export type Span = { readonly fromS: number; readonly toS: number }
export type DemoVisit = Span & { readonly id: string; readonly signs: readonly string[] }
export type DemoClip = Span & { readonly id: string; readonly parts: number; readonly bytes: number }
export type Thumbnail = { readonly atS: number; readonly jpeg: Uint8Array }

export type DemoStory = {
  readonly title: string
  readonly subtitle: string
  readonly footer: string
  readonly durationS: number
  readonly motion: readonly Span[]
  readonly presses: readonly { readonly atS: number }[]
  readonly visits: readonly DemoVisit[]
  readonly clips: readonly DemoClip[]
  /** In the order of their times; those that do not fit are left out. */
  readonly thumbnails: readonly Thumbnail[]
}

export const THUMBNAILS_MAX = 8
export const THUMBNAIL = { width: 176, height: 99 }

const WIDTH = 1600
const LEFT = 120
const RIGHT = WIDTH - 40
const PICTURES_Y = 112
const AXIS_Y = 300
const ROW = { motion: 340, visits: 400, clips: 460 }
const BAR_HEIGHT = 34
const FOOTER_Y = 540
const HEIGHT = 576

const INK = { paper: '#fbfaf7', text: '#22252b', faint: '#8a8f98', line: '#d9d6cf' }
const TONE = { motion: '#e0a33a', visit: '#4a7fb5', clip: '#3d8b6e', press: '#c8433a' }

export async function drawStory(story: DemoStory, file: string): Promise<void> {
  const places = placeThumbnails(story)
  const pictures = await Promise.all(
    places.map(async ({ jpeg, left }) => ({
      input: await framed(jpeg),
      left: Math.round(left),
      top: PICTURES_Y,
    })),
  )
  await sharp(Buffer.from(storySvg(story, places)))
    .composite(pictures)
    .png()
    .toFile(file)
}

export function storySvg(story: DemoStory, places: readonly Place[] = placeThumbnails(story)): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="DejaVu Sans, sans-serif">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="${INK.paper}"/>`,
    text({ x: 40, y: 52, size: 26, bold: true }, story.title),
    text({ x: 40, y: 82, size: 15, fill: INK.faint }, story.subtitle),
    ...axis(story),
    ...story.presses.map(({ atS }) => pressMark(story, atS)),
    ...rows(story),
    ...places.map((place) => lead(story, place)),
    text({ x: 40, y: FOOTER_Y + 10, size: 15, fill: INK.faint }, story.footer),
    '</svg>',
  ].join('\n')
}

type Place = Thumbnail & { readonly left: number }

/** Each picture as near to its own time as its neighbours allow. */
function placeThumbnails(story: DemoStory): readonly Place[] {
  const step = THUMBNAIL.width + 8
  const chosen = story.thumbnails.slice(0, THUMBNAILS_MAX)
  const lefts = chosen.map(({ atS }) => xOf(story, atS) - THUMBNAIL.width / 2)
  for (let i = 0; i < lefts.length; i++)
    lefts[i] = Math.max(lefts[i] ?? 0, 40, (lefts[i - 1] ?? -step) + step)
  for (let i = lefts.length - 1; i >= 0; i--) {
    const bound = i === lefts.length - 1 ? WIDTH - 40 - THUMBNAIL.width : (lefts[i + 1] ?? 0) - step
    lefts[i] = Math.min(lefts[i] ?? 0, bound)
  }
  return chosen.map((thumbnail, index) => ({ ...thumbnail, left: lefts[index] ?? 0 }))
}

const framed = (jpeg: Uint8Array): Promise<Buffer> =>
  sharp(jpeg).resize(THUMBNAIL.width, THUMBNAIL.height, { fit: 'cover' }).png().toBuffer()

const xOf = ({ durationS }: DemoStory, atS: number): number => LEFT + (atS / durationS) * (RIGHT - LEFT)

function axis(story: DemoStory): readonly string[] {
  const step =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((s) => story.durationS / s <= 16) ?? 7200
  const marks = Array.from({ length: Math.floor(story.durationS / step) + 1 }, (_, i) => i * step)
  return [
    `<line x1="${LEFT}" y1="${AXIS_Y}" x2="${RIGHT}" y2="${AXIS_Y}" stroke="${INK.faint}" stroke-width="1.5"/>`,
    ...marks.map((atS) => {
      const x = xOf(story, atS)
      const rule = `<line x1="${x}" y1="${AXIS_Y + 24}" x2="${x}" y2="${ROW.clips + BAR_HEIGHT + 8}" stroke="${INK.line}"/>`
      return rule + text({ x, y: AXIS_Y + 18, size: 13, fill: INK.faint, middle: true }, clockOf(atS))
    }),
  ]
}

function rows(story: DemoStory): readonly string[] {
  return [
    rowTitle(ROW.motion, 'moved'),
    ...story.motion.map((span) => bar(story, span, { y: ROW.motion, fill: TONE.motion, label: '' })),
    rowTitle(ROW.visits, 'visits'),
    ...story.visits.map((visit) =>
      bar(story, visit, { y: ROW.visits, fill: TONE.visit, label: visit.signs.join(' + ') }),
    ),
    rowTitle(ROW.clips, 'sealed clips'),
    ...story.clips.map((clip) =>
      bar(story, clip, {
        y: ROW.clips,
        fill: TONE.clip,
        label: `${clip.parts} parts, ${kilobytes(clip.bytes)}`,
      }),
    ),
  ]
}

const rowTitle = (y: number, title: string): string =>
  text({ x: LEFT - 12, y: y + BAR_HEIGHT / 2 + 5, size: 14, end: true }, title)

function bar(story: DemoStory, span: Span, look: { y: number; fill: string; label: string }): string {
  const x = xOf(story, span.fromS)
  const width = Math.max(3, xOf(story, span.toS) - x)
  const shape = `<rect x="${x}" y="${look.y}" width="${width}" height="${BAR_HEIGHT}" rx="4" fill="${look.fill}" fill-opacity="0.85" stroke="${INK.paper}" stroke-width="2"/>`
  const fits = look.label.length * 7.6 + 12 < width
  return fits ? shape + text({ x: x + 8, y: look.y + 22, size: 13, fill: '#ffffff' }, look.label) : shape
}

function pressMark(story: DemoStory, atS: number): string {
  const x = xOf(story, atS)
  const bottom = ROW.clips + BAR_HEIGHT + 8
  return [
    `<line x1="${x}" y1="${AXIS_Y}" x2="${x}" y2="${bottom}" stroke="${TONE.press}" stroke-width="2"/>`,
    `<circle cx="${x}" cy="${bottom}" r="6" fill="${TONE.press}"/>`,
    text({ x: x + 10, y: bottom + 5, size: 13, fill: TONE.press }, `pressed at ${clockOf(atS)}`),
  ].join('')
}

function lead(story: DemoStory, { atS, left }: Place): string {
  const x = left + THUMBNAIL.width / 2
  const bottom = PICTURES_Y + THUMBNAIL.height
  const at = xOf(story, atS)
  return [
    `<polyline points="${x},${bottom} ${x},${bottom + 24} ${at},${AXIS_Y - 14} ${at},${AXIS_Y}" fill="none" stroke="${INK.faint}"/>`,
    `<rect x="${left - 1}" y="${PICTURES_Y - 1}" width="${THUMBNAIL.width + 2}" height="${THUMBNAIL.height + 2}" fill="${INK.faint}"/>`,
    text({ x: x + 5, y: bottom + 20, size: 12, fill: INK.faint }, clockOf(atS)),
  ].join('')
}

type TextLook = {
  readonly x: number
  readonly y: number
  readonly size: number
  readonly fill?: string
  readonly bold?: boolean
  readonly middle?: boolean
  readonly end?: boolean
}

function text({ x, y, size, fill = INK.text, bold, middle, end }: TextLook, words: string): string {
  const anchor = middle === true ? 'middle' : end === true ? 'end' : 'start'
  const weight = bold === true ? 'bold' : 'normal'
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" text-anchor="${anchor}" font-weight="${weight}">${escapeXml(words)}</text>`
}

const escapeXml = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export function clockOf(atS: number): string {
  const tenths = Math.round(atS * 10)
  const minutes = Math.floor(tenths / 600)
  const rest = (tenths % 600) / 10
  return `${minutes}:${rest < 10 ? '0' : ''}${Number.isInteger(rest) ? rest : rest.toFixed(1)}`
}

export const kilobytes = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
