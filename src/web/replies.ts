import { isFault, messageOf, type FaultKind } from '../base/fault.ts'
import type { WebReply } from '../ports/web-server.ts'
import type { ApiError } from './api.ts'

export const json = (
  status: number,
  it: unknown,
  headers: Readonly<Record<string, string>> = {},
): WebReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(it),
})

export const nothing = (headers: Readonly<Record<string, string | readonly string[]>> = {}): WebReply => ({
  status: 204,
  headers,
})

export function problem(
  status: number,
  error: string,
  message: string,
  options: { readonly field?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): WebReply {
  const body: ApiError = {
    error,
    message,
    ...(options.field === undefined ? {} : { field: options.field }),
  }
  return json(status, body, options.headers)
}

/** The same for everybody, whatever there is or is not. */
export const NOT_FOUND = problem(404, 'missing', 'there is nothing here')
export const NOT_SIGNED_IN = problem(401, 'signed-out', 'sign in first')
export const NOT_ALLOWED = problem(403, 'denied', 'this is not for you')
export const NOT_FROM_HERE = problem(403, 'denied', 'this did not come from the page')
export const NO_DOORBELL = problem(503, 'unavailable', 'the doorbell is not running', {
  headers: { 'retry-after': '5' },
})

const STATUSES: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  missing: 404,
  denied: 403,
  unavailable: 503,
  full: 507,
  corrupt: 500,
  aborted: 503,
  bug: 500,
}

/** What was wrong, in our words where they are meant for people; undefined: it is our own mistake, to be logged. */
export function replyOfError(error: unknown): WebReply | undefined {
  if (!isFault(error)) return undefined
  const status = STATUSES[error.kind]
  if (status === 500) return undefined
  const message = messageOf(error)
  const field = /^([A-Za-z][\w.]{0,60}): /.exec(message)?.[1]
  return problem(status, error.kind, message, field === undefined ? {} : { field })
}

export const OUR_MISTAKE = problem(500, 'failed', 'something went wrong on the device; its log says what')
