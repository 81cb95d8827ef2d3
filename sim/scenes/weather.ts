import { blend, brighter, drawEllipse, drawLimb, paint, type Canvas, type Paint } from './canvas.ts'
import { clamp, hills, mix, ramp, uniform, wave } from './chance.ts'
import { bendAt } from './unrest.ts'
import { lampAt, metre, place } from './view.ts'

type Leaf = {
  readonly x: number
  readonly up: number
  readonly size: number
  readonly colour: Paint
  readonly phase: number
}

export type Plant = {
  readonly z: number
  readonly leaves: readonly Leaf[]
  readonly trunk?: { readonly x: number; readonly up: number }
}

/** The tree on the lawn and the bush beside the path. */
export function growPlants(seed: number): readonly Plant[] {
  return [
    {
      z: 8.6,
      leaves: grow({ x: -3.4, up: 3.1, wide: 1.9, tall: 1.5, count: 330, z: 8.6 }, seed),
      trunk: { x: -3.4, up: 2.4 },
    },
    { z: 5.2, leaves: grow({ x: 2.75, up: 0.55, wide: 0.85, tall: 0.6, count: 190, z: 5.2 }, seed + 1) },
  ]
}

/** A tree so near that its branches hang into the picture. */
export const growNearTree = (seed: number): Plant => ({
  z: 4.6,
  leaves: grow({ x: 2.6, up: 2.5, wide: 1.7, tall: 0.9, count: 420, z: 4.6 }, seed),
})

type Crown = {
  readonly x: number
  readonly up: number
  readonly wide: number
  readonly tall: number
  readonly count: number
  readonly z: number
}

function grow({ x, up, wide, tall, count, z }: Crown, seed: number): readonly Leaf[] {
  const leaves: Leaf[] = []
  for (let n = 0; leaves.length < count; n++) {
    const [u, v] = [2 * uniform(n, 1, seed) - 1, 2 * uniform(n, 2, seed) - 1]
    if (u * u + v * v > 1) continue
    const green = paint(uniform(n, 3, seed) < 0.5 ? '#4f7339' : '#6d8f45', {
      sun: mix(0.35, 1, clamp(0.5 - 0.4 * u + 0.4 * v)),
      lamp: lampAt(z),
    })
    leaves.push({
      x: x + u * wide,
      up: up + v * tall,
      size: mix(0.09, 0.2, uniform(n, 4, seed)),
      colour: brighter(green, 0.65 + 0.55 * uniform(n, 5, seed) + 0.12 * v),
      phase: uniform(n, 6, seed),
    })
  }
  return leaves
}

/** How hard it blows right now. */
export const gustAt = (wind: number, atS: number, seed: number): number =>
  wind * (0.35 + 0.65 * hills(atS * 0.45, 3, seed))

/** `wind`: 0 still, 1 a storm. The whole plant bends in gusts, every leaf trembles for itself. */
export function drawPlant(canvas: Canvas, plant: Plant, wind: number, atS: number, seed: number): void {
  const scale = metre(canvas, plant.z)
  const gust = gustAt(wind, atS, seed)
  if (plant.trunk !== undefined) {
    const bark = paint('#5f4a38', { sun: 0.6, lamp: lampAt(plant.z) })
    const bend = 0.1 * gust * wave(atS * 0.37)
    const { x, up } = plant.trunk
    drawLimb(
      canvas,
      {
        from: place(canvas, x, plant.z, 0),
        to: place(canvas, x + bend, plant.z, up),
        radius: 0.17 * scale,
        radiusTo: 0.1 * scale,
      },
      bark,
    )
  }
  for (const leaf of plant.leaves) {
    const { bend, tremble } = bendAt(leaf, gust, atS)
    const centre = place(canvas, leaf.x + bend + tremble, plant.z, leaf.up + 0.6 * tremble)
    const glint = 1 + 0.25 * gust * wave(atS * 1.3 + 7 * leaf.phase)
    drawEllipse(canvas, centre, [leaf.size * scale, leaf.size * 0.75 * scale], brighter(leaf.colour, glint))
  }
}

export function drawRain(canvas: Canvas, strength: number, frame: number, seed: number): void {
  const { width, height } = canvas
  const drop = paint('#c9d3da', { sun: 0.4, lamp: 1.6 })
  const count = Math.round(260 * strength)
  for (let n = 0; n < count; n++) {
    const near = uniform(n, 3 * frame, seed) ** 2
    const x = uniform(n, 3 * frame + 1, seed) * width
    const y = uniform(n, 3 * frame + 2, seed) * height
    const long = height * mix(0.02, 0.1, near)
    streak(canvas, { x, y, long, colour: drop, cover: mix(0.14, 0.4, near) })
  }
}

type Streak = {
  readonly x: number
  readonly y: number
  readonly long: number
  readonly colour: Paint
  readonly cover: number
}

function streak(canvas: Canvas, { x, y, long, colour, cover }: Streak): void {
  for (let down = 0; down < long; down++) {
    const [px, py] = [Math.floor(x - down * 0.1), Math.floor(y + down)]
    if (px < 0 || px >= canvas.width || py < 0 || py >= canvas.height) continue
    blend(canvas, py * canvas.width + px, colour, cover)
  }
}

/** Moths and midges in the infrared lamp: bright, near, blurred by their speed, never straight. */
export function drawInsects(canvas: Canvas, count: number, atS: number, seed: number): void {
  const { width, height } = canvas
  for (let n = 0; n < count; n++) {
    const flightS = 1.1 + 1.6 * uniform(n, 1, seed)
    const flight = Math.floor(atS / flightS + uniform(n, 2, seed))
    if (uniform(n, flight, seed + 5) < 0.55) continue
    const at = (moment: number): readonly [number, number] => [
      width * (1.3 * hills(moment * 1.9, n, seed + 2 * flight) - 0.15 + 0.06 * wave(moment * 3.1 + n)),
      height * (1.3 * hills(moment * 1.7, n + 50, seed + 2 * flight + 1) - 0.15 + 0.06 * wave(moment * 2.7)),
    ]
    const size = height * mix(0.006, 0.022, uniform(n, flight, seed + 6) ** 2)
    const glow = paint('#ffffff', { sun: 1, lamp: mix(0.9, 2, uniform(n, flight, seed + 7)) })
    drawLimb(canvas, { from: at(atS), to: at(atS + 0.03), radius: size }, glow)
  }
}

/** `cover`: 0 clear, 1 clouds that come and go. Shadows of clouds are wide and soft. */
export function cloudsAt(cover: number, atS: number, seed: number, { width, height }: Canvas): Float32Array {
  const [cols, rows] = [Math.ceil(width / 16) + 1, Math.ceil(height / 16) + 1]
  const field = new Float32Array(cols * rows)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < cols; x++) {
      const density = hills(
        ((x * 16) / height) * 0.45 + atS * 0.16,
        ((y * 16) / height) * 0.45 + 9,
        seed + 60,
      )
      const gone = ramp(density, 0.36, 0.64)
      field[y * cols + x] = 1 - cover * 0.92 * gone
    }
  }
  return field
}

/** The beams of a car that is itself out of sight, sweeping over garden and houses. */
export function beamsAt(atS: number, { width, height }: Canvas): Beam | undefined {
  const round = atS % 14
  if (round > 3.2) return undefined
  const passed = round / 3.2
  const isFromLeft = Math.floor(atS / 14) % 2 === 0
  const x = width * mix(-0.45, 1.45, isFromLeft ? passed : 1 - passed)
  return { x, y: height * 0.5, wide: height * 0.5, tall: height * 0.22, strength: 0.85 * smoothHill(passed) }
}

export type Beam = {
  readonly x: number
  readonly y: number
  readonly wide: number
  readonly tall: number
  readonly strength: number
}

const smoothHill = (t: number): number => clamp(4 * t * (1 - t) * 1.4)

/** How much light a beam throws there. */
export function beamLight({ x, y, wide, tall, strength }: Beam, px: number, py: number): number {
  const [u, v] = [(px - x) / wide, (py - y) / tall]
  return strength / (1 + (u * u + v * v) * 2.2) ** 2
}
