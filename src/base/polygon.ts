/** Corners as `[x, y]`, each from 0 (left, top) to 1 (right, bottom). */
export type Polygon = readonly (readonly [number, number])[]

/** Even-odd rule: a ray to the right crosses the outline an odd number of times. */
export function isInside(points: Polygon, x: number, y: number): boolean {
  let inside = false
  let [fromX, fromY] = points.at(-1) ?? [0, 0]
  for (const [toX, toY] of points) {
    if (toY > y !== fromY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside
    fromX = toX
    fromY = toY
  }
  return inside
}
