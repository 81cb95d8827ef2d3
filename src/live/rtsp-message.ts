/** RTSP 1.0 (RFC 2326) as bytes: requests in, replies and interleaved RTP out. */
import { concatBytes, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'

const HEAD_BYTES_MAX = 8192
const BODY_BYTES_MAX = 8192

export type RtspRequest = {
  readonly method: string
  readonly url: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

export type RtspReply = {
  readonly status: number
  readonly reason: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
}

/** Takes bytes as they come; what the other side says about its RTP is passed over. */
export class RtspReader {
  #rest: Uint8Array = new Uint8Array()

  /** What became complete. Throws `Fault('corrupt')` on what is no RTSP. */
  push(chunk: Uint8Array): readonly RtspRequest[] {
    this.#rest = concatBytes([this.#rest, chunk])
    const requests: RtspRequest[] = []
    for (let taken = this.#take(requests); taken > 0; taken = this.#take(requests))
      this.#rest = this.#rest.slice(taken)
    return requests
  }

  /** How many bytes the first thing had; 0 while it is not whole. */
  #take(into: RtspRequest[]): number {
    const bytes = this.#rest
    if (bytes[0] === 0x24) {
      const whole = 4 + ((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0)
      return bytes.length >= 4 && bytes.length >= whole ? whole : 0
    }
    const text = Buffer.from(bytes.subarray(0, HEAD_BYTES_MAX)).toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) {
      if (bytes.length < HEAD_BYTES_MAX) return 0
      throw new Fault('corrupt', `RTSP: wanted a request with at most ${HEAD_BYTES_MAX} bytes of headers`)
    }
    const request = parseHead(text.slice(0, end))
    const bodyBytes = Number(request.headers.get('content-length') ?? 0)
    if (!Number.isInteger(bodyBytes) || bodyBytes < 0 || bodyBytes > BODY_BYTES_MAX)
      throw new Fault('corrupt', `RTSP: wanted a body of at most ${BODY_BYTES_MAX} bytes`)
    const whole = end + 4 + bodyBytes
    if (bytes.length < whole) return 0
    into.push(request)
    return whole
  }
}

function parseHead(head: string): RtspRequest {
  const [first = '', ...lines] = head.replace(/^(\r\n)+/, '').split('\r\n')
  const [, method, url] = /^([A-Z_]{1,20}) (\S{1,1000}) RTSP\/1\.\d$/.exec(first) ?? []
  if (method === undefined || url === undefined)
    throw new Fault('corrupt', `RTSP: wanted METHOD url RTSP/1.0, got “${first.slice(0, 60)}”`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { method, url, headers }
}

export function encodeReply(
  { status, reason, headers = [], body = '' }: RtspReply,
  cseq: string | undefined,
): Uint8Array {
  const lines = [
    `RTSP/1.0 ${status} ${reason}`,
    `CSeq: ${/^\d{1,10}$/.exec(cseq ?? '')?.[0] ?? '0'}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === '' ? [] : [`Content-Length: ${utf8(body).length}`]),
  ]
  return utf8(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** One RTP packet inside the RTSP connection (RFC 2326, 10.12; RFC 3550, 5.1). */
export function interleaved(given: {
  readonly channel: number
  readonly payload: Uint8Array
  readonly sequence: number
  readonly timestamp: number
  readonly source: number
  readonly isLast: boolean
}): Uint8Array {
  const { channel, payload, sequence, timestamp, source, isLast } = given
  const bytes = new Uint8Array(16 + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 0x24)
  view.setUint8(1, channel)
  view.setUint16(2, 12 + payload.length)
  view.setUint8(4, 0x80)
  view.setUint8(5, (isLast ? 0x80 : 0) | RTP_TYPE)
  view.setUint16(6, sequence % 2 ** 16)
  view.setUint32(8, timestamp % 2 ** 32)
  view.setUint32(12, source)
  bytes.set(payload, 16)
  return bytes
}

export const RTP_TYPE = 96
