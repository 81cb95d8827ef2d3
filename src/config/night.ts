import { z } from 'zod'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'wanted a time of day such as 20:30')
const level = z.number().min(0).max(255)

export const night = z
  .strictObject({
    mode: z
      .enum(['auto', 'schedule', 'on', 'off'])
      .default('auto')
      .describe(
        'when the infrared light at `gpio.infrared` is on: `auto`: while the pictures are dark; `schedule`: from `night.from` to `night.to` by `device.timeZone`, and by the pictures while the time is not known; `on`, `off`: always, never',
      ),
    darkBelow: level
      .default(35)
      .describe('mean brightness of the pictures, 0 … 255, below which it is night'),
    brightAbove: level
      .default(80)
      .describe('mean brightness above which it is day; with the light on, its own light counts too'),
    holdMs: z
      .number()
      .int()
      .min(1000)
      .max(600_000)
      .default(10_000)
      .describe('it has to be dark, or bright, for so long: headlights are no day'),
    from: time.default('20:00').describe('when night begins, for `schedule`'),
    to: time.default('07:00').describe('when it ends; not later than `from`: on the next day'),
  })
  .refine(({ darkBelow, brightAbove }) => brightAbove >= darkBelow + 10, {
    path: ['brightAbove'],
    error: 'wanted at least 10 more than darkBelow, so that the light does not switch to and fro',
  })

export type NightConfig = z.output<typeof night>
