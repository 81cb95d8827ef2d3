import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { TCP_LIMITS, type TcpConnection, type TcpListening, type TcpServer } from './tcp-server.ts'

/** Whoever comes to the server. */
export interface TcpCaller {
  send(bytes: Uint8Array): void
  /** The next bytes that came; undefined when the other side has closed. */
  next(): Promise<Uint8Array | undefined>
  close(): void
}

export type TcpServerUnderTest = { readonly server: TcpServer; dial(port: number): Promise<TcpCaller> }

const host = '127.0.0.1'

/** What every TCP server must do, real or simulated. */
export function describeTcpServerContract(name: string, setUp: () => TcpServerUnderTest): void {
  describe(`${name} keeps the contract of TCP servers:`, () => {
    let subject: TcpServerUnderTest
    const open: TcpListening[] = []
    beforeEach(() => {
      subject = setUp()
    })
    afterEach(async () => {
      for (const listening of open.splice(0)) await listening[Symbol.asyncDispose]()
    })

    const listen = async (serve: (connection: TcpConnection) => Promise<void>): Promise<TcpListening> => {
      const listening = await subject.server.listen(serve, { host, port: 0 })
      open.push(listening)
      return listening
    }

    it('carries bytes both ways, and closes when whoever serves is done', async () => {
      const { port } = await listen(async (connection) => {
        for await (const chunk of connection.chunks) {
          connection.send(utf8(`got ${fromUtf8(chunk)}`))
          return
        }
      })
      const caller = await subject.dial(port)
      caller.send(utf8('hello'))
      expect(fromUtf8((await caller.next()) ?? new Uint8Array())).toBe('got hello')
      expect(await caller.next()).toBeUndefined()
    })

    it('says when the other side has gone', async () => {
      const ended = Promise.withResolvers<boolean>()
      const { port } = await listen(async (connection) => {
        for await (const _chunk of connection.chunks);
        if (!connection.signal.aborted)
          await new Promise((gone) => connection.signal.addEventListener('abort', gone, { once: true }))
        ended.resolve(connection.send(utf8('anybody?')))
      })
      const caller = await subject.dial(port)
      caller.send(utf8('hello'))
      caller.close()
      expect(await ended.promise).toBe(false)
    })

    it('takes no more than its bound from whoever sends faster than is read, until there is room', async () => {
      const big = new Uint8Array(TCP_LIMITS.bufferBytesMax / 4)
      const refused = Promise.withResolvers<number>()
      const drained = Promise.withResolvers<boolean>()
      const { port } = await listen(async (connection) => {
        let sent = 0
        while (connection.send(big)) sent++
        refused.resolve(sent)
        await connection.drained(connection.signal)
        drained.resolve(connection.send(big))
      })
      const caller = await subject.dial(port)
      expect(await refused.promise).toBeGreaterThan(0)
      for (let isOver = false; !isOver;) isOver = (await caller.next()) === undefined
      expect(await drained.promise).toBe(true)
    })

    it('refuses an address that is in use', async () => {
      const { port } = await listen(async () => {})
      await expect(subject.server.listen(async () => {}, { host, port })).rejects.toMatchObject({
        kind: 'unavailable',
      })
    })

    it('cuts off everybody when it is closed', async () => {
      const listening = await listen(async (connection) => {
        for await (const _chunk of connection.chunks);
      })
      const caller = await subject.dial(listening.port)
      await listening[Symbol.asyncDispose]()
      expect(await caller.next()).toBeUndefined()
    })
  })
}
