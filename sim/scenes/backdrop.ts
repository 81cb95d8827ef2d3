import {
  blend,
  brighter,
  drawEllipse,
  drawLimb,
  drawShape,
  paint,
  type Canvas,
  type Paint,
  type Point,
} from './canvas.ts'
import { clamp, hash, hills, mix, ramp, terrain, uniform } from './chance.ts'
import { groundAt, HORIZON, lampAt, metre, place } from './view.ts'

/** The front garden as the doorbell sees it, without anything that moves. */
export function drawBackdrop(canvas: Canvas, seed: number): void {
  drawSky(canvas, seed)
  drawStreetSide(canvas, seed)
  drawGround(canvas, seed)
  drawFence(canvas, seed)
}

/** What stands so near that visitors pass behind it. */
export function drawPorch(canvas: Canvas, seed: number): void {
  drawWall(canvas, seed)
  const { width, height } = canvas
  const wood = paint('#6d5038', { sun: 0.1, lamp: 1.1 })
  const grain = (x: number, y: number): number =>
    0.82 + 0.3 * terrain((x / height) * 9, (y / height) * 160, seed + 40)
  drawShape(canvas, rectangle(0, -2, width, height * 0.055), wood, grain)
  const post = paint('#d9d5cb', { sun: 0.35, lamp: 1.1 })
  const flute = (x: number): number => 0.8 + 0.25 * clamp(1 - Math.abs(x - width * 0.945) / (width * 0.02))
  drawShape(canvas, rectangle(width * 0.925, height * 0.05, width * 0.965, height * 1.01), post, flute)
}

const rectangle = (left: number, top: number, right: number, bottom: number): readonly Point[] => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
]

function drawSky(canvas: Canvas, seed: number): void {
  const { width, height } = canvas
  const high = paint('#8fb6de', { sun: 0.25, lamp: 0 })
  const low = paint('#dbe6ee', { sun: 0.25, lamp: 0 })
  const cloud = paint('#f4f5f6', { sun: 0.25, lamp: 0 })
  for (let y = 0; y < height * (HORIZON + 0.02); y++) {
    for (let x = 0; x < width; x++) {
      const down = clamp(y / (height * HORIZON))
      const white =
        ramp(terrain((x / height) * 3.1, (y / height) * 7, seed + 3), 0.5, 0.75) * (1 - 0.4 * down)
      blend(canvas, y * width + x, high, 1)
      blend(canvas, y * width + x, low, down)
      blend(canvas, y * width + x, cloud, white)
    }
  }
}

type House = {
  readonly x: number
  readonly wide: number
  readonly tall: number
  readonly wall: string
  readonly roof: string
}

const HOUSES: readonly House[] = [
  { x: -17, wide: 9, tall: 4.6, wall: '#c9b79c', roof: '#7c4a3a' },
  { x: -4.5, wide: 8, tall: 5.2, wall: '#b9c0c2', roof: '#565a61' },
  { x: 7, wide: 9.5, tall: 4.4, wall: '#d3c8b2', roof: '#8a5542' },
  { x: 19, wide: 9, tall: 5, wall: '#a9928a', roof: '#4e4a4c' },
]
const HOUSES_Z = 27

function drawStreetSide(canvas: Canvas, seed: number): void {
  for (let n = 0; n < 46; n++) {
    const x = -30 + n * 1.35 + uniform(n, 1, seed)
    const size = 1.4 + 1.6 * uniform(n, 2, seed)
    const green = brighter(paint('#4d6a45', { sun: 0.6, lamp: 0.02 }), 0.7 + 0.5 * uniform(n, 3, seed))
    const scale = metre(canvas, 33)
    drawEllipse(
      canvas,
      place(canvas, x, 33, 2.2 + uniform(n, 4, seed)),
      [size * scale, size * 1.3 * scale],
      green,
    )
  }
  for (const [n, house] of HOUSES.entries()) drawHouse(canvas, house, seed + n)
}

function drawHouse(canvas: Canvas, { x, wide, tall, wall, roof }: House, seed: number): void {
  const at = (dx: number, up: number): Point => place(canvas, x + dx * wide, HOUSES_Z, up * tall)
  const plaster = (px: number, py: number): number => 0.92 + 0.14 * terrain(px / 7, py / 7, seed)
  drawShape(
    canvas,
    [at(-0.58, 0.97), at(-0.3, 1.62), at(0.3, 1.62), at(0.58, 0.97)],
    paint(roof, { lamp: 0.03 }),
    plaster,
  )
  drawShape(
    canvas,
    [at(-0.5, 1), at(0.5, 1), at(0.5, 0), at(-0.5, 0)],
    paint(wall, { sun: 0.8, lamp: 0.05 }),
    plaster,
  )
  for (const dx of [-0.32, 0, 0.32]) {
    const [frame, glass] = [
      paint('#efece4', { sun: 0.8, lamp: 0.05 }),
      paint('#3f4a57', { sun: 0.3, lamp: 0.02 }),
    ]
    drawShape(
      canvas,
      [at(dx - 0.09, 0.82), at(dx + 0.09, 0.82), at(dx + 0.09, 0.48), at(dx - 0.09, 0.48)],
      frame,
    )
    drawShape(
      canvas,
      [at(dx - 0.075, 0.79), at(dx + 0.075, 0.79), at(dx + 0.075, 0.51), at(dx - 0.075, 0.51)],
      glass,
    )
  }
}

const GRASS = paint('#6f8f4e')
const PAVING = paint('#b3aca0')
const JOINT = paint('#857d72')
const SIDEWALK = paint('#a8a6a2')
const ASPHALT = paint('#6c6e72')
const KERB = paint('#c4c2bc')
const PORCH = paint('#94887c')
const MAT = paint('#5b4a3a')

function drawGround(canvas: Canvas, seed: number): void {
  const { width, height } = canvas
  for (let y = Math.ceil(height * HORIZON); y < height; y++) {
    for (let x = 0; x < width; x++) {
      const spot = groundAt(canvas, x + 0.5, y + 0.5)
      if (spot.z > HOUSES_Z) continue
      const { colour, rough, share, second } = materialAt(spot.x, spot.z)
      const fine = clamp(metre(canvas, spot.z) / 60) // Far away, texture is finer than a pixel.
      const grain =
        terrain(spot.x * 5, spot.z * 5, seed + 8) -
        0.5 +
        fine * (terrain(spot.x * 23, spot.z * 23, seed + 9) - 0.5)
      const patch = hills(spot.x * 0.7, spot.z * 0.7, seed + 7) - 0.5
      const i = y * width + x
      blend(canvas, i, colour, 1, 1 + rough * grain + 0.18 * patch)
      if (second !== undefined) blend(canvas, i, second, share * mix(0.3, 1, fine))
      canvas.sun[i] = sunAt(spot.x, spot.z, seed)
      canvas.lamp[i] = lampAt(spot.z)
    }
  }
}

type Material = {
  readonly colour: Paint
  readonly rough: number
  readonly share: number
  readonly second?: Paint
}

function materialAt(x: number, z: number): Material {
  const plain = (colour: Paint, rough: number): Material => ({ colour, rough, share: 0 })
  if (z < 2.15) return Math.abs(x) < 0.62 && z > 1.62 ? plain(MAT, 0.5) : plain(PORCH, 0.25)
  if (z > 22 || (z > 12.6 && z < 14.6)) return plain(SIDEWALK, 0.12)
  if (z > 20.6 || (z >= 14.6 && z < 14.9)) return plain(KERB, 0.1)
  if (z >= 14.9) return plain(ASPHALT, 0.22)
  if (Math.abs(x) > 0.82) return plain(GRASS, 0.75)
  const [slabX, slabZ] = [Math.abs((((x + 9) / 0.55) % 1) - 0.5), Math.abs(((z / 0.62) % 1) - 0.5)]
  return {
    colour: PAVING,
    rough: 0.22,
    share: Math.max(ramp(slabX, 0.44, 0.49), ramp(slabZ, 0.44, 0.49)),
    second: JOINT,
  }
}

/** The house, the tree and the fence stand between the sun and parts of the ground. */
function sunAt(x: number, z: number, seed: number): number {
  const house = 1 - ramp(3.4 + 0.35 * x - z, -0.05, 0.05)
  const crown =
    Math.sqrt(((x + 2.6) / 2.3) ** 2 + ((z - 7.6) / 1.7) ** 2) +
    0.7 * (terrain(x * 2.2, z * 2.2, seed + 5) - 0.5)
  const fence = z > 11.55 && z < 12.3 && Math.abs(x) > 0.95 ? 0.45 : 1
  return house * mix(0.12, 1, ramp(crown, 0.93, 1.03)) * fence
}

const FENCE_Z = 12.3

function drawFence(canvas: Canvas, seed: number): void {
  const lamp = lampAt(FENCE_Z)
  const rail = paint('#e6e3da', { sun: 0.9, lamp })
  const scale = metre(canvas, FENCE_Z)
  for (const side of [-1, 1]) {
    for (const up of [0.3, 0.78]) {
      const ends = [place(canvas, side * 0.95, FENCE_Z, up), place(canvas, side * 13, FENCE_Z, up)] as const
      drawLimb(canvas, { from: ends[0], to: ends[1], radius: 0.035 * scale }, brighter(rail, 0.86))
    }
    for (let n = 0; n < 75; n++) {
      const x = side * (1 + n * 0.16)
      const tone = brighter(rail, 0.9 + 0.12 * uniform(n, side + 1, seed))
      drawLimb(
        canvas,
        { from: place(canvas, x, FENCE_Z, 0.08), to: place(canvas, x, FENCE_Z, 0.95), radius: 0.042 * scale },
        tone,
      )
    }
  }
}

const BRICK = paint('#8d5a47', { sun: 0.12, lamp: 1.2 })
const MORTAR = paint('#a79f94', { sun: 0.12, lamp: 1.2 })

function drawWall(canvas: Canvas, seed: number): void {
  const { width, height } = canvas
  const edge = width * 0.085
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < edge; x++) {
      const row = Math.floor((y / height) * 19)
      const along = (x / height) * 7.5 + (row % 2) * 0.5
      const brick = hash(Math.floor(along), row, seed + 21) / 4294967296
      const mortar = Math.max(
        ramp(Math.abs((((y / height) * 19) % 1) - 0.5), 0.4, 0.46),
        ramp(Math.abs((along % 1) - 0.5), 0.45, 0.49),
      )
      const tone =
        (0.78 + 0.34 * brick) *
        (0.9 + 0.2 * terrain(x / 3, y / 3, seed + 22)) *
        (1 - 0.35 * ramp(x / edge, 0.86, 1))
      blend(canvas, y * width + x, BRICK, clamp(edge - x), tone)
      blend(canvas, y * width + x, MORTAR, mortar * 0.7 * clamp(edge - x))
    }
  }
}
