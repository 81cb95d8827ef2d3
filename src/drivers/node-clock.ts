import { existsSync } from 'node:fs'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { monoMs, unixMs } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'

/**
 * Files that appear when the time of day was set from the network since boot. systemd-timesyncd makes the first by
 * itself; for chrony or another daemon, have a hook touch the second.
 */
const CLOCK_TRUSTED_FILES: readonly string[] = [
  '/run/systemd/timesync/synchronized',
  '/run/lintel/clock-trusted',
]

/** `setTimeout` fires at once when asked for more. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** How often to look for the files while they are not there. */
const LOOK_AGAIN_MS = 1000

/** The machine's clock. Without one of `trustedFiles` its time of day is used, but marked as not trusted. */
export function createNodeClock(trustedFiles: readonly string[] = CLOCK_TRUSTED_FILES): Clock {
  let trusted = false
  let lookAt = 0
  const isTrusted = (): boolean => {
    if (!trusted && performance.now() >= lookAt) {
      trusted = trustedFiles.some((path) => existsSync(path))
      lookAt = performance.now() + LOOK_AGAIN_MS
    }
    return trusted
  }
  return {
    mono: () => monoMs(performance.now()),
    wall: () => ({ at: unixMs(Date.now()), trusted: isTrusted() }),
    sleep: sleepUntil,
  }
}

export const nodeClock: Clock = createNodeClock()

/** Timers may fire up to a millisecond early, and not at all when asked for more than 24 days: so look and go on. */
async function sleepUntil(ms: number, { signal }: { signal: AbortSignal }): Promise<void> {
  signal.throwIfAborted()
  const until = performance.now() + ms
  for (let left = ms; left > 0; left = until - performance.now()) {
    await sleepFor(Math.min(Math.ceil(left), TIMER_MS_MAX), undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error
    })
  }
}
