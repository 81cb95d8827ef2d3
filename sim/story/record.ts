import { Fault } from '../../src/base/fault.ts'
import type { Moment, Story } from './story.ts'

/** An edge as a device traced it; milliseconds from the beginning of the clip, below 0 before it. */
export type TracedEdge = { readonly line: 'button' | 'pir'; readonly active: boolean; readonly atMs: number }

export type Recording = {
  readonly title: string
  readonly seed: number
  /** The clip, as the story names it. */
  readonly video: string
  readonly durationMs: number
  readonly edges: readonly TracedEdge[]
}

/** Edges closer together than what a story can tell apart are none: microseconds. */
const PER_MS = 1000

/**
 * The story in which the same happens again: every edge as it was traced, bounces and spikes included, so that whoever
 * plays it sees what the device saw. What was traced before the clip began stands at its beginning. Throws
 * `Fault('invalid')` for edges after the end of the clip.
 */
export function recordStory({ title, seed, video, durationMs, edges }: Recording): Story {
  const late = edges.find(({ atMs }) => atMs > durationMs)
  if (late !== undefined)
    throw new Fault(
      'invalid',
      `${late.line} at ${late.atMs} ms: the clip is over after ${durationMs.toFixed(0)} ms`,
    )
  const inOrder = edges.toSorted((a, b) => a.atMs - b.atMs)
  const timeline = inOrder.map(({ line: input, active, atMs }): Moment => ({
    atMs: Math.max(0, Math.round(atMs * PER_MS) / PER_MS),
    line: 0,
    do: 'line',
    input,
    active,
    bounceMs: 0,
  }))
  return {
    title,
    seed,
    board: 'sim',
    camera: { kind: 'file', name: video.startsWith('.') || video.startsWith('/') ? video : `./${video}` },
    timeline,
    troubles: [],
    expect: [],
    settings: [],
    untilMs: Math.ceil(durationMs),
  }
}
