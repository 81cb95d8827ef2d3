/** One RTSP session (RFC 2326) over TCP or TLS: from the connection to the RTP packets of its video. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Fault, isFault, messageOf } from '../../base/fault.ts'
import {
  controlUrl,
  encodeRequest,
  parseRtp,
  parseSdpVideo,
  RtspReader,
  type RtpPacket,
  type RtspItem,
  type SdpVideo,
} from '../../media/index.ts'
import type { Clock } from '../../ports/clock.ts'
import { Credentials, type Account } from './digest.ts'

const CONNECT_MS_MAX = 10_000
const REPLY_MS_MAX = 10_000
const CLOSING_MS_MAX = 1000
const REDIRECTS_MAX = 3
/** Per request: the first answer asks who we are, a second one says that its question was too old. */
const CHALLENGES_MAX = 3
const SESSION_S = { usual: 60, least: 10, most: 3600 }
const AGENT = 'Lintel'

export type RtspTarget = {
  /** Without user name and password. */
  readonly url: string
  readonly account?: Account | undefined
  /** PEM of the authority of the camera’s certificate, whose name is not looked at then. */
  readonly ca?: string | undefined
}

export type RtspListener = {
  readonly onRtp: (packet: RtpPacket) => void
  /** Once, after which nothing comes any more. Undefined: the camera said goodbye. */
  readonly onEnd: (fault: Fault | undefined) => void
}

export interface RtspSession extends AsyncDisposable {
  readonly video: SdpVideo
  /** The packets begin to come. */
  play(): Promise<void>
}

type Options = { readonly clock: Clock; readonly signal: AbortSignal }
type Reply = Extract<RtspItem, { readonly kind: 'reply' }>

/** Faults: `unavailable`, `denied` (account, certificate), `missing` (no such stream), `corrupt` (no RTSP). */
export async function openRtspSession(
  target: RtspTarget,
  listener: RtspListener,
  options: Options,
): Promise<RtspSession> {
  let { url } = target
  for (let redirects = 0; ; redirects++) {
    const client = new Client({ ...target, url }, listener, options)
    try {
      const elsewhere = await client.open()
      if (elsewhere === undefined) return client
      url = redirected(url, elsewhere, redirects)
      await client[Symbol.asyncDispose]()
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw options.signal.aborted ? options.signal.reason : error
    }
  }
}

/** Only on the same host, and never from TLS to the clear: an answer must not send our password’s hash somewhere else. */
function redirected(from: string, to: string, redirects: number): string {
  const [before, after] = [new URL(from), URL.parse(to)]
  const isRtsp = after?.protocol === 'rtsp:' || after?.protocol === 'rtsps:'
  if (
    after === null ||
    !isRtsp ||
    redirects >= REDIRECTS_MAX ||
    after.hostname !== before.hostname ||
    after.username !== ''
  )
    throw new Fault(
      'denied',
      `${placeOf(from)} sends us on to another place; set camera.rtsp.url to that one if it is yours`,
    )
  const isWeaker = before.protocol === 'rtsps:' && after.protocol !== 'rtsps:'
  if (isWeaker)
    throw new Fault('denied', `${placeOf(from)} sends us on from rtsps:// to an address without TLS`)
  return to
}

/** Host and port, for people; nothing of the path, in which some cameras want secrets. */
export function placeOf(url: string): string {
  const { host } = new URL(url)
  return `camera ${host}`
}

class Client implements RtspSession {
  readonly #target: RtspTarget
  readonly #listener: RtspListener
  readonly #options: Options
  readonly #credentials: Credentials
  readonly #where: string
  readonly #reader = new RtspReader()
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  readonly #closed = new AbortController()
  #socket: Socket | undefined
  #video: SdpVideo | undefined
  #cseq = 0
  #base: string
  #session: string | undefined
  #channel = 0
  #canGetParameter = false
  #sessionS = SESSION_S.usual
  #fault: Fault | undefined

  constructor(target: RtspTarget, listener: RtspListener, options: Options) {
    this.#target = target
    this.#listener = listener
    this.#options = options
    this.#base = target.url
    this.#where = placeOf(target.url)
    this.#credentials = new Credentials(target.account, { isSecure: isTls(target.url) })
  }

  get video(): SdpVideo {
    if (this.#video === undefined) throw new Fault('bug', 'the session was not opened')
    return this.#video
  }

  /** Up to `PLAY`; an address where it has moved. */
  async open(): Promise<string | undefined> {
    this.#socket = await this.#connect()
    this.#listen(this.#socket)
    const offered = await this.#ask('OPTIONS', this.#target.url)
    this.#canGetParameter = /\bGET_PARAMETER\b/.test(offered.headers.get('public') ?? '')
    const described = await this.#ask('DESCRIBE', this.#target.url, [['Accept', 'application/sdp']])
    if (described.status >= 300 && described.status < 400) return described.headers.get('location') ?? ''
    this.#check('DESCRIBE', described)
    const base = described.headers.get('content-base') ?? described.headers.get('content-location')
    if (base !== undefined && /^rtsps?:\/\/\S{1,1000}$/i.test(base)) this.#base = base
    this.#video = this.#describedVideo(described)
    await this.#setUp(this.#video)
    return undefined
  }

  async play(): Promise<void> {
    this.#check('PLAY', await this.#ask('PLAY', this.#base, [['Range', 'npt=0.000-']]))
    void this.#keepAlive().catch(() => {}) // Whatever ends it ends the connection too, which is told.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || this.#closed.signal.aborted) return
    if (this.#session !== undefined && socket.writable) this.#send('TEARDOWN', this.#base, [])
    this.#end(undefined)
  }

  /** Some descriptions are only known to be wrong when the camera is set anew: it is asked again later. */
  #describedVideo({ body }: Reply): SdpVideo {
    try {
      return parseSdpVideo(Buffer.from(body).toString('utf8'))
    } catch (cause) {
      throw new Fault('missing', `${this.#where}: ${messageOf(cause)}`, { cause })
    }
  }

  async #setUp({ control }: SdpVideo): Promise<void> {
    const url = controlUrl(this.#base, control)
    if (!/^\S{1,1000}$/.test(url))
      throw new Fault('corrupt', `${this.#where}: wanted the name of a track, got one with blanks`)
    const reply = await this.#ask('SETUP', url, [['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1']])
    this.#check('SETUP', reply)
    const [session, timeout] = (reply.headers.get('session') ?? '').split(';')
    const channel = /interleaved=(\d{1,3})/.exec(reply.headers.get('transport') ?? '')?.[1]
    if (session === undefined || session === '' || channel === undefined)
      throw new Fault('corrupt', `${this.#where}: wanted a session over TCP, got none`)
    this.#session = session.trim()
    this.#channel = Number(channel)
    const seconds = Number(/timeout=(\d{1,6})/.exec(timeout ?? '')?.[1] ?? SESSION_S.usual)
    this.#sessionS = Math.min(SESSION_S.most, Math.max(SESSION_S.least, seconds))
  }

  /** One that is silent to us would close the session; its answers say nothing new. */
  async #keepAlive(): Promise<void> {
    const { signal } = this.#closed
    for (;;) {
      await this.#options.clock.sleep((this.#sessionS * 1000) / 2, { signal })
      await this.#ask(this.#canGetParameter ? 'GET_PARAMETER' : 'OPTIONS', this.#base).catch(
        (error: unknown) => {
          if (!isFault(error, 'unavailable')) throw error // Some do not answer while they send pictures.
        },
      )
    }
  }

  #connect(): Promise<Socket> {
    const url = new URL(this.#target.url)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const isSecure = isTls(this.#target.url)
    const port = url.port === '' ? (isSecure ? 322 : 554) : Number(url.port)
    const { ca } = this.#target
    const pinned = ca === undefined ? {} : { ca, checkServerIdentity: () => undefined }
    const socket = isSecure
      ? connectTls({ host, port, ...pinned, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connectTcp({ host, port })
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 30_000)
    return new Promise((resolve, reject) => {
      const { signal } = this.#options
      const stop = (error: unknown): void => {
        socket.destroy()
        reject(error)
      }
      const onAbort = (): void => stop(signal.reason)
      const late = setTimeout(() => stop(this.#late('connect', CONNECT_MS_MAX)), CONNECT_MS_MAX)
      if (signal.aborted) onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      socket.once('close', () => {
        clearTimeout(late)
        signal.removeEventListener('abort', onAbort)
      })
      socket.on('error', (error) => stop(this.#connectionFault(error)))
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        clearTimeout(late)
        resolve(socket)
      })
    })
  }

  #connectionFault(error: Error): Fault {
    const code = 'code' in error ? String(error.code) : ''
    const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)
    return isCertificate
      ? new Fault(
          'denied',
          `${this.#where}: its certificate is not known (${code}): put it, or that of its authority, into a file for camera.rtsp.caFile`,
          { cause: error },
        )
      : new Fault('unavailable', `${this.#where}: ${error.message}`, { cause: error })
  }

  #late(what: string, ms: number): Fault {
    return new Fault(
      'unavailable',
      `${this.#where}: wanted an answer to ${what} within ${ms / 1000} s, got none`,
    )
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const item of this.#reader.push(chunk)) this.#take(item)
      } catch (error) {
        this.#end(isFault(error) ? error : new Fault('bug', messageOf(error), { cause: error }))
      }
    })
    socket.on('error', (error) => this.#end(this.#connectionFault(error)))
    socket.on('close', () => this.#end(undefined))
  }

  #take(item: RtspItem): void {
    if (item.kind === 'interleaved') {
      if (item.channel !== this.#channel) return // Its reports, or sound.
      const packet = parseRtp(item.payload)
      if (packet?.payloadType === this.#video?.payloadType && packet !== undefined)
        this.#listener.onRtp(packet)
      return
    }
    if (item.kind === 'request') return // Cameras may announce things; nothing of it concerns us.
    const cseq = Number(item.headers.get('cseq'))
    this.#waiting.get(cseq)?.(item)
    this.#waiting.delete(cseq)
  }

  /** Told once. Whoever waits for an answer hears of it too. */
  #end(fault: Fault | undefined): void {
    if (this.#closed.signal.aborted) return
    this.#fault = fault
    this.#closed.abort()
    const socket = this.#socket
    socket?.removeAllListeners('data')
    socket?.destroySoon()
    setTimeout(() => socket?.destroy(), CLOSING_MS_MAX).unref() // One that takes nothing would never be done.
    this.#listener.onEnd(fault)
  }

  async #ask(
    method: string,
    url: string,
    headers: readonly (readonly [string, string])[] = [],
  ): Promise<Reply> {
    for (let tries = 1; ; tries++) {
      const reply = await this.#replyTo(this.#send(method, url, headers), method)
      if (reply.status !== 401) return reply
      if (tries >= CHALLENGES_MAX)
        throw new Fault('denied', `${this.#where} does not accept the user name or the password`)
      this.#credentials.learn(reply.headers.get('www-authenticate') ?? '', this.#where)
    }
  }

  #send(method: string, url: string, headers: readonly (readonly [string, string])[]): number {
    const cseq = ++this.#cseq
    const authorization = this.#credentials.answer(method, url)
    const all = [
      ...headers,
      ['User-Agent', AGENT] as const,
      ...(this.#session === undefined ? [] : [['Session', this.#session] as const]),
      ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
    ]
    this.#socket?.write(encodeRequest({ method, url, headers: all }, cseq))
    return cseq
  }

  #replyTo(cseq: number, method: string): Promise<Reply> {
    const [closed, stopped] = [this.#closed.signal, this.#options.signal]
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(late)
        closed.removeEventListener('abort', onClosed)
        stopped.removeEventListener('abort', onStopped)
        this.#waiting.delete(cseq)
      }
      const onClosed = (): void => {
        settle()
        reject(
          this.#fault ??
            new Fault(
              'unavailable',
              `${this.#where} closed the connection instead of answering to ${method}`,
            ),
        )
      }
      const onStopped = (): void => {
        settle()
        reject(stopped.reason)
      }
      const late = setTimeout(() => {
        settle()
        reject(this.#late(method, REPLY_MS_MAX))
      }, REPLY_MS_MAX)
      this.#waiting.set(cseq, (reply) => {
        settle()
        resolve(reply)
      })
      closed.addEventListener('abort', onClosed, { once: true })
      stopped.addEventListener('abort', onStopped, { once: true })
      if (closed.aborted) onClosed()
      else if (stopped.aborted) onStopped()
    })
  }

  #check(method: string, { status, reason }: Reply): void {
    if (status >= 200 && status < 300) return
    const kind = status === 404 ? 'missing' : status === 403 ? 'denied' : 'unavailable'
    const words =
      status === 404
        ? 'it has no stream at that address; look at the path in camera.rtsp.url'
        : `${status} ${reason}`
    throw new Fault(kind, `${this.#where} refused ${method}: ${words}`)
  }
}

const isTls = (url: string): boolean => /^rtsps:/i.test(url)
