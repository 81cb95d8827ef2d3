/** A picture of a visit with what was seen drawn over it: boxes and words as SVG over a JPEG. */
import type { Polygon } from '../../src/base/polygon.ts'
import { isSure } from '../../src/recognise/index.ts'
import type { Area, Sight } from '../../src/ports/vision.ts'
import { markup, NOTHING, type Markup } from './markup.ts'
import { momentText } from './moment-text.ts'
import type { VisitMoment } from './moments.ts'

export type Picture = { readonly width: number; readonly height: number; readonly jpeg: Uint8Array }

/** A part of the picture, as the household drew it. */
export type DrawnZone = {
  readonly name: string
  readonly mode: 'watch' | 'ignore' | 'private'
  readonly points: Polygon
}

/** Letters of a tag, pixels of a drawing that is `WIDTH` wide. */
const WIDTH = 640
const [LETTER_PX, TAG_PX] = [8.4, 20]

type Shape = { readonly height: number }

/** Scaled to the width of its place; says in words below what is drawn. `picture` undefined: there was none at that time. */
export function drawStill(
  moment: VisitMoment,
  picture: Picture | undefined,
  zones: readonly DrawnZone[],
): Markup {
  const { moved, visitors, others, within } = moment
  const shape = { height: picture === undefined ? 360 : (WIDTH * picture.height) / picture.width }
  const source = `data:image/jpeg;base64,${Buffer.from(picture?.jpeg ?? []).toString('base64')}`
  const image =
    picture === undefined
      ? markup`<text class="none" x="16" y="32">no picture</text>`
      : markup`<image width="${WIDTH}" height="${px(shape.height)}" href="${source}"/>`
  const drawing = markup`<svg class="still" viewBox="0 0 ${WIDTH} ${px(shape.height)}" role="img" aria-label="${wordsFor(moment)}">
${image}${zones.map((zone) => drawZone(zone, shape))}${within === undefined ? NOTHING : drawBox('within', within, shape)}
${moved.map((box) => drawBox('moved', box, shape))}${others.map((sight) => drawSight(sight, 'other', shape))}${visitors.map((sight) => drawSight(sight, isSure(sight) ? sight.thing : `${sight.thing} unsure`, shape))}
</svg>`
  return markup`<figure>${drawing}<figcaption><b>${momentText(moment.atMs)}</b> ${moment.why}<br><small>${wordsFor(moment)}</small></figcaption></figure>`
}

function wordsFor({ score, moved, visitors, others }: VisitMoment): string {
  const motion = score === undefined ? 'no look at movement' : `motion ${score.toFixed(2)}`
  const boxes = `${moved.length} ${moved.length === 1 ? 'box' : 'boxes'}`
  const seen = visitors.map(tagOf)
  const rest = others.map((sight) => `${tagOf(sight)} (does not count)`)
  return [`${motion}, ${boxes}`, ...seen, ...rest].join(' · ')
}

const tagOf = ({ thing, score }: Sight): string => `${thing} ${score.toFixed(2)}`

function drawBox(look: string, { x, y, width, height }: Area, shape: Shape): Markup {
  const place = markup`x="${px(x * WIDTH)}" y="${px(y * shape.height)}" width="${px(width * WIDTH)}" height="${px(height * shape.height)}"`
  // A dark line below the coloured one, so that it is seen on everything.
  const halo = look === 'within' ? NOTHING : markup`<rect class="box halo" ${place}/>`
  return markup`${halo}<rect class="box ${look}" ${place}/>`
}

/** The name stands on the box, or in it at the upper edge of the picture. */
function drawSight(sight: Sight, look: string, shape: Shape): Markup {
  const text = tagOf(sight)
  const width = text.length * LETTER_PX + 10
  const x = Math.min(Math.max(sight.box.x * WIDTH, 0), WIDTH - width)
  const y = Math.max(0, sight.box.y * shape.height - TAG_PX)
  return markup`${drawBox(look, sight.box, shape)}<rect class="tag ${look}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${TAG_PX}"/><text class="tag" x="${px(x + 5)}" y="${px(y + 15)}">${text}</text>`
}

function drawZone({ name, mode, points }: DrawnZone, { height }: Shape): Markup {
  const corners = points.map(([x, y]) => `${px(x * WIDTH)},${px(y * height)}`).join(' ')
  return markup`<polygon class="zone ${mode}" points="${corners}"><title>${name} (${mode})</title></polygon>`
}

const px = (value: number): string => String(Number(value.toFixed(1)))
