import type { Config } from '../../src/config/index.ts'
import type { UnixMs } from '../../src/base/time.ts'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** Whether the chime is silent then, found in another way than the doorbell's: by comparing times as texts. */
export function isQuietAt(
  { device: { timeZone }, quietHours: { times, silences } }: Config,
  at: UnixMs,
): boolean {
  if (timeZone === undefined || !silences.includes('chime')) return false
  const format = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const [name = '', now = ''] = new Intl.DateTimeFormat('en-GB', format)
    .format(at)
    .toLowerCase()
    .split(/[ ,]+/)
  const today = DAYS.findIndex((day) => day === name)
  const [day, before] = [DAYS[today], DAYS.at(today - 1)]
  return times.some(({ from, to, days }) => {
    const isOn = (it: (typeof DAYS)[number] | undefined): boolean => it !== undefined && days.includes(it)
    if (from < to) return isOn(day) && now >= from && now < to
    return (isOn(day) && now >= from) || (isOn(before) && now < to)
  })
}
