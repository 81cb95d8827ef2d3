/**
 * HTTP and WebSocket, as much of it as the owner's page needs. Whoever fulfils it keeps the limits (sizes, times, connections) and knows of no
 * routes, sessions or policies.
 *
 * Faults: `unavailable` (address in use), `denied` (port below 1024), `invalid` (certificate and key that do not belong together).
 */
export interface WebServer {
  listen(takers: WebTakers, options: ListenOptions): Promise<Listening>
}

export type ListenOptions = {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** PEM. Left out: plain HTTP, for loopback only (`invalid` elsewhere). */
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface Listening extends AsyncDisposable {
  readonly port: number
  readonly isSecure: boolean
}

export type WebTakers = {
  /** Never throws; every request gets an answer. */
  readonly onRequest: (request: WebRequest) => Promise<WebReply>
  /** Decides before anything is upgraded: a reply refuses, a function is given the open socket. */
  readonly onUpgrade: (request: WebRequest) => Promise<WebReply | ((socket: SocketPeer) => Promise<void>)>
}

export type WebRequest = {
  readonly method: string
  /** Decoded once, begins with `/`, without query; a path that does not decode never gets here. */
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  /** Names in lower case; of a header that came twice and may not, the request never gets here. */
  readonly headers: ReadonlyMap<string, string>
  /** At most `WEB_LIMITS.bodyBytesMax`; whoever sends more gets 413. */
  readonly body: Uint8Array
  /** Address of the other side, as text. */
  readonly peer: string
  readonly isSecure: boolean
  /** Aborted when the other side has gone. */
  readonly signal: AbortSignal
}

export type WebReply = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array | string
}

export interface SocketPeer {
  /** Text or bytes, whole messages of at most `WEB_LIMITS.messageBytesMax`; ends when the socket does. A peer that sends faster than this is iterated is cut off. */
  readonly messages: AsyncIterable<string | Uint8Array>
  /** False: more than `WEB_LIMITS.socketBufferBytesMax` wait to be sent; nothing was sent. */
  send(message: string | Uint8Array): boolean
  /** Resolves when there is room again, rejects when the socket closes or `signal` is aborted. */
  drained(signal: AbortSignal): Promise<void>
  close(code: number, reason: string): void
  /** Aborted when the socket has closed. */
  readonly signal: AbortSignal
}

/** What was asked for, decoded once; undefined: it does not decode, or is no path. */
export function readTarget(
  target: string,
): { readonly path: string; readonly query: ReadonlyMap<string, string> } | undefined {
  const mark = target.indexOf('?')
  const encoded = mark < 0 ? target : target.slice(0, mark)
  if (!encoded.startsWith('/') || encoded.startsWith('//')) return undefined
  try {
    const path = decodeURIComponent(encoded)
    const query = new Map(new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)))
    return path.includes('\0') ? undefined : { path, query }
  } catch {
    return undefined
  }
}

/** Headers that may come more than once: all others say one thing, and whoever says it twice means two listeners to hear different things. */
const REPEATABLE =
  /^(accept(-.*)?|cache-control|connection|pragma|via|x-forwarded-.*|sec-websocket-(extensions|protocol))$/

/** Pairs as they came; undefined: one came twice that may not. */
export function readHeaders(
  pairs: Iterable<readonly [string, string]>,
): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>()
  for (const [name, text] of pairs) {
    const key = name.toLowerCase()
    const before = headers.get(key)
    if (before !== undefined && !REPEATABLE.test(key)) return undefined
    headers.set(key, before === undefined ? text : `${before}, ${text}`)
  }
  return headers
}

export const WEB_LIMITS = {
  bodyBytesMax: 256 * 1024,
  headerBytesMax: 16 * 1024,
  headersMax: 100,
  messageBytesMax: 64 * 1024,
  /** Pieces one message may come in. */
  fragmentsMax: 64,
  /** Messages that wait to be taken. */
  messagesWaitingMax: 64,
  socketBufferBytesMax: 1024 * 1024,
  connectionsMax: 256,
  connectionsPerPeerMax: 48,
  /** A request has to be there, whole, after this long. */
  requestMsMax: 15_000,
  idleMsMax: 30_000,
  /** Whoever reads a reply more slowly than this, after `idleMsMax`, is cut off. */
  replyBytesPerSecondMin: 8 * 1024,
} as const

/** The same members, of any size: drivers take others in their tests. */
export type WebLimits = { readonly [K in keyof typeof WEB_LIMITS]: number }
