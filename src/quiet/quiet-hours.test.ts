import { describe, expect, it } from 'vitest'
import { unixMs, type WallTime } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'
import { createQuiet, type Quiet, type QuietRules } from './index.ts'

const ALL = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const NIGHT = { from: '22:00', to: '07:00', days: ALL } as const

function quietAt(at: string, rules: Partial<QuietRules>, trusted = true): Quiet {
  const wall: WallTime = { at: unixMs(Date.parse(at)), trusted }
  const clock = { wall: () => wall } as unknown as Clock // All that it asks for.
  return createQuiet({ clock }, { timeZone: 'Europe/Berlin', times: [NIGHT], silences: ['chime'], ...rules })
}

const isQuiet = (at: string, rules: Partial<QuietRules> = {}): boolean =>
  quietAt(at, rules).silent().length > 0

describe('quiet hours', () => {
  it('begin and end to the minute, on the clock of the house', () => {
    expect(isQuiet('2026-01-14T20:59:59Z')).toBe(false)
    expect(isQuiet('2026-01-14T21:00:00Z')).toBe(true)
    expect(isQuiet('2026-01-15T05:59:59Z')).toBe(true)
    expect(isQuiet('2026-01-15T06:00:00Z')).toBe(false)
    expect(isQuiet('2026-07-14T20:00:00Z')).toBe(true)
    expect(isQuiet('2026-01-14T21:00:00Z', { timeZone: 'America/New_York' })).toBe(false)
    expect(isQuiet('2026-01-14T21:00:00Z', { timeZone: 'Asia/Kolkata' })).toBe(true)
  })

  it('that pass midnight belong to the day on which they begin', () => {
    const friday = { times: [{ ...NIGHT, days: ['fri'] as const }] }
    expect(isQuiet('2026-01-16T22:00:00Z', friday)).toBe(true)
    expect(isQuiet('2026-01-17T05:00:00Z', friday)).toBe(true)
    expect(isQuiet('2026-01-16T05:00:00Z', friday)).toBe(false)
    expect(isQuiet('2026-01-17T22:00:00Z', friday)).toBe(false)
    const sunday = { times: [{ ...NIGHT, days: ['sun'] as const }] }
    expect(isQuiet('2026-01-19T05:00:00Z', sunday)).toBe(true)
  })

  it('last a whole day from 00:00 to 24:00, and no minute longer', () => {
    const saturday = { times: [{ from: '00:00', to: '24:00', days: ['sat'] as const }] }
    expect(isQuiet('2026-01-16T22:59:59Z', saturday)).toBe(false)
    expect(isQuiet('2026-01-16T23:00:00Z', saturday)).toBe(true)
    expect(isQuiet('2026-01-17T22:59:59Z', saturday)).toBe(true)
    expect(isQuiet('2026-01-17T23:00:00Z', saturday)).toBe(false)
  })

  it.each([
    ['put forward at 2', '2026-03-29', ['00:59:59Z', true], ['01:00:00Z', false]],
    ['put back at 3, when the hour comes twice', '2026-10-25', ['00:30:00Z', true], ['01:30:00Z', true]],
  ] as const)('keep to the clock on the wall when it is %s', (_, day, ...moments) => {
    const small = { times: [{ from: '01:00', to: '03:00', days: ALL }] }
    for (const [time, is] of moments) expect([time, isQuiet(`${day}T${time}`, small)]).toEqual([time, is])
  })

  it('silence what the household chose, and nothing while the time is not known', () => {
    const silences = ['pages', 'push'] as const
    expect(quietAt('2026-01-14T23:00:00Z', { silences }).silent()).toEqual(silences)
    expect(quietAt('2026-01-14T12:00:00Z', { silences }).silent()).toEqual([])
    const lost = quietAt('2026-01-14T23:00:00Z', { silences }, false)
    expect([lost.silent(), lost.state()]).toEqual([[], { is: 'unknown' }])
  })

  it('say until when they last, over all that follow each other', () => {
    const times = [NIGHT, { from: '07:00', to: '08:30', days: ['sat'] as const }]
    expect(quietAt('2026-01-14T23:00:00Z', { times }).state()).toEqual({
      is: 'quiet',
      until: '07:00',
      silent: ['chime'],
    })
    expect(quietAt('2026-01-16T23:00:00Z', { times }).state()).toMatchObject({ until: '08:30' })
    const always = [{ from: '00:00', to: '24:00', days: ALL }]
    expect(quietAt('2026-01-16T23:00:00Z', { times: always }).state()).toMatchObject({ until: undefined })
    expect(quietAt('2026-01-14T12:00:00Z', { times }).state()).toEqual({ is: 'loud' })
  })

  it('are never where none are set', () => {
    const none = quietAt('2026-01-14T23:00:00Z', { times: [] })
    expect([none.silent(), none.state()]).toEqual([[], { is: 'never' }])
  })
})
