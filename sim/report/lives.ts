/** From when until when the doorbell was alive: whatever it was doing ends with it. */
import type { StoryOutcome, TraceEntry } from '../trace.ts'

/** The plug was pulled, or the doorbell stopped. */
export const endsLife = (entry: TraceEntry): boolean =>
  entry.kind === 'stopped' || (entry.kind === 'power' && entry.state === 'cut')

/** When the life that goes on at a moment is over; the story's end when it is not. */
export function lifeEndOf({ entries, endMs }: StoryOutcome): (atMs: number) => number {
  const endsMs = entries.filter(endsLife).map(({ atMs }) => atMs)
  return (atMs) => endsMs.find((end) => end >= atMs) ?? Math.max(endMs, atMs)
}
