import { isInside, type Polygon } from '../base/polygon.ts'
import type { Area, Sight } from '../ports/vision.ts'

/** A named part of the picture, as the household drew it. */
export type Region = {
  readonly name: string
  readonly mode: 'watch' | 'ignore' | 'private'
  readonly points: Polygon
}

const WHOLE: Area = { x: 0, y: 0, width: 1, height: 1 }
/** The model sees so many pixels each way: a closer look than one to one shows nothing more. */
const MODEL_SIDE = 416
/** Room around what moved: people are larger than what of them moves. */
const MARGIN = 0.35

/**
 * Where to look in a picture of `width` × `height` pixels: around what moved, square where the picture allows, never so close that
 * pixels would have to be enlarged. Everywhere when nothing moved.
 */
export function lookWithin(
  moved: readonly Area[],
  { width, height }: { readonly width: number; readonly height: number },
): Area {
  const box = unionOf(moved)
  if (box === undefined) return WHOLE
  const boxSide = Math.max(box.width * width, box.height * height) * (1 + 2 * MARGIN)
  const side = Math.max(MODEL_SIDE, boxSide)
  const [shareX, shareY] = [Math.min(1, side / width), Math.min(1, side / height)]
  return {
    x: clamp(box.x + box.width / 2 - shareX / 2, 0, 1 - shareX),
    y: clamp(box.y + box.height / 2 - shareY / 2, 0, 1 - shareY),
    width: shareX,
    height: shareY,
  }
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

function unionOf(areas: readonly Area[]): Area | undefined {
  const [first] = areas
  if (first === undefined) return undefined
  const x = Math.min(...areas.map((area) => area.x))
  const y = Math.min(...areas.map((area) => area.y))
  const right = Math.max(...areas.map((area) => area.x + area.width))
  const bottom = Math.max(...areas.map((area) => area.y + area.height))
  return { x, y, width: right - x, height: bottom - y }
}

/** Something moved where this is: a tenth of it, or of what moved, is common to both. */
export const isWhereMoved = (box: Area, moved: readonly Area[]): boolean =>
  moved.some((area) => {
    const width = Math.min(box.x + box.width, area.x + area.width) - Math.max(box.x, area.x)
    const height = Math.min(box.y + box.height, area.y + area.height) - Math.max(box.y, area.y)
    if (width <= 0 || height <= 0) return false
    return width * height >= 0.1 * Math.min(box.width * box.height, area.width * area.height)
  })

/** Names of the watched zones it stands in: with its feet, as a person in front of a zone is not in it. */
export const zonesOf = (box: Area, regions: readonly Region[]): readonly string[] =>
  regions.filter((region) => region.mode === 'watch' && standsIn(box, region)).map(({ name }) => name)

/** It stands where nothing counts. */
export const isHidden = (box: Area, regions: readonly Region[]): boolean => {
  const watched = regions.filter(({ mode }) => mode === 'watch')
  const isIgnored = regions.some((region) => region.mode !== 'watch' && standsIn(box, region))
  return isIgnored || (watched.length > 0 && !watched.some((region) => standsIn(box, region)))
}

/** `moved`: where anything moved since it began. What stood there before is not the visitor; but who rings where nothing moved is. */
export function tellVisitors(
  sights: readonly Sight[],
  moved: readonly Area[],
  regions: readonly Region[],
): { readonly visitors: readonly Sight[]; readonly others: readonly Sight[] } {
  const counts = ({ box }: Sight): boolean =>
    !isHidden(box, regions) && (moved.length === 0 || isWhereMoved(box, moved))
  return { visitors: sights.filter(counts), others: sights.filter((sight) => !counts(sight)) }
}

const standsIn = ({ x, y, width, height }: Area, { points }: Region): boolean =>
  isInside(points, x + width / 2, Math.min(0.999, y + 0.95 * height))
