import { describe, expect, it } from 'vitest'
import { silentLog, type Log } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import { SimBoard } from '../../sim/devices/sim-board.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { createHealth, keepPulse, type Alarm } from './index.ts'

describe('health', () => {
  it('tells of heat once when it begins and once when it ends, however it hovers in between', async () => {
    const told = await toldWhile([79, 80, 79, 81, 76, 80, 74, 76, 79])
    expect(told).toEqual(['hot began', 'hot ended'])
  })

  it('tells nothing of what the board does not know', async () => {
    expect(await toldWhile([undefined, undefined])).toEqual([])
  })

  it('pets the watchdog as often as it wants, and not while a loop hangs', async () => {
    const board = Object.assign(new SimBoard(), { petEveryMs: 10_000 })
    const clock = new SimClock({ bootWall: unixMs(0) })
    const said: string[] = []
    const log: Log = { ...silentLog, error: (event, fields) => said.push(`${event} ${fields?.hangs}`) }
    let busyMs = 0
    const vitals = () => [{ name: 'chime', busyMs: () => busyMs, busyMsMax: 5000 }]
    const stop = new AbortController()
    const running = keepPulse({ clock, log, board, vitals }, stop.signal)
    await clock.advance(30_000)
    expect(board.pets).toBe(4)
    busyMs = 5001
    await clock.advance(30_000)
    expect([board.pets, said]).toEqual([4, ['watchdog.not_petted chime']])
    busyMs = 0
    await clock.advance(10_000)
    expect(board.pets).toBe(5)
    stop.abort()
    await running
  })

  it('tells of uploads that stand still for more than a day, also on a board that says nothing', async () => {
    const told: string[] = []
    const clock = new SimClock({ bootWall: unixMs(0) })
    let movedAtMs = 0
    const health = createHealth({
      board: undefined,
      uploadsStuckMs: () => clock.mono() - movedAtMs,
      clock,
      log: silentLog,
      onAlarm: ({ what, state }) => told.push(`${what} ${state}`),
    })
    const stop = new AbortController()
    const running = health.run(stop.signal)
    await clock.advance(86_400_000)
    expect(told).toEqual([])
    await clock.advance(60_000)
    expect(told).toEqual(['uploads-stuck began'])
    movedAtMs = clock.mono()
    await clock.advance(60_000)
    expect(told).toEqual(['uploads-stuck began', 'uploads-stuck ended'])
    stop.abort()
    await running
  })

  it('tells once of what others have noticed, and lists it until it is over', () => {
    const told: Alarm[] = []
    const clock = new SimClock({ bootWall: unixMs(0) })
    const health = createHealth({
      board: undefined,
      uploadsStuckMs: undefined,
      clock,
      log: silentLog,
      onAlarm: (alarm) => told.push(alarm),
    })
    health.note('storage-failed', true)
    health.note('line-stuck', true)
    health.note('storage-failed', true)
    expect(health.alarms()).toEqual(['storage-failed', 'line-stuck'])
    health.note('line-stuck', false)
    expect(health.alarms()).toEqual(['storage-failed'])
    expect(told.map(({ what, state }) => `${what} ${state}`)).toEqual([
      'storage-failed began',
      'line-stuck began',
      'line-stuck ended',
    ])
  })
})

/** One reading a minute. */
async function toldWhile(
  readings: readonly (number | undefined)[],
  board = new SimBoard(),
): Promise<readonly string[]> {
  const told: string[] = []
  const clock = new SimClock({ bootWall: unixMs(0) })
  let next = 0
  const seen = { temperatureC: async () => readings[next++], isUnderVoltage: async () => undefined }
  const health = createHealth({
    board: Object.assign(board, seen),
    uploadsStuckMs: undefined,
    clock,
    log: silentLog,
    onAlarm: ({ what, state }) => told.push(`${what} ${state}`),
  })
  const stop = new AbortController()
  const running = health.run(stop.signal)
  await clock.advance((readings.length - 1) * 60_000 + 1)
  stop.abort()
  await running
  return told
}
