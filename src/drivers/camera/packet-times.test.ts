import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { monoMs } from '../../base/time.ts'
import type { Packet } from '../../ports/camera.ts'
import type { AccessUnit } from './access-units.ts'
import { ArrivalClock } from './arrival-clock.ts'
import { PacketTimes, type Timed } from './packet-times.ts'

const STEP = 3600
const unit = (pts: number, more: Partial<AccessUnit> = {}): AccessUnit => ({
  ...{
    data: Uint8Array.of(0, 0, 0, 1, 1),
    isKey: pts % (STEP * 10) === 0,
    isAfterLoss: false,
    isContinued: false,
  },
  ...{ pts, arrivedAt: monoMs(1000 + pts / 90) },
  ...more,
})

function timesOf(
  units: readonly AccessUnit[],
  reorder = 0,
): { readonly packets: readonly Packet[]; readonly last: Timed } {
  const times = new PacketTimes(units.slice(0, 8), { reorder, timescale: 90_000 })
  const packets: Packet[] = []
  let last: Timed = { kind: 'packets', packets: [] }
  for (const each of units) {
    last = times.take(each)
    if (last.kind === 'changed') return { packets, last }
    packets.push(...last.packets)
  }
  return { packets: [...packets, ...times.end()], last }
}

describe('the times of packets', () => {
  it('are those of showing where nothing is reordered, each as long as it takes until the next', () => {
    const { packets } = timesOf([0, 1, 2, 5].map((n) => unit(n * STEP)))
    expect(packets.map(({ dts, duration }) => [dts / STEP, duration / STEP])).toEqual([
      [0, 1],
      [1, 1],
      [2, 3],
      [5, 1],
    ])
  })

  it('go up in order of decoding and never come after showing, for every order that a depth allows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 60 }),
        (depth, choices) => {
          // Pictures wait for at most `depth` others: one of the next is sent each time, the oldest after `depth` rounds.
          const waiting: number[] = []
          let next = 1
          const order = [0]
          let skipped = 0
          for (const choice of choices) {
            while (waiting.length <= depth) waiting.push(next++)
            const pick = skipped >= depth ? 0 : Math.min(choice, depth)
            skipped = pick === 0 ? 0 : skipped + 1
            order.push(waiting.splice(pick, 1)[0]!)
          }
          const { packets, last } = timesOf(
            order.map((n, index) => unit(n * STEP, { isKey: index === 0 })),
            depth,
          )
          if (last.kind === 'changed') return // A deeper order than announced: told, not hidden.
          for (const [index, { pts, dts, duration }] of packets.entries()) {
            expect(pts).toBeGreaterThanOrEqual(dts)
            const after = packets[index + 1]
            if (after !== undefined) expect(dts + duration).toBe(after.dts)
          }
        },
      ),
    )
  })

  it('say how deep the order is when that was guessed too small', () => {
    const { last } = timesOf([0, 3, 1, 2].map((n) => unit(n * STEP)))
    expect(last).toMatchObject({ kind: 'changed', reorder: 1 })
  })

  it('drop what needs something lost, up to a key frame, which is marked', () => {
    const units = Array.from({ length: 24 }, (_, n) => unit(n * STEP, { isAfterLoss: n === 4 }))
    const { packets } = timesOf(units)
    expect(packets.map(({ pts }) => pts / STEP)).toEqual([
      0,
      1,
      2,
      3,
      10,
      ...Array.from({ length: 13 }, (_, n) => 11 + n),
    ])
    expect(packets.filter(({ isAfterLoss }) => isAfterLoss === true).map(({ pts }) => pts / STEP)).toEqual([
      10,
    ])
    expect(packets[3]?.duration).toBe(STEP)
  })

  it('leave out pictures that are shown before the first key picture', () => {
    const { packets } = timesOf(
      [10, 8, 9, 13, 11, 12].map((n) => unit(n * STEP, { isKey: n === 10 })),
      2,
    )
    expect(packets.map(({ pts }) => pts / STEP)).toEqual([10, 13, 11, 12])
  })
})

describe('the clock of arrivals', () => {
  const arrivals = (count: number, rate: number, lateMs: (n: number) => number) =>
    Array.from({ length: count }, (_, n) => ({ pts: n * STEP, arrivedAt: monoMs(n * 40 * rate + lateMs(n)) }))

  it('is not misled by packets that come late, or many at once', () => {
    const all = arrivals(100, 1, (n) => (n < 20 ? 800 - n * 40 : (n * 7919) % 50))
    const clock = new ArrivalClock(all.slice(0, 30), 90_000)
    for (const each of all) expect(Math.abs(clock.at(each)! - each.pts / 90)).toBeLessThan(60)
  })

  it('follows a camera whose clock is wrong by a thousandth for hours, without a jump', () => {
    const all = arrivals(25 * 3600, 1.001, (n) => (n * 7919) % 30)
    const clock = new ArrivalClock(all.slice(0, 10), 90_000)
    let before = -40
    for (const each of all) {
      const at = clock.at(each)!
      expect(Math.abs(each.arrivedAt - at)).toBeLessThan(250)
      expect(Math.abs(at - before - 40)).toBeLessThan(1)
      before = at
    }
  })

  it('gives up on one that runs away', () => {
    const all = arrivals(2000, 0.9, () => 0)
    const clock = new ArrivalClock(all.slice(0, 10), 90_000)
    expect(all.some((each) => clock.at(each) === undefined)).toBe(true)
  })
})
