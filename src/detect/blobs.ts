import type { Grid } from './grid.ts'

/** Cells that lie together and show something unexplained. Reused from frame to frame. */
export type Blob = {
  label: number
  /** Foreground cells in it. */
  area: number
  /** Foreground cells that changed since the frame before. */
  changed: number
  /** How much of that is new ground, where nothing was unexplained lately. */
  fresh: number
  sumX: number
  sumY: number
  left: number
  top: number
  right: number
  bottom: number
  /** Mean contrast across its outline, and in it: light has soft edges, things have sharp ones. */
  edge: number
  edgeCells: number
  contrast: number
  /** The same with its sign: brighter or darker than usual. */
  brighter: number
  /** How the texture in it goes along with that of the background: sums over its inner cells. */
  along: number
  textureNow: number
  textureUsual: number
}

export const BLOBS_MAX = 96

export type Blobs = {
  readonly list: readonly Blob[]
  count: number
  /** Label of the blob a cell belongs to, counting from 1; 0 where there is none. */
  readonly labels: Uint16Array
  readonly stack: Int32Array
}

export function createBlobs({ cells }: Grid): Blobs {
  return {
    list: Array.from({ length: BLOBS_MAX }, (_, i) => emptyBlob(i + 1)),
    count: 0,
    labels: new Uint16Array(cells),
    stack: new Int32Array(cells),
  }
}

const emptyBlob = (label: number): Blob => ({
  label,
  area: 0,
  changed: 0,
  fresh: 0,
  sumX: 0,
  sumY: 0,
  left: 0,
  top: 0,
  right: 0,
  bottom: 0,
  edge: 0,
  edgeCells: 0,
  contrast: 0,
  brighter: 0,
  along: 0,
  textureNow: 0,
  textureUsual: 0,
})

export type Marks = {
  /** 1 where something unexplained is. */
  readonly foreground: Uint8Array
  /** How fresh and clear the movement is in a foreground cell, 0 to 1. */
  readonly fresh: Float32Array
  readonly changed: Uint8Array
  /** Difference from the background. */
  readonly residual: Float32Array
  /** The picture itself. */
  readonly before: Float32Array
}

/**
 * Joins foreground cells that are at most `reach` apart. What does not fit into the list is smaller movement
 * in a picture full of movement: it is left out.
 */
export function findBlobs(blobs: Blobs, marks: Marks, reach: number, grid: Grid): void {
  const { labels, list } = blobs
  labels.fill(0)
  blobs.count = 0
  for (let i = 0; i < grid.cells; i++) {
    if (marks.foreground[i] === 0 || labels[i] !== 0) continue
    const blob = list[blobs.count]
    if (blob === undefined) return
    Object.assign(blob, NOTHING)
    fill(blobs, blob, i, { marks, reach, grid })
    if (blob.area < 3) unlabel(labels, blob, grid)
    else blobs.count++
  }
}

const { label: _, ...NOTHING } = { ...emptyBlob(0), left: 1e9, top: 1e9, right: -1, bottom: -1 }

type Ground = { readonly marks: Marks; readonly reach: number; readonly grid: Grid }

function fill({ labels, stack }: Blobs, blob: Blob, seed: number, { marks, reach, grid }: Ground): void {
  const { cols, rows } = grid
  let depth = 0
  stack[depth++] = seed
  labels[seed] = blob.label
  while (depth > 0) {
    const i = stack[--depth] ?? 0
    const x = i % cols
    const y = (i - x) / cols
    measure(blob, i, { x, y, marks, grid })
    for (let ny = Math.max(0, y - reach); ny <= Math.min(rows - 1, y + reach); ny++) {
      for (let nx = Math.max(0, x - reach); nx <= Math.min(cols - 1, x + reach); nx++) {
        const j = ny * cols + nx
        if (marks.foreground[j] === 0 || labels[j] !== 0) continue
        labels[j] = blob.label
        stack[depth++] = j
      }
    }
  }
}

type Place = { readonly x: number; readonly y: number; readonly marks: Marks; readonly grid: Grid }

function measure(blob: Blob, i: number, { x, y, marks, grid }: Place): void {
  const { foreground, fresh, changed, residual } = marks
  blob.area++
  blob.changed += changed[i] ?? 0
  blob.fresh += fresh[i] ?? 0
  blob.sumX += x
  blob.sumY += y
  blob.left = Math.min(blob.left, x)
  blob.right = Math.max(blob.right, x)
  blob.top = Math.min(blob.top, y)
  blob.bottom = Math.max(blob.bottom, y)
  const here = residual[i] ?? 0
  blob.contrast += Math.abs(here)
  blob.brighter += here
  const right = x + 1 < grid.cols ? i + 1 : i
  const below = y + 1 < grid.rows ? i + grid.cols : i
  measureTexture(blob, i, right, below, marks)
  const left = x > 0 ? i - 1 : i
  const above = y > 0 ? i - grid.cols : i
  if (foreground[right] === 0 || foreground[left] === 0) {
    blob.edge += Math.abs((residual[right] ?? 0) - (residual[left] ?? 0))
    blob.edgeCells++
  } else if (foreground[below] === 0 || foreground[above] === 0) {
    blob.edge += Math.abs((residual[below] ?? 0) - (residual[above] ?? 0))
    blob.edgeCells++
  }
}

/** The slopes to the right and down, here and as they usually are. */
function measureTexture(
  blob: Blob,
  i: number,
  right: number,
  below: number,
  { foreground, residual, before }: Marks,
): void {
  for (const j of [right, below]) {
    if (j === i || foreground[j] === 0) continue
    const now = (before[j] ?? 0) - (before[i] ?? 0)
    const usual = now - (residual[j] ?? 0) + (residual[i] ?? 0)
    blob.along += now * usual
    blob.textureNow += now * now
    blob.textureUsual += usual * usual
  }
}

function unlabel(labels: Uint16Array, { label, left, right, top, bottom }: Blob, { cols }: Grid): void {
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) if (labels[y * cols + x] === label) labels[y * cols + x] = 0
  }
}
