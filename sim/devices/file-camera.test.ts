import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monoMs, unixMs } from '../../src/base/time.ts'
import { probeVideo } from '../../src/drivers/ffmpeg/index.ts'
import { hasFfmpeg, listPackets, makeVideos, type Videos } from '../../src/drivers/ffmpeg/videos.fixture.ts'
import { describeCameraContract } from '../../src/ports/camera.contract.ts'
import type { CameraRun, LumaFrame, Packet } from '../../src/ports/camera.ts'
import { createFileCamera, type FileCamera } from './file-camera.ts'
import { SimClock } from './sim-clock.ts'

const forever = { signal: new AbortController().signal }

describe.skipIf(!hasFfmpeg)('the camera that plays a file', () => {
  let videos: Videos
  beforeAll(() => (videos = makeVideos()))
  afterAll(() => videos[Symbol.dispose]())

  const play = async (name: string): Promise<{ clock: SimClock; camera: FileCamera }> => {
    const clock = new SimClock({ bootWall: unixMs(0) })
    const facts = await probeVideo(videos.path(name))
    return { clock, camera: createFileCamera({ clock, video: { name, facts }, real: clock.real }) }
  }

  for (const name of [
    'plain.mp4',
    'b-frames.mp4',
    'uneven-open.mp4',
    'open.hevc.mp4',
    'b-frames.ts',
    'b-frames.h264',
  ])
    describeCameraContract(`a file camera with ${name}`, async () => {
      const { clock, camera } = await play(name)
      return {
        camera,
        drive: (work) => drive(clock, work),
        async [Symbol.asyncDispose]() {},
      }
    })

  it('hands over each packet when its decoding time comes, and each picture when it is shown', async () => {
    const { clock, camera } = await play('late.mp4')
    await clock.advance(1000)
    const run = await camera.open(forever)
    const late: number[] = []
    const packets = watch(run.packets, ({ dts }) =>
      late.push(clock.mono() - 1000 - (dts / run.track.timescale) * 1000),
    )
    const pictures: number[] = []
    const frames = watch(run.frames, ({ at }) => pictures.push(clock.mono() - at))
    await clock.runUntil(() => camera.hasEnded())
    await Promise.all([packets, frames])
    expect(late).toHaveLength(100)
    for (const ms of late) expect(ms).toBeCloseTo(0, 6)
    for (const ms of pictures) expect(ms).toBeCloseTo(0, 2)
    expect(clock.mono()).toBeCloseTo(1000 + 9500, 3)
  })

  it('counts, knows its end, and is unplugged then', async () => {
    const { clock, camera } = await play('uneven-open.mp4')
    const run = await camera.open(forever)
    const both = Promise.all([watch(run.packets, () => {}), watch(run.frames, () => {})])
    expect(camera.hasEnded()).toBe(false)
    await clock.runUntil(() => camera.hasEnded())
    await both
    expect(camera.packetCount()).toBe(listPackets(videos.path('uneven-open.mp4')).length)
    expect(camera.durationS()).toBeCloseTo(4, 1)
    expect(camera.frameCount()).toBeGreaterThan(15)
    expect(camera.problem()).toBeUndefined()
    const stop = new AbortController()
    const again = camera.open({ signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(again).rejects.toThrow('enough')
  })

  it.each(['plain.mp4', 'b-frames.mp4', 'uneven-open.mp4', 'open.hevc.mp4', 'late.mp4'])(
    'looks at %s from the key frame before the wanted time on, whichever that is',
    async (name) => {
      const whole = await play(name)
      const run = await whole.camera.open(forever)
      const packets: Packet[] = []
      await drive(
        whole.clock,
        watch(run.packets, (packet) => packets.push(packet)),
      )
      const keys = packets.filter(({ isKey }) => isKey)
      for (const [index, key] of keys.entries()) {
        const until = keys[index + 1]?.at ?? Infinity
        const wanted = [key.at, (key.at + Math.min(until, key.at + 1000)) / 2, Math.min(until, 1e9) - 50]
        for (const from of wanted.filter((it) => it < 1e8)) {
          const first = await drive(whole.clock, firstOf(run.look?.(monoMs(from)) ?? []))
          expect(first?.at ?? Number.NaN, `${name} from ${from}`).toBeCloseTo(key.at, 1)
        }
      }
    },
  )

  it('looks again and again, and shows the same pictures each time', async () => {
    const { clock, camera } = await play('plain.mp4')
    const run = await camera.open(forever)
    const all: LumaFrame[] = []
    await drive(
      clock,
      watch(run.look?.(monoMs(0)) ?? [], (frame) => all.push(frame)),
    )
    const again: LumaFrame[] = []
    await drive(
      clock,
      watch(run.look?.(monoMs(0)) ?? [], (frame) => again.push(frame)),
    )
    expect(again).toEqual(all)
  })

  it('gives the same trace in every run', async () => {
    const traces = new Set<string>()
    for (let turn = 0; turn < 5; turn++) {
      const { clock, camera } = await play('b-frames.mp4')
      const trace: string[] = []
      const run = await camera.open(forever)
      const both = traced(run, clock, trace)
      await clock.runUntil(() => camera.hasEnded())
      await both
      traces.add(trace.join('\n'))
    }
    expect(traces.size).toBe(1)
    expect([...traces][0]?.split('\n').slice(0, 4)).toEqual([
      'packet 0 @0',
      'packet 160 @0',
      'packet 80 @0',
      'picture 0 @0.001',
    ])
  })

  it('says what the problem was when the file is gone', async () => {
    const clock = new SimClock({ bootWall: unixMs(0) })
    const facts = { ...(await probeVideo(videos.path('plain.mp4'))), path: '/nowhere/gone.mp4' }
    const camera = createFileCamera({ clock, video: { name: 'gone.mp4', facts }, real: clock.real })
    await expect(camera.open(forever)).rejects.toThrow('No such file')
    expect(camera.hasEnded()).toBe(true)
    expect(camera.problem()).toMatchObject({ kind: 'corrupt' })
  })
})

async function watch<T>(source: AsyncIterable<T> | readonly T[], see: (item: T) => void): Promise<void> {
  for await (const item of source) see(item)
}

async function firstOf<T>(source: AsyncIterable<T> | readonly T[]): Promise<T | undefined> {
  for await (const item of source) return item
  return undefined
}

/** Lets virtual time go by until the work is done. */
async function drive<T>(clock: SimClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const settled = work.finally(() => (isDone = true))
  settled.catch(() => {}) // Whoever drives hears of it below.
  await clock.runUntil(() => isDone)
  return settled
}

async function traced(run: CameraRun, clock: SimClock, trace: string[]): Promise<void> {
  const now = (): number => Math.round(clock.mono() * 1000) / 1000
  await Promise.all([
    watch(run.packets, ({ at }) => trace.push(`packet ${Math.round(at)} @${now()}`)),
    watch(run.frames, ({ at }) => trace.push(`picture ${Math.round(at)} @${now()}`)),
  ])
}
