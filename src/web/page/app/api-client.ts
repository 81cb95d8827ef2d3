/** Asking the device. Whatever it answers with a status from 400 becomes an `ApiFailure`; a device that is away, `Fault('unavailable')`. */
import { Fault, isAbort } from '../../../base/fault.ts'
import type { ApiError } from '../../api.ts'
import { texts } from '../texts.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  readonly status: number
  readonly field: string | undefined

  constructor(status: number, { message, field }: { readonly message: string; readonly field?: string }) {
    super(message)
    this.status = status
    this.field = field
  }
}

export type AskOptions = { readonly body?: unknown; readonly signal?: AbortSignal }

export async function ask<T>(method: Method, path: string, { body, signal }: AskOptions = {}): Promise<T> {
  const response = await reach(path, {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...(signal === undefined ? {} : { signal }),
  })
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T // The page believes its own device: see api.ts.
}

/** Bytes of a file, or a range of them: `to` is not in it. */
export async function askBytes(
  path: string,
  { range, signal }: { readonly range?: { from: number; to: number }; readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const response = await reach(path, {
    credentials: 'same-origin',
    cache: 'no-store',
    ...(range === undefined ? {} : { headers: { range: `bytes=${range.from}-${range.to - 1}` } }),
    ...(signal === undefined ? {} : { signal }),
  })
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (range === undefined || response.status === 206) return bytes
  return bytes.subarray(range.from, range.to) // It sent the whole file instead.
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (isAbort(cause)) throw cause
    throw new Fault('unavailable', texts.problems.away, { cause })
  })
  if (response.ok) return response
  throw new ApiFailure(response.status, await errorIn(response))
}

async function errorIn(response: Response): Promise<ApiError> {
  const fallback = { error: 'unknown', message: texts.problems.status(response.status) }
  try {
    const read = (await response.json()) as Partial<ApiError>
    return { ...fallback, ...read }
  } catch {
    return fallback // No JSON: somebody between us and the device answered.
  }
}

export const isStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof ApiFailure && statuses.includes(error.status)
