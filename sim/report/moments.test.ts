import { describe, expect, it } from 'vitest'
import type { VisitId } from '../../src/base/ids.ts'
import { monoMs } from '../../src/base/time.ts'
import type { LookedAt } from '../../src/recognise/index.ts'
import type { Look } from '../../src/seeing.ts'
import type { VisitSummary } from '../summary.ts'
import { createSeenRecorder } from '../seen.ts'
import { momentsOf } from './moments.ts'

const VISIT = 'visit1' as VisitId
const visit: VisitSummary = { id: VISIT, fromS: 10, toS: 20, signs: ['motion'], clips: [], labels: [] }
const boxOf = (side: number) => ({ x: 0.1, y: 0.1, width: side, height: side })
const look = (atMs: number, side = 0): Look => ({
  ...{ at: monoMs(atMs), score: 0.5, moving: side > 0 },
  boxes: side > 0 ? [boxOf(side)] : [],
})
const looked = (atMs: number, score: number, side = 0.3): LookedAt => ({
  ...{ visit: VISIT, at: monoMs(atMs), within: boxOf(0.8), others: [] },
  visitors: [{ thing: 'person', score, box: boxOf(side) }],
})

describe('pictures of a visit', () => {
  it('are the nearest and clearest of the person, the first movement and the largest, in order', () => {
    const looks = [look(9_000, 0.9), look(10_400, 0.1), look(15_000, 0.5), look(16_000, 0.2)]
    const lookedAt = [looked(12_000, 0.9, 0.2), looked(13_000, 0.8, 0.4), looked(14_000, 0.45, 0.9)]
    const moments = momentsOf(visit, { looks, lookedAt }, 3)
    expect(moments.map(({ atMs, why }) => [atMs, why])).toEqual([
      [10_400, 'first movement'],
      [13_000, 'best picture of the person'],
      [15_000, 'most movement'],
    ])
  })

  it('have the boxes of their own time on them, not those of others', () => {
    const seen = { looks: [look(10_100, 0.1), look(13_100, 0.2)], lookedAt: [looked(13_000, 0.8)] }
    const [first, best, ...others] = momentsOf(visit, seen, 3)
    expect([first!.atMs, first!.moved, first!.visitors, first!.within]).toEqual([10_100, [boxOf(0.1)], [], undefined]) // prettier-ignore
    expect([best!.atMs, best!.moved, best!.visitors, best!.within]).toEqual([13_000, [boxOf(0.2)], [{ thing: 'person', score: 0.8, box: boxOf(0.3) }], boxOf(0.8)]) // prettier-ignore
    expect(others).toEqual([]) // The most movement and the first sign are too near to these.
  })

  it('are that of the first sign where nothing moved and nobody was seen', () => {
    const [only, ...others] = momentsOf(visit, { looks: [], lookedAt: [] }, 3)
    expect([only!.atMs, only!.why, only!.score, others]).toEqual([10_000, 'the first sign', undefined, []])
  })
})

describe('what was seen during a replay', () => {
  it('is in the order of its times, though what was suspected is decoded later', () => {
    const recorder = createSeenRecorder()
    for (const atMs of [0, 400, 200]) recorder.onLook(look(atMs))
    expect(recorder.seen().looks.map(({ at }) => at)).toEqual([0, 200, 400])
  })

  it('keeps the higher score of each two when it becomes too much', () => {
    const recorder = createSeenRecorder(4)
    for (const [atMs, score] of [
      [0, 0.1],
      [200, 0.9],
      [400, 0.3],
      [600, 0.2],
      [800, 0.4],
    ] as const)
      // prettier-ignore
      recorder.onLook({ ...look(atMs), score })
    expect(recorder.seen().looks.map(({ score }) => score)).toEqual([0.9, 0.3, 0.4])
  })
})
