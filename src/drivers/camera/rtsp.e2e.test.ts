import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { readFilm, type Film } from '../../../scripts/live-lab/camera.ts'
import { silentLog } from '../../base/log.ts'
import { isWholePacket, nalUnits } from '../../media/index.ts'
import { describeCameraContract } from '../../ports/camera.contract.ts'
import type { Camera, CameraRun, Packet } from '../../ports/camera.ts'
import { hasFfmpeg } from '../ffmpeg/videos.fixture.ts'
import { nodeClock as clock } from '../node-clock.ts'
import { createRtspCamera, type Account } from './index.ts'
import {
  startScriptedRtsp,
  type ScriptedOptions,
  type ScriptedRtsp,
  type Trouble,
} from '../../../scripts/live-lab/scripted-rtsp.ts'

const forever = { signal: new AbortController().signal }
const cameraAt = (port: number, path: string, account?: Account): Camera =>
  createRtspCamera({ clock, log: silentLog, url: `rtsp://127.0.0.1:${port}${path}`, account })

describe.skipIf(!hasFfmpeg)('the RTSP camera', () => {
  let [door, small, open, hevc]: Film[] = []
  const films = (): Readonly<Record<string, Film>> => ({
    '/door': door!,
    '/small': small!,
    '/open': open!,
    '/hevc': hevc!,
  })
  const serverWith = (trouble: Trouble = {}, more: Partial<ScriptedOptions> = {}): Promise<ScriptedRtsp> =>
    startScriptedRtsp({ films: films(), trouble: () => trouble, ...more })
  beforeAll(async () => {
    door = await readFilm('walk-up-night.mp4')
    small = await readFilm('walk-up.mp4')
    open = await readFilm('open-gop.mp4')
    hevc = await readFilm('hevc.mp4')
  })

  describeCameraContract('the RTSP camera before a stream with open groups of pictures', async () => {
    const server = await serverWith()
    return {
      camera: cameraAt(server.port, '/open'),
      drive: (work) => work,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  })

  it.each(['/door', '/hevc', '/small'])(
    'hands on the pictures of %s byte for byte, with their times, over a wrap of the time stamps',
    async (path) => {
      await using server = await serverWith({ firstTimestamp: 2 ** 32 - 9000 })
      await using run = await cameraAt(server.port, path).open(forever)
      const film = films()[path]!
      expect(run.track).toMatchObject({
        codec: film.track.codec,
        width: film.track.width,
        height: film.track.height,
      })
      const packets = await take(run, 12)
      for (const [index, { data }] of packets.entries())
        expect(slicesIn(data, film.track.codec)).toEqual(
          slicesIn(film.packets[index]!.data, film.track.codec),
        )
      const ms = (ticks: number, timescale: number): number => Math.round((ticks / timescale) * 1000)
      const first = film.packets[0]!
      expect(packets.map(({ pts }) => ms(pts - packets[0]!.pts, 90_000))).toEqual(
        film.packets.slice(0, 12).map(({ pts }) => ms(pts - first.pts, film.track.timescale)),
      )
    },
  )

  it('learns the parameter sets from the stream where the description has none', async () => {
    await using server = await serverWith({ inBand: true })
    await using run = await cameraAt(server.port, '/hevc').open(forever)
    expect(run.track).toMatchObject({ codec: 'hevc', width: 320, height: 180 })
    expect((await take(run, 3)).every(({ data }) => isWholePacket(data))).toBe(true)
  })

  it('marks the gap when packets are lost, and goes on at the next key frame', async () => {
    await using server = await serverWith({ lost: [9] })
    await using run = await cameraAt(server.port, '/door').open(forever)
    const packets: Packet[] = []
    for await (const packet of run.packets) {
      packets.push(packet)
      if (packet.isAfterLoss === true) break
    }
    const [before, after] = packets.slice(-2)
    expect(after).toMatchObject({ isKey: true, isAfterLoss: true })
    expect(packets.slice(0, -1).every(({ isAfterLoss }) => isAfterLoss === undefined)).toBe(true)
    expect(after!.dts - before!.dts).toBeGreaterThan(before!.duration)
  })

  it('ends the run in order when the camera changes its resolution, and the next run has the new one', async () => {
    const shown: Record<string, Film> = { '/door': door! }
    const trouble = (connection: number): Trouble =>
      connection === 0 ? { after: 20, doing: { film: open! } } : {}
    await using server = await startScriptedRtsp({ films: shown, trouble })
    const camera = cameraAt(server.port, '/door')
    const run = await camera.open(forever)
    expect(run.track).toMatchObject({ width: 640, height: 360 })
    expect(await takeAll(run)).toHaveLength(20)
    await run[Symbol.asyncDispose]()
    shown['/door'] = open!
    await using next = await camera.open(forever)
    expect(next.track).toMatchObject({ width: 320, height: 180 })
    expect((await take(next, 5)).length).toBe(5)
  })

  it.each([
    ['reset', 'unavailable'],
    ['garbage', 'corrupt'],
  ] as const)('breaks with a fault on a %s in the middle', async (doing, kind) => {
    await using server = await serverWith({ after: 15, doing })
    await using run = await cameraAt(server.port, '/door').open(forever)
    await expect(takeAll(run)).rejects.toMatchObject({ name: 'Fault', kind })
  })

  it('ends in order when the camera says goodbye, and ends when it is closed during a stall', async () => {
    await using server = await startScriptedRtsp({
      films: films(),
      trouble: (connection) => ({ after: 15, doing: connection === 0 ? 'goodbye' : 'stall' }),
    })
    await using run = await cameraAt(server.port, '/door').open(forever)
    expect(await takeAll(run)).toHaveLength(15)
    const stalled = await cameraAt(server.port, '/door').open(forever)
    const taking = takeAll(stalled)
    await stalled[Symbol.asyncDispose]()
    expect((await taking).length).toBeLessThanOrEqual(15)
  })

  const GOOD = { username: 'door', password: 'open "sesame"' }

  it('answers to digest authentication, and never sends the password', async () => {
    await using server = await serverWith({}, { account: GOOD })
    await using run = await cameraAt(server.port, '/door', GOOD).open(forever)
    expect(await take(run, 3)).toHaveLength(3)
    for (const { headers } of server.heard())
      expect(headers.get('authorization') ?? '').not.toContain('sesame')
  })

  it.each([
    ['a wrong password', { ...GOOD, password: 'sesame' }, 'does not accept the user name or the password'],
    ['no account', undefined, 'set camera.rtsp.username and camera.rtsp.passwordFile'],
  ])('is denied with %s, and says so without repeating it', async (_what, account, words) => {
    await using server = await serverWith({}, { account: GOOD })
    const opening = cameraAt(server.port, '/door', account).open(forever)
    await expect(opening).rejects.toMatchObject({ kind: 'denied', message: expect.stringContaining(words) })
    await expect(opening).rejects.not.toThrow('sesame')
  })

  it('does not give a password away in the clear', async () => {
    await using server = await serverWith({}, { account: GOOD, scheme: 'basic' })
    await expect(cameraAt(server.port, '/door', GOOD).open(forever)).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('in the clear'),
    })
    expect(server.heard().every(({ headers }) => headers.get('authorization') === undefined)).toBe(true)
  })

  it.each([
    ['404 for the stream', { status: 404, reason: 'Not Found' }, 'missing', 'camera.rtsp.url'],
    [
      'an answer from elsewhere',
      { status: 302, reason: 'Moved', headers: [['Location', 'rtsp://10.9.8.7/door']] as const },
      'denied',
      'another place',
    ],
    [
      'a description without video',
      { status: 200, reason: 'OK', body: 'v=0\r\nm=audio 0 RTP/AVP 0\r\n' },
      'missing',
      'H.264 or HEVC',
    ],
    ['no RTSP at all', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'corrupt', 'RTSP/1.0'],
    ['headers without an end', Buffer.alloc(20_000, 'x'), 'corrupt', '8192 bytes'],
  ] as const)('refuses %s in words', async (_what, reply, kind, words) => {
    await using server = await serverWith({ answer: { method: 'DESCRIBE', reply } })
    await expect(cameraAt(server.port, '/door').open(forever)).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(words),
    })
    await expect.poll(() => server.open()).toBe(0)
  })

  it.skipIf(!hasOpenssl)(
    'plays over TLS from a camera whose certificate it was given, and from no other',
    async () => {
      const tls = selfSigned()
      await using server = await serverWith({}, { tls, account: GOOD, scheme: 'basic' })
      const url = `rtsps://127.0.0.1:${server.port}/door`
      const options = { clock, log: silentLog, url, account: GOOD }
      await expect(createRtspCamera(options).open(forever)).rejects.toMatchObject({
        kind: 'denied',
        message: expect.stringContaining('camera.rtsp.caFile'),
      })
      expect(server.heard()).toEqual([])
      await using run = await createRtspCamera({ ...options, ca: tls.cert }).open(forever)
      expect(await take(run, 3)).toHaveLength(3)
    },
  )

  it('is unavailable where nobody listens', async () => {
    const server = await serverWith()
    await server[Symbol.asyncDispose]()
    await expect(cameraAt(server.port, '/door').open(forever)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('stops waiting for a camera that never answers when it is told to', async () => {
    await using server = await serverWith({ answer: { method: 'OPTIONS', reply: 'nothing' } })
    const stop = new AbortController()
    const opening = cameraAt(server.port, '/door').open({ signal: stop.signal })
    await expect.poll(() => server.heard().length).toBe(1)
    stop.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
    await expect.poll(() => server.open()).toBe(0)
  })

  it('looks at the small stream where there is one, and at the other when that breaks', async () => {
    await using server = await serverWith()
    const url = (path: string): string => `rtsp://127.0.0.1:${server.port}${path}`
    const camera = createRtspCamera({ clock, log: silentLog, url: url('/door'), detectUrl: url('/hevc') })
    await using run = await camera.open(forever)
    const sizes = new Set<string>()
    for await (const { width, height } of run.frames) {
      if (sizes.size === 0) {
        expect(camera.path?.()).toMatchObject({
          detection: 'small-stream',
          why: 'HEVC 320×180 is decoded instead',
        })
        server.cut(1)
      }
      sizes.add(`${width}×${height}`)
      if (camera.path?.().detection === 'decoded') break
    }
    expect([...sizes]).toEqual(['320×180'])
    expect(camera.path?.().why).toContain('its small stream cannot be had')
  })

  it('leaves no file open over 50 sessions that break', async () => {
    await using server = await startScriptedRtsp({
      films: films(),
      trouble: (connection) => ({
        after: 12,
        doing: (['reset', 'garbage', 'goodbye'] as const)[connection % 3]!,
      }),
    })
    const camera = cameraAt(server.port, '/door')
    const once = async (): Promise<void> => {
      const run = await camera.open(forever)
      await run[Symbol.asyncDispose]()
    }
    await once()
    const before = openFiles()
    await Promise.all(Array.from({ length: 50 }, once))
    await expect.poll(() => server.open()).toBe(0)
    await expect.poll(openFiles).toBeLessThanOrEqual(before)
    expect(server.connections()).toBe(51)
  })
})

/** All but parameter sets, which stand in the sample entry, and delimiters. */
const slicesIn = (data: Uint8Array, codec: string): readonly Buffer[] =>
  [...nalUnits(data)]
    .filter(([head = 0]) => (codec === 'h264' ? (head & 0x1f) <= 5 : head >> 1 < 32))
    .map((unit) => Buffer.from(unit))

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** As cameras make them: for a name that nobody asks for. */
function selfSigned(): { readonly key: string; readonly cert: string } {
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '-', '-out', '-', '-days', '2']
  const pem = spawnSync('openssl', [...args, '-subj', '/CN=ipcam'], { encoding: 'utf8' }).stdout
  const [key = '', cert = ''] = pem.split(/(?=-----BEGIN CERTIFICATE)/)
  return { key, cert }
}

const openFiles = (): number => readdirSync('/proc/self/fd').length

async function take(run: CameraRun, count: number): Promise<readonly Packet[]> {
  const packets: Packet[] = []
  for await (const packet of run.packets) if (packets.push(packet) >= count) break
  return packets
}

const takeAll = (run: CameraRun): Promise<readonly Packet[]> => take(run, Infinity)

const PYTHON = '/usr/bin/python3'
const IMPORTS =
  'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer'
const hasGstreamer = spawnSync(PYTHON, ['-c', IMPORTS]).status === 0

describe.skipIf(!hasGstreamer || !hasFfmpeg)('with GStreamer’s RTSP server', () => {
  const SERVER = fileURLToPath(new URL('gst-rtsp-server.py', import.meta.url))
  const startServer = async (): Promise<AsyncDisposable & { readonly port: number }> => {
    const child = spawn(PYTHON, [SERVER, '--digest', 'door', 'sesame'], { stdio: ['pipe', 'pipe', 'ignore'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer] // What it says first is its port.
    return {
      port: Number(String(line)),
      async [Symbol.asyncDispose]() {
        child.stdin.end()
        child.kill('SIGKILL')
        await once(child, 'close')
      },
    }
  }

  describeCameraContract('the RTSP camera before GStreamer’s server', async () => {
    const server = await startServer()
    return {
      camera: cameraAt(server.port, '/h264', { username: 'door', password: 'sesame' }),
      drive: (work) => work,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  })

  it.each([
    ['/b-frames', 'h264'],
    ['/hevc', 'hevc'],
  ])('plays %s', async (path, codec) => {
    await using server = await startServer()
    await using run = await cameraAt(server.port, path, { username: 'door', password: 'sesame' }).open(
      forever,
    )
    expect(run.track).toMatchObject({ codec, width: 320, height: 240 })
    const packets = await take(run, 30)
    expect(packets[0]?.isKey).toBe(true)
    for (const [index, { dts, pts }] of packets.entries()) {
      expect(pts).toBeGreaterThanOrEqual(dts)
      if (index > 0) expect(dts).toBe(packets[index - 1]!.dts + packets[index - 1]!.duration)
    }
    expect(packets.some(({ pts }, index) => pts < (packets[index - 1]?.pts ?? 0))).toBe(path === '/b-frames')
  })

  it('is denied with a wrong password', async () => {
    await using server = await startServer()
    const opening = cameraAt(server.port, '/h264', { username: 'door', password: 'wrong' }).open(forever)
    await expect(opening).rejects.toMatchObject({ kind: 'denied' })
  })
})
