import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { Fault } from '../../base/fault.ts'
import { BoundedQueue } from '../../base/queue.ts'
import type { SocketPeer, WebLimits } from '../../ports/web-server.ts'

/** Answers to pings that a peer does not read would grow without end. */
const PONGS_BYTES_MAX = 16 * 1024
const PINGS_PER_BEAT_MAX = 64
/** Pieces in which the network may bring one frame. */
const CHUNKS_MAX = 1024
const POLICY = 1008
/** How long a peer may take to say goodbye. */
const CLOSE_MS = 5000

/** Makes sockets of connections, and asks each from time to time whether it is still there. */
export class Sockets implements AsyncDisposable {
  readonly #limits: WebLimits
  readonly #server: WebSocketServer
  readonly #open = new Set<WsPeer>()
  readonly #beat: NodeJS.Timeout

  constructor(limits: WebLimits) {
    this.#limits = limits
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: limits.messageBytesMax,
      maxFragments: limits.fragmentsMax,
      maxBufferedChunks: CHUNKS_MAX,
    })
    this.#beat = setInterval(() => {
      for (const peer of this.#open) peer.beat()
    }, limits.idleMsMax / 2).unref()
  }

  /** Undefined: it was no proper handshake, and has been told so. */
  async accept(message: IncomingMessage, connection: Duplex, head: Buffer): Promise<SocketPeer | undefined> {
    const socket = await new Promise<WebSocket | undefined>((resolve) => {
      connection.once('close', () => resolve(undefined))
      this.#server.handleUpgrade(message, connection, head, resolve)
    })
    if (socket === undefined) return undefined
    const peer = new WsPeer(socket, this.#limits)
    this.#open.add(peer)
    peer.signal.addEventListener('abort', () => this.#open.delete(peer), { once: true })
    return peer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beat)
    for (const peer of this.#open) peer.cutOff()
    this.#server.close()
  }
}

class WsPeer implements SocketPeer {
  readonly #socket: WebSocket
  readonly #limits: WebLimits
  readonly #messages: BoundedQueue<string | Uint8Array>
  readonly #closed = new AbortController()
  readonly #waiting = new Set<() => void>()
  #waitingBytes = 0
  #isAlive = true
  #pings = 0

  constructor(socket: WebSocket, limits: WebLimits) {
    this.#socket = socket
    this.#limits = limits
    this.#messages = new BoundedQueue(limits.messagesWaitingMax)
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#take(data, isBinary))
    socket.on('ping', (data: Buffer) => this.#answerPing(data))
    socket.on('pong', () => (this.#isAlive = true))
    socket.on('error', () => {}) // `close` follows.
    socket.on('close', () => {
      this.#messages.end()
      this.#closed.abort()
      this.#wake()
    })
  }

  get signal(): AbortSignal {
    return this.#closed.signal
  }

  get messages(): AsyncIterable<string | Uint8Array> {
    return this.#taken()
  }

  send(message: string | Uint8Array): boolean {
    const waiting = this.#socket.bufferedAmount
    if (this.#socket.readyState !== this.#socket.OPEN) return false
    if (waiting > 0 && waiting + message.length > this.#limits.socketBufferBytesMax) return false
    this.#socket.send(message, { binary: typeof message !== 'string' }, () => this.#wake())
    return true
  }

  async drained(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#socket.readyState === this.#socket.OPEN) {
      if (this.#socket.bufferedAmount <= this.#limits.socketBufferBytesMax / 2) return
      await this.#nextWake(signal)
    }
    throw new Fault('aborted', signal.aborted ? 'told to stop waiting' : 'the socket is closed')
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
    setTimeout(() => this.cutOff(), CLOSE_MS).unref()
  }

  /** Called now and then: who has not answered since the last time is gone. */
  beat(): void {
    if (!this.#isAlive) return this.cutOff()
    this.#isAlive = false
    this.#pings = 0
    this.#socket.ping()
  }

  cutOff(): void {
    this.#socket.terminate()
  }

  async *#taken(): AsyncIterable<string | Uint8Array> {
    for await (const message of this.#messages) {
      this.#waitingBytes -= message.length
      yield message
    }
  }

  #take(data: Buffer, isBinary: boolean): void {
    this.#isAlive = true
    const message = isBinary ? new Uint8Array(data) : data.toString()
    this.#waitingBytes += message.length
    const isFull = this.#waitingBytes > this.#limits.socketBufferBytesMax || !this.#messages.push(message)
    if (isFull) this.#end('too much at once')
  }

  #answerPing(data: Buffer): void {
    this.#isAlive = true
    if (
      ++this.#pings > PINGS_PER_BEAT_MAX ||
      this.#socket.bufferedAmount > PONGS_BYTES_MAX + this.#limits.socketBufferBytesMax
    )
      this.#end('too many pings')
    else this.#socket.pong(data)
  }

  /** Nothing more is read of it, whether or not it says goodbye. */
  #end(why: string): void {
    this.#messages.end()
    this.close(POLICY, why)
    this.#socket.pause()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  async #nextWake(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
