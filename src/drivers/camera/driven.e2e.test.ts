import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { filmOf } from '../../media/index.ts'
import { describeCameraContract } from '../../ports/camera.contract.ts'
import type { Camera, CameraRun, Packet } from '../../ports/camera.ts'
import { ffmpegStills } from '../ffmpeg/index.ts'
import { hasFfmpeg } from '../ffmpeg/videos.fixture.ts'
import { nodeClock as clock } from '../node-clock.ts'
import { createLibcameraCamera, createV4l2Camera, type PictureSettings } from './index.ts'

const forever = { signal: new AbortController().signal }
const pictures: PictureSettings = {
  ...{ width: 320, height: 192, framesPerS: 15, quality: 24, kbitsMax: 2000, rotation: 0, hidden: [] },
}
const moduleWith = (more: Partial<PictureSettings> = {}): Camera =>
  createLibcameraCamera({
    clock,
    log: silentLog,
    number: 0,
    encoder: 'software',
    pictures: { ...pictures, ...more },
  })

/** Takes the options of `rpicam-vid` that we give, and sends a test picture as it would. */
const STAND_IN = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --width) w=$2; shift ;; --height) h=$2; shift ;; --framerate) r=$2; shift ;; --camera) n=$2; shift ;;
    --timeout | --codec | --rotation | --output) shift ;; --nopreview | --flush) ;;
    *) echo "unrecognised option '$1'" >&2; exit 255 ;;
  esac
  shift
done
if [ "$n" = 5 ]; then echo "ERROR: *** no cameras available ***" >&2; exit 255; fi
if [ "$n" = 6 ]; then limit="-frames:v 20"; fi
if [ "$n" = 7 ]; then exec sleep 60; fi
exec ffmpeg -v error -nostdin -re -f lavfi -i "testsrc=size=\${w}x\${h}:rate=\${r}" $limit -pix_fmt yuv420p -f rawvideo pipe:1
`

describe.skipIf(!hasFfmpeg)('a camera that we drive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-camera-'))
  const path = process.env.PATH
  beforeAll(() => {
    writeFileSync(join(folder, 'rpicam-vid'), STAND_IN)
    chmodSync(join(folder, 'rpicam-vid'), 0o755)
    process.env.PATH = `${folder}${delimiter}${path}`
  })
  afterAll(() => {
    process.env.PATH = path
    rmSync(folder, { recursive: true })
  })

  describeCameraContract('a camera module (a stand-in for rpicam-vid)', async () => ({
    camera: moduleWith(),
    drive: (work) => work,
    async [Symbol.asyncDispose]() {},
  }))

  it('gives small pictures beside the video, decodes nothing, and says so', async () => {
    const camera = moduleWith()
    await using run = await camera.open(forever)
    expect(run.look).toBeUndefined()
    expect(camera.path?.()).toEqual({
      source: 'camera module 0: H.264 320×192',
      detection: 'raw',
      why: 'nothing has to be decoded; x264 encodes',
    })
  })

  it('fills private zones in before anything is encoded, as the picture is turned', async () => {
    const hidden = [
      [
        [0, 0],
        [0.5, 0],
        [0.5, 1],
        [0, 1],
      ] as const,
    ]
    const camera = moduleWith({ hidden, rotation: 90 })
    expect(camera.hidesPrivate).toBe(true)
    await using run = await camera.open(forever)
    expect(run.track).toMatchObject({ width: 192, height: 320 })
    const packets = await take(run, 5)
    const film = filmOf(run.track, packets)
    const { rgb, width, height } = await ffmpegStills.pictureOf(film, { nth: 4, widthMax: 192, ...forever })
    const brightest = (from: number, to: number): number => {
      let most = 0
      for (let y = 0; y < height; y++)
        for (let x = from; x < to; x++) most = Math.max(most, rgb[(y * width + x) * 3] ?? 0)
      return most
    }
    expect(brightest(0, 92)).toBeLessThan(40)
    expect(brightest(100, 192)).toBeGreaterThan(200)
  })

  it('ends its programs when it is closed', async () => {
    const before = children()
    const run = await moduleWith().open(forever)
    expect(children()).toBe(before + 2)
    await run[Symbol.asyncDispose]()
    expect(children()).toBe(before)
  })

  it('says that there is no module, as somebody with a cable in hand would like to hear it', async () => {
    const camera = createLibcameraCamera({ clock, log: silentLog, number: 5, encoder: 'software', pictures })
    await expect(camera.open(forever)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('ribbon cable'),
    })
  })

  it('ends when the pictures stop', async () => {
    const camera = createLibcameraCamera({ clock, log: silentLog, number: 6, encoder: 'software', pictures })
    await using run = await camera.open(forever)
    expect(await take(run, Infinity)).toHaveLength(20)
  })

  it('stops waiting for one that is silent when it is told to', async () => {
    const stop = new AbortController()
    const camera = createLibcameraCamera({ clock, log: silentLog, number: 7, encoder: 'software', pictures })
    const before = children()
    const opening = camera.open({ signal: stop.signal })
    await expect.poll(children).toBeGreaterThan(before)
    stop.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
    await expect.poll(children).toBe(before)
  })

  it('says what is wrong with a device of the kernel', async () => {
    const cameraAt = (device: string): Camera =>
      createV4l2Camera({ clock, log: silentLog, device, format: 'auto', encoder: 'software', pictures })
    await expect(cameraAt('/dev/lintel-no-camera').open(forever)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('there is no camera at /dev/lintel-no-camera'),
    })
    await expect(cameraAt('/dev/null').open(forever)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('/dev/null is no camera'),
    })
  })
})

// On a machine with a camera, or with the kernel's vivid: LINTEL_V4L2=/dev/video0.
const device = process.env.LINTEL_V4L2
describe.skipIf(!hasFfmpeg || device === undefined)('a camera of the kernel', () => {
  describeCameraContract('the V4L2 camera', async () => ({
    camera: createV4l2Camera({
      ...{ clock, log: silentLog, device: device ?? '', format: 'auto', encoder: 'software' },
      pictures: { ...pictures, height: 180 },
    }),
    drive: (work) => work,
    async [Symbol.asyncDispose]() {},
  }))
})

async function take(run: CameraRun, count: number): Promise<readonly Packet[]> {
  const packets: Packet[] = []
  for await (const packet of run.packets) if (packets.push(packet) >= count) break
  return packets
}

/** Processes that we started and that have not ended. */
function children(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => {
    try {
      const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      return parent === String(process.pid) && state !== 'Z'
    } catch {
      return false // It has ended meanwhile.
    }
  }).length
}
