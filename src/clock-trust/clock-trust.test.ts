import { beforeEach, describe, expect, it } from 'vitest'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import { createClockTrust, type ClockTrust, type KnownTime } from './index.ts'

const BEGAN = 1_767_225_600_000
const MINUTE = 60_000

let device: Device
beforeEach(() => {
  device = new Device()
})

describe('the time that becomes known', () => {
  it('is entered once, as a whole second by both clocks, when something was recorded before', async () => {
    device.trust.noteUntimed('clip')
    await device.pass(5 * MINUTE)
    device.wall = { trusted: true, offMs: 250 }
    await device.pass(60 * MINUTE)
    // Seen ten seconds later, a quarter of a second into a second of the day: the next whole one is 750 ms away.
    expect(device.entered).toEqual([{ monoMs: 310_750, unixMs: BEGAN + 311_000 }])
  })

  it('is not entered when nothing was recorded without it, and costs no timer then', async () => {
    await device.pass(MINUTE)
    device.wall = { trusted: true, offMs: 0 }
    await device.pass(60 * MINUTE)
    expect(device.entered).toEqual([])
    expect(device.looks).toBe(0)
  })

  it('is entered again after a step of more than two seconds, in either direction', async () => {
    device.trust.noteUntimed('clip')
    const entries: number[] = []
    for (const offMs of [0, 1999, 3000, 5001, 1000]) {
      device.wall = { trusted: true, offMs }
      await device.pass(MINUTE)
      entries.push(device.entered.length)
    }
    expect(entries).toEqual([1, 1, 1, 2, 3])
  })

  it('is not taken for stepped while it only drifts, for however long', async () => {
    device.trust.noteUntimed('clip')
    device.wall = { trusted: true, offMs: 0, driftPpm: 200 }
    await device.pass(24 * 60 * MINUTE)
    expect(device.entered).toHaveLength(1)
  })

  it('is entered when there is room again', async () => {
    device.refusal = new Fault('full', 'no room')
    device.trust.noteUntimed('clip')
    device.wall = { trusted: true, offMs: 0 }
    await device.pass(MINUTE)
    expect(device.entered).toEqual([])
    device.refusal = undefined
    await device.pass(MINUTE)
    expect(device.entered).toHaveLength(1)
  })

  it('is not tried again on an index that has failed; messages still get their time', async () => {
    device.refusal = new Fault('corrupt', 'an fsync failed')
    device.trust.noteUntimed('clip')
    device.wall = { trusted: true, offMs: 0 }
    await device.pass(MINUTE)
    device.refusal = undefined
    device.trust.noteUntimed('message')
    await device.pass(10 * MINUTE)
    expect(device.entered).toEqual([])
    expect(device.known).toBe(1)
  })

  it('is entered at the stop when it became known just before', async () => {
    device.trust.noteUntimed('clip')
    await device.pass(1)
    device.wall = { trusted: true, offMs: 0 }
    await device.stop()
    expect(device.entered).toHaveLength(1)
  })

  it('is told within ten seconds to messages that lack it, without an entry', async () => {
    device.trust.noteUntimed('message')
    await device.pass(MINUTE)
    expect(device.known).toBe(0)
    device.wall = { trusted: true, offMs: 0 }
    await device.pass(10_000)
    expect(device.known).toBe(1)
    expect(device.entered).toEqual([])
  })

  it('is told again to messages of a later spell without it', async () => {
    device.wall = { trusted: true, offMs: 0 }
    device.trust.noteUntimed('message')
    await device.pass(MINUTE)
    device.trust.noteUntimed('message')
    await device.pass(MINUTE)
    expect(device.known).toBe(2)
  })
})

/** A device whose wall clock is set by hand. */
class Device {
  wall: { readonly trusted: boolean; readonly offMs: number; readonly driftPpm?: number } = {
    trusted: false,
    offMs: -1e12,
  }
  refusal: Fault | undefined
  known = 0
  looks = 0
  readonly entered: KnownTime[] = []
  readonly trust: ClockTrust
  readonly #clock = new SimClock({ bootWall: unixMs(BEGAN) })
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor() {
    const clock = this.#clock
    this.trust = createClockTrust({
      clock: {
        mono: () => clock.mono(),
        sleep: (ms, options) => clock.sleep(ms, options),
        wall: () => {
          this.looks++
          const { trusted, offMs, driftPpm = 0 } = this.wall
          return { at: unixMs(BEGAN + clock.mono() * (1 + driftPpm / 1e6) + offMs), trusted }
        },
      },
      log: silentLog,
      append: async (known) => {
        if (this.refusal !== undefined) throw this.refusal
        this.entered.push(known)
      },
      onKnown: () => this.known++,
    })
    this.#running = this.trust.run(this.#stop.signal)
  }

  pass(ms: number): Promise<void> {
    return this.#clock.advance(ms)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}
