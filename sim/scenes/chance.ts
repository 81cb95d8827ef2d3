/** Chance without state, and waves without a maths library: the same bits on every machine (only + − × ÷ and square root). */

/** A well-mixed 32-bit number for a place and a seed. */
export function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** From 0 to 1. */
export const uniform = (x: number, y: number, seed: number): number => hash(x, y, seed) / 4294967296

/** Smooth hills between lattice points, from 0 to 1. */
export function hills(x: number, y: number, seed: number): number {
  const left = Math.floor(x)
  const top = Math.floor(y)
  const across = smooth(x - left)
  const down = smooth(y - top)
  const upper = mix(uniform(left, top, seed), uniform(left + 1, top, seed), across)
  const lower = mix(uniform(left, top + 1, seed), uniform(left + 1, top + 1, seed), across)
  return mix(upper, lower, down)
}

/** Hills on hills: looks like grass, brick or cloud. From 0 to 1. */
export const terrain = (x: number, y: number, seed: number): number =>
  0.5 * hills(x, y, seed) + 0.3 * hills(2.1 * x, 2.1 * y, seed + 1) + 0.2 * hills(4.3 * x, 4.3 * y, seed + 2)

/** Like a sine, one turn per unit, from −1 to 1 (two parabolas, corrected; off by 0.1 % at most). */
export function wave(turns: number): number {
  const t = 2 * (turns - Math.floor(turns)) - 1
  const parabola = 4 * t * (1 - Math.abs(t))
  return -(0.225 * (parabola * Math.abs(parabola) - parabola) + parabola)
}

export const mix = (a: number, b: number, share: number): number => a + (b - a) * share
export const clamp = (value: number, least = 0, most = 1): number =>
  value < least ? least : value > most ? most : value
export const smooth = (t: number): number => t * t * (3 - 2 * t)
/** 0 below `from`, 1 above `to`, smooth between. */
export const ramp = (value: number, from: number, to: number): number =>
  smooth(clamp((value - from) / (to - from)))
