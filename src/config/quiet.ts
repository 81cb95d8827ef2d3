import { z } from 'zod'

/** What can be silent in quiet hours. */
const SILENCED = ['chime', 'pages', 'push', 'notices'] as const
export type Silenced = (typeof SILENCED)[number]

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof DAYS)[number]

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'wanted a time of day such as 22:00')

const period = z
  .strictObject({
    from: time.describe('when it becomes quiet, as `22:00`'),
    to: time.describe('when it ends; not later than `from`: on the next day'),
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .max(DAYS.length)
      .default([...DAYS])
      .describe('days on which it begins: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`; left out: all'),
  })
  .refine(({ from, to }) => from !== to && from !== '24:00', {
    path: ['to'],
    error: 'wanted another time than from, which is before 24:00; a whole day is from 00:00 to 24:00',
  })

type Period = z.output<typeof period>
export type QuietTime = Readonly<Omit<Period, 'days'>> & { readonly days: readonly Day[] }

/** Names only: an offset such as `+01:00` would be wrong for half of the year. */
function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== ''
  } catch {
    return false
  }
}

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'wanted the IANA name of a time zone such as Europe/Berlin')

export const quietHours = z.strictObject({
  times: z
    .array(period)
    .max(16)
    .default([])
    .describe('when it is quiet, by `device.timeZone`; never while the doorbell does not know the time'),
  silences: z
    .array(z.enum(SILENCED))
    .max(SILENCED.length)
    .default([...SILENCED])
    .describe(
      'what is silent then: `chime`; `pages`: open pages show who rings without a sound; `push`: no press is told to closed pages; `notices`: who comes without ringing is told to nobody. Everything is recorded, and the broker hears of each press',
    ),
})
