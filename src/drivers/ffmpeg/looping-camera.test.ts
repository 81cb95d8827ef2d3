import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monoMs, unixMs } from '../../base/time.ts'
import { probeVideo } from './index.ts'
import { hasFfmpeg, listPackets, makeVideos, type Videos } from './videos.fixture.ts'
import { describeCameraContract } from '../../ports/camera.contract.ts'
import type { Camera, LumaFrame, Packet } from '../../ports/camera.ts'
import type { Clock } from '../../ports/clock.ts'
import { createLoopingCamera } from './looping-camera.ts'

const forever = { signal: new AbortController().signal }

/** A clock on which every wait is over at once: the times that are waited for are the times there are. */
class EagerClock implements Clock {
  now = monoMs(1000)
  mono = (): typeof this.now => this.now
  wall = (): ReturnType<Clock['wall']> => ({ at: unixMs(this.now), trusted: true })
  async sleep(ms: number, { signal }: { signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted()
    this.now = monoMs(this.now + ms)
  }
}

describe.skipIf(!hasFfmpeg)('the camera that plays a file again and again', () => {
  let videos: Videos
  beforeAll(() => (videos = makeVideos()))
  afterAll(() => videos[Symbol.dispose]())

  async function open(name: string): Promise<Camera> {
    const facts = await probeVideo(videos.path(name))
    return createLoopingCamera({ clock: new EagerClock(), video: { name, facts } })
  }

  describeCameraContract('a looping camera', async () => ({
    camera: await open('plain.mp4'),
    drive: (work) => work,
    async [Symbol.asyncDispose]() {},
  }))

  it.each(['plain.mp4', 'b-frames.mp4', 'uneven-open.mp4', 'open.hevc.mp4', 'late.mp4'])(
    'makes one unbroken run of %s: no step back, no hole, each lap like the first',
    async (name) => {
      const camera = await open(name)
      await using run = await camera.open(forever)
      const lap = listPackets(videos.path(name)).length
      const packets = await take(run.packets, lap * 3)
      const { timescale } = run.track
      for (const [index, packet] of packets.entries()) {
        const before = packets[index - 1]
        if (before !== undefined) expect(packet.dts).toBeGreaterThan(before.dts)
        expect(packet.at).toBeCloseTo(1000 + (packet.pts / timescale) * 1000, 3)
        const first = packets[index % lap]
        expect(Buffer.compare(packet.data, first?.data ?? new Uint8Array())).toBe(0)
      }
      const stepS = (n: number): number => ((packets[n]?.dts ?? 0) - (packets[n - 1]?.dts ?? 0)) / timescale
      expect(stepS(lap)).toBeLessThan(1)
      expect(stepS(lap * 2)).toBeCloseTo(stepS(lap), 6)
      expect(packets[lap]?.isKey).toBe(true)
    },
  )

  it.each(['plain.mp4', 'b-frames.mp4'])(
    'looks at %s from any key frame of any lap, on into the next',
    async (name) => {
      const camera = await open(name)
      await using run = await camera.open(forever)
      const lap = listPackets(videos.path(name)).length
      const keys = (await take(run.packets, lap * 2 + 1)).filter(({ isKey }) => isKey)
      const lastOfSecondLap = keys.at(-2)
      for (const key of [keys[0], keys[1], lastOfSecondLap]) {
        const frames = await take(run.look?.(key?.at ?? monoMs(0)) ?? [], 20)
        expect(frames[0]?.at).toBeCloseTo(key?.at ?? 0, 0)
        for (const [index, frame] of frames.entries()) {
          const before = frames[index - 1]
          if (before !== undefined) expect(frame.at - before.at).toBeGreaterThan(0)
          if (before !== undefined) expect(frame.at - before.at).toBeLessThan(1000)
        }
      }
    },
  )
})

async function take<T extends Packet | LumaFrame>(
  source: Iterable<T> | AsyncIterable<T>,
  count: number,
): Promise<T[]> {
  const taken: T[] = []
  for await (const item of source) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}
