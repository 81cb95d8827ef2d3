import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stackSpans, thinSpans, thinTicks } from './marks.ts'
import { axisTicks, percentText, placeOf } from './scale.ts'

const HOUR: { fromMs: number; toMs: number } = { fromMs: 0, toMs: 3_600_000 }

describe('the scale', () => {
  it('puts moments where they are: distance is time', () => {
    expect([0, 900_000, 3_600_000].map((atMs) => placeOf(HOUR, atMs))).toEqual([0, 25, 100])
    expect(placeOf({ fromMs: 1000, toMs: 3000 }, 1500)).toBe(25)
    expect(percentText(100 / 3)).toBe('33.33333')
  })

  it('has ticks at round times only, and few of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 10, max: 1e9 }), (fromMs, lengthMs) => {
        const stretch = { fromMs, toMs: fromMs + lengthMs }
        const ticks = axisTicks(stretch, 10)
        expect(ticks.length).toBeLessThanOrEqual(11)
        for (const { atMs } of ticks) expect(atMs >= stretch.fromMs && atMs <= stretch.toMs).toBe(true)
        const steps = ticks.slice(1).map(({ atMs }, index) => atMs - (ticks[index]?.atMs ?? 0))
        expect(new Set(steps).size).toBeLessThanOrEqual(1)
      }),
    )
    expect(axisTicks({ fromMs: 0, toMs: 97_000 }, 10).map(({ label }) => label)).toContain('90 s')
    expect(axisTicks({ fromMs: 0, toMs: 7 * 86_400_000 }, 10).map(({ label }) => label)).toContain('3d')
    expect(axisTicks({ fromMs: 0, toMs: 50_000_000 }, 10).map(({ label }) => label)).toContain('4h')
  })
})

describe('marks on a lane', () => {
  it('stay as they are when they are far enough apart', () => {
    const ticks = [0, 1_000_000, 3_600_000].map((atMs) => ({ atMs, look: 'good', tip: `${atMs}` }))
    expect(thinTicks(ticks, { stretch: HOUR, marksMax: 100 })).toEqual(ticks)
  })

  it('become one where they would lie on each other, and say how many they are', () => {
    const ticks = [10, 20, 30, 40, 50, 60].map((atMs) => ({ atMs, look: 'good', tip: `at ${atMs}` }))
    const [one, ...others] = thinTicks([...ticks, { atMs: 20, look: 'bad', tip: 'refused' }], {
      stretch: HOUR,
      marksMax: 100,
    })
    expect(one).toEqual({
      atMs: 10,
      look: 'good',
      tip: '6 in one mark\nat 10\nat 20\nat 30\nat 40\n… and 2 more',
    })
    expect(others).toEqual([{ atMs: 20, look: 'bad', tip: 'refused' }])
  })

  it('are never more than the bound, and none of those within is forgotten', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 3_700_000 }), { maxLength: 500 }), (times) => {
        const ticks = times.map((atMs) => ({ atMs, look: 'good', tip: 'x' }))
        const thin = thinTicks(ticks, { stretch: HOUR, marksMax: 20 })
        expect(thin.length).toBeLessThanOrEqual(20)
        const counts = thin.map(({ tip }) => Number(/^(\d+) in one/.exec(tip)?.[1] ?? 1))
        const within = times.filter((atMs) => atMs >= 0 && atMs <= 3_600_000)
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(within.length)
      }),
    )
  })

  it('leave a long span alone that begins where a short one does', () => {
    const spans = [
      { fromMs: 0, toMs: 3_600_000, look: 'trouble', tip: 'long' },
      { fromMs: 0, toMs: 10, look: 'trouble', tip: 'short' },
    ]
    expect(thinSpans(spans, { stretch: HOUR, marksMax: 100 })).toEqual(
      spans.map((span) => expect.objectContaining(span)),
    )
  })

  it('lie on rows on which none covers another', () => {
    const span = (fromMs: number, toMs: number) => ({ fromMs, toMs, look: 'clip', tip: '' })
    const rows = stackSpans([span(0, 10), span(5, 15), span(10, 20)], 3, ({ fromMs, toMs }) => toMs - fromMs)
    expect(rows).toEqual([[span(0, 10), span(10, 20)], [span(5, 15)]])
  })
})
