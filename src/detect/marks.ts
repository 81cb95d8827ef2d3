import { type Background, type Comparison } from './background.ts'
import type { Grid } from './grid.ts'

/** What stands out in a frame, cell by cell. */
export type Marks = {
  /** 1 where something unexplained is. */
  readonly foreground: Uint8Array
  /** 1 where the picture is not what it was a frame ago. */
  readonly changed: Uint8Array
  /** How clear and new the movement in a foreground cell is, 0 to 1. */
  readonly fresh: Float32Array
  /** Difference from the commonest background. */
  readonly residual: Float32Array
  /** How much a cell differs from frame to frame when nothing happens. */
  readonly flicker: Float32Array
  readonly before: Float32Array
  readonly candidates: Uint8Array
  /** How many of the 3 × 3 cells around a foreground cell stand out as well. */
  readonly company: Uint8Array
}

export function createMarks({ cells }: Grid, first: Float32Array): Marks {
  return {
    foreground: new Uint8Array(cells),
    changed: new Uint8Array(cells),
    fresh: new Float32Array(cells),
    residual: new Float32Array(cells),
    flicker: new Float32Array(cells).fill(FLICKER_FIRST),
    before: Float32Array.from(first),
    candidates: new Uint8Array(cells),
    company: new Uint8Array(cells),
  }
}

const FLICKER_FIRST = 1.5
const FLICKER_S = 8
const FLICKERS = 3.5
/** Until there is this much experience, every texture may turn out to be leaves. */
const NOVICE_S = 3

export type Look = {
  readonly picture: Float32Array
  readonly background: Background
  readonly comparison: Comparison
  readonly watched: Uint8Array
  readonly visitors: Uint8Array
  readonly tolerance: number
  readonly elapsedS: number
}

export function markForeground(marks: Marks, look: Look, grid: Grid): void {
  markChanges(marks, look)
  markCandidates(marks, look, grid)
  keepCompany(marks, grid)
  markFresh(marks, look)
}

function markChanges({ changed, before, flicker }: Marks, look: Look): void {
  const { picture, visitors, tolerance, elapsedS, background } = look
  const pace = Math.min(0.5, Math.max(elapsedS / FLICKER_S, elapsedS / (background.ageS + 0.6)))
  for (let i = 0; i < picture.length; i++) {
    const value = picture[i] ?? 0
    const step = Math.abs(value - (before[i] ?? 0))
    const usual = flicker[i] ?? 0
    changed[i] = step > tolerance * 0.7 + FLICKERS * usual ? 1 : 0
    if (visitors[i] === 0) flicker[i] = usual + pace * (Math.min(step, 4 * usual + 1) - usual)
    before[i] = value
  }
}

function markCandidates({ candidates, residual }: Marks, look: Look, grid: Grid): void {
  const { picture, background, comparison, watched, visitors } = look
  const { means, unrest, ageS } = background
  const isNovice = ageS < NOVICE_S
  for (let i = 0; i < grid.cells; i++) {
    residual[i] = (picture[i] ?? 0) - (means[i] ?? 0)
    candidates[i] = 0
    let distance = comparison.distance[i] ?? 0
    if (distance <= 1 || watched[i] === 0) continue
    const restless = restlessAround(unrest, i, grid)
    distance = tolerateShift(distance, i, look, grid, isNovice || restless > 0.1 ? 1 : 0.5)
    if (distance <= 1 + 3 * restless) continue
    if (visitors[i] !== 1 && isLit(picture, means, i, grid)) continue
    candidates[i] = 1
  }
}

/** Where one branch sways, the next one will: unrest here, or half of that close by. */
function restlessAround(unrest: Float32Array, i: number, { cols }: Grid): number {
  const reach = 3
  let near = 0
  for (const j of [i - reach, i + reach, i - reach * cols, i + reach * cols])
    near = Math.max(near, unrest[j] ?? 0)
  return Math.max(unrest[i] ?? 0, 0.5 * near)
}

/** Wind moves what has texture by a cell: what the neighbours look like is no surprise here. */
function tolerateShift(distance: number, i: number, look: Look, grid: Grid, share: number): number {
  const { means, spreads } = look.background
  const { cols, cells } = grid
  const x = i % cols
  if (x === 0 || x === cols - 1 || i < cols || i >= cells - cols) return distance
  let least = means[i] ?? 0
  let most = least
  for (let row = i - cols; row <= i + cols; row += cols) {
    for (let j = row - 1; j <= row + 1; j++) {
      const mean = means[j] ?? 0
      if (mean < least) least = mean
      else if (mean > most) most = mean
    }
  }
  const value = look.picture[i] ?? 0
  const beyond = Math.max(0, least - value, value - most) / (look.tolerance + 2.6 * (spreads[i] ?? 0))
  return Math.min(distance, share * beyond + (1 - share) * distance)
}

const WINDOW = 2
const TEXTURE_MIN = 4 * 4
const LIKENESS_MIN = 0.8

/** Light leaves the texture as it is: the surroundings of the cell look alike but for brightness and contrast. */
function isLit(picture: Float32Array, means: Float32Array, i: number, { cols, rows }: Grid): boolean {
  const x = i % cols
  const y = (i - x) / cols
  if (x < WINDOW || y < WINDOW || x >= cols - WINDOW || y >= rows - WINDOW) return false
  const [n, meanA, meanB] = [25, picture[i] ?? 0, means[i] ?? 0] // Any origin near the values will do.
  let a1 = 0
  let b1 = 0
  let aa = 0
  let bb = 0
  let ab = 0
  for (let dy = -WINDOW; dy <= WINDOW; dy++) {
    const row = i + dy * cols
    for (let j = row - WINDOW; j <= row + WINDOW; j++) {
      const a = (picture[j] ?? 0) - meanA
      const b = (means[j] ?? 0) - meanB
      a1 += a
      b1 += b
      aa += a * a
      bb += b * b
      ab += a * b
    }
  }
  const varianceA = aa / n - (a1 / n) ** 2
  const varianceB = bb / n - (b1 / n) ** 2
  if (varianceA < TEXTURE_MIN || varianceB < TEXTURE_MIN) return false
  const covariance = ab / n - (a1 / n) * (b1 / n)
  return covariance > 0 && covariance * covariance > LIKENESS_MIN * LIKENESS_MIN * varianceA * varianceB
}

/** A candidate alone among cells that are as always is a raindrop or noise. */
function keepCompany({ candidates, foreground, company: around }: Marks, { cols, rows, cells }: Grid): void {
  foreground.fill(0)
  for (let i = 0; i < cells; i++) {
    if (candidates[i] === 0) continue
    const x = i % cols
    const y = (i - x) / cols
    let company = 0
    for (let ny = Math.max(0, y - 1); ny <= Math.min(rows - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(cols - 1, x + 1); nx++)
        company += candidates[ny * cols + nx] ?? 0
    }
    around[i] = company
    if (company >= 3) foreground[i] = 1
  }
}

/** A cell on the straight edge of a thing has this company; one in a raindrop's streak has not. */
const SOLID = 5

/** Where something unexplained comes and goes all the time, it is not new. */
function markFresh({ fresh, foreground, changed, company }: Marks, { background, comparison }: Look): void {
  for (let i = 0; i < fresh.length; i++) {
    if (foreground[i] === 0 || changed[i] === 0 || (company[i] ?? 0) < SOLID) {
      fresh[i] = 0
      continue
    }
    const news = Math.max(0, 1 - 4 * (background.unrest[i] ?? 0))
    fresh[i] = news * Math.min(1, (comparison.distance[i] ?? 0) - 1)
  }
}
