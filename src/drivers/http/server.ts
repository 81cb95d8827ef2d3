import { createServer as createPlain, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Fault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import {
  WEB_LIMITS,
  type Listening,
  type ListenOptions,
  type WebLimits,
  type WebReply,
  type WebServer,
  type WebTakers,
} from '../../ports/web-server.ts'
import { faultOfErrno } from '../errno.ts'
import { Connections } from './connections.ts'
import { readBody, readHead, refusedBytesMax, refuse, statusOfClientError, writeReply } from './requests.ts'
import { Sockets } from './sockets.ts'

const HANDSHAKE_MS = 10_000
/** How often Node looks whose request is overdue. */
const LOOK_MS = 1000

type HttpServerDeps = { readonly log: Log; readonly limits?: WebLimits }

export const createHttpServer = ({ log, limits = WEB_LIMITS }: HttpServerDeps): WebServer => ({
  async listen(takers, options) {
    const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(options.host)
    if (options.tls === undefined && !isLoopback)
      throw new Fault(
        'invalid',
        `listen on ${options.host}: wanted a certificate, plain HTTP is for loopback only`,
      )
    const server = createServer(options, limits)
    const port = await listen(server, options, limits)
    return new NodeListening({ server, port, takers, log, limits, isSecure: options.tls !== undefined })
  },
})

function createServer({ tls }: ListenOptions, limits: WebLimits): Server {
  const handshakeTimeout = Math.min(HANDSHAKE_MS, limits.requestMsMax)
  const bounds = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: handshakeTimeout,
    requestTimeout: limits.requestMsMax,
    keepAliveTimeout: limits.idleMsMax,
    connectionsCheckingInterval: Math.min(LOOK_MS, limits.requestMsMax),
  }
  try {
    const server =
      tls === undefined
        ? createPlain(bounds)
        : createSecure({
            ...bounds,
            ...tls,
            handshakeTimeout,
            minVersion: 'TLSv1.2',
            ALPNProtocols: ['http/1.1'],
          })
    server.maxHeadersCount = limits.headersMax
    return server
  } catch (cause) {
    throw new Fault('invalid', `certificate and key: wanted a pair in PEM, got: ${messageOf(cause)}`, {
      cause,
    })
  }
}

async function listen(server: Server, { host, port }: ListenOptions, limits: WebLimits): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, backlog: limits.connectionsMax }, resolve)
    })
  } catch (error) {
    throw faultOfErrno(error, `listen on ${host} port ${port}`)
  }
  return (server.address() as AddressInfo).port // A server that listens on a port has one.
}

type Parts = {
  readonly server: Server
  readonly port: number
  readonly takers: WebTakers
  readonly log: Log
  readonly limits: WebLimits
  readonly isSecure: boolean
}

class NodeListening implements Listening {
  readonly port: number
  readonly isSecure: boolean
  readonly #parts: Parts
  readonly #connections: Connections
  readonly #sockets: Sockets
  readonly #underWay = new Set<Promise<void>>()
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.port = parts.port
    this.isSecure = parts.isSecure
    this.#connections = new Connections(parts.limits)
    this.#sockets = new Sockets(parts.limits)
    const { server } = parts
    server.on('connection', (socket: Socket) => this.#connections.admit(socket))
    server.on('clientError', (error, socket) => refuse(socket, statusOfClientError(error)))
    server.on('error', (error) => parts.log.error('http.failed', { problem: messageOf(error) }))
    server.on('request', (message, response) => this.#begin(this.#answer(message, response), response))
    server.on('upgrade', (message, socket, head) => this.#begin(this.#upgrade(message, socket, head), socket))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#parts.server.close(() => resolve()))
    await this.#sockets[Symbol.asyncDispose]()
    this.#connections.destroyAll()
    await Promise.all(this.#underWay)
    await closed
  }

  /** Whatever goes wrong here ends this connection, and nothing else. */
  #begin(work: Promise<void>, stream: { destroy(): unknown }): void {
    const guarded = work.catch((error: unknown) => {
      this.#parts.log.warn('http.request_failed', { problem: messageOf(error) })
      stream.destroy()
    })
    this.#underWay.add(guarded)
    void guarded.then(() => this.#underWay.delete(guarded))
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    const head = readHead(message, { isSecure: this.isSecure, signal: gone.signal })
    const { limits } = this.#parts
    if (head === undefined) return writeLast(response, 400, limits)
    if (Number(head.headers.get('content-length') ?? 0) > refusedBytesMax(limits))
      return writeLast(response, 413, limits)
    const body = await readBody(message, limits).catch(() => 'gone' as const)
    if (body === 'gone') return void response.destroy()
    if (body === undefined) return writeLast(response, 413, limits)
    using _work = this.#connections.begin(message.socket)
    const reply = await this.#parts.takers.onRequest({ ...head, body })
    writeReply(response, reply, limits)
    await untilClosed(response)
  }

  async #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    using _work = this.#connections.begin(message.socket)
    const gone = new AbortController()
    socket.once('close', () => gone.abort())
    const asked = readHead(message, { isSecure: this.isSecure, signal: gone.signal })
    if (asked === undefined || asked.headers.get('upgrade')?.toLowerCase() !== 'websocket')
      return refuse(socket, 400)
    const decided = await this.#parts.takers.onUpgrade({ ...asked, body: new Uint8Array() })
    if (typeof decided !== 'function') return this.#refuseUpgrade(message, socket as Socket, decided)
    const peer = await this.#sockets.accept(message, socket, head)
    if (peer === undefined) return
    try {
      await decided(peer)
      peer.close(1000, '')
    } catch (error) {
      this.#parts.log.warn('http.socket_failed', { problem: messageOf(error) })
      peer.close(1011, '')
    }
    if (!peer.signal.aborted)
      await new Promise((resolve) => peer.signal.addEventListener('abort', resolve, { once: true }))
  }

  async #refuseUpgrade(message: IncomingMessage, socket: Socket, reply: WebReply): Promise<void> {
    const response = new ServerResponse(message)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    writeReply(response, reply, this.#parts.limits)
    await untilClosed(response)
    socket.destroySoon()
  }
}

/** A reply after which nothing more is read from this connection. */
function writeLast(response: ServerResponse, status: number, limits: WebLimits): void {
  response.shouldKeepAlive = false
  writeReply(response, { status }, limits)
}

async function untilClosed(response: ServerResponse): Promise<void> {
  if (response.closed || response.writableFinished) return
  await new Promise<void>((resolve) => {
    response.once('finish', resolve)
    response.once('close', resolve)
  })
}
