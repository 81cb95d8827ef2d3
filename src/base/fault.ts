/**
 * The one class for expected trouble. The kind drives behaviour; the message is for people
 * and says what was wanted, what came and where.
 *
 * - `invalid`      input that can never work (usage, configuration, a file that is no video)
 * - `missing`      something that should be there is not
 * - `denied`       credentials or permissions
 * - `unavailable`  weather: try again later
 * - `full`         no room: disk, quota, queue
 * - `corrupt`      bytes that are not what was written
 * - `aborted`      somebody asked us to stop
 * - `bug`          a broken promise of our own
 */
export type FaultKind =
  | 'invalid'
  | 'missing'
  | 'denied'
  | 'unavailable'
  | 'full'
  | 'corrupt'
  | 'aborted'
  | 'bug'

export class Fault extends Error {
  override readonly name = 'Fault'
  readonly kind: FaultKind

  constructor(kind: FaultKind, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}

export function isFault(error: unknown, ...kinds: readonly FaultKind[]): error is Fault {
  return error instanceof Fault && (kinds.length === 0 || kinds.includes(error.kind))
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Whatever was thrown, as something that may be thrown again. */
export const errorOf = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown })

/** True when `error` is how an aborted signal makes itself known. */
export const isAbort = (error: unknown): boolean =>
  isFault(error, 'aborted') || (error instanceof Error && error.name === 'AbortError')
