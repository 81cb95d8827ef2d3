import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import {
  WEB_LIMITS,
  type Listening,
  type ListenOptions,
  type SocketPeer,
  type WebReply,
  type WebRequest,
  type WebServer,
  type WebTakers,
} from './web-server.ts'

type Asked = {
  readonly method?: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array | string
  readonly signal?: AbortSignal
}
type Answered = {
  readonly status: number
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Uint8Array
}

/** The page's end of a socket. */
export interface SocketEnd {
  send(message: string | Uint8Array): void
  /** Undefined: the socket has closed. */
  next(): Promise<string | Uint8Array | undefined>
  close(): void
  stopReading(): void
  startReading(): void
  /** The code it was closed with. */
  readonly closed: Promise<number>
}

/** A server, and somebody who asks it from the same machine. */
export interface WebUnderTest extends AsyncDisposable {
  readonly server: WebServer
  ask(port: number, asked: Asked): Promise<Answered>
  connect(port: number, asked: Asked): Promise<SocketEnd | Answered>
}

const LOOPBACK: ListenOptions = { host: '127.0.0.1', port: 0 }
const forever = new AbortController().signal
const text = ({ body }: Answered): string => Buffer.from(body).toString()

/** What every driver of a web server must do, real or simulated. No test here depends on how long anything takes. */
export function describeWebServerContract(name: string, setUp: () => Promise<WebUnderTest>): void {
  describe(`${name} keeps the contract of a web server:`, () => {
    let subject: WebUnderTest
    let listening: Listening
    let requests: WebRequest[]
    let onRequest: (request: WebRequest) => Promise<WebReply>
    let onUpgrade: WebTakers['onUpgrade']
    beforeEach(async () => {
      subject = await setUp()
      requests = []
      onRequest = async () => ({ status: 200, body: 'well' })
      onUpgrade = async () => ({ status: 404 })
      const takers: WebTakers = {
        onRequest: (request) => {
          requests.push(request)
          return onRequest(request)
        },
        onUpgrade: (request) => onUpgrade(request),
      }
      listening = await subject.server.listen(takers, LOOPBACK)
    })
    afterEach(async () => {
      await listening[Symbol.asyncDispose]()
      await subject[Symbol.asyncDispose]()
    })

    const ask = (asked: Asked): Promise<Answered> => subject.ask(listening.port, asked)
    const connect = async (asked: Asked): Promise<SocketEnd> => {
      const end = await subject.connect(listening.port, asked)
      if ('status' in end) throw new Error(`wanted a socket, got ${end.status}`)
      return end
    }

    it('hands over method, path, query, headers, body and peer', async () => {
      await ask({
        method: 'PUT',
        target: '/a%20b/c?x=1&y=%C3%A4',
        headers: { 'X-Word': 'größe'.normalize('NFD').replace(/[^a-z]/g, ''), 'content-type': 'text/plain' },
        body: 'hello',
      })
      const [request] = requests
      expect(request).toMatchObject({ method: 'PUT', path: '/a b/c', peer: '127.0.0.1', isSecure: false })
      expect([...request!.query]).toEqual([
        ['x', '1'],
        ['y', 'ä'],
      ])
      expect(request!.headers.get('x-word')).toBe('groe')
      expect(request!.headers.get('host')).toBeDefined()
      expect(request!.body).toEqual(utf8('hello'))
    })

    it('gives status, headers and body back, also the same header twice', async () => {
      onRequest = async () => ({
        status: 418,
        headers: { 'x-one': 'a', 'set-cookie': ['a=1', 'b=2'] },
        body: Uint8Array.of(0, 1, 255),
      })
      const answered = await ask({ target: '/' })
      expect(answered.status).toBe(418)
      expect(answered.headers.get('x-one')).toEqual(['a'])
      expect(answered.headers.get('set-cookie')).toEqual(['a=1', 'b=2'])
      expect(answered.body).toEqual(Uint8Array.of(0, 1, 255))
    })

    it('answers many at once', async () => {
      onRequest = async ({ path }) => ({ status: 200, body: path })
      const targets = Array.from({ length: 40 }, (_, n) => `/${n}`)
      const answers = await Promise.all(targets.map((target) => ask({ target })))
      expect(answers.map(text)).toEqual(targets)
    })

    it.each(['/%', '/%zz', '/%C3', '/a%00b', '//other/a'])(
      'refuses the path %s before anybody sees it',
      async (target) => {
        expect((await ask({ target })).status).toBe(400)
        expect(requests).toEqual([])
      },
    )

    it('refuses a header that came twice and may not', async () => {
      expect((await ask({ target: '/', headers: { origin: ['https://a', 'https://b'] } })).status).toBe(400)
      expect((await ask({ target: '/', headers: { 'accept-language': ['de', 'en'] } })).status).toBe(200)
      expect(requests).toHaveLength(1)
      expect(requests[0]!.headers.get('accept-language')).toBe('de, en')
    })

    it('takes a body of the most bytes there may be, and says 413 to one more', async () => {
      const most = new Uint8Array(WEB_LIMITS.bodyBytesMax)
      expect((await ask({ method: 'POST', target: '/', body: most })).status).toBe(200)
      const more = new Uint8Array(WEB_LIMITS.bodyBytesMax + 1)
      expect((await ask({ method: 'POST', target: '/', body: more })).status).toBe(413)
      expect(requests.map(({ body }) => body.length)).toEqual([WEB_LIMITS.bodyBytesMax])
    })

    it('says 431 to headers that are too long', async () => {
      const headers = { 'x-long': 'x'.repeat(WEB_LIMITS.headerBytesMax) }
      expect((await ask({ target: '/', headers })).status).toBe(431)
      expect(requests).toEqual([])
    })

    it('tells whoever works on a request that the other side has gone', async () => {
      const [begun, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      onRequest = async ({ signal }) => {
        begun.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        gone.resolve()
        return { status: 200 }
      }
      const leave = new AbortController()
      const asking = ask({ target: '/', signal: leave.signal }).catch(() => {})
      await begun.promise
      leave.abort()
      await gone.promise
      await asking
    })

    it('upgrades nothing without asking, and gives the refusal back', async () => {
      onUpgrade = async ({ path, headers }) => ({
        status: 403,
        headers: { 'x-seen': `${path} ${headers.get('x-word')}` },
        body: 'no',
      })
      const answered = await subject.connect(listening.port, { target: '/live', headers: { 'x-word': 'b' } })
      if (!('status' in answered)) throw new Error('it was upgraded')
      expect(answered.status).toBe(403)
      expect(answered.headers.get('x-seen')).toEqual(['/live b'])
      expect(text(answered)).toBe('no')
    })

    it('exchanges whole messages, text and bytes, in their order', async () => {
      onUpgrade = async () => async (socket) => {
        for await (const message of socket.messages) socket.send(message)
      }
      const end = await connect({ target: '/' })
      const long = new Uint8Array(WEB_LIMITS.messageBytesMax).fill(7)
      end.send('grüße 🔔')
      end.send(Uint8Array.of(1, 2))
      end.send('')
      end.send(long)
      expect(await end.next()).toBe('grüße 🔔')
      expect(await end.next()).toEqual(Uint8Array.of(1, 2))
      expect(await end.next()).toBe('')
      expect(await end.next()).toEqual(long)
      end.close()
    })

    it('closes the socket when whoever took it is done, and when they fail', async () => {
      onUpgrade = async () => async (socket) => void socket.send('bye')
      const end = await connect({ target: '/' })
      expect(await end.next()).toBe('bye')
      expect(await end.closed).toBe(1000)
      onUpgrade = async () => async () => {
        throw new Error('broken')
      }
      expect(await (await connect({ target: '/' })).closed).toBe(1011)
    })

    it('ends the messages and aborts the signal when the page has gone', async () => {
      const over = Promise.withResolvers<boolean>()
      onUpgrade = async () => async (socket) => {
        for await (const _ of socket.messages);
        over.resolve(socket.signal.aborted)
      }
      const end = await connect({ target: '/' })
      end.close()
      expect(await over.promise).toBe(true)
    })

    it('cuts off who sends a message that is too long', async () => {
      onUpgrade = async () => async (socket) => {
        for await (const _ of socket.messages);
      }
      const end = await connect({ target: '/' })
      end.send(new Uint8Array(WEB_LIMITS.messageBytesMax + 1))
      expect(await end.closed).toBe(1009)
    })

    it('cuts off who sends more than anybody takes', async () => {
      onUpgrade = async () => (socket) => untilClosed(socket)
      const end = await connect({ target: '/' })
      for (let n = 0; n < 10 * WEB_LIMITS.messagesWaitingMax; n++) end.send('x')
      expect(await end.closed).toBe(1008)
    })

    it('keeps a bounded amount for who does not read, and says when there is room again', async () => {
      const filled = Promise.withResolvers<number>()
      const drained = Promise.withResolvers<void>()
      const piece = new Uint8Array(64 * 1024)
      onUpgrade = async () => async (socket) => {
        for await (const _ of socket.messages) break
        let sent = 0
        while (socket.send(piece)) sent++
        filled.resolve(sent)
        await socket.drained(forever)
        drained.resolve()
        await untilClosed(socket)
      }
      const end = await connect({ target: '/' })
      end.stopReading()
      end.send('go')
      const sent = await filled.promise
      expect(sent).toBeGreaterThanOrEqual(WEB_LIMITS.socketBufferBytesMax / piece.length)
      end.startReading()
      await drained.promise
      for (let n = 0; n < sent; n++) expect(await end.next()).toHaveLength(piece.length)
      end.close()
    })

    it('does not wait for room longer than it should, or than there is a socket', async () => {
      const failures: string[] = []
      const [stop, full] = [new AbortController(), Promise.withResolvers<void>()]
      const over = Promise.withResolvers<void>()
      onUpgrade = async () => async (socket) => {
        for await (const _ of socket.messages) break
        while (socket.send(new Uint8Array(256 * 1024)));
        const waits = [socket.drained(stop.signal), socket.drained(forever)]
        full.resolve()
        for (const wait of waits) await wait.catch((error: Error) => failures.push(error.name))
        over.resolve()
      }
      const end = await connect({ target: '/' })
      end.stopReading()
      end.send('go')
      await full.promise
      stop.abort()
      await listening[Symbol.asyncDispose]()
      await over.promise
      expect(failures).toEqual(['Fault', 'Fault'])
    })

    it('stops listening when disposed, cuts sockets off, and may be disposed twice', async () => {
      onUpgrade = async () => (socket) => untilClosed(socket)
      const end = await connect({ target: '/' })
      await listening[Symbol.asyncDispose]()
      await listening[Symbol.asyncDispose]()
      expect(await end.closed).toBe(1006)
      await expect(ask({ target: '/' })).rejects.toThrow()
    })

    it('refuses an address that is in use, and plain HTTP that strangers could reach', async () => {
      const takers: WebTakers = {
        onRequest: async () => ({ status: 200 }),
        onUpgrade: async () => ({ status: 404 }),
      }
      const again = { host: '127.0.0.1', port: listening.port }
      await expect(subject.server.listen(takers, again)).rejects.toMatchObject({ kind: 'unavailable' })
      await expect(subject.server.listen(takers, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
        kind: 'invalid',
      })
    })
  })
}

async function untilClosed({ signal }: SocketPeer): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
