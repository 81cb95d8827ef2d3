import { clamp } from './chance.ts'

/**
 * The picture before there is light: how much every pixel reflects (`luma` 0 to 1, `blue` and `red` as colour
 * differences), how much sun it gets, and how much of the camera's own infrared lamp.
 */
export type Canvas = {
  readonly width: number
  readonly height: number
  readonly luma: Float32Array
  readonly blue: Float32Array
  readonly red: Float32Array
  readonly sun: Float32Array
  readonly lamp: Float32Array
}

export type Paint = {
  readonly luma: number
  readonly blue: number
  readonly red: number
  readonly sun: number
  readonly lamp: number
}

export function createCanvas(width: number, height: number): Canvas {
  const plane = (): Float32Array => new Float32Array(width * height)
  return { width, height, luma: plane(), blue: plane(), red: plane(), sun: plane(), lamp: plane() }
}

export function copyCanvas(source: Canvas, target: Canvas): void {
  target.luma.set(source.luma)
  target.blue.set(source.blue)
  target.red.set(source.red)
  target.sun.set(source.sun)
  target.lamp.set(source.lamp)
}

/** `#rrggbb` as the eye means it, lit by sun and lamp to the given shares. */
export function paint(colour: string, { sun = 1, lamp = 0.5 }: { sun?: number; lamp?: number } = {}): Paint {
  const part = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16) / 255
  const [r, g, b] = [part(1), part(3), part(5)]
  const luma = 0.299 * r + 0.587 * g + 0.114 * b
  return { luma, blue: (b - luma) * 0.564, red: (r - luma) * 0.713, sun, lamp }
}

export const brighter = (colour: Paint, factor: number): Paint => ({
  ...colour,
  luma: colour.luma * factor,
  blue: colour.blue * factor,
  red: colour.red * factor,
})

export function blend(canvas: Canvas, i: number, colour: Paint, cover: number, factor = 1): void {
  const left = 1 - cover
  canvas.luma[i] = (canvas.luma[i] ?? 0) * left + colour.luma * factor * cover
  canvas.blue[i] = (canvas.blue[i] ?? 0) * left + colour.blue * factor * cover
  canvas.red[i] = (canvas.red[i] ?? 0) * left + colour.red * factor * cover
  canvas.sun[i] = (canvas.sun[i] ?? 0) * left + colour.sun * cover
  canvas.lamp[i] = (canvas.lamp[i] ?? 0) * left + colour.lamp * cover
}

export type Point = readonly [x: number, y: number]

export type Limb = {
  readonly from: Point
  readonly to: Point
  readonly radius: number
  readonly radiusTo?: number
}

/** A round limb, lighter on the left, where the sun is. */
export function drawLimb(canvas: Canvas, { from, to, radius, radiusTo = radius }: Limb, colour: Paint): void {
  const most = Math.max(radius, radiusTo) + 1
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const length2 = Math.max(1e-6, dx * dx + dy * dy)
  const area = {
    left: Math.min(from[0], to[0]) - most,
    right: Math.max(from[0], to[0]) + most,
    top: Math.min(from[1], to[1]) - most,
    bottom: Math.max(from[1], to[1]) + most,
  }
  eachPixel(canvas, area, (i, x, y) => {
    const along = clamp(((x - from[0]) * dx + (y - from[1]) * dy) / length2)
    const [offX, offY] = [x - from[0] - along * dx, y - from[1] - along * dy]
    const thick = radius + (radiusTo - radius) * along
    const cover = clamp(0.5 + thick - Math.sqrt(offX * offX + offY * offY))
    if (cover > 0) blend(canvas, i, colour, cover, 1 - 0.22 * clamp(offX / (thick + 0.5), -1, 1))
  })
}

export function drawEllipse(canvas: Canvas, centre: Point, [radiusX, radiusY]: Point, colour: Paint): void {
  const area = {
    left: centre[0] - radiusX - 1,
    right: centre[0] + radiusX + 1,
    top: centre[1] - radiusY - 1,
    bottom: centre[1] + radiusY + 1,
  }
  eachPixel(canvas, area, (i, x, y) => {
    const [u, v] = [(x - centre[0]) / radiusX, (y - centre[1]) / radiusY]
    const far = Math.sqrt(u * u + v * v)
    const cover = clamp(0.5 + (1 - far) * Math.min(radiusX, radiusY))
    if (cover > 0) blend(canvas, i, colour, cover, 1 - 0.15 * clamp(u, -1, 1))
  })
}

/** A convex shape, its corners in clockwise order as seen on the picture. */
export function drawShape(
  canvas: Canvas,
  corners: readonly Point[],
  colour: Paint,
  shade: (x: number, y: number) => number = () => 1,
): void {
  const xs = corners.map(([x]) => x)
  const ys = corners.map(([, y]) => y)
  const area = {
    left: Math.min(...xs) - 1,
    right: Math.max(...xs) + 1,
    top: Math.min(...ys) - 1,
    bottom: Math.max(...ys) + 1,
  }
  eachPixel(canvas, area, (i, x, y) => {
    const cover = clamp(0.5 - outside(corners, x, y))
    if (cover > 0) blend(canvas, i, colour, cover, shade(x, y))
  })
}

/** How far a place is outside the shape (negative: inside). */
function outside(corners: readonly Point[], x: number, y: number): number {
  let most = -Infinity
  let [fromX, fromY] = corners.at(-1) ?? [0, 0]
  for (const [toX, toY] of corners) {
    const [dx, dy] = [toX - fromX, toY - fromY]
    const length = Math.sqrt(dx * dx + dy * dy)
    if (length > 0) most = Math.max(most, ((x - fromX) * dy - (y - fromY) * dx) / length)
    fromX = toX
    fromY = toY
  }
  return most
}

/** Takes the sun away, softly towards the rim. */
export function drawShadow(canvas: Canvas, centre: Point, [radiusX, radiusY]: Point, depth: number): void {
  const area = {
    left: centre[0] - radiusX,
    right: centre[0] + radiusX,
    top: centre[1] - radiusY,
    bottom: centre[1] + radiusY,
  }
  eachPixel(canvas, area, (i, x, y) => {
    const [u, v] = [(x - centre[0]) / radiusX, (y - centre[1]) / radiusY]
    const cover = clamp(1.6 * (1 - Math.sqrt(u * u + v * v))) * depth
    if (cover > 0) canvas.sun[i] = (canvas.sun[i] ?? 0) * (1 - cover)
    if (cover > 0) canvas.luma[i] = (canvas.luma[i] ?? 0) * (1 - 0.25 * cover)
  })
}

type Area = { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }

function eachPixel(
  { width, height }: Canvas,
  area: Area,
  visit: (i: number, x: number, y: number) => void,
): void {
  const left = Math.max(0, Math.floor(area.left))
  const right = Math.min(width - 1, Math.ceil(area.right))
  const bottom = Math.min(height - 1, Math.ceil(area.bottom))
  for (let y = Math.max(0, Math.floor(area.top)); y <= bottom; y++) {
    for (let x = left; x <= right; x++) visit(y * width + x, x + 0.5, y + 0.5)
  }
}
