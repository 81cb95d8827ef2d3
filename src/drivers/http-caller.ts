import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Fault, messageOf } from '../base/fault.ts'
import type { HttpCaller, HttpRequest } from '../ports/http-caller.ts'

/** What is read of an answer before it is cut off. */
const ANSWER_BYTES_MAX = 64 * 1024

export const nodeHttpCaller: HttpCaller = {
  async call(request, { signal }) {
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol))
      throw new Fault('invalid', `${request.url.slice(0, 100)}: wanted http://… or https://…`)
    if (signal.aborted) throw new Fault('aborted', 'calling was stopped')
    const where = url.host // The rest of an address may be a secret.
    const status = await statusOf(url, where, request, signal)
    const kind = kindOf(status)
    if (kind !== undefined) throw new Fault(kind, `${where} answered ${status}`)
  },
}

function kindOf(status: number): 'denied' | 'unavailable' | 'invalid' | undefined {
  if (status >= 200 && status < 300) return undefined
  if (status === 401 || status === 403) return 'denied'
  return status === 408 || status === 429 || status >= 500 ? 'unavailable' : 'invalid'
}

function statusOf(
  url: URL,
  where: string,
  { method, headers, body, timeoutMs }: HttpRequest,
  signal: AbortSignal,
): Promise<number> {
  const enough = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      if (signal.aborted) reject(new Fault('aborted', 'calling was stopped', { cause }))
      else if (enough.aborted)
        reject(new Fault('unavailable', `${where} did not answer within ${timeoutMs} ms`))
      else reject(new Fault('unavailable', `${where}: ${messageOf(cause)}`, { cause }))
    }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = {
      method,
      headers: { ...headers, ...length },
      signal: AbortSignal.any([signal, enough]),
      agent: false,
    }
    const call = send(url, options, (answer: IncomingMessage) => {
      let bytes = 0
      answer.on('error', fail)
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= ANSWER_BYTES_MAX) return
        resolve(answer.statusCode ?? 0)
        call.destroy()
      })
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    call.on('error', fail)
    call.end(body)
  })
}
