import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Fault } from '../base/fault.ts'
import { TCP_LIMITS, type TcpConnection, type TcpServer } from '../ports/tcp-server.ts'
import { errnoOf } from './errno.ts'

export const nodeTcpServer: TcpServer = {
  async listen(onConnection, { host, port }) {
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      onConnection(connectionOf(socket)).then(
        () => socket.end(),
        () => socket.destroy(), // Whoever serves it has told already.
      )
    })
    server.maxConnections = TCP_LIMITS.connectionsMax
    await listening(server, host, port)
    const address = server.address()
    return {
      port: typeof address === 'object' && address !== null ? address.port : port,
      async [Symbol.asyncDispose]() {
        if (!server.listening) return
        const closed = once(server, 'close')
        server.close()
        for (const socket of open) socket.destroy()
        await closed
      },
    }
  },
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (cause) {
    const kind = errnoOf(cause) === 'EACCES' ? 'denied' : 'unavailable'
    throw new Fault(kind, `cannot listen on ${host} port ${port}: ${errnoOf(cause) ?? String(cause)}`, {
      cause,
    })
  }
  server.on('error', () => {}) // A connection that could not be accepted is none.
}

function connectionOf(socket: Socket): TcpConnection {
  const gone = new AbortController()
  socket.setNoDelay(true)
  socket.setTimeout(TCP_LIMITS.idleMsMax, () => socket.destroy())
  socket.on('error', () => {}) // It closes then.
  socket.once('close', () => gone.abort())
  return {
    peer: socket.remoteAddress ?? '',
    local: socket.localAddress ?? '',
    chunks: chunksOf(socket),
    signal: gone.signal,
    send(bytes) {
      if (gone.signal.aborted || !socket.writable) return false
      if (socket.writableLength > 0 && socket.writableLength + bytes.length > TCP_LIMITS.bufferBytesMax)
        return false
      socket.write(bytes)
      return true
    },
    async drained(signal) {
      const either = AbortSignal.any([signal, gone.signal])
      either.throwIfAborted()
      if (!socket.writable) throw new Fault('unavailable', 'the connection takes nothing any more')
      if (socket.writableNeedDrain) await once(socket, 'drain', { signal: either })
    },
    close: () => void socket.end(),
  }
}

async function* chunksOf(socket: Socket): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of socket) if (Buffer.isBuffer(chunk)) yield chunk
  } catch {
    // Broken off: there is no more, which is all that anybody wants to know.
  }
}
