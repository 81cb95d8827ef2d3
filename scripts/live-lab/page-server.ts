/** A page with live pictures and nothing else, for tests in a real browser: the page's own modules, the feature, real drivers. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { isFault, messageOf } from '../../src/base/fault.ts'
import type { Live, LiveSink } from '../../src/live/index.ts'

const PAGE_FOLDER = join(import.meta.dirname, '../../src/web/page/live')
const JSMPEG = join(
  import.meta.dirname,
  '../../node_modules/@cycjimmy/jsmpeg-player/dist/jsmpeg-player.esm.js',
)

const HTML = `<!doctype html><meta charset="utf-8"><title>live</title>
<video id="video" muted playsinline style="width: 640px"></video><canvas id="canvas"></canvas>
<script type="importmap">{ "imports": { "@cycjimmy/jsmpeg-player": "/jsmpeg.js" } }</script>
<script type="module">
import { connectLive } from '/live/connect.ts'
window.connectLive = connectLive
</script>`

export interface PageServer extends AsyncDisposable {
  readonly url: string
  /** Base64url, as in `DeviceFacts`. */
  readonly devicePublicKey: string
  /** Sockets are cut until it is set back. */
  refuse: ReadonlySet<string>
  /** What a middleman makes of the answer. */
  tamper: (reply: { answer: string; viewer: string; signature: string }) => unknown
}

export type DeviceKeys = { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
export const makeDeviceKeys = (): DeviceKeys => generateKeyPairSync('ed25519')
export const signWith =
  ({ privateKey }: DeviceKeys) =>
  (bytes: Uint8Array): Uint8Array =>
    sign(null, bytes, privateKey)

export async function servePage(live: Live, { publicKey }: DeviceKeys): Promise<PageServer> {
  const http = createServer((request, response) => {
    answer(live, page, request, response).catch((error: unknown) => {
      response
        .writeHead(isFault(error) ? 400 : 500)
        .end(JSON.stringify({ error: 'refused', message: messageOf(error) }))
    })
  })
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket, request) => void show(live, page, socket, request.url ?? ''))
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  const { port } = http.address() as AddressInfo // It listens on a port.
  const page: PageServer = {
    url: `http://127.0.0.1:${port}/`,
    devicePublicKey: publicKey.export({ format: 'jwk' }).x ?? '',
    refuse: new Set(),
    tamper: (reply) => reply,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate()
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
  return page
}

async function answer(
  live: Live,
  page: PageServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? ''
  if (path === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end(HTML)
  if (path === '/favicon.ico') return void response.writeHead(204).end()
  if (path === '/api/live/webrtc' && !page.refuse.has('webrtc')) {
    const { offer } = JSON.parse(await textOf(request)) as { offer: string }
    const reply = await live.webrtc(offer, {
      who: { member: 'lab', name: 'Lab' },
      signal: new AbortController().signal,
    })
    return void response.writeHead(200).end(JSON.stringify(page.tamper(reply)))
  }
  const script = await scriptAt(path)
  response.writeHead(script === undefined ? 404 : 200, { 'content-type': 'text/javascript' })
  response.end(script ?? JSON.stringify({ error: 'missing', message: `nothing at ${path}` }))
}

async function scriptAt(path: string): Promise<string | undefined> {
  if (path === '/jsmpeg.js') return readFile(JSMPEG, 'utf8')
  const name = /^\/live\/([a-z0-9-]+[.]ts)$/.exec(path)?.[1]
  return name === undefined
    ? undefined
    : stripTypeScriptTypes(await readFile(join(PAGE_FOLDER, name), 'utf8'))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function show(live: Live, page: PageServer, socket: WebSocket, path: string): Promise<void> {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  const transport = path === '/api/live/fmp4' ? 'fmp4' : 'mpeg1'
  try {
    if (page.refuse.has(transport)) throw new Error(`${transport} is refused here`)
    await live[transport](sinkOf(socket), gone.signal)
    socket.close(1000)
  } catch (error) {
    socket.close(1013, messageOf(error).slice(0, 120))
  }
}

const SOCKET_BYTES_MAX = 1024 * 1024

const sinkOf = (socket: WebSocket): LiveSink => ({
  send(message) {
    if (socket.bufferedAmount > SOCKET_BYTES_MAX) return false
    socket.send(message)
    return true
  },
  async drained(signal) {
    while (socket.bufferedAmount > SOCKET_BYTES_MAX) {
      signal.throwIfAborted()
      await sleep(20)
    }
  },
})
