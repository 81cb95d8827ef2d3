import { z } from 'zod'

/** Names of ALSA may carry arguments, such as files that it shall write to; those are not what is wanted here. */
const device = z
  .string()
  .max(100)
  .regex(
    /^(?!(file|tee)\b)[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_.,=-]+)?$/,
    'wanted the name of a sound device, such as default or plughw:1,0, or none',
  )

const volume = z.number().int().min(0).max(100).default(80)

/** What the doorbell hears and says. Sound is never recorded, so nothing here is about that. */
export const sound = z.strictObject({
  microphone: device
    .default('default')
    .describe(
      'what hears the visitor, by its ALSA name (`arecord -L` lists them); `none`: nothing is heard. It is open only while somebody listens',
    ),
  speaker: device
    .default('default')
    .describe('what the visitor hears, by its ALSA name (`aplay -L` lists them); `none`: nobody can talk'),
  volume: volume.describe('how loud the household’s voices are, in percent'),
  duplex: z
    .enum(['half', 'full'])
    .default('half')
    .describe(
      '`half`: while somebody of the household talks, the microphone is not heard, so that nothing echoes; `full`: both at once, for a microphone that does not hear the speaker',
    ),
})

/** What a press does in the house and at the door, at once and in the same moment. */
export const chime = z.strictObject({
  relay: z.boolean().default(true).describe('a pulse on the line `chime`, for the bell in the house'),
  sound: z.boolean().default(true).describe('two tones through the speaker'),
  volume: volume.describe('how loud they are, in percent'),
  mqtt: z
    .boolean()
    .default(false)
    .describe(
      'tells other chimes by `…/chime` on the broker; a broker that is away just then is not told later',
    ),
})
