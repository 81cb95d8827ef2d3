import { describe, expect, it } from 'vitest'
import type { ClipFacts } from './clip-source.ts'
import type { ClipMeta } from '../crypto/documents.ts'
import {
  groupDays,
  groupVisits,
  isShown,
  nearestVisit,
  shareOfDay,
  visitNamed,
  type KnownClip,
} from './visits.ts'

const NOON = new Date(2026, 4, 3, 12, 0, 0).getTime()
const MINUTE = 60_000

const facts = (order: number, more: Partial<ClipFacts> = {}): ClipFacts => ({
  clip: `c${order}`,
  order,
  phase: 'sealed',
  held: false,
  objects: [],
  ...more,
})

const meta = (visit: string, fromUnixMs: number, more: Partial<ClipMeta> = {}): ClipMeta => ({
  format: 'sealed-clip-meta/1',
  clip: '00',
  visit,
  device: 'Front door',
  fromUnixMs,
  clockTrusted: true,
  durationMs: 10_000,
  codec: 'h264',
  width: 640,
  height: 360,
  presses: [],
  signs: ['motion'],
  labels: [],
  complete: true,
  ...more,
})

const label = (name: string, score: number, zones: readonly string[] = []) => ({
  label: name,
  score,
  atMs: 0,
  zones,
})

describe('clips as visits', () => {
  it('belong together when their metadata says so, oldest clip first, newest visit first', () => {
    const clips: readonly KnownClip[] = [
      { facts: facts(3), meta: meta('b', NOON + 9 * MINUTE) },
      { facts: facts(2), meta: meta('a', NOON + 5 * MINUTE, { presses: [1, 2] }) },
      { facts: facts(1), meta: meta('a', NOON, { presses: [3] }) },
    ]
    const visits = groupVisits(clips)
    expect(visits.map(({ id }) => id)).toEqual(['b', 'a'])
    expect(visits[1]).toMatchObject({
      fromUnixMs: NOON,
      toUnixMs: NOON + 5 * MINUTE + 10_000,
      presses: 3,
      clips: [{ facts: { order: 1 } }, { facts: { order: 2 } }],
    })
  })

  it('have their labels by certainty, each once, and the zones these were in', () => {
    const labels = [
      label('animal', 0.5),
      label('person', 0.9, ['path']),
      label('person', 0.6, ['garden', 'path']),
    ]
    const [visit] = groupVisits([{ facts: facts(1), meta: meta('a', NOON, { labels }) }])
    expect(visit).toMatchObject({ labels: ['person', 'animal'], zones: ['path', 'garden'] })
  })

  it('that cannot be opened stand alone, beside what was recorded next', () => {
    const visits = groupVisits([
      { facts: facts(2), meta: meta('a', NOON) },
      { facts: facts(1), problem: 'sealed to other keys' },
    ])
    expect(visits[1]).toMatchObject({ id: 'clip-c1', fromUnixMs: NOON, problem: 'sealed to other keys' })
  })

  it('are held or growing as soon as one of their clips is', () => {
    const [visit] = groupVisits([
      { facts: facts(2, { phase: 'growing' }), meta: meta('a', NOON) },
      { facts: facts(1, { held: true }), meta: meta('a', NOON) },
    ])
    expect(visit).toMatchObject({ isHeld: true, isGrowing: true })
  })
})

it('a filter shows people, presses, and one zone', () => {
  const visits = groupVisits([
    { facts: facts(3), meta: meta('person', NOON, { labels: [label('person', 1, ['path'])] }) },
    { facts: facts(2), meta: meta('press', NOON, { presses: [1] }) },
    { facts: facts(1), meta: meta('cat', NOON, { labels: [label('animal', 1, ['garden'])] }) },
  ])
  const shown = (filter: Parameters<typeof isShown>[1]) =>
    visits.filter((visit) => isShown(visit, filter)).map(({ id }) => id)
  expect(shown({ what: 'all' })).toEqual(['person', 'press', 'cat'])
  expect(shown({ what: 'people' })).toEqual(['person'])
  expect(shown({ what: 'presses' })).toEqual(['press'])
  expect(shown({ what: 'all', zone: 'garden' })).toEqual(['cat'])
  expect(shown({ what: 'people', zone: 'garden' })).toEqual([])
})

it('days are those of the people in front of the page, and a place in a day finds the nearest visit', () => {
  const midnight = new Date(2026, 4, 3).getTime()
  const at = [midnight + 60 * MINUTE, midnight - MINUTE, midnight - 120 * MINUTE]
  const visits = groupVisits(at.map((unixMs, n) => ({ facts: facts(9 - n), meta: meta(`v${n}`, unixMs) })))
  const days = groupDays(visits)
  expect(days.map((day) => day.visits.map(({ id }) => id))).toEqual([['v0'], ['v1', 'v2']])
  expect(shareOfDay(NOON)).toBe(0.5)
  expect(nearestVisit(days[1]?.visits ?? [], 0.93)?.id).toBe('v2')
  expect(nearestVisit(days[1]?.visits ?? [], 1)?.id).toBe('v1')
})

it('the address of a clip that could not be opened leads to its visit once it can', () => {
  const [before] = groupVisits([{ facts: facts(1), problem: 'sealed to others' }])
  const now = groupVisits([{ facts: facts(1), meta: meta('v1', NOON) }])
  expect(visitNamed(now, before!.id)?.id).toBe('v1')
  expect(visitNamed(now, 'v1')?.id).toBe('v1')
  expect(visitNamed(now, 'v2')).toBe(undefined)
})
