import { describe, expect, it } from 'vitest'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import { createNight, type NightRules } from './index.ts'

const rules: NightRules = {
  ...{
    mode: 'auto',
    darkBelow: 35,
    brightAbove: 80,
    holdMs: 10_000,
    from: '20:00',
    to: '07:00',
    timeZone: undefined,
  },
}

/** Before a scene whose brightness may depend on the light. */
function setUp(more: Partial<NightRules>, { trusted = true, bootWall = 0 } = {}) {
  const clock = new SimClock({ bootWall: unixMs(bootWall) })
  const wall = (): ReturnType<SimClock['wall']> => ({ at: unixMs(bootWall + clock.mono()), trusted })
  const switched: (readonly [number, boolean])[] = []
  let isLit = false
  const light = async (isOn: boolean): Promise<void> => {
    isLit = isOn
    switched.push([Math.round(clock.mono() / 1000), isOn])
  }
  const watched = { mono: () => clock.mono(), wall, sleep: clock.sleep.bind(clock) }
  const night = createNight({ clock: watched, log: silentLog, light }, { ...rules, ...more })
  const stop = new AbortController()
  const done = night.run(stop.signal)
  const show = async (seconds: number, levelOf: (isLit: boolean) => number): Promise<void> => {
    for (let s = 0; s < seconds; s++) {
      night.note({ width: 4, height: 4, luma: new Uint8Array(16).fill(levelOf(isLit)), at: clock.mono() })
      await clock.advance(1000)
    }
  }
  return { switched, show, clock, end: async () => (stop.abort(), await clock.advance(0), await done) }
}

describe('the infrared light', () => {
  it('goes on when it has been dark for a while, off when it has been bright for a while, and not in between', async () => {
    const { switched, show, end } = setUp({})
    await show(60, () => 120)
    await show(9, () => 20) // Somebody stood before the camera.
    await show(60, () => 120)
    await show(60, () => 20)
    await show(5, () => 200) // Headlights.
    await show(60, () => 60) // Dusk: neither the one nor the other.
    await show(60, () => 120)
    await end()
    expect(switched).toEqual([
      [0, false],
      [140, true],
      [266, false],
    ])
  })

  it('is not fooled by its own light for long', async () => {
    const { switched, show, end } = setUp({})
    await show(3600 * 8, (isLit) => (isLit ? 150 : 10))
    await end()
    expect(switched.length).toBeLessThan(40) // Once an hour at last.
    expect(switched.at(-1)).toMatchObject([expect.any(Number), false]) // It is off when nobody looks after it any more.
  })

  it('keeps to the clock on the wall where that is wanted, over midnight', async () => {
    const bootWall = Date.UTC(2026, 0, 10, 18, 59)
    const { switched, show, end } = setUp({ mode: 'schedule', timeZone: 'Europe/Berlin' }, { bootWall })
    await show(120, () => 200)
    await end()
    expect(switched).toEqual([
      [0, false],
      [60, true],
      [120, false],
    ])
  })

  it('goes by the pictures while the time is not known', async () => {
    const { switched, show, end } = setUp({ mode: 'schedule', timeZone: 'Europe/Berlin' }, { trusted: false })
    await show(30, () => 10)
    await end()
    expect(switched[1]?.[1]).toBe(true)
  })

  it.each([
    [
      'on',
      [
        [0, true],
        [30, false],
      ],
    ],
    ['off', [[0, false]]],
  ] as const)('does what it is told: %s', async (mode, expected) => {
    const { switched, show, end } = setUp({ mode })
    await show(30, () => 100)
    await end()
    expect(switched).toEqual(expected)
  })
})
