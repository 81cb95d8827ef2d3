import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { Fault } from '../../src/base/fault.ts'
import { BoundedQueue } from '../../src/base/queue.ts'
import {
  readHeaders,
  readTarget,
  WEB_LIMITS,
  type Listening,
  type ListenOptions,
  type SocketPeer,
  type WebReply,
  type WebRequest,
  type WebServer,
  type WebTakers,
} from '../../src/ports/web-server.ts'

export type Ask = {
  readonly method?: string
  /** Path and query, as they stand in a request. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array | string
  readonly peer?: string
  /** The other side goes away. */
  readonly signal?: AbortSignal
}
export type Answer = {
  readonly status: number
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Uint8Array
}

const READ_LATER_MAX = 100_000
const TOO_BIG = 1009
const POLICY = 1008
const FIRST_PORT = 8443

type Open = { readonly takers: WebTakers; readonly isSecure: boolean; readonly sockets: Set<MemorySocket> }

/**
 * HTTP and WebSocket without a network: who asks is in the same process. It has the limits of size and number a message can break, and no
 * time passes in it.
 *
 * The puppeteer's face: `ask`, `connect`.
 */
export class MemoryWeb {
  readonly #open = new Map<number, Open>()

  readonly server: WebServer = { listen: async (takers, options) => this.#listen(takers, options) }

  async ask(port: number, ask: Ask): Promise<Answer> {
    const read = this.#read(port, ask)
    if ('status' in read) return answerOf(read)
    const body = typeof ask.body === 'string' ? utf8(ask.body) : (ask.body ?? new Uint8Array())
    if (body.length > WEB_LIMITS.bodyBytesMax) return answerOf({ status: 413 })
    return answerOf(await this.#at(port).takers.onRequest({ ...read, body }))
  }

  /** The other end of a socket, or what was answered instead. */
  async connect(port: number, ask: Ask): Promise<MemorySocketEnd | Answer> {
    const read = this.#read(port, ask)
    if ('status' in read) return answerOf(read)
    const { takers, sockets } = this.#at(port)
    const decided = await takers.onUpgrade({ ...read, body: new Uint8Array() })
    if (typeof decided !== 'function') return answerOf(decided)
    const socket = new MemorySocket()
    sockets.add(socket)
    socket.signal.addEventListener('abort', () => sockets.delete(socket), { once: true })
    void decided(socket).then(
      () => socket.close(1000, ''),
      () => socket.close(1011, ''),
    )
    return socket.end
  }

  #listen(takers: WebTakers, options: ListenOptions): Listening {
    const isLoopback = /^(localhost|127\.|::1$)/.test(options.host)
    if (options.tls === undefined && !isLoopback)
      throw new Fault(
        'invalid',
        `listen on ${options.host}: wanted a certificate, plain HTTP is for loopback only`,
      )
    const port = options.port === 0 ? FIRST_PORT + this.#open.size : options.port
    if (this.#open.has(port)) throw new Fault('unavailable', `listen on ${options.host} port ${port}: in use`)
    const isSecure = options.tls !== undefined
    const open: Open = { takers, isSecure, sockets: new Set() }
    this.#open.set(port, open)
    return {
      port,
      isSecure,
      [Symbol.asyncDispose]: async () => {
        if (this.#open.get(port) === open) this.#open.delete(port)
        for (const socket of open.sockets) socket.drop()
      },
    }
  }

  #at(port: number): Open {
    const open = this.#open.get(port)
    if (open === undefined) throw new Fault('unavailable', `nobody listens on port ${port}`)
    return open
  }

  #read(port: number, ask: Ask): Omit<WebRequest, 'body'> | WebReply {
    const { isSecure } = this.#at(port)
    const pairs = Object.entries({ host: `localhost:${port}`, ...ask.headers }).flatMap(([name, texts]) =>
      [texts].flat().map((text) => [name, text] as const),
    )
    const bytes = pairs.reduce((sum, [name, text]) => sum + name.length + text.length + 4, ask.target.length)
    if (bytes > WEB_LIMITS.headerBytesMax) return { status: 431 }
    const [target, headers] = [readTarget(ask.target), readHeaders(pairs)]
    if (target === undefined || headers === undefined) return { status: 400 }
    const signal = ask.signal ?? new AbortController().signal
    return {
      method: ask.method ?? 'GET',
      ...target,
      headers,
      peer: ask.peer ?? '127.0.0.1',
      isSecure,
      signal,
    }
  }
}

function answerOf({ status, headers = {}, body = new Uint8Array() }: WebReply): Answer {
  const entries = Object.entries(headers).map(
    ([name, texts]) => [name.toLowerCase(), [texts].flat()] as const,
  )
  return {
    status,
    headers: new Map(entries),
    body: typeof body === 'string' ? utf8(body) : concatBytes([body]),
  }
}

/** What the page's side of a socket can do. */
export interface MemorySocketEnd {
  send(message: string | Uint8Array): void
  /** Undefined: the socket has closed. */
  next(): Promise<string | Uint8Array | undefined>
  close(): void
  /** Takes nothing from now on; what is sent waits at the other side. */
  stopReading(): void
  startReading(): void
  readonly closed: Promise<number>
}

class MemorySocket implements SocketPeer {
  readonly messages = new BoundedQueue<string | Uint8Array>(WEB_LIMITS.messagesWaitingMax)
  readonly #sent = new BoundedQueue<string | Uint8Array>(READ_LATER_MAX)
  readonly #closed = new AbortController()
  readonly #ended = Promise.withResolvers<number>()
  readonly #wakes = new Set<() => void>()
  #held: (string | Uint8Array)[] | undefined
  #heldBytes = 0

  get signal(): AbortSignal {
    return this.#closed.signal
  }

  readonly end: MemorySocketEnd = {
    send: (message) => this.#take(message),
    next: async () => {
      for await (const message of this.#sent) return message
      return undefined
    },
    close: () => this.close(1005, ''),
    stopReading: () => void (this.#held ??= []),
    startReading: () => this.#release(),
    closed: this.#ended.promise,
  }

  send(message: string | Uint8Array): boolean {
    if (this.signal.aborted) return false
    if (this.#held === undefined) return this.#sent.push(message)
    if (this.#heldBytes > 0 && this.#heldBytes + message.length > WEB_LIMITS.socketBufferBytesMax)
      return false
    this.#held.push(message)
    this.#heldBytes += message.length
    return true
  }

  async drained(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.signal.aborted) {
      if (this.#heldBytes <= WEB_LIMITS.socketBufferBytesMax / 2) return
      await new Promise<void>((resolve) => {
        this.#wakes.add(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    throw new Fault('aborted', signal.aborted ? 'told to stop waiting' : 'the socket is closed')
  }

  close(code: number, _reason: string): void {
    if (this.signal.aborted) return
    this.#ended.resolve(code)
    this.drop()
  }

  /** As when the line is cut. */
  drop(): void {
    this.#ended.resolve(1006)
    this.messages.end()
    this.#sent.end()
    this.#closed.abort()
    this.#wake()
  }

  #take(message: string | Uint8Array): void {
    const bytes = typeof message === 'string' ? utf8(message).length : message.length
    if (bytes > WEB_LIMITS.messageBytesMax) this.close(TOO_BIG, 'too big')
    else if (!this.messages.push(message)) this.close(POLICY, 'too much at once')
  }

  #release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    this.#heldBytes = 0
    for (const message of held) this.#sent.push(message)
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#wakes) wake()
    this.#wakes.clear()
  }
}
