import { z } from 'zod'
import { didYouMean } from './yaml.ts'

/** What is known of what happened; the names stand in templates as `{{what}}`. */
export const ACTION_FIELDS = [
  'event',
  'device',
  'at',
  'unixMs',
  'visit',
  'id',
  'what',
  'state',
  'zone',
] as const
export const ACTION_EVENTS = ['press', 'visit', 'notice', 'alarm'] as const

const LIST = ACTION_FIELDS.join(', ')

/** A text with `{{field}}` in it. A field that does not exist would be empty for ever, and nobody would notice. */
const template = z
  .string()
  .min(1)
  .max(4096)
  .superRefine((text, context) => {
    for (const [whole, name = ''] of text.matchAll(/\{\{\s*([^{}]*?)\s*\}\}|\{\{/g)) {
      if (ACTION_FIELDS.some((field) => field === name)) continue
      const message = `${whole}: wanted one of ${LIST} between {{ and }}${didYouMean(name, ACTION_FIELDS)}`
      context.addIssue({ code: 'custom', message, input: text })
    }
  })

const timeoutMs = z.number().int().min(100).max(60_000)

const webhook = z.strictObject({
  url: template
    .refine(
      (text) => /^https?:\/\/[^/\s{}]+/.test(text),
      'wanted http://host or https://host without {{ in the host',
    )
    .describe('address to call; what stands for a field is escaped for it'),
  method: z.enum(['GET', 'POST', 'PUT']).default('POST').describe('how it is called'),
  contentType: z
    .enum(['application/json', 'text/plain'])
    .default('application/json')
    .describe('of the body; in JSON, fields are escaped to stand between quotes'),
  body: template.optional().describe('what is sent; left out: all fields as one JSON object'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,60}$/), z.string().regex(/^[\x20-\x7e]{0,1000}$/))
    .default({})
    .describe('further headers, such as an authorisation'),
  timeoutMs: timeoutMs
    .default(5000)
    .describe('an answer that takes longer counts as none; two more tries follow'),
})

const command = z.strictObject({
  run: z
    .array(template)
    .min(1)
    .max(32)
    .refine(
      ([program]) => /^\/[^{}]*$/.test(program ?? ''),
      'wanted the full path of a program first, without {{',
    )
    .describe('program and its arguments, one each; no shell looks at them, and its environment is empty'),
  timeoutMs: timeoutMs.default(10_000).describe('it is killed after so long'),
})

export const actions = z
  .array(
    z
      .strictObject({
        on: z
          .array(z.enum(ACTION_EVENTS))
          .min(1)
          .max(4)
          .describe('`press`, `visit` (its begin and its end), `notice`, `alarm`'),
        webhook: webhook.optional().describe('calls an address'),
        command: command.optional().describe('runs a program'),
      })
      .refine(
        (action) => (action.webhook === undefined) !== (action.command === undefined),
        'wanted either webhook or command',
      ),
  )
  .max(16)
  .default([])
  .describe('what else is done when something happens')

export type ActionConfig = z.output<typeof actions>[number]
