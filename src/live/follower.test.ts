import { describe, expect, it } from 'vitest'
import { monoMs, ticks } from '../base/time.ts'
import type { Packet, Track } from '../ports/camera.ts'
import { Follower } from './follower.ts'
import { LIVE_LIMITS } from './limits.ts'
import { LiveRun } from './live-run.ts'

const track: Track = {
  codec: 'h264',
  timescale: 10,
  width: 640,
  height: 360,
  sampleEntry: new Uint8Array(86),
}
/** Ten a second, a key frame every second; `pts` where it differs. */
const packet = (dts: number, options: { readonly pts?: number; readonly bytes?: number } = {}): Packet => ({
  data: new Uint8Array(options.bytes ?? 10),
  dts: ticks(dts),
  pts: ticks(options.pts ?? dts),
  duration: ticks(1),
  isKey: dts % 10 === 0,
  at: monoMs(dts * 100),
})
const run = new LiveRun(track, packet(0))
const signal = new AbortController().signal

async function takeAll(follower: Follower): Promise<readonly number[]> {
  const stop = new AbortController()
  const taken: number[] = []
  for (;;) {
    const next = follower.next(stop.signal)
    const item = await Promise.race([next, Promise.resolve().then(() => 'nothing' as const)])
    if (item === 'nothing' || item === undefined) {
      stop.abort()
      return taken
    }
    taken.push(item.packet.dts)
  }
}

describe('what waits for a viewer', () => {
  it('begins with the newest key frame of the preroll, and goes on without a gap or a repetition', async () => {
    const follower = new Follower()
    follower.restart(run, [packet(10), packet(11), packet(12)])
    for (const dts of [11, 12, 13]) follower.push({ run, packet: packet(dts) })
    expect(await takeAll(follower)).toEqual([10, 11, 12, 13])
  })

  it('begins with the next key frame where there is no preroll', async () => {
    const follower = new Follower()
    for (const dts of [18, 19, 20, 21]) follower.push({ run, packet: packet(dts) })
    expect(await takeAll(follower)).toEqual([20, 21])
  })

  it('leaves out pictures that are shown before the key frame it began with', async () => {
    const follower = new Follower()
    follower.push({ run, packet: packet(20, { pts: 23 }) })
    follower.push({ run, packet: packet(21, { pts: 22 }) })
    follower.push({ run, packet: packet(22, { pts: 26 }) })
    follower.push({ run, packet: packet(30, { pts: 33 }) })
    follower.push({ run, packet: packet(31, { pts: 32 }) }) // Of the next group: what it needs is there.
    expect(await takeAll(follower)).toEqual([20, 22, 30, 31])
  })

  it('loses everything when it becomes too much, goes on with the next key frame, and never holds more than its bounds', async () => {
    const follower = new Follower()
    const { packetsMax } = LIVE_LIMITS
    for (let dts = 0; dts <= packetsMax + 12; dts++) follower.push({ run, packet: packet(dts) })
    expect(await takeAll(follower)).toEqual([
      packetsMax,
      packetsMax + 1,
      packetsMax + 2,
      ...Array.from({ length: 10 }, (_, n) => packetsMax + 3 + n),
    ])
    expect(follower.skipped).toBeGreaterThanOrEqual(packetsMax)
    const heavy = LIVE_LIMITS.bytesMax / 4
    for (let dts = 1000; dts < 1008; dts++) follower.push({ run, packet: packet(dts, { bytes: heavy }) })
    expect(await takeAll(follower)).toEqual([])
  })

  it('begins a new run with a key frame of it', async () => {
    const follower = new Follower()
    follower.push({ run, packet: packet(20) })
    const next = new LiveRun(track, packet(0))
    for (const dts of [0, 1]) follower.push({ run: next, packet: packet(dts) })
    expect(await takeAll(follower)).toEqual([20, 0, 1])
  })

  it('is waited for until something comes, or nobody waits any more', async () => {
    const follower = new Follower()
    const waiting = follower.next(signal)
    follower.push({ run, packet: packet(20) })
    expect((await waiting)?.packet.dts).toBe(20)
    const stop = new AbortController()
    const given = follower.next(stop.signal)
    stop.abort()
    expect(await given).toBeUndefined()
  })
})
