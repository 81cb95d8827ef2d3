import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { monoMs, unixMs } from '../base/time.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { createSimGpio } from '../../sim/devices/sim-gpio.ts'
import { buttonDeadline, createLines, openButton, stepButton, type LineSign } from './index.ts'

const rules = {
  pressHoldMs: 10,
  releaseMs: 50,
  stuckMs: 30_000,
  pirHoldMs: 0,
  pirStuckMs: 60_000,
  resetHoldMs: 5000,
}

describe('a button', () => {
  it('is pressed when its contact was closed for long enough; the press was when the finger came', () => {
    expect(
      effectsOf([
        [100, 1],
        [250, 0],
      ]),
    ).toEqual([{ do: 'press', at: 100 }])
  })

  it('that bounces for 12 ms on the way down and up is pressed once', () => {
    const bounce: Moves = [
      [100, 1],
      [101, 0],
      [103, 1],
      [107, 0],
      [109, 1],
      [112, 0],
      [112.5, 1],
    ]
    const release: Moves = [
      [300, 0],
      [302, 1],
      [305, 0],
      [311, 1],
      [312, 0],
    ]
    expect(effectsOf([...bounce, ...release])).toEqual([{ do: 'press', at: 100 }])
  })

  it('is not pressed by spikes of a millisecond, however many there are', () => {
    const spikes = Array.from({ length: 200 }, (_, n): Moves => [
      [n * 5, 1],
      [n * 5 + 1, 0],
    ]).flat()
    expect(effectsOf(spikes)).toEqual([])
  })

  it('is pressed again after it was released for long enough, and not before', () => {
    expect(
      effectsOf([
        [0, 1],
        [100, 0],
        [151, 1],
        [300, 0],
      ]),
    ).toHaveLength(2)
    expect(
      effectsOf([
        [0, 1],
        [100, 0],
        [140, 1],
        [300, 0],
      ]),
    ).toHaveLength(1)
  })

  it('that is stuck is reported once, and again when it comes free', () => {
    const stuck = effectsOf([
      [0, 1],
      [100_000, 0],
      [200_000, 1],
      [200_100, 0],
    ])
    expect(stuck.map((effect) => effect.do)).toEqual(['press', 'tell-stuck', 'tell-free', 'press'])
  })

  it('that is down when the doorbell starts is not pressed, but stuck when it stays so', () => {
    const found = stepButton(openButton, { kind: 'edge', active: true, at: monoMs(0), found: true }, rules)
    expect(found.effects).toEqual([])
    const due = buttonDeadline(found.state, rules)
    expect(due).toBe(30_000)
    const stuck = stepButton(found.state, { kind: 'tick', at: monoMs(30_000) }, rules)
    expect(stuck.effects).toEqual([{ do: 'tell-stuck', at: 30_000 }])
  })

  it('never makes more presses than it was closed for long enough, whatever the edges are', () => {
    const move = fc.tuple(fc.integer({ min: 1, max: 80 }), fc.constantFrom(0 as const, 1 as const))
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (steps) => {
        let at = 0
        const moves = steps.map(([ms, level]): Move => [(at += ms), level])
        const presses = effectsOf(moves).filter((effect) => effect.do === 'press').length
        expect(presses).toBeLessThanOrEqual(closedLongEnough(moves))
      }),
    )
  })
})

describe('the lines', () => {
  it('ring 10 ms after the finger came, and hand on the PIR at once', async () => {
    const clock = new SimClock({ bootWall: unixMs(0) })
    const gpio = createSimGpio(clock)
    const signs: (LineSign & { readonly heardAt: number })[] = []
    const onSign = (sign: LineSign): void => void signs.push({ ...sign, heardAt: clock.mono() })
    const stop = new AbortController()
    const running = createLines({ gpio, clock, onSign }, rules).run(stop.signal)
    await clock.advance(100)
    gpio.drive('button', true)
    gpio.drive('pir', true)
    await clock.advance(500)
    gpio.drive('button', false)
    await clock.advance(500)
    stop.abort()
    await running
    expect(signs).toEqual([
      { kind: 'pir', active: true, at: 100, heardAt: 100 },
      { kind: 'press', at: 100, heardAt: 110 },
      { kind: 'traced', at: 600, heardAt: 600 },
    ])
    expect(await clock.runUntil(() => false)).toBe(false)
  })
})

describe('a sensor and a recessed button', () => {
  const signsOf = async (
    drive: (gpio: ReturnType<typeof createSimGpio>, clock: SimClock) => Promise<void>,
    warmInMs = 0,
  ): Promise<readonly string[]> => {
    const clock = new SimClock({ bootWall: unixMs(0) })
    const gpio = createSimGpio(clock)
    const signs: string[] = []
    const onSign = (sign: LineSign): void => void signs.push(`${sign.kind} ${clock.mono()}`)
    const stop = new AbortController()
    const running = createLines({ gpio, clock, onSign, warmInMs }, { ...rules, pirHoldMs: 10 }).run(
      stop.signal,
    )
    await drive(gpio, clock)
    stop.abort()
    await running
    return signs
  }

  it('a PIR that is warming up sees nobody, and somebody afterwards', async () => {
    const signs = await signsOf(async (gpio, clock) => {
      for (const active of [true, false, true]) {
        await clock.advance(20_000)
        gpio.drive('pir', active)
      }
      await clock.advance(1000)
    }, 50_000)
    expect(signs).toEqual(['pir 60010'])
  })

  it('the recessed button means it after five seconds, and not before', async () => {
    const signs = await signsOf(async (gpio, clock) => {
      for (const [active, ms] of [
        [true, 4900],
        [false, 1000],
        [true, 6000],
        [false, 1000],
      ] as const) {
        gpio.drive('reset', active)
        await clock.advance(ms)
      }
    })
    expect(signs).toEqual(['reset 10900'])
  })

  it('the outdoor button is never taken for the recessed one, however often and long it is held', async () => {
    const signs = await signsOf(async (gpio, clock) => {
      for (const ms of [4900, 6000, 40_000]) {
        gpio.drive('button', true)
        await clock.advance(ms)
        gpio.drive('button', false)
        await clock.advance(1000)
      }
    })
    expect(signs.length).toBeGreaterThanOrEqual(3)
    expect(signs.filter((sign) => sign.startsWith('reset'))).toEqual([])
  })
})

type Move = readonly [atMs: number, level: 0 | 1]
type Moves = readonly Move[]

/** Everything that follows, time passing as far as it makes a difference; a second after the last edge it is over. */
function effectsOf(moves: Moves): readonly { readonly do: string; readonly at: number }[] {
  const effects: { readonly do: string; readonly at: number }[] = []
  let state = openButton
  const passTo = (until: number): void => {
    for (
      let due = buttonDeadline(state, rules);
      due !== undefined && due <= until;
      due = buttonDeadline(state, rules)
    ) {
      const step = stepButton(state, { kind: 'tick', at: due }, rules)
      state = step.state
      effects.push(...step.effects)
    }
  }
  for (const [atMs, level] of moves) {
    passTo(atMs)
    const step = stepButton(state, { kind: 'edge', active: level === 1, at: monoMs(atMs) }, rules)
    state = step.state
    effects.push(...step.effects)
  }
  passTo((moves.at(-1)?.[0] ?? 0) + 1000)
  return effects
}

function closedLongEnough(moves: Moves): number {
  let count = 0
  let since: number | undefined
  for (const [atMs, level] of [...moves, [Infinity, 0] as const]) {
    if (level === 1) since ??= atMs
    else if (since !== undefined) {
      if (atMs - since >= rules.pressHoldMs) count++
      since = undefined
    }
  }
  return count
}
