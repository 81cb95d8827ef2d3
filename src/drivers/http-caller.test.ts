import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeHttpCallerContract, type HeardCall } from '../ports/http-caller.contract.ts'
import { nodeHttpCaller } from './http-caller.ts'

describeHttpCallerContract('Node’s client', async () => {
  const heard: HeardCall[] = []
  let how: number | 'silent' = 200
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key, String(value)]),
      )
      heard.push({ method: request.method ?? '', url: request.url ?? '', headers, body })
      if (how !== 'silent') response.writeHead(how, { location: '/elsewhere' }).end('thank you')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP, so it has one.
  return {
    caller: nodeHttpCaller,
    origin: `http://127.0.0.1:${port}`,
    nowhere: 'http://127.0.0.1:1/',
    heard: () => heard,
    answer: (next) => void (how = next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
})
