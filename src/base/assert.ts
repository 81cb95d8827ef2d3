import { Fault } from './fault.ts'

/** A promise of our own. If it breaks, the process should end. */
export function assert(holds: unknown, promise: string): asserts holds {
  if (!holds) throw new Fault('bug', `broken promise: ${promise}`)
}

export function assertNever(value: never): never {
  throw new Fault('bug', `unexpected case: ${JSON.stringify(value)}`)
}
