import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unixMs } from '../../src/base/time.ts'
import { probeVideo } from '../../src/drivers/ffmpeg/index.ts'
import { hasFfmpeg, listPackets, makeVideos, type Videos } from '../../src/drivers/ffmpeg/videos.fixture.ts'
import { describeCameraContract } from '../../src/ports/camera.contract.ts'
import type { CameraRun } from '../../src/ports/camera.ts'
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
        async drive(work) {
          let isDone = false
          const settled = work.finally(() => (isDone = true))
          settled.catch(() => {}) // Whoever drives hears of it below.
          await clock.runUntil(() => isDone)
          return settled
        },
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

async function watch<T>(source: AsyncIterable<T>, see: (item: T) => void): Promise<void> {
  for await (const item of source) see(item)
}

async function traced(run: CameraRun, clock: SimClock, trace: string[]): Promise<void> {
  const now = (): number => Math.round(clock.mono() * 1000) / 1000
  await Promise.all([
    watch(run.packets, ({ at }) => trace.push(`packet ${Math.round(at)} @${now()}`)),
    watch(run.frames, ({ at }) => trace.push(`picture ${Math.round(at)} @${now()}`)),
  ])
}
