/** Zones as people draw them: corners in shares of the picture. Pure. */
export type Point = readonly [number, number]
export type ZoneMode = 'watch' | 'ignore' | 'private'
export type Zone = { readonly name: string; readonly mode: ZoneMode; readonly points: readonly Point[] }

export const CORNERS_MIN = 3
export const CORNERS_MAX = 32
const EXACT = 1000

const inPicture = (share: number): number => Math.min(1, Math.max(0, Math.round(share * EXACT) / EXACT))

export function moveCorner(zone: Zone, corner: number, to: Point): Zone {
  const points = zone.points.map((point, n): Point =>
    n === corner ? [inPicture(to[0]), inPicture(to[1])] : point,
  )
  return { ...zone, points }
}

/** Halfway to the next corner. */
export function addCorner(zone: Zone, after: number): Zone {
  const [a, b] = [zone.points[after], zone.points[(after + 1) % zone.points.length]]
  if (a === undefined || b === undefined || zone.points.length >= CORNERS_MAX) return zone
  const between: Point = [inPicture((a[0] + b[0]) / 2), inPicture((a[1] + b[1]) / 2)]
  return { ...zone, points: zone.points.toSpliced(after + 1, 0, between) }
}

export const removeCorner = (zone: Zone, corner: number): Zone =>
  zone.points.length <= CORNERS_MIN ? zone : { ...zone, points: zone.points.toSpliced(corner, 1) }

/** A new one in the middle, with a name that no other has. */
export function newZone(zones: readonly Zone[], nameOf: (n: number) => string): Zone {
  let n = zones.length + 1
  while (zones.some(({ name }) => name === nameOf(n))) n++
  return {
    name: nameOf(n),
    mode: 'watch',
    points: [
      [0.3, 0.35],
      [0.7, 0.35],
      [0.7, 0.85],
      [0.3, 0.85],
    ],
  }
}

const MODES: readonly string[] = ['watch', 'ignore', 'private'] satisfies readonly ZoneMode[]

/** From the settings; what is no zone is left out. */
export function zonesFrom(value: unknown): readonly Zone[] {
  if (!Array.isArray(value)) return []
  return value.filter(isZone)
}

function isZone(value: unknown): value is Zone {
  if (typeof value !== 'object' || value === null) return false
  const { name, mode, points } = value as Readonly<Record<string, unknown>>
  return (
    typeof name === 'string' && MODES.includes(String(mode)) && Array.isArray(points) && points.every(isPoint)
  )
}

const isPoint = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((share) => typeof share === 'number')
