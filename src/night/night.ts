import { assertNever } from '../base/assert.ts'
import type { Log } from '../base/log.ts'
import type { UnixMs } from '../base/time.ts'
import type { NightConfig } from '../config/index.ts'
import type { LumaFrame } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import { firstDaylight, meanLevel, stepDaylight, type Daylight } from './daylight.ts'

export type NightDeps = {
  readonly clock: Clock
  readonly log: Log
  /** Switches the infrared light; called when it has to change, and once at the start. */
  readonly light: (isOn: boolean) => Promise<void>
}

export type NightRules = NightConfig & {
  /** For the schedule; undefined: there is none. */
  readonly timeZone: string | undefined
}

export interface Night {
  /** Every picture that is looked at. */
  note(frame: LumaFrame): void
  /** Switches until aborted, then the light off. */
  run(signal: AbortSignal): Promise<void>
}

const LOOK_MS = 2000

export function createNight({ clock, log, light }: NightDeps, rules: NightRules): Night {
  let daylight: Daylight = firstDaylight(clock.mono(), rules)
  const isScheduled = rules.timeZone === undefined ? () => undefined : scheduleOf(rules.timeZone, rules)
  const isNight = (): boolean => {
    switch (rules.mode) {
      case 'on':
        return true
      case 'off':
        return false
      case 'auto':
        return daylight.isNight
      case 'schedule': {
        const { at, trusted } = clock.wall()
        return (trusted ? isScheduled(at) : undefined) ?? daylight.isNight
      }
      default:
        return assertNever(rules.mode)
    }
  }
  return {
    note({ at, luma }) {
      daylight = stepDaylight(daylight, { at, level: meanLevel(luma) }, rules)
    },
    async run(signal) {
      let isLit: boolean | undefined
      while (!signal.aborted) {
        const wanted = isNight()
        if (wanted !== isLit) {
          log.info('night.light', { on: wanted })
          await light(wanted)
          isLit = wanted
        }
        await clock.sleep(LOOK_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      }
      if (isLit === true) await light(false)
    },
  }
}

/** As a clock on the wall there shows it. */
function scheduleOf(
  timeZone: string,
  { from, to }: Pick<NightRules, 'from' | 'to'>,
): (at: UnixMs) => boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  })
  return (at) => {
    const now = format.format(at)
    return from < to ? now >= from && now < to : now >= from || now < to
  }
}
