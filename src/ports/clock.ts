import type { MonoMs, WallTime } from '../base/time.ts'

export interface Clock {
  mono(): MonoMs
  wall(): WallTime
  /** Resolves after `ms`; rejects with `signal.reason` when the signal is aborted first. */
  sleep(ms: number, options: { signal: AbortSignal }): Promise<void>
}
