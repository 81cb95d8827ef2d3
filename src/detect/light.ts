import type { Grid } from './grid.ts'

/**
 * How much brighter the light is than the background remembers, for every cell: what a cloud, the camera's exposure
 * or a lamp adds to (in the logarithm: to everything) over areas larger than a visitor.
 */
export type Light = {
  readonly field: Float32Array
  readonly sums: Float32Array
  readonly shares: Float32Array
  readonly histogram: Uint32Array
  readonly radius: number
}

const STEP_MAX = 45 // A difference larger than this is a thing, not light, and says nothing of its surroundings.
const BINS = 256
const BIN = 4

export function createLight({ cols, cells }: Grid): Light {
  return {
    field: new Float32Array(cells),
    sums: new Float32Array(cells),
    shares: new Float32Array(cells),
    histogram: new Uint32Array(BINS),
    radius: Math.max(3, Math.round(cols * 0.11)),
  }
}

/** Estimates the field from the cells that nothing covers: a wide mean of the difference, free of outliers. */
export function measureLight(
  light: Light,
  now: Float32Array,
  background: Float32Array,
  covered: Uint8Array,
  grid: Grid,
): void {
  const middle = medianDifference(light, now, background)
  const { field, sums, shares } = light
  for (let i = 0; i < grid.cells; i++) {
    const difference = (now[i] ?? 0) - (background[i] ?? 0) - middle
    const isOpen = covered[i] === 0 && difference < STEP_MAX && difference > -STEP_MAX
    field[i] = isOpen ? difference : 0
    shares[i] = isOpen ? 1 : 0.02 // Where all is covered, the middle of the whole picture is the best guess.
  }
  blur(field, sums, light.radius, grid)
  blur(shares, sums, light.radius, grid)
  for (let i = 0; i < grid.cells; i++) field[i] = middle + (field[i] ?? 0) / (shares[i] ?? 1)
}

function medianDifference({ histogram }: Light, now: Float32Array, background: Float32Array): number {
  histogram.fill(0)
  let counted = 0
  for (let i = 0; i < now.length; i += 3) {
    const bin = ((((now[i] ?? 0) - (background[i] ?? 0)) / BIN + BINS / 2) | 0) & (BINS - 1)
    histogram[bin] = (histogram[bin] ?? 0) + 1
    counted++
  }
  let seen = 0
  for (let bin = 0; bin < BINS; bin++) {
    const here = histogram[bin] ?? 0
    if (seen + here >= counted / 2) {
      return (bin - BINS / 2 + (counted / 2 - seen) / Math.max(1, here)) * BIN
    }
    seen += here
  }
  return 0
}

/** Box sums in both directions (not divided: numerator and denominator go through alike). */
function blur(target: Float32Array, scratch: Float32Array, radius: number, { cols, rows }: Grid): void {
  for (let y = 0; y < rows; y++) sumRow(target, scratch, y * cols, cols, radius)
  sumColumns(scratch, target, radius, cols, rows)
}

function sumRow(
  source: Float32Array,
  target: Float32Array,
  start: number,
  cols: number,
  radius: number,
): void {
  let sum = 0
  for (let x = 0; x < Math.min(radius, cols); x++) sum += source[start + x] ?? 0
  for (let x = 0; x < cols; x++) {
    if (x + radius < cols) sum += source[start + x + radius] ?? 0
    if (x - radius - 1 >= 0) sum -= source[start + x - radius - 1] ?? 0
    target[start + x] = sum
  }
}

/** Row by row, so that memory is read in order; the first row of sums is built from the top, the others from it. */
function sumColumns(
  source: Float32Array,
  target: Float32Array,
  radius: number,
  cols: number,
  rows: number,
): void {
  target.fill(0, 0, cols)
  for (let y = 0; y <= Math.min(radius, rows - 1); y++) {
    for (let x = 0; x < cols; x++) target[x] = (target[x] ?? 0) + (source[y * cols + x] ?? 0)
  }
  for (let y = 1; y < rows; y++) {
    const enters = y + radius < rows ? (y + radius) * cols : -1
    const leaves = y - radius - 1 >= 0 ? (y - radius - 1) * cols : -1
    for (let x = 0; x < cols; x++) {
      let sum = target[(y - 1) * cols + x] ?? 0
      if (enters >= 0) sum += source[enters + x] ?? 0
      if (leaves >= 0) sum -= source[leaves + x] ?? 0
      target[y * cols + x] = sum
    }
  }
}
