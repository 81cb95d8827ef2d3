/** RTSP 1.0 (RFC 2326) as bytes, for both sides: requests, replies, and RTP interleaved with them. */
import { concatBytes, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'

const HEAD_BYTES_MAX = 8192
const BODY_BYTES_MAX = 65_536
const INTERLEAVED = 0x24

/** Names in lower case; a header that came several times is one, with commas between. */
type Headers = ReadonlyMap<string, string>

export type RtspRequest = {
  readonly method: string
  readonly url: string
  readonly headers: Headers
}

export type RtspReply = {
  readonly status: number
  readonly reason: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
}

export type RtspItem =
  | ({ readonly kind: 'request' } & RtspRequest)
  | {
      readonly kind: 'reply'
      readonly status: number
      readonly reason: string
      readonly headers: Headers
      readonly body: Uint8Array
    }
  /** `payload` is part of what was pushed: copy what has to stay. */
  | { readonly kind: 'interleaved'; readonly channel: number; readonly payload: Uint8Array }

type Taken = { readonly item: RtspItem; readonly bytes: number }

/** Takes bytes as they come, and holds at most one thing that is not whole: 72 KiB. */
export class RtspReader {
  #rest: Uint8Array = new Uint8Array()

  /** What became complete. Throws `Fault('corrupt')` on what is no RTSP. */
  push(chunk: Uint8Array): readonly RtspItem[] {
    const bytes = this.#rest.length === 0 ? chunk : concatBytes([this.#rest, chunk])
    const items: RtspItem[] = []
    let at = 0
    for (let taken = takeFrom(bytes); taken !== undefined; taken = takeFrom(bytes.subarray(at))) {
      items.push(taken.item)
      at += taken.bytes
    }
    this.#rest = bytes.slice(at)
    return items
  }
}

/** Undefined while the first thing is not whole. */
function takeFrom(bytes: Uint8Array): Taken | undefined {
  if (bytes[0] === INTERLEAVED) return takeInterleaved(bytes)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES_MAX)).toString(
    'latin1',
  )
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) {
    if (bytes.length < HEAD_BYTES_MAX) return undefined
    throw new Fault('corrupt', `RTSP: wanted a message with at most ${HEAD_BYTES_MAX} bytes of headers`)
  }
  const [first = '', ...lines] = text
    .slice(0, end)
    .replace(/^(\r\n)+/, '')
    .split('\r\n')
  const headers = headersIn(lines)
  const bodyBytes = Number(headers.get('content-length') ?? 0)
  if (!Number.isInteger(bodyBytes) || bodyBytes < 0 || bodyBytes > BODY_BYTES_MAX)
    throw new Fault('corrupt', `RTSP: wanted a body of at most ${BODY_BYTES_MAX} bytes`)
  const whole = end + 4 + bodyBytes
  if (bytes.length < whole) return undefined
  return { item: itemOf(first, headers, bytes.slice(end + 4, whole)), bytes: whole }
}

function takeInterleaved(bytes: Uint8Array): Taken | undefined {
  const whole = 4 + ((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0)
  if (bytes.length < 4 || bytes.length < whole) return undefined
  return {
    item: { kind: 'interleaved', channel: bytes[1] ?? 0, payload: bytes.subarray(4, whole) },
    bytes: whole,
  }
}

function headersIn(lines: readonly string[]): Headers {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

function itemOf(first: string, headers: Headers, body: Uint8Array): RtspItem {
  const [, method, url] = /^([A-Z_]{1,20}) (\S{1,1000}) RTSP\/1\.\d$/.exec(first) ?? []
  if (method !== undefined && url !== undefined) return { kind: 'request', method, url, headers }
  const [, status, reason = ''] = /^RTSP\/1\.\d (\d{3})(?: (.{0,200}))?$/.exec(first) ?? []
  if (status !== undefined) return { kind: 'reply', status: Number(status), reason, headers, body }
  const printable = first.slice(0, 60).replace(/[^\x20-\x7e]/g, '.')
  throw new Fault('corrupt', `RTSP: wanted METHOD url RTSP/1.0 or RTSP/1.0 status, got “${printable}”`)
}

export function encodeRequest(
  {
    method,
    url,
    headers,
  }: Omit<RtspRequest, 'headers'> & { readonly headers: NonNullable<RtspReply['headers']> },
  cseq: number,
): Uint8Array {
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return utf8(`${[`${method} ${url} RTSP/1.0`, `CSeq: ${cseq}`, ...lines].join('\r\n')}\r\n\r\n`)
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
  view.setUint8(0, INTERLEAVED)
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
