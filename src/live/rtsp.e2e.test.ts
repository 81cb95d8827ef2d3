import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { hasFfmpeg } from '../drivers/ffmpeg/videos.fixture.ts'
import { nodeClock as clock } from '../drivers/node-clock.ts'
import { nodeRandom as random } from '../drivers/node-random.ts'
import { nodeTcpServer as server } from '../drivers/tcp-server.ts'
import { playFilm, readFilm } from '../../scripts/live-lab/camera.ts'
import { createLive, serveRtsp, type Live } from './index.ts'

const ACCOUNT = { username: 'lintel', password: 'open sesame' }
const WITH_PASSWORD = 'lintel:open%20sesame@'

describe.skipIf(!hasFfmpeg)('RTSP', () => {
  for (const [film, codec, size] of [
    ['walk-up.mp4', 'h264', '640,360'],
    ['hevc.mp4', 'hevc', '320,180'],
  ] as const)
    it(`shows a camera’s ${codec} to ffmpeg, which decodes it without a complaint`, async () => {
      await using door = await openDoor(film)
      const probe = await run('ffprobe', [
        ...[
          '-v',
          'error',
          '-rtsp_transport',
          'tcp',
          '-show_entries',
          'stream=codec_name,width,height',
          '-of',
          'csv=p=0',
        ],
        door.url(WITH_PASSWORD),
      ])
      expect(probe).toEqual({ status: 0, stdout: `${codec},${size}\n`, stderr: '' })
      const frames = await run('ffmpeg', [
        ...['-v', 'warning', '-rtsp_transport', 'tcp', '-i', door.url(WITH_PASSWORD), '-frames:v', '60'],
        ...['-f', 'framehash', '-hash', 'crc32', '-'],
      ])
      expect(frames.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toHaveLength(
        60,
      )
      expect(frames.stderr).toBe('')
    })

  it('shows nothing to a wrong password, and lets go of who guesses', async () => {
    await using door = await openDoor('walk-up-night.mp4')
    for (const who of ['', 'lintel:wrong@', 'root:open%20sesame@']) {
      const { status, stderr } = await run('ffprobe', [
        '-v',
        'error',
        '-rtsp_transport',
        'tcp',
        door.url(who),
      ])
      expect(status).not.toBe(0)
      expect(stderr).toContain('401 Unauthorized')
    }
    expect(door.live.viewers()).toEqual([])
  })

  it('says that it wants TCP to a client that can do nothing else', async () => {
    await using door = await openDoor('walk-up-night.mp4')
    const { status, stderr } = await run('ffprobe', [
      '-v',
      'error',
      '-rtsp_transport',
      'udp',
      door.url(WITH_PASSWORD),
    ])
    expect(status).not.toBe(0)
    expect(stderr).toContain('461')
  })
})

type Door = AsyncDisposable & { readonly live: Live; url(who: string): string }

async function openDoor(film: string): Promise<Door> {
  const stop = new AbortController()
  const camera = playFilm(await readFilm(film), () => clock.mono())
  const live = createLive({
    ...{ clock, random, log: silentLog },
    prerollSince: () => camera.since(),
    sign: () => new Uint8Array(64),
  })
  const playing = camera.run(live, stop.signal)
  const rtsp = await serveRtsp(
    { live, server, clock, random, log: silentLog },
    { ...ACCOUNT, host: '127.0.0.1', port: 0 },
  )
  return {
    live,
    url: (who) => `rtsp://${who}127.0.0.1:${rtsp.port}/`,
    async [Symbol.asyncDispose]() {
      await rtsp[Symbol.asyncDispose]()
      await live[Symbol.asyncDispose]()
      stop.abort()
      await playing
    },
  }
}

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stdout, stderr }))
  })
}
