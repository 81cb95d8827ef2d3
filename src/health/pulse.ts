import type { Log } from '../base/log.ts'
import type { Board } from '../ports/board.ts'
import type { Clock } from '../ports/clock.ts'

/** One loop that has to get on with its work: for how long it has been at one thing, and how long that may take. */
export type Vital = {
  readonly name: string
  readonly busyMs: () => number
  readonly busyMsMax: number
}

export type PulseDeps = {
  readonly clock: Clock
  readonly log: Log
  readonly board: Board | undefined
  /** Of the doorbell that runs now; none while there is none. */
  readonly vitals: () => readonly Vital[]
}

/** Where nobody says how often. */
const PET_EVERY_MS = 60_000

/**
 * Pets the watchdog as long as everything lives: that this loop comes round shows that the event loop does. A loop that hangs at
 * one thing is said once, and the watchdog is petted no more until it is over, or until the watchdog ends the process.
 */
export async function keepPulse(
  { clock, log, board, vitals }: PulseDeps,
  signal: AbortSignal,
): Promise<void> {
  if (board === undefined) return
  let said: string | undefined
  while (!signal.aborted) {
    const hung = vitals().find(({ busyMs, busyMsMax }) => busyMs() > busyMsMax)
    if (hung === undefined) board.petWatchdog()
    else if (said !== hung.name)
      log.error('watchdog.not_petted', {
        hangs: hung.name,
        forMs: Math.round(hung.busyMs()),
        atMostMs: hung.busyMsMax,
      })
    said = hung?.name
    await clock.sleep(board.petEveryMs ?? PET_EVERY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
  }
}
