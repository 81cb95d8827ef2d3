import { z } from 'zod'

/** What Home Assistant is told, as part of the section `mqtt`. */
export const homeAssistant = {
  discovery: z
    .boolean()
    .default(true)
    .describe('Home Assistant finds the doorbell by itself; `false`: what it had found is taken away again'),
  discoveryPrefix: z
    .string()
    .regex(/^[^#+\s/]+(\/[^#+\s/]+)*$/, 'wanted a topic without #, + or blanks')
    .default('homeassistant')
    .describe('where Home Assistant looks for what there is, as in its own settings'),
  pictures: z
    .boolean()
    .default(false)
    .describe(
      'puts a picture of whoever rings on the broker. **It is not sealed: whoever may read the broker sees it**, and the broker keeps the last one',
    ),
}
