/** An RTSP camera that does what it is told, also what no camera should: it plays a film in real time. */
import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { roundsOf, type Film } from './camera.ts'
import {
  encodeReply,
  interleaved,
  parameterSets,
  rtpPayloads,
  RtspReader,
  type RtspReply,
  type RtspRequest,
} from '../../src/media/index.ts'

export type Trouble = {
  /** Answers to this method are replaced. */
  readonly answer?: { readonly method: string; readonly reply: RtspReply | 'nothing' | Uint8Array }
  /** After so many pictures: */
  readonly after?: number
  readonly doing?: 'stall' | 'reset' | 'garbage' | 'goodbye' | { readonly film: Film }
  /** RTP packets that get lost, counted from 0. */
  readonly lost?: readonly number[]
  readonly firstTimestamp?: number
  /** The description says nothing of the stream; it does so itself. */
  readonly inBand?: boolean
}

export type ScriptedRtsp = AsyncDisposable & {
  readonly port: number
  connections(): number
  open(): number
  /** Tears the n-th connection, counted from 0. */
  cut(connection: number): void
  heard(): readonly RtspRequest[]
}

export type ScriptedOptions = {
  readonly films: Readonly<Record<string, Film>>
  /** For the n-th connection, counted from 0. */
  readonly trouble?: (connection: number) => Trouble
  readonly account?: { readonly username: string; readonly password: string }
  readonly scheme?: 'digest' | 'basic'
  readonly tls?: { readonly key: string; readonly cert: string }
}

const NONCE = 'a nonce, with a comma'

export async function startScriptedRtsp(options: ScriptedOptions): Promise<ScriptedRtsp> {
  const heard: RtspRequest[] = []
  const sockets = new Set<Socket>()
  const all: Socket[] = []
  let connections = 0
  const onConnection = (socket: Socket): void => {
    sockets.add(socket)
    all.push(socket)
    const stop = new AbortController()
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      stop.abort()
    })
    const trouble = options.trouble?.(connections) ?? {}
    connections++
    serve(socket, { ...options, trouble: () => trouble }, heard, stop.signal)
  }
  const server =
    options.tls === undefined ? createServer(onConnection) : createTlsServer(options.tls, onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port, // It listens on an address.
    connections: () => connections,
    open: () => sockets.size,
    cut: (connection) => void all[connection]?.resetAndDestroy(),
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function serve(socket: Socket, options: ScriptedOptions, heard: RtspRequest[], signal: AbortSignal): void {
  const reader = new RtspReader()
  const trouble = options.trouble?.(0) ?? {}
  let film: Film | undefined
  socket.on('data', (chunk: Buffer) => {
    for (const item of reader.push(chunk)) {
      if (item.kind !== 'request') continue
      heard.push(item)
      const path = new URL(item.url).pathname.replace(/\/video$/, '').replace(/\/$/, '')
      film ??= options.films[path]
      const reply =
        trouble.answer?.method === item.method ? trouble.answer.reply : replyTo(item, film, options, trouble)
      if (reply === 'nothing') continue
      socket.write(reply instanceof Uint8Array ? reply : encodeReply(reply, item.headers.get('cseq')))
      if (
        item.method === 'PLAY' &&
        film !== undefined &&
        !(reply instanceof Uint8Array) &&
        reply.status === 200
      )
        void play(socket, film, trouble, signal)
    }
  })
}

function replyTo(
  request: RtspRequest,
  film: Film | undefined,
  options: ScriptedOptions,
  trouble: Trouble,
): RtspReply {
  const { method } = request
  if (method === 'OPTIONS')
    return { status: 200, reason: 'OK', headers: [['Public', 'DESCRIBE, SETUP, PLAY, GET_PARAMETER']] }
  if (!isWelcome(request, options)) {
    const challenge =
      options.scheme === 'basic' ? 'Basic realm="door"' : `Digest realm="door", nonce="${NONCE}"`
    return { status: 401, reason: 'Unauthorized', headers: [['WWW-Authenticate', challenge]] }
  }
  if (film === undefined) return { status: 404, reason: 'Not Found' }
  if (method === 'DESCRIBE')
    return {
      status: 200,
      reason: 'OK',
      headers: [['Content-Type', 'application/sdp']],
      body: sdpOf(film, trouble),
    }
  const session = ['Session', '1234;timeout=20'] as const
  if (method === 'SETUP')
    return {
      status: 200,
      reason: 'OK',
      headers: [session, ['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1']],
    }
  return { status: 200, reason: 'OK', headers: [session] }
}

function isWelcome({ method, headers, url }: RtspRequest, { account, scheme }: ScriptedOptions): boolean {
  if (account === undefined) return true
  const given = headers.get('authorization') ?? ''
  const { username, password } = account
  if (scheme === 'basic')
    return given === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
  const response = md5(`${md5(`${username}:door:${password}`)}:${NONCE}:${md5(`${method}:${url}`)}`)
  return given.includes(`username="${username}"`) && given.includes(`response="${response}"`)
}

function sdpOf({ track }: Film, { inBand = false }: Trouble): string {
  const [sets, name] = [
    parameterSets(track.sampleEntry).map((set) => Buffer.from(set).toString('base64')),
    track.codec === 'h264' ? 'H264' : 'H265',
  ]
  const [first, second, third] = sets
  const sprop =
    track.codec === 'h264'
      ? `sprop-parameter-sets=${sets.join(',')}`
      : `sprop-vps=${first};sprop-sps=${second};sprop-pps=${third}`
  return [
    ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=camera', 't=0 0', 'm=audio 0 RTP/AVP 0', 'a=control:audio'],
    ...[
      'm=video 0 RTP/AVP 96',
      `a=rtpmap:96 ${name}/90000`,
      ...(inBand ? [] : [`a=fmtp:96 ${sprop}`]),
      'a=control:video',
      '',
    ],
  ].join('\r\n')
}

async function play(socket: Socket, first: Film, trouble: Trouble, signal: AbortSignal): Promise<void> {
  const start = performance.now()
  let [count, sent, sequence] = [0, 0, 65_500]
  let film = first
  let rounds = roundsOf(film, start)
  let shiftS = 0
  while (!signal.aborted) {
    const packet = rounds.next().value
    if (count++ === trouble.after) {
      const { doing } = trouble
      if (doing === 'stall') return
      if (doing === 'reset') return void socket.resetAndDestroy()
      if (doing === 'goodbye') return void socket.end()
      if (doing === 'garbage') socket.write(Buffer.from('What a nice day it is.\r\n\r\n'.repeat(10)))
      if (typeof doing === 'object') {
        shiftS = (performance.now() - start) / 1000
        film = doing.film
        rounds = roundsOf(film, start)
        continue
      }
    }
    const { timescale, codec, sampleEntry } = film.track
    const atMs = start + (shiftS + packet.dts / timescale) * 1000
    await sleep(Math.max(0, atMs - performance.now()), undefined, { signal }).catch(() => {})
    const timestamp =
      ((trouble.firstTimestamp ?? 4_294_900_000) + Math.round((shiftS + packet.pts / timescale) * 90_000)) %
      2 ** 32
    const payloads = rtpPayloads({ ...packet, codec, parameterSets: parameterSets(sampleEntry) })
    for (const [index, payload] of payloads.entries()) {
      const isLast = index === payloads.length - 1
      const bytes = interleaved({ channel: 0, payload, sequence: sequence++, timestamp, source: 1, isLast })
      if (trouble.lost?.includes(sent++) !== true && socket.writable) socket.write(bytes)
    }
  }
}
