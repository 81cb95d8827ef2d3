import { isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { BoundedQueue } from '../base/queue.ts'
import { retryDelayMs, type RetryRules } from '../base/retry.ts'
import type { ActionConfig } from '../config/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { HttpCaller, HttpRequest } from '../ports/http-caller.ts'
import type { ProgramRunner } from '../ports/program-runner.ts'
import type { Random } from '../ports/random.ts'
import { asIs, filled, forJson, forUrl } from './template.ts'

export type Action = ActionConfig

/** What is known of what happened; `event` says what it was. */
export type ActionFields = Readonly<Record<string, string>> & { readonly event: Action['on'][number] }

export type ActionsDeps = {
  readonly http: HttpCaller
  readonly programs: ProgramRunner
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface Actions {
  /** Returns at once. */
  take(fields: ActionFields): void
  run(signal: AbortSignal): Promise<void>
}

const WAITING_MAX = 32
const TRIES = 3
const RETRY: RetryRules = { delayMsMin: 1000, delayMsMax: 10_000 }

export function createActions(deps: ActionsDeps, actions: readonly Action[]): Actions {
  const lines = actions.map((action, index) => ({
    action,
    name: `${index + 1}: ${action.webhook === undefined ? 'command' : 'webhook'}`,
    queue: new BoundedQueue<ActionFields>(WAITING_MAX),
  }))
  return {
    take(fields) {
      for (const { action, name, queue } of lines)
        if (action.on.includes(fields.event) && !queue.push(fields))
          deps.log.warn('actions.left_out', { action: name, event: fields.event })
    },
    async run(signal) {
      signal.addEventListener('abort', () => lines.forEach(({ queue }) => queue.end()), { once: true })
      await Promise.all(
        lines.map(async ({ action, name, queue }) => {
          for await (const fields of queue) {
            if (signal.aborted) return
            await doOne(deps, action, { name, fields, signal })
          }
        }),
      )
    },
  }
}

type Doing = { readonly name: string; readonly fields: ActionFields; readonly signal: AbortSignal }

/** What goes wrong is logged, and goes no further. */
async function doOne(deps: ActionsDeps, { webhook, command }: Action, doing: Doing): Promise<void> {
  const { name, fields, signal } = doing
  try {
    if (webhook !== undefined) await callOften(deps, requestOf(webhook, fields), signal)
    if (command !== undefined) {
      const argv = command.run.map((part) => filled(part, fields, asIs))
      await deps.programs.run(argv, { timeoutMs: command.timeoutMs, signal })
    }
  } catch (error) {
    if (signal.aborted) return
    if (!isFault(error) || error.kind === 'bug') throw error
    deps.log.warn('actions.failed', {
      action: name,
      event: fields.event,
      kind: error.kind,
      problem: messageOf(error),
    })
  }
}

async function callOften(
  { http, clock, random }: ActionsDeps,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await http.call(request, { signal })
    } catch (error) {
      if (!isFault(error, 'unavailable') || attempt === TRIES || signal.aborted) throw error
    }
    await clock.sleep(retryDelayMs(attempt, random.uniform(), RETRY), { signal })
  }
}

function requestOf(webhook: NonNullable<Action['webhook']>, fields: ActionFields): HttpRequest {
  const { url, method, contentType, body, headers, timeoutMs } = webhook
  const target = filled(url, fields, forUrl)
  if (method === 'GET') return { url: target, method, headers, timeoutMs }
  const escape = contentType === 'application/json' ? forJson : asIs
  const text = body === undefined ? JSON.stringify(fields) : filled(body, fields, escape)
  return { url: target, method, headers: { 'content-type': contentType, ...headers }, body: text, timeoutMs }
}
