/** Somebody who asks the real server over the network of this machine. */
import { request, type IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'
import { WebSocket } from 'ws'
import type { SocketEnd, WebUnderTest } from '../../ports/web-server.contract.ts'
import { BoundedQueue } from '../../base/queue.ts'

type Asked = Parameters<WebUnderTest['ask']>[1] & { readonly ca?: string; readonly agent?: false }
type Answered = Awaited<ReturnType<WebUnderTest['ask']>>

export function ask(
  port: number,
  { target, method = 'GET', headers = {}, body, signal, ca }: Asked,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: target,
      method,
      agent: false,
      ca,
      servername: 'localhost',
    }
    const asking = (ca === undefined ? request : secureRequest)(
      { ...options, ...(signal === undefined ? {} : { signal }) },
      (message) => void readAll(message).then(resolve, reject),
    )
    for (const [name, texts] of Object.entries(headers)) asking.setHeader(name, texts)
    asking.on('error', reject)
    asking.end(body)
  })
}

async function readAll(message: IncomingMessage): Promise<Answered> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  const headers = new Map(Object.entries(message.headersDistinct).map(([name, texts]) => [name, texts ?? []]))
  return { status: message.statusCode ?? 0, headers, body: new Uint8Array(Buffer.concat(chunks)) }
}

export function connect(port: number, { target, headers = {} }: Asked): Promise<SocketEnd | Answered> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`, {
    headers: headers as Record<string, string>, // Node takes lists as well.
    perMessageDeflate: false,
  })
  const end = endOf(socket)
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(end))
    socket.once('unexpected-response', (_request, message) => void readAll(message).then(resolve, reject))
    socket.once('error', reject)
  })
}

function endOf(socket: WebSocket): SocketEnd {
  const got = new BoundedQueue<string | Uint8Array>(100_000)
  const closed = Promise.withResolvers<number>()
  socket.on('error', () => {})
  socket.on('message', (message: Buffer, isBinary) =>
    got.push(isBinary ? new Uint8Array(message) : message.toString()),
  )
  socket.on('close', (code) => {
    got.end()
    closed.resolve(code)
  })
  return {
    send: (message) => socket.send(message),
    async next() {
      for await (const message of got) return message
      return undefined
    },
    close: () => socket.close(),
    stopReading: () => socket.pause(),
    startReading: () => socket.resume(),
    closed: closed.promise,
  }
}
