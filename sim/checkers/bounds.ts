import type { Evidence } from '../world/evidence.ts'
import type { Broken, Checker } from './checker.ts'

/** As the README's LIMITS table says. */
export type Bounds = {
  readonly prerollBytesMax: number
  readonly messagesMax: number
  readonly packetBytesMax: number
}

export const boundsKept = (bounds: Bounds): Checker => ({
  name: 'bounds-kept',
  promise: 'memory and queues stay in their bounds',
  check: ({ most, endMs }) => [
    ...over('the preroll', most.prerollBytes, bounds.prerollBytesMax + bounds.packetBytesMax, endMs),
    ...over('waiting messages', most.messages, bounds.messagesMax, endMs),
  ],
})

function over(what: string, got: number, most: number, atMs: number): readonly Broken[] {
  return got <= most ? [] : [{ atMs, message: `${what}: ${got}, wanted at most ${most}` }]
}

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
