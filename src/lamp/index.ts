/**
 * Lamp: the status LED, which tells whoever stands at the door.
 *
 * Owns: the LED line.
 * Promises: it is on while a clip is recorded and while somebody watches live, and off otherwise.
 * When full: it holds two facts.
 * When it fails: a line that cannot be set is logged once; everything else goes on without it.
 * Stopping: `run` ends when its signal is aborted, and leaves the line inactive.
 * Not its job: the infrared light (`night/`), deciding what is recorded.
 * See: `../doorbell.ts`.
 */
import { Bell } from '../base/bell.ts'
import { messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Gpio } from '../ports/gpio.ts'

export interface Lamp {
  recording(isOn: boolean): void
  watching(isOn: boolean): void
  run(signal: AbortSignal): Promise<void>
}

/** Does no I/O; `run` does. */
export function createLamp({ gpio, log }: { readonly gpio: Gpio; readonly log: Log }): Lamp {
  const bell = new Bell()
  const reasons = { recording: false, watching: false }
  const set = (reason: keyof typeof reasons, isOn: boolean): void => {
    reasons[reason] = isOn
    bell.ring()
  }
  const isWanted = (): boolean => reasons.recording || reasons.watching
  return {
    recording: (isOn) => set('recording', isOn),
    watching: (isOn) => set('watching', isOn),
    async run(signal) {
      let isOn = false
      let hasFailed = false
      const show = async (wanted: boolean): Promise<void> => {
        isOn = wanted
        await gpio.set('led', wanted).catch((error: unknown) => {
          if (!hasFailed) log.error('lamp.failed', { problem: messageOf(error) })
          hasFailed = true
        })
      }
      while (!signal.aborted) {
        if (isOn === isWanted()) await bell.untilRung(signal)
        else await show(isWanted())
      }
      if (isOn) await show(false)
    },
  }
}
