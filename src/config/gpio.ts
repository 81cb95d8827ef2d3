import { z } from 'zod'

const chipName = z.string().min(1).max(64)

/** One wire. The words are the kernel's: see include/uapi/linux/gpio.h. */
const line = z.strictObject({
  chip: z
    .union([chipName, z.array(chipName).min(1).max(8)])
    .optional()
    .describe(
      'chip by its label (`pinctrl-bcm2711`), name or path; a list: the first that is there; left out: any that has the line’s name',
    ),
  line: z
    .union([z.number().int().min(0).max(1023), z.string().min(1).max(31)])
    .describe('its number on the chip, or its name (`GPIO17`); `gpioinfo` and `lintel doctor` list them'),
  activeLow: z
    .boolean()
    .default(false)
    .describe('active when the voltage is low: a button between the line and ground, most relay boards'),
  bias: z
    .enum(['pull-up', 'pull-down', 'none', 'as-is'])
    .default('as-is')
    .describe('resistor inside the chip; `as-is`: as it was set at boot'),
  debounceUs: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .describe(
      'edges closer together are swallowed by the kernel, and leave no trace; 0: none. `lines` tells bounces from presses better',
    ),
})

/** What each wire is for. `null` in a configuration takes away what the board file says. */
export const gpio = z.strictObject({
  button: line.optional(),
  pir: line.optional(),
  reset: line.optional(),
  chime: line.optional(),
  led: line.optional(),
  infrared: line.optional(),
})
