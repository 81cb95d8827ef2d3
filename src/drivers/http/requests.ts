import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import {
  readHeaders,
  readTarget,
  type WebLimits,
  type WebReply,
  type WebRequest,
} from '../../ports/web-server.ts'
import { peerOf } from './connections.ts'

/** What is too large is still read, and forgotten, up to this, so that whoever sent it hears that it was; then they are cut off. */
export const refusedBytesMax = ({ bodyBytesMax }: WebLimits): number => 64 * bodyBytesMax

/** Everything but the body; undefined: no request that anybody should have to understand. */
export function readHead(
  message: IncomingMessage,
  options: { readonly isSecure: boolean; readonly signal: AbortSignal },
): Omit<WebRequest, 'body'> | undefined {
  const target = readTarget(message.url ?? '')
  const headers = readHeaders(pairsOf(message.rawHeaders))
  if (target === undefined || headers === undefined) return undefined
  return {
    method: message.method ?? '',
    ...target,
    headers,
    peer: peerOf(message.socket),
    isSecure: options.isSecure,
    signal: options.signal,
  }
}

function* pairsOf(raw: readonly string[]): Iterable<readonly [string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] ?? '', raw[i + 1] ?? '']
}

/** Undefined: it is larger than may be. Rejects when the other side goes, or takes too long. */
export async function readBody(message: IncomingMessage, limits: WebLimits): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > refusedBytesMax(limits)) return undefined
    if (bytes <= limits.bodyBytesMax) chunks.push(chunk)
    else chunks.length = 0
  }
  return bytes > limits.bodyBytesMax ? undefined : new Uint8Array(Buffer.concat(chunks))
}

/** Writes the whole reply; who does not read it is cut off. */
export function writeReply(response: ServerResponse, reply: WebReply, limits: WebLimits): void {
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : (reply.body ?? Buffer.alloc(0))
  const cutOff = setTimeout(
    () => response.destroy(),
    limits.idleMsMax + (body.length / limits.replyBytesPerSecondMin) * 1000,
  )
  response.once('close', () => clearTimeout(cutOff))
  for (const [name, text] of Object.entries(reply.headers ?? {})) response.setHeader(name, text)
  response.statusCode = reply.status
  response.end(body)
}

/** Refuses what was never parsed, or is no request: no word more than the number. */
export function refuse(socket: Duplex, status: number): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
  ;(socket as Socket).destroySoon() // Node's own servers have nothing but such sockets.
}

/** What Node says of a request that it could not read. */
export function statusOfClientError(error: Error): number {
  const code = 'code' in error ? error.code : undefined
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  return 400
}
