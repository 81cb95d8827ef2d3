import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { monoMs, ticks } from '../base/time.ts'
import type { Packet } from '../ports/camera.ts'
import { Preroll } from './index.ts'

const MIB = 1024 * 1024
const TICKS_PER_S = 1000

const packet = (atMs: number, options: { isKey?: boolean; bytes?: number; dtsMs?: number } = {}): Packet => ({
  data: new Uint8Array(options.bytes ?? 100),
  pts: ticks(atMs),
  dts: ticks(options.dtsMs ?? atMs),
  duration: ticks(TICKS_PER_S / 10),
  isKey: options.isKey ?? false,
  at: monoMs(atMs),
})

/** Ten packets a second, a key frame every `groupMs`. */
function* camera(options: { untilMs: number; groupMs: number; bytes?: number }): Generator<Packet> {
  for (let atMs = 0; atMs < options.untilMs; atMs += 100)
    yield packet(atMs, { ...options, isKey: atMs % options.groupMs === 0 })
}

function filled(rules: { prerollMs: number; prerollBytesMax?: number }, packets: Iterable<Packet>): Preroll {
  const preroll = new Preroll({ prerollBytesMax: 48 * MIB, ...rules })
  for (const each of packets) preroll.push(each)
  return preroll
}

const firstAt = (packets: readonly Packet[]): number | undefined => packets[0]?.at

describe('the preroll', () => {
  it('gives the packets from the last key frame at or before the wanted time', () => {
    const preroll = filled({ prerollMs: 6000 }, camera({ untilMs: 20_000, groupMs: 2000 }))
    const since = preroll.since(monoMs(13_900))
    expect(firstAt(since)).toBe(12_000)
    expect(since.at(-1)?.at).toBe(19_900)
    expect(since).toHaveLength(80)
    expect(firstAt(preroll.since(monoMs(14_000)))).toBe(14_000)
  })

  it('still has all of it when somebody is noticed four seconds late', () => {
    for (let untilMs = 14_100; untilMs < 18_000; untilMs += 100) {
      const preroll = filled({ prerollMs: 6000 }, camera({ untilMs, groupMs: 1500 }))
      const wanted = untilMs - 100 - 4000 - 6000
      expect(firstAt(preroll.since(monoMs(wanted)))).toBeLessThanOrEqual(wanted)
    }
  })

  it('gives what it has from the oldest key frame on when it does not reach back that far', () => {
    const preroll = filled({ prerollMs: 30_000 }, camera({ untilMs: 3000, groupMs: 1000 }))
    expect(firstAt(preroll.since(monoMs(-27_000)))).toBe(0)
  })

  it('holds no more than the time and one group need', () => {
    const preroll = filled({ prerollMs: 0 }, camera({ untilMs: 60_000, groupMs: 1000 }))
    expect(firstAt(preroll.since(monoMs(0)))).toBe(55_000)
  })

  it('drops whole groups, oldest first, when the bytes are too many', () => {
    const packets = camera({ untilMs: 10_000, groupMs: 1000, bytes: 1000 })
    const preroll = filled({ prerollMs: 30_000, prerollBytesMax: 25_000 }, packets)
    expect(preroll.bytes).toBe(20_000)
    expect(firstAt(preroll.since(monoMs(0)))).toBe(8000)
  })

  it('keeps nothing of a group that alone is too large, until the next key frame', () => {
    const packets = [...camera({ untilMs: 4000, groupMs: 10_000, bytes: 1000 })]
    const preroll = filled({ prerollMs: 30_000, prerollBytesMax: 20_000 }, packets)
    expect(preroll.bytes).toBe(0)
    expect(preroll.since(monoMs(0))).toEqual([])
    preroll.push(packet(4000, { isKey: true }))
    expect(firstAt(preroll.since(monoMs(0)))).toBe(4000)
  })

  it('keeps nothing before the first key frame', () => {
    const preroll = filled({ prerollMs: 6000 }, [packet(0), packet(100)])
    expect(preroll.since(monoMs(0))).toEqual([])
    expect(preroll.bytes).toBe(0)
  })

  it('leaves out the leading pictures of an open group at the beginning, and only there', () => {
    const openGroup = (keyMs: number): readonly Packet[] => [
      packet(keyMs, { isKey: true, dtsMs: keyMs - 200 }),
      packet(keyMs - 100, { dtsMs: keyMs - 100 }),
      packet(keyMs + 100, { dtsMs: keyMs }),
    ]
    const preroll = filled({ prerollMs: 6000 }, [...openGroup(1000), ...openGroup(1300)])
    expect(preroll.since(monoMs(1000)).map(({ at }) => at)).toEqual([1000, 1100, 1300, 1200, 1400])
    expect(preroll.since(monoMs(1300)).map(({ at }) => at)).toEqual([1300, 1400])
  })

  it('is empty after it was cleared', () => {
    const preroll = filled({ prerollMs: 6000 }, camera({ untilMs: 3000, groupMs: 1000 }))
    preroll.clear()
    expect(preroll.since(monoMs(0))).toEqual([])
    expect(preroll.bytes).toBe(0)
  })

  it('never holds more bytes than it may, and always begins with a key frame, whatever the camera sends', () => {
    const packets = fc.array(fc.record({ isKey: fc.boolean(), bytes: fc.nat({ max: 3000 }) }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(packets, fc.nat({ max: 30_000 }), fc.nat({ max: 20_000 }), (sent, prerollMs, since) => {
        const preroll = new Preroll({ prerollMs, prerollBytesMax: 10_000 })
        for (const [index, each] of sent.entries()) {
          preroll.push(packet(index * 100, each))
          expect(preroll.bytes).toBeLessThanOrEqual(10_000)
        }
        const held = preroll.since(monoMs(since))
        expect(held.slice(0, 1).every(({ isKey }) => isKey)).toBe(true)
        const last = held.at(-1)
        if (last !== undefined) expect(last.at).toBe((sent.length - 1) * 100)
      }),
    )
  })
})
