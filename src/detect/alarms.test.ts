import { describe, expect, it } from 'vitest'
import { blameFor, blameOf, calmDown, createAlarms } from './alarms.ts'
import type { Grid } from './grid.ts'
import { createTracks, type Track } from './tracks.ts'

const GRID: Grid = { cols: 160, rows: 90, cells: 14_400, step: 1 }

/** Something of 8 × 8 cells that was there for half a second. */
function stirred(change: Partial<Track> = {}): Track {
  const blank = createTracks(GRID).list[0]!
  const place = { left: 40, right: 47, top: 40, bottom: 47, firstX: 44, firstY: 44, x: 44, y: 44 }
  return {
    ...blank,
    ...place,
    area: 64,
    areaMost: 64,
    evidenceMost: 1,
    seenAt: 500 as Track['seenAt'],
    ...change,
  }
}

describe('a place that cried wolf', () => {
  it('is to blame after something stirred there and came to nothing', () => {
    const alarms = createAlarms(GRID)
    blameFor(alarms, stirred())
    blameFor(alarms, stirred())
    expect(blameOf(alarms, stirred())).toBeCloseTo(0.51, 5)
    expect(blameOf(alarms, stirred({ left: 80, right: 87 }))).toBe(0)
  })

  it('is not to blame for who stayed, who went on, or what was hardly noticed', () => {
    const alarms = createAlarms(GRID)
    blameFor(alarms, stirred({ seenAt: 3000 as Track['seenAt'] }))
    blameFor(alarms, stirred({ x: 70 }))
    blameFor(alarms, stirred({ evidenceMost: 0.2 }))
    expect(blameOf(alarms, stirred())).toBe(0)
  })

  it('is forgiven within minutes', () => {
    const alarms = createAlarms(GRID)
    blameFor(alarms, stirred())
    for (let second = 0; second < 300; second++) calmDown(alarms, 1)
    expect(blameOf(alarms, stirred())).toBeLessThan(0.02)
  })
})
