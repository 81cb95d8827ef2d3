import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nalUnits } from '../media/index.ts'
import type { Camera, CameraRun, LumaFrame, Packet } from './camera.ts'

/** One camera to test, with at least two seconds to show. */
export interface CameraUnderTest extends AsyncDisposable {
  readonly camera: Camera
  /** Lets time go by until `work` is done: a real camera needs no help, a simulated one's clock must be moved. */
  drive<T>(work: Promise<T>): Promise<T>
}

const LOOK_MS = 2000

/** What every camera must do, real or simulated. No test here depends on how fast the machine is. */
export function describeCameraContract(name: string, setUp: () => Promise<CameraUnderTest>): void {
  describe(`${name} keeps the contract of a camera:`, () => {
    let subject: CameraUnderTest
    let run: CameraRun
    beforeEach(async () => {
      subject = await setUp()
      run = await subject.drive(subject.camera.open(forever))
    })
    afterEach(async () => {
      await run[Symbol.asyncDispose]()
      await subject[Symbol.asyncDispose]()
    })
    const look = (): Promise<readonly [readonly Packet[], readonly LumaFrame[]]> =>
      subject.drive(Promise.all([firstOf(run.packets), firstOf(run.frames)]))

    it('says what it sends: a time scale, a size and a whole sample entry', () => {
      const { codec, timescale, width, height, sampleEntry } = run.track
      expect(timescale).toBeGreaterThan(0)
      expect(width * height).toBeGreaterThan(0)
      const view = new DataView(sampleEntry.buffer, sampleEntry.byteOffset, sampleEntry.byteLength)
      expect(view.getUint32(0)).toBe(sampleEntry.length)
      const type = Buffer.from(sampleEntry.subarray(4, 8)).toString('latin1')
      expect(codec === 'h264' ? ['avc1', 'avc3'] : ['hvc1', 'hev1']).toContain(type)
    })

    it('sends packets in decoding order, each as long as it takes until the next', async () => {
      const [packets] = await look()
      for (const [index, packet] of packets.entries()) {
        const next = packets[index + 1]
        if (next === undefined) break
        expect(next.dts).toBeGreaterThan(packet.dts)
        expect(packet.dts + packet.duration).toBe(next.dts)
      }
    })

    it('begins with a key frame', async () => {
      const [packets] = await look()
      expect(packets[0]?.isKey).toBe(true)
    })

    it('shows no picture before it is decoded, and no two at the same time', async () => {
      const [packets] = await look()
      for (const packet of packets) expect(packet.pts).toBeGreaterThanOrEqual(packet.dts)
      expect(new Set(packets.map(({ pts }) => pts)).size).toBe(packets.length)
    })

    it('sends whole NAL units with their lengths before them', async () => {
      const [packets] = await look()
      for (const { data } of packets) {
        const bytes = [...nalUnits(data)].reduce((sum, unit) => sum + 4 + unit.length, 0)
        expect(bytes).toBe(data.length)
      }
    })

    it('says when the light hit the sensor, on the same clock for packets and pictures', async () => {
      const [packets, frames] = await look()
      const [first] = packets
      for (const { at, pts } of packets)
        expect(at - first!.at).toBeCloseTo(((pts - first!.pts) * 1000) / run.track.timescale, 6)
      const times = packets.map(({ at }) => at)
      for (const { at } of frames.slice(0, -1))
        expect(Math.min(...times.map((time) => Math.abs(time - at)))).toBeLessThan(1)
    })

    it('sends small grey pictures, row by row, at a low rate', async () => {
      const [, frames] = await look()
      expect(frames.length).toBeGreaterThan(1)
      for (const [index, { width, height, luma, at }] of frames.entries()) {
        expect(width).toBeLessThanOrEqual(640)
        expect(luma.length).toBe(width * height)
        if (index > 0) expect(at).toBeGreaterThan(frames[index - 1]!.at)
      }
      expect(frames.length).toBeLessThan((LOOK_MS / 1000) * 15)
    })

    it('ends both when it is closed, and may be closed twice', async () => {
      const endOf = async (items: AsyncIterable<unknown>): Promise<void> => {
        try {
          for await (const item of items) void item
        } catch {
          // It may say that it was stopped.
        }
      }
      const ends = Promise.all([endOf(run.packets), endOf(run.frames)])
      await run[Symbol.asyncDispose]()
      await run[Symbol.asyncDispose]()
      await subject.drive(ends)
    })

    it('does not open for a signal that is aborted while it waits', async () => {
      await run[Symbol.asyncDispose]()
      const stop = new AbortController()
      const opening = subject.camera
        .open({ signal: stop.signal })
        .then((again) => again[Symbol.asyncDispose]())
      stop.abort(new Error('enough'))
      await subject.drive(
        opening.catch((error: unknown) => expect(error).toMatchObject({ message: 'enough' })),
      )
    })
  })
}

const forever = { signal: new AbortController().signal }

/** What is taken in the first seconds, and the first thing after. */
async function firstOf<T extends { readonly at: number }>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const item of source) {
    found.push(item)
    if (item.at - found[0]!.at >= LOOK_MS) break
  }
  return found
}
