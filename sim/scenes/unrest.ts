import { blend, createCanvas, drawEllipse, drawLimb, drawShadow, paint, type Canvas } from './canvas.ts'
import { clamp, hills, mix, uniform, wave } from './chance.ts'
import { lampAt, metre, place } from './view.ts'
import type { Plant } from './weather.ts'

/** How far a leaf is blown to the side, in metres, at a moment. `wind`: 0 still, 1 a storm, 2 a hurricane. */
export function bendAt(
  { up, x, phase }: { readonly up: number; readonly x: number; readonly phase: number },
  gust: number,
  atS: number,
): { readonly bend: number; readonly tremble: number } {
  const reach = clamp(up / 3)
  const bend = gust * reach * (0.22 * wave(atS * 0.37 + x * 0.05) + 0.1 * wave(atS * 0.9 + up * 0.3))
  return { bend, tremble: 0.07 * gust * wave(atS * (1.6 + phase) + phase) }
}

/** The shadows of leaves on the lawn, dancing as they do. */
export function drawDapples(canvas: Canvas, plant: Plant, gust: number, atS: number): void {
  const scale = metre(canvas, plant.z)
  for (const leaf of plant.leaves) {
    const { bend, tremble } = bendAt(leaf, gust, atS)
    const centre = place(canvas, leaf.x + bend + tremble + 0.45 * leaf.up, plant.z - 0.3 * leaf.up, 0)
    drawShadow(canvas, centre, [1.6 * leaf.size * scale, 0.6 * leaf.size * scale], 0.7)
  }
}

/** A flag on a pole at the gate; it hangs in still air and flies in gusts. */
export function drawFlag(canvas: Canvas, gust: number, atS: number): void {
  const [x, z, top] = [3.2, 10.5, 3.4]
  const lamp = lampAt(z)
  const scale = metre(canvas, z)
  const pole = paint('#d8d8d4', { sun: 0.9, lamp })
  drawLimb(
    canvas,
    { from: place(canvas, x, z, 0), to: place(canvas, x, z, top + 0.1), radius: 0.035 * scale },
    pole,
  )
  const fly = clamp(0.15 + gust)
  for (let n = 0; n < 14; n++) {
    const along = (n + 0.5) / 14
    const ripple = 0.14 * along * wave(atS * (0.9 + 0.5 * fly) - 1.4 * along)
    const [side, down] = [along * 1.3 * mix(0.15, 1, fly), along * mix(1.1, 0.25, fly) + ripple]
    const cloth = n % 5 < 2 ? paint('#f0eee6', { sun: 0.8, lamp }) : paint('#a8322c', { sun: 0.8, lamp })
    const from = place(canvas, x + side, z, top - down)
    drawLimb(canvas, { from, to: place(canvas, x + side, z, top - down - 0.7), radius: 0.055 * scale }, cloth)
  }
}

/** A clock on the wall of the porch whose long hand ticks, and a stamp of digits in the corner that counts. */
export function drawClock(canvas: Canvas, atS: number): void {
  const { width, height } = canvas
  const [x, y, radius] = [width * 0.8, height * 0.3, height * 0.085]
  const white = paint('#f4f2ea', { sun: 0.3, lamp: 1 })
  const black = paint('#1a1a1a', { sun: 0.3, lamp: 1 })
  drawEllipse(canvas, [x, y], [radius * 1.12, radius * 1.12], black)
  drawEllipse(canvas, [x, y], [radius, radius], white)
  const tick = Math.floor(atS) / 60
  for (const [turn, long, thick] of [
    [tick, 0.92, 0.03],
    [atS / 3600, 0.75, 0.05],
    [0.3, 0.5, 0.06],
  ] as const) {
    const tip = [x + radius * long * wave(turn), y - radius * long * wave(turn + 0.25)] as const
    drawLimb(canvas, { from: [x, y], to: tip, radius: Math.max(0.5, radius * thick) }, black)
  }
  drawStamp(canvas, Math.floor(atS))
}

const SEGMENTS = [0x77, 0x24, 0x5d, 0x6d, 0x2e, 0x6b, 0x7b, 0x25, 0x7f, 0x6f] as const
type Bar = readonly [fromX: number, fromY: number, toX: number, toY: number]
const BARS: readonly Bar[] = [
  [0, 0, 1, 0],
  [0, 0, 0, 1],
  [1, 0, 1, 1],
  [0, 1, 1, 1],
  [0, 1, 0, 2],
  [1, 1, 1, 2],
  [0, 2, 1, 2],
]

function drawStamp(canvas: Canvas, second: number): void {
  const { width, height } = canvas
  const size = height * 0.024
  const ink = { ...paint('#ffffff', { lamp: 2 }), sun: 1.4 }
  for (let place = 0; place < 5; place++) {
    const digit = Math.floor(second / 10 ** (4 - place)) % 10
    const [left, top] = [width * 0.04 + place * size * 1.9, height * 0.93]
    for (const [bit, [fromX, fromY, toX, toY]] of BARS.entries()) {
      if (((SEGMENTS[digit] ?? 0) >> bit) % 2 === 0) continue
      const from = [left + fromX * size, top + fromY * size] as const
      drawLimb(canvas, { from, to: [left + toX * size, top + toY * size], radius: size * 0.16 }, ink)
    }
  }
}

/** Moths right before the lens: large, out of focus, across the picture within a second or two. */
export function drawMoths(canvas: Canvas, count: number, atS: number, seed: number): void {
  const { width, height } = canvas
  for (let n = 0; n < count; n++) {
    const flightS = 1.4 + 2.2 * uniform(n, 11, seed)
    const flight = Math.floor(atS / flightS + uniform(n, 12, seed))
    if (uniform(n, flight, seed + 15) < 0.6) continue
    const flutter = 0.04 * wave(atS * 4.3 + n)
    const x = width * (1.5 * hills(atS * 1.3, n, seed + 2 * flight) - 0.25 + flutter)
    const y = height * (1.5 * hills(atS * 1.2, n + 50, seed + 2 * flight + 1) - 0.25 + 2 * flutter)
    const size = height * mix(0.03, 0.085, uniform(n, flight, seed + 16))
    const glow = paint('#ffffff', { sun: 1, lamp: 1.3 })
    const wings = 0.5 + 0.45 * Math.abs(wave(atS * 7.7 + n * 0.3))
    for (const [share, cover] of [
      [1, 0.3],
      [0.75, 0.35],
      [0.45, 0.5],
    ] as const) {
      drawSmear(canvas, [x, y], [size * share, size * share * wings], cover, glow)
    }
  }
}

type Two = readonly [x: number, y: number]

function drawSmear(
  canvas: Canvas,
  [x, y]: Two,
  [wide, tall]: Two,
  cover: number,
  glow: ReturnType<typeof paint>,
): void {
  const { width, height } = canvas
  for (let py = Math.max(0, Math.floor(y - tall)); py <= Math.min(height - 1, y + tall); py++) {
    for (let px = Math.max(0, Math.floor(x - wide)); px <= Math.min(width - 1, x + wide); px++) {
      const [u, v] = [(px + 0.5 - x) / wide, (py + 0.5 - y) / tall]
      const there = cover * clamp(2 * (1 - u * u - v * v))
      if (there > 0) blend(canvas, py * width + px, glow, there)
    }
  }
}

/** A spider's web across a corner of the lens; its threads glisten in the lamp and swing in the wind. */
export function drawWeb(canvas: Canvas, gust: number, atS: number): void {
  const { width, height } = canvas
  const [x, y] = [width * 0.72, height * 0.2]
  const swing = height * (0.006 + 0.02 * gust)
  const shine = 0.5 + 0.25 * wave(atS * 0.6)
  const thread = { ...paint('#ffffff', { lamp: 1.5 * shine }), sun: 0.9 }
  for (let n = 0; n < 9; n++) {
    const far = (turn: number): readonly [number, number] => {
      const away = height * (0.25 + 0.04 * wave(turn * 3))
      const dance = swing * wave(atS * 1.1 + turn)
      return [x + away * wave(turn) + dance, y - away * wave(turn + 0.25) + 0.6 * dance]
    }
    const radius = Math.max(0.35, height * 0.0022)
    drawLimb(canvas, { from: [x + swing * wave(atS * 0.8), y], to: far(n / 9), radius }, thread)
    drawLimb(canvas, { from: far(n / 9), to: far((n + 1) / 9), radius }, thread)
  }
}

/** How a camera on a post trembles in the wind: pixels to the right and down. `strength` in shares of the height. */
export function shakeAt(strength: number, atS: number, { height }: Canvas, seed: number): Two {
  const gust = 0.25 + 0.75 * hills(atS * 0.5, 5, seed)
  const by = strength * height * gust
  return [
    by * (wave(atS * 1.7) + 0.6 * wave(atS * 3.3)),
    0.7 * by * (wave(atS * 2.3) + 0.5 * wave(atS * 4.1)),
  ]
}

/** The same picture, seen by a camera that looks `[x, y]` pixels further to the right and down. */
export function shiftCanvas(canvas: Canvas, by: Two): void {
  const { width, height } = canvas
  const scratch = createCanvas(width, height)
  const left = (x: number): number => Math.max(0, Math.min(width - 2, Math.floor(x)))
  for (const plane of ['luma', 'blue', 'red', 'sun', 'lamp'] as const) {
    const [source, target] = [canvas[plane], scratch[plane]]
    for (let y = 0; y < height; y++) {
      const top = Math.max(0, Math.min(height - 2, Math.floor(y + by[1])))
      const down = clamp(y + by[1] - top)
      for (let x = 0; x < width; x++) {
        const from = left(x + by[0])
        const across = clamp(x + by[0] - from)
        const i = top * width + from
        const upper = mix(source[i] ?? 0, source[i + 1] ?? 0, across)
        const lower = mix(source[i + width] ?? 0, source[i + width + 1] ?? 0, across)
        target[y * width + x] = mix(upper, lower, down)
      }
    }
    source.set(target)
  }
}

/** A camera whose exposure hunts: the factor by which it is too bright. `strength`: 0 none, 1 by half a stop. */
export const huntingAt = (strength: number, atS: number, seed: number): number =>
  1 + strength * (0.22 * wave(atS * 0.31) * hills(atS * 0.11, 8, seed) + 0.12 * wave(atS * 0.83))

/** Headlights through a gap: a lit window with hard edges that sweeps over walls and ground. Light there, 0 or more. */
export function sweepAt(
  atS: number,
  { width, height }: Canvas,
  seed: number,
): (x: number, y: number) => number {
  const turn = Math.floor(atS / 11)
  const passed = (atS - 11 * turn - 8 * uniform(turn, 1, seed + 31)) / mix(1, 3, uniform(turn, 2, seed + 31))
  if (passed < 0 || passed > 1) return () => 0
  const isFromLeft = uniform(turn, 3, seed + 31) < 0.5
  const x = width * mix(-0.3, 1.3, isFromLeft ? passed : 1 - passed)
  const half = width * mix(0.06, 0.16, uniform(turn, 4, seed + 31))
  const top = height * mix(0.12, 0.4, uniform(turn, 5, seed + 31))
  const strength = mix(0.15, 0.7, uniform(turn, 6, seed + 31))
  return (px, py) => {
    const lean = px - x - 0.3 * (py - height / 2)
    const inside = clamp((half - Math.abs(lean)) / (0.02 * width) + 0.5)
    const below = clamp((py - top) / (0.03 * height)) * clamp((0.9 * height - py) / (0.1 * height))
    return strength * inside * below
  }
}
