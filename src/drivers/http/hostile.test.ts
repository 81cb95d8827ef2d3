import { connect as dial, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { silentLog } from '../../base/log.ts'
import { WEB_LIMITS, type Listening, type SocketPeer, type WebLimits } from '../../ports/web-server.ts'
import { ask } from './client.fixture.ts'
import { createHttpServer } from './server.ts'

const PAGE = 'the page'
let listening: Listening
let open: Socket[] = []
/** The server's ends of all sockets, and the signal of the last request. */
let peers: SocketPeer[] = []
let asked = Promise.withResolvers<AbortSignal>()
afterEach(async () => {
  for (const socket of open) socket.destroy()
  open = []
  peers = []
  asked = Promise.withResolvers()
  await listening[Symbol.asyncDispose]()
})

async function listen(limits: Partial<WebLimits> = {}, body: string | Uint8Array = PAGE): Promise<void> {
  const server = createHttpServer({ log: silentLog, limits: { ...WEB_LIMITS, ...limits } })
  listening = await server.listen(
    {
      onRequest: async ({ signal }) => {
        asked.resolve(signal)
        return { status: 200, body }
      },
      onUpgrade: async () => async (peer) => {
        peers.push(peer)
        await aborted(peer.signal)
      },
    },
    { host: '127.0.0.1', port: 0 },
  )
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

/** Somebody at one of the addresses 127.0.0.x, who says this and then nothing more. */
async function stranger(said: string, address = 1): Promise<Socket> {
  const socket = dial({ host: '127.0.0.1', port: listening.port, localAddress: `127.0.0.${address}` })
  open.push(socket)
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  socket.write(said)
  return socket
}
const closed = (socket: Socket): Promise<unknown> =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve))
/** All it sends until it closes. */
async function heard(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => (text += String(chunk)))
  await closed(socket)
  return text
}

describe('a server among hostile clients', () => {
  it.each([
    ['idle', ''],
    ['slow with their headers', 'GET / HTTP/1.1\r\nHost: a\r\nX-'],
    ['slow with their body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx'],
  ])('serves the page beside 1,000 connections that are %s, from one address or twenty', async (_, said) => {
    await listen()
    for (let n = 0; n < 1000; n++) await stranger(said, n < 500 ? 1 : 2 + (n % 20))
    for (let n = 0; n < 5; n++) {
      const page = await ask(listening.port, { target: '/' })
      expect(Buffer.from(page.body).toString()).toBe(PAGE)
    }
  })

  it('keeps no more connections than it may, of one and of all', async () => {
    await listen({ connectionsMax: 20, connectionsPerPeerMax: 5 })
    const mine = []
    for (let n = 0; n < 8; n++) mine.push(await stranger(''))
    await Promise.all(mine.slice(0, 3).map(closed))
    const others = []
    for (let n = 0; n < 30; n++) others.push(await stranger('', 2 + n))
    await Promise.all(others.slice(0, 5).map(closed))
  })

  it.each([
    ['headers', 'GET / HTTP/1.1\r\nHost: a\r\nX-', '408'],
    ['body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx', '408'],
  ])('cuts off whose %s do not come', async (_, said, status) => {
    await listen({ requestMsMax: 200 })
    expect(await heard(await stranger(said))).toMatch(new RegExp(`^(HTTP/1.1 ${status} |$)`))
  })

  it('cuts off who does not read the reply', async () => {
    await listen({ idleMsMax: 300, replyBytesPerSecondMin: 1e9 }, new Uint8Array(64 * 1024 * 1024))
    const socket = await stranger('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    socket.pause()
    await aborted(await asked.promise)
    socket.resume()
    await closed(socket)
    expect(socket.bytesRead).toBeLessThan(64 * 1024 * 1024)
  })

  it.each([
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['an upgrade to HTTP/2', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 400],
    ['HTTP/2 from the beginning', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    [
      'a target that is no path',
      'GET http://evil.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      400,
    ],
  ])('answers %s with %s', async (_, said, status) => {
    await listen()
    const text = await heard(await stranger(said))
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text).not.toMatch(/server:|x-powered-by/i)
  })
})

describe('a socket with a hostile peer', () => {
  async function connectWs(): Promise<{ readonly socket: WebSocket; readonly code: Promise<number> }> {
    const socket = new WebSocket(`ws://127.0.0.1:${listening.port}/`, { perMessageDeflate: false })
    socket.on('error', () => {})
    const code = new Promise<number>((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('open', resolve))
    return { socket, code }
  }
  const rawOf = (socket: WebSocket): Socket => (socket as unknown as { readonly _socket: Socket })._socket
  /** A frame as a client masks it, with a mask of zeros. */
  const frame = (head: number, bytes: number, body = ''): Buffer =>
    Buffer.concat([Buffer.of(head, 0x80 | bytes, 0, 0, 0, 0), Buffer.from(body)])

  it('takes no message in pieces that is too long when they are together', async () => {
    await listen()
    const { socket, code } = await connectWs()
    for (let n = 0; n < 5; n++) socket.send(Buffer.alloc(15 * 1024), { fin: false })
    expect(await code).toBe(1009)
  })

  it.each([
    ['of one byte', frame(0x00, 1, 'x')],
    ['of nothing', frame(0x00, 0)],
  ])('takes no message in endless pieces %s', async (_, piece) => {
    await listen()
    const { socket, code } = await connectWs()
    rawOf(socket).write(frame(0x01, 1, 'x'))
    for (let n = 0; n < 2 * WEB_LIMITS.fragmentsMax; n++) rawOf(socket).write(piece)
    expect(await code).toBe(1008)
  })

  it('does not wait for a frame that says it is 4 GB long', async () => {
    await listen()
    const { socket, code } = await connectWs()
    rawOf(socket).write(Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]))
    expect(await code).toBe(1009)
  })

  it('is cut off when it is flooded with pings', async () => {
    await listen()
    const { socket, code } = await connectWs()
    for (let n = 0; n < 200; n++) socket.ping()
    expect(await code).toBe(1008)
  })

  it('is cut off when its peer is silent', async () => {
    await listen({ idleMsMax: 200 })
    const { socket, code } = await connectWs()
    socket.pause()
    await aborted(peers[0]!.signal)
    socket.resume()
    expect(await code).toBe(1006)
  })

  it('keeps a bounded amount in a flood from fifty peers', async () => {
    await listen({ connectionsPerPeerMax: 100 })
    const codes = []
    for (let n = 0; n < 50; n++) {
      const { socket, code } = await connectWs()
      codes.push(code)
      for (let m = 0; m < 100; m++) socket.send(Buffer.alloc(32 * 1024))
    }
    expect(new Set(await Promise.all(codes))).toEqual(new Set([1008]))
    expect(peers).toHaveLength(50)
    for (const { messages } of peers) {
      let kept = 0
      for await (const message of messages) kept += message.length
      expect(kept).toBeLessThanOrEqual(WEB_LIMITS.socketBufferBytesMax + 32 * 1024)
    }
  })
})
