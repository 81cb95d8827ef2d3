/**
 * Chime: the sound inside the house.
 *
 * Owns: the chime line, and when the chime sounds.
 * Promises: every `ring` begins as soon as the one before is over, a first one in the same moment: the line's pulse, the sound and the
 *   message together; needs no network, disk or camera, and none of the three waits for another.
 * When full: more than 8 rings waiting are one too many: the household has heard it.
 * When it fails: what cannot ring is logged; the others do, and so do the visit, the clip and the message.
 * Stopping: `run` ends when its signal is aborted, and leaves the line inactive.
 * Not its job: deciding when to ring (`visits/`), making sound (`ports/audio.ts`), telling the broker (`mqtt/`).
 * See: `../doorbell.ts`.
 */
import { isAbort, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { BoundedQueue } from '../base/queue.ts'
import type { MonoMs } from '../base/time.ts'
import type { Audio } from '../ports/audio.ts'
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

export type ChimeDeps = {
  readonly gpio: Gpio
  readonly clock: Clock
  readonly log: Log
  /** Absent: no sound. */
  readonly audio?: Pick<Audio, 'play'> | undefined
  /** Tells other chimes; absent: there are none. */
  readonly tellOthers?: (() => Promise<void>) | undefined
}
export type ChimeRules = {
  readonly relay: boolean
  readonly sound: boolean
  /** In percent. */
  readonly volume: number
}

export function createChime(deps: ChimeDeps, rules: ChimeRules): Chime {
  const rings = new BoundedQueue<'ring'>(RINGS_WAITING_MAX)
  let since: MonoMs | undefined
  return {
    ring() {
      if (!rings.push('ring')) deps.log.warn('chime.rings_dropped', { bound: RINGS_WAITING_MAX })
    },
    busyMs: () => (since === undefined ? 0 : deps.clock.mono() - since),
    async run(signal) {
      signal.addEventListener('abort', () => rings.end(), { once: true })
      for await (const _ring of rings) {
        if (signal.aborted) return
        since = deps.clock.mono()
        sound(deps, rules)
        await pulse(deps, rules, signal)
        since = undefined
      }
    },
  }
}

/** Whatever needs no line; nothing here is waited for. */
function sound({ audio, log, tellOthers }: ChimeDeps, rules: ChimeRules): void {
  const failed = (error: unknown): void => log.error('chime.failed', { problem: messageOf(error) })
  try {
    if (rules.sound && audio?.play('chime', { volume: rules.volume / 100 }) === false)
      log.info('chime.not_sounded', { problem: 'there is no speaker now' })
    tellOthers?.().catch(failed)
  } catch (error) {
    failed(error) // The line comes next.
  }
}

async function pulse(
  { gpio, clock, log }: ChimeDeps,
  { relay }: ChimeRules,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (relay) await gpio.set('chime', true)
    await clock.sleep(PULSE_MS, { signal })
    if (relay) await gpio.set('chime', false)
    await clock.sleep(PAUSE_MS, { signal })
  } catch (error) {
    if (!isAbort(error) && !signal.aborted) log.error('chime.failed', { problem: messageOf(error) })
    if (relay) await gpio.set('chime', false).catch(() => {}) // Already said; there is nothing more to try.
  }
}
