import type { Grid } from './grid.ts'

/**
 * What a cell looks like when nobody is there: up to three appearances ("modes"), because a leaf, water or a clock's hand
 * makes the same cell look now this way, now that. Mode 0 is the commonest.
 */
export type Background = {
  /** Mode after mode, each one value per cell. */
  readonly means: Float32Array
  /** Mean distance from the mean: the noise of the sensor and the restlessness of the place. */
  readonly spreads: Float32Array
  /** How much of the recent past the mode explains, 0 to 1. */
  readonly weights: Float32Array
  /** How often something unexplained happened here lately without becoming a visitor, 0 to 1. */
  readonly unrest: Float32Array
  /** Seconds of experience. */
  ageS: number
  /** An experienced background learns every other cell in turn: half the work, and nobody can tell. */
  turn: 0 | 1
  /** Since the cells whose turn it is were last taught. */
  untaughtS: number
}

export const MODES = 3
/** A mode is background when it explains this much of the past. */
const KNOWN = 0.2
const NO_MODE = MODES
const SPREAD_FIRST = 2.5
const SPREAD_MIN = 0.6
const SPREAD_MAX = 16
const SPREADS = 2.6

const FORGET_S = 25
const FOLLOW_S = 6
const UNREST_S = 15

export type Comparison = {
  /** Distance from the nearest background mode, in units of what is tolerated there. */
  readonly distance: Float32Array
  /** The mode that explains the cell, known or not; `MODES` when none does. */
  readonly mode: Uint8Array
}

export function createBackground({ cells }: Grid, first: Float32Array): Background {
  const background = {
    means: new Float32Array(cells * MODES),
    spreads: new Float32Array(cells * MODES).fill(SPREAD_FIRST),
    weights: new Float32Array(cells * MODES),
    unrest: new Float32Array(cells),
    ageS: 0,
    turn: 0 as const,
    untaughtS: 0,
  }
  for (let mode = 0; mode < MODES; mode++) background.means.set(first, mode * cells)
  background.weights.fill(1, 0, cells)
  return background
}

/** Compares the picture (without its light) with what is known. */
export function compare(
  { means, spreads, weights }: Background,
  picture: Float32Array,
  tolerance: number,
  { distance, mode }: Comparison,
): void {
  const cells = picture.length
  for (let i = 0; i < cells; i++) {
    const value = picture[i] ?? 0
    let nearest = Math.abs(value - (means[i] ?? 0)) / (tolerance + SPREADS * (spreads[i] ?? 0))
    let best = nearest <= 1 ? 0 : NO_MODE
    for (let k = 1, j = i + cells; k < MODES && best === NO_MODE; k++, j += cells) {
      const weight = weights[j] ?? 0
      if (weight === 0) continue
      const apart = Math.abs(value - (means[j] ?? 0)) / (tolerance + SPREADS * (spreads[j] ?? 0))
      if (apart <= 1) best = k
      if (weight >= KNOWN && apart < nearest) nearest = apart
    }
    distance[i] = nearest
    mode[i] = best
  }
}

export type Lesson = {
  readonly picture: Float32Array
  readonly light: Float32Array
  readonly comparison: Comparison
  /** 1 where something unexplained is. */
  readonly foreground: Uint8Array
  /** 1 where a visitor is: what is seen there is not background. */
  readonly visitors: Uint8Array
  readonly elapsedS: number
}

export function learn(background: Background, lesson: Lesson): void {
  const { elapsedS, picture, light, visitors, comparison } = lesson
  const { means, ageS, turn, untaughtS } = background
  const isNovice = ageS < NOVICE_S
  const sinceS = isNovice ? elapsedS : untaughtS + elapsedS
  const pace = {
    weight: rate(sinceS, FORGET_S, ageS),
    mean: rate(sinceS, FOLLOW_S, ageS),
    light: Math.min(0.5, sinceS / FOLLOW_S),
  }
  learnUnrest(background, lesson)
  const cells = picture.length
  for (let i = isNovice ? 0 : turn; i < cells; i += isNovice ? 1 : 2) {
    // The light that stays becomes the light that is usual.
    const drift = pace.light * (light[i] ?? 0)
    means[i] = (means[i] ?? 0) + drift
    means[i + cells] = (means[i + cells] ?? 0) + drift
    means[i + 2 * cells] = (means[i + 2 * cells] ?? 0) + drift
    if (visitors[i] !== 1)
      learnCell(background, i, (picture[i] ?? 0) + drift, comparison.mode[i] ?? NO_MODE, pace)
  }
  background.ageS += elapsedS
  background.untaughtS = elapsedS
  background.turn = turn === 0 ? 1 : 0
}

const NOVICE_S = 4

/** Fast at first, when one look is all there is; then with a steady memory. */
const rate = (elapsedS: number, memoryS: number, ageS: number): number =>
  Math.min(0.5, Math.max(elapsedS / memoryS, elapsedS / (ageS + 0.4)))

function learnUnrest({ unrest, ageS }: Background, { foreground, visitors, elapsedS }: Lesson): void {
  const pace = Math.min(0.5, Math.max(elapsedS / UNREST_S, elapsedS / (ageS + 1)))
  for (let i = 0; i < unrest.length; i++) {
    const before = unrest[i] ?? 0
    unrest[i] = before + (visitors[i] === 1 ? pace * 0.15 : pace) * ((foreground[i] ?? 0) - before)
  }
}

type Pace = { readonly weight: number; readonly mean: number }

function learnCell(background: Background, i: number, value: number, seen: number, pace: Pace): void {
  const { means, weights, unrest } = background
  const cells = unrest.length
  const kept = 1 - pace.weight
  weights[i] = (weights[i] ?? 0) * kept
  weights[i + cells] = (weights[i + cells] ?? 0) * kept
  weights[i + 2 * cells] = (weights[i + 2 * cells] ?? 0) * kept
  if (seen < MODES) confirmMode(background, i + seen * cells, value, pace)
  if (seen === NO_MODE) {
    const j = i + weakest(weights, i, cells) * cells
    means[j] = value
    background.spreads[j] = SPREAD_FIRST
    weights[j] = pace.weight
  } else if (seen > 0 && (weights[i + seen * cells] ?? 0) > (weights[i] ?? 0)) exchange(background, i, seen)
}

function confirmMode({ means, spreads, weights }: Background, j: number, value: number, pace: Pace): void {
  const mean = means[j] ?? 0
  const apart = value - mean
  means[j] = mean + pace.mean * apart
  const before = spreads[j] ?? 0
  const spread = before + pace.mean * (Math.abs(apart) - before)
  spreads[j] = spread < SPREAD_MIN ? SPREAD_MIN : spread > SPREAD_MAX ? SPREAD_MAX : spread
  weights[j] = (weights[j] ?? 0) + pace.weight
}

const weakest = (weights: Float32Array, i: number, cells: number): number =>
  (weights[i + cells] ?? 0) < (weights[i + 2 * cells] ?? 0) ? 1 : 2

function exchange(background: Background, i: number, mode: number): void {
  const j = i + mode * background.unrest.length
  for (const values of [background.means, background.spreads, background.weights]) {
    const first = values[i] ?? 0
    values[i] = values[j] ?? 0
    values[j] = first
  }
}

/** What is seen here is from now on the usual look: something was put down, or taken away and laid bare what is behind. */
export function accept(background: Background, i: number, value: number): void {
  const { means, spreads, weights, unrest } = background
  const cells = unrest.length
  const mode = weakest(weights, i, cells)
  const j = i + mode * cells
  means[j] = value
  spreads[j] = SPREAD_FIRST
  weights[j] = 0.6
  weights[i] = Math.min(weights[i] ?? 0, 0.55) // Still known: it may come back.
  exchange(background, i, mode)
}
