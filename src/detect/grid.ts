import type { LumaFrame } from '../ports/camera.ts'

/**
 * The raster on which everything is judged: cells of `step × step` pixels, so many that a picture of any size
 * has about the same number. A cell's value is the logarithm of its mean luma: twice the light is the same
 * addition everywhere, in the shade and in the sun.
 */
export type Grid = {
  readonly cols: number
  readonly rows: number
  readonly cells: number
  /** Pixels per cell, in each direction. */
  readonly step: number
}

const CELLS_WANTED = 14_400 // 160 × 90
const DARK = 32 // Luma below this is mostly noise; the logarithm must not make it large.
const GAIN = 150 // About one unit for a step of one in the middle of the luma scale.
const FINE = 4 // Table entries per luma step: the mean of several pixels is finer than one.

const LOGARITHM = Float32Array.from({ length: 256 * FINE }, (_, i) => GAIN * Math.log(1 + i / FINE / DARK))

export function gridFor({ width, height }: { readonly width: number; readonly height: number }): Grid {
  const step = Math.max(1, Math.round(Math.sqrt((width * height) / CELLS_WANTED)))
  const cols = Math.max(1, Math.floor(width / step))
  const rows = Math.max(1, Math.floor(height / step))
  return { cols, rows, cells: cols * rows, step }
}

/** Writes the value of every cell. Pixels beyond the last whole cell are left out. */
export function readCells(frame: LumaFrame, grid: Grid, target: Float32Array): void {
  if (grid.step === 1) readPixels(frame, target)
  else if (grid.step === 2) readPairs(frame, grid, target)
  else readSquares(frame, grid, target)
}

function readPixels({ luma }: LumaFrame, target: Float32Array): void {
  for (let i = 0; i < target.length; i++) target[i] = LOGARITHM[(luma[i] ?? 0) * FINE] ?? 0
}

function readPairs({ luma, width }: LumaFrame, { cols, rows }: Grid, target: Float32Array): void {
  for (let y = 0, i = 0; y < rows; y++) {
    for (let x = 0, p = 2 * y * width; x < cols; x++, i++, p += 2) {
      const sum = (luma[p] ?? 0) + (luma[p + 1] ?? 0) + (luma[p + width] ?? 0) + (luma[p + width + 1] ?? 0)
      target[i] = LOGARITHM[sum] ?? 0 // Four pixels, four entries per luma step.
    }
  }
}

function readSquares({ luma, width }: LumaFrame, { cols, rows, step }: Grid, target: Float32Array): void {
  const scale = FINE / (step * step)
  for (let y = 0, i = 0; y < rows; y++) {
    for (let x = 0; x < cols; x++, i++) {
      let sum = 0
      for (let dy = 0; dy < step; dy++) {
        const p = (y * step + dy) * width + x * step
        for (let dx = 0; dx < step; dx++) sum += luma[p + dx] ?? 0
      }
      target[i] = LOGARITHM[(sum * scale) | 0] ?? 0
    }
  }
}

/** The luma, 0 to 255, of a cell with this value. */
export const lumaOf = (value: number): number =>
  Math.min(255, Math.max(0, Math.round(DARK * (Math.exp(value / GAIN) - 1))))
