import type { Evidence } from '../world/evidence.ts'
import type { Checker } from './checker.ts'

/** What the doorbell says of itself. */
export type Held = {
  readonly prerollBytes: number
  readonly messages: number
  readonly uploads: number
}

/** What the bounds are made of, as it is at that moment. */
export type Room = {
  readonly prerollBytesMax: number
  readonly presses: number
  readonly objects: number
  readonly entries: number
}

/** The README's LIMITS table has these two. Presses are never dropped; what waits for its upload is an object of a clip, or the ledger's. */
const MESSAGES_MAX = 1000
/** A page of entries, hashes up to the root, the checkpoint. */
const OBJECTS_AN_ENTRY = 5
/** Queued in the moment before their rows are written: a whole preroll. */
const UNDER_WAY_MAX = 40

export const boundsKept: Checker = {
  name: 'bounds-kept',
  promise: 'memory and queues stay in their bounds',
  check: ({ excesses }) => excesses,
}

/** One sentence for each bound that does not hold. */
export function excessesOf(held: Held, room: Room): readonly string[] {
  const uploadsMax = room.objects + OBJECTS_AN_ENTRY * (room.entries + 1) + UNDER_WAY_MAX
  return [
    ...over('bytes of preroll', held.prerollBytes, room.prerollBytesMax),
    ...over('waiting messages', held.messages, MESSAGES_MAX + room.presses),
    ...over('waiting uploads', held.uploads, uploadsMax),
  ]
}

const over = (what: string, got: number, most: number): readonly string[] =>
  got <= most ? [] : [`${what}: wanted at most ${most}, got ${got}`]

/** A loop that throws is a bug, whatever the weather. */
export const nothingCrashes: Checker = {
  name: 'nothing-crashes',
  promise: 'weather is waited out; no loop of the doorbell throws',
  check: ({ crashes }: Evidence) => crashes,
}

/** After the troubles heal, everything is uploaded and quiet within a stated time. */
export const comesToRest: Checker = {
  name: 'comes-to-rest',
  promise: 'after the troubles heal, everything is told, uploaded and quiet within 15 minutes',
  check: ({ unsettled, endMs }: Evidence) =>
    unsettled === undefined ? [] : [{ atMs: endMs, message: unsettled }],
}
