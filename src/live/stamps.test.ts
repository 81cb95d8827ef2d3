import { describe, expect, it } from 'vitest'
import { monoMs, ticks } from '../base/time.ts'
import type { Packet, Track } from '../ports/camera.ts'
import { LiveRun } from './live-run.ts'
import { Stamps } from './webrtc-view.ts'

const track: Track = {
  codec: 'h264',
  timescale: 1000,
  width: 640,
  height: 360,
  sampleEntry: new Uint8Array(86),
}
const packet = (ms: number, startMs = 0): Packet => ({
  data: new Uint8Array(1),
  pts: ticks(ms),
  dts: ticks(ms),
  duration: ticks(100),
  isKey: ms % 1000 === 0,
  at: monoMs(startMs + ms),
})
const run = new LiveRun(track, packet(0))

describe('RTP times', () => {
  it('are those at which pictures are shown, in 90 kHz', () => {
    const stamps = new Stamps()
    expect([0, 100, 233].map((ms) => stamps.of({ run, packet: packet(ms) }))).toEqual([0, 9000, 20_970])
  })

  it('press the past together, in its order, so that a new viewer is at once where the others are', () => {
    const stamps = new Stamps()
    const catchUp = { newest: packet(4000) }
    const past = [2000, 3000, 4000].map((ms) => stamps.of({ run, packet: packet(ms), catchUp }))
    expect(past).toEqual([360_000 - 4500, 360_000 - 2250, 360_000])
    expect(stamps.of({ run, packet: packet(4100) })).toBe(369_000)
  })

  it('go on ascending when a viewer begins anew, and then run as fast as before', () => {
    const stamps = new Stamps()
    const before = stamps.of({ run, packet: packet(4000) })
    const catchUp = { newest: packet(4000) }
    const again = [3000, 4000].map((ms) => stamps.of({ run, packet: packet(ms), catchUp }))
    const after = [4100, 4200].map((ms) => stamps.of({ run, packet: packet(ms) }))
    const all = [before, ...again, ...after]
    expect(all).toEqual(all.toSorted((one, other) => one - other))
    expect((after[1] ?? 0) - (after[0] ?? 0)).toBe(9000)
  })

  it('go on over a new run of the camera, by the clock', () => {
    const stamps = new Stamps()
    stamps.of({ run, packet: packet(4000), catchUp: { newest: packet(4000) } })
    const next = new LiveRun(track, packet(0, 10_000))
    expect(stamps.of({ run: next, packet: packet(0, 10_000) })).toBe(900_000)
    expect(stamps.of({ run: next, packet: packet(100, 10_000) })).toBe(909_000)
  })
})
