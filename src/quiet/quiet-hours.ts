import type { UnixMs } from '../base/time.ts'
import type { Day, QuietTime, Silenced } from '../config/index.ts'
import type { Clock } from '../ports/clock.ts'

export type QuietRules = {
  readonly timeZone: string | undefined
  readonly times: readonly QuietTime[]
  readonly silences: readonly Silenced[]
}

export type QuietState =
  /** No times are set. */
  | { readonly is: 'never' }
  /** The time is not known. */
  | { readonly is: 'unknown' }
  | { readonly is: 'loud' }
  /** `until`: as on a clock on the wall, such as `07:00`; undefined: without an end. */
  | { readonly is: 'quiet'; readonly until: string | undefined; readonly silent: readonly Silenced[] }

export interface Quiet {
  /** What is silent now; empty outside of quiet hours. */
  silent(): readonly Silenced[]
  state(): QuietState
}

const DAY_MINUTES = 1440
const DAYS: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const WEEK_MINUTES = DAYS.length * DAY_MINUTES

export function createQuiet({ clock }: { readonly clock: Clock }, rules: QuietRules): Quiet {
  const { times, silences, timeZone } = rules
  if (times.length === 0 || timeZone === undefined)
    return { silent: () => [], state: () => ({ is: 'never' }) }
  const minuteOf = weekMinutesIn(timeZone) // Made now: the first takes milliseconds that a press has not.
  const state = (): QuietState => {
    const { at, trusted } = clock.wall()
    if (!trusted) return { is: 'unknown' }
    const minute = minuteOf(at)
    if (!isQuiet(times, minute)) return { is: 'loud' }
    return { is: 'quiet', until: endAfter(times, minute), silent: silences }
  }
  return {
    silent() {
      const { at, trusted } = clock.wall()
      return trusted && isQuiet(times, minuteOf(at)) ? silences : []
    },
    state,
  }
}

const isQuiet = (times: readonly QuietTime[], minute: number): boolean =>
  times.some(({ from, to, days }) => {
    const [begins, ends] = [minutesIn(from), minutesIn(to)]
    const lasts = ends > begins ? ends - begins : ends - begins + DAY_MINUTES
    return days.some((day) => {
      const since = minute - (DAYS.indexOf(day) * DAY_MINUTES + begins)
      return (since + WEEK_MINUTES) % WEEK_MINUTES < lasts
    })
  })

function endAfter(times: readonly QuietTime[], minute: number): string | undefined {
  for (let after = 1; after <= WEEK_MINUTES; after++)
    if (!isQuiet(times, (minute + after) % WEEK_MINUTES)) return clockText((minute + after) % DAY_MINUTES)
  return undefined
}

const two = (n: number): string => String(n).padStart(2, '0')
const clockText = (minute: number): string => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`

function minutesIn(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

/** Whole minutes since Monday began, as a clock on the wall there counts them. */
function weekMinutesIn(timeZone: string): (at: UnixMs) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  })
  const minuteOf = (at: number): number => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const day = DAYS.findIndex((name) => name === parts.get('weekday')?.toLowerCase())
    return day * DAY_MINUTES + Number(parts.get('hour')) * 60 + Number(parts.get('minute'))
  }
  minuteOf(0)
  return minuteOf
}
