import type { Background } from './background.ts'
import { lumaOf, type Grid } from './grid.ts'

/** What a detector holds for the empty view, as a small picture for people's eyes; `width × height` is its own raster. */
export type MotionView = {
  readonly width: number
  readonly height: number
  /** Luma 0 to 255, row after row: each cell as it commonly looks when nobody is there, without the light of the moment. */
  readonly background: Uint8Array
  /** 1 where the latest picture has something that the background does not explain. */
  readonly foreground: Uint8Array
}

/** A copy: the detector goes on with its own. */
export function viewOf({ cols, rows }: Grid, { means }: Background, foreground: Uint8Array): MotionView {
  const background = Uint8Array.from(foreground, (_, cell) => lumaOf(means[cell] ?? 0)) // Mode 0 is the commonest.
  return { width: cols, height: rows, background, foreground: foreground.slice() }
}
