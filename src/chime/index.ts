/**
 * Chime: the sound inside the house.
 *
 * Owns: the chime line.
 * Promises: every `ring` begins a pulse as soon as the one before is over; needs no network, disk or camera.
 * When full: more than 8 rings waiting are one too many: the household has heard it.
 * When it fails: a line that cannot be set is logged; the visit, the clip and the message go on without it.
 * Stopping: `run` ends when its signal is aborted, and leaves the line inactive.
 * Not its job: deciding when to ring (`visits/`), sounds played by a loudspeaker.
 * See: `../doorbell.ts`.
 */
import { isAbort, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { BoundedQueue } from '../base/queue.ts'
import type { MonoMs } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Gpio } from '../ports/gpio.ts'

const PULSE_MS = 400 // Long enough for the striker of a mechanical chime.
const PAUSE_MS = 600
const RINGS_WAITING_MAX = 8

export interface Chime {
  ring(): void
  /** For how long it has been at one ring; 0: it waits for the next. */
  busyMs(): number
  run(signal: AbortSignal): Promise<void>
}

type ChimeDeps = { readonly gpio: Gpio; readonly clock: Clock; readonly log: Log }

export function createChime({ gpio, clock, log }: ChimeDeps): Chime {
  const rings = new BoundedQueue<'ring'>(RINGS_WAITING_MAX)
  let since: MonoMs | undefined
  return {
    ring() {
      if (!rings.push('ring')) log.warn('chime.rings_dropped', { bound: RINGS_WAITING_MAX })
    },
    busyMs: () => (since === undefined ? 0 : clock.mono() - since),
    async run(signal) {
      signal.addEventListener('abort', () => rings.end(), { once: true })
      for await (const _ring of rings) {
        if (signal.aborted) return
        since = clock.mono()
        await pulse({ gpio, clock, log }, signal)
        since = undefined
      }
    },
  }
}

async function pulse({ gpio, clock, log }: ChimeDeps, signal: AbortSignal): Promise<void> {
  try {
    await gpio.set('chime', true)
    await clock.sleep(PULSE_MS, { signal })
    await gpio.set('chime', false)
    await clock.sleep(PAUSE_MS, { signal })
  } catch (error) {
    if (!isAbort(error) && !signal.aborted) log.error('chime.failed', { problem: messageOf(error) })
    await gpio.set('chime', false).catch(() => {}) // Already said; there is nothing more to try.
  }
}
