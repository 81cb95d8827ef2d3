/** One row of the time line. */
import type { StoryOutcome } from '../trace.ts'
import type { Markup } from './markup.ts'
import type { Grain } from './marks.ts'

export type Lane = {
  readonly name: string
  /** What the marks mean, in a few words. */
  readonly legend: string
  readonly heightPx: number
  /** Drawn from 0 to `heightPx`. */
  readonly drawing: Markup
}

/** A picture of the video, and when it was taken in world time. */
export type Thumbnail = { readonly atMs: number; readonly jpeg: Uint8Array }

/** What lanes are drawn from. */
export type Sheet = Grain & {
  readonly outcome: StoryOutcome
  readonly thumbnails: readonly Thumbnail[]
}
