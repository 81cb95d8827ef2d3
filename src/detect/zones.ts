import { Fault } from '../base/fault.ts'
import type { Grid } from './grid.ts'

/** An area of the picture; `[x, y]` from 0 (left, top) to 1 (right, bottom). */
export type Zone = {
  /** `watch`: only movement in such zones counts. `ignore` and `private`: movement here does not. */
  readonly mode: 'watch' | 'ignore' | 'private'
  readonly points: readonly (readonly [number, number])[]
}

/** 1 for every cell whose movement counts. */
export function watchedCells(zones: readonly Zone[], { cols, rows, cells }: Grid): Uint8Array {
  for (const { points } of zones) checkPolygon(points)
  const watched = zones.filter(({ mode }) => mode === 'watch')
  const ignored = zones.filter(({ mode }) => mode !== 'watch')
  const mask = new Uint8Array(cells)
  for (let i = 0; i < cells; i++) {
    const x = ((i % cols) + 0.5) / cols
    const y = (Math.floor(i / cols) + 0.5) / rows
    const isIn = ({ points }: Zone): boolean => isInside(points, x, y)
    mask[i] = (watched.length === 0 || watched.some(isIn)) && !ignored.some(isIn) ? 1 : 0
  }
  return mask
}

function checkPolygon(points: Zone['points']): void {
  const isGood = points.every((point) => point.every((n) => n >= 0 && n <= 1)) && points.length >= 3
  if (!isGood)
    throw new Fault('invalid', `zone: wanted three or more points from 0 to 1, got ${JSON.stringify(points)}`)
}

/** Even-odd rule: a ray to the right crosses the outline an odd number of times. */
function isInside(points: Zone['points'], x: number, y: number): boolean {
  let inside = false
  let [fromX, fromY] = points.at(-1) ?? [0, 0]
  for (const [toX, toY] of points) {
    if (toY > y !== fromY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside
    fromX = toX
    fromY = toY
  }
  return inside
}
