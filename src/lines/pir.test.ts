import { describe, expect, it } from 'vitest'
import { monoMs } from '../base/time.ts'
import { pirDeadline, quietPir, stepPir, type PirState } from './pir.ts'

const rules = { pirHoldMs: 10, pirStuckMs: 60_000 }

describe('a PIR', () => {
  it('sees somebody once it was active for long enough, since its first edge', () => {
    expect(
      effectsOf([
        [100, 1],
        [2100, 0],
      ]),
    ).toEqual(['active 100', 'inactive 2100'])
  })

  it('sees nobody in spikes on its wire', () => {
    expect(
      effectsOf([
        [100, 1],
        [101, 0],
        [120, 1],
        [121, 0],
      ]),
    ).toEqual([])
  })

  it('that fires again while somebody stays is heard each time', () => {
    expect(
      effectsOf([
        [0, 1],
        [2000, 0],
        [4500, 1],
        [6500, 0],
      ]),
    ).toEqual(['active 0', 'inactive 2000', 'active 4500', 'inactive 6500'])
  })

  it('that never rests is reported once, and again when it does', () => {
    expect(
      effectsOf([
        [0, 1],
        [90_000, 0],
      ]),
    ).toEqual(['active 0', 'tell-stuck 60000', 'tell-free 90000', 'inactive 90000'])
  })

  it('with nothing to hold is heard at once', () => {
    const { effects } = stepPir(
      quietPir,
      { kind: 'edge', active: true, at: monoMs(5) },
      { ...rules, pirHoldMs: 0 },
    )
    expect(effects).toEqual([{ do: 'active', at: 5 }])
  })
})

/** Time passes as far as it makes a difference, as `lines/` has it. */
function effectsOf(moves: readonly (readonly [atMs: number, level: 0 | 1])[]): readonly string[] {
  const said: string[] = []
  let state: PirState = quietPir
  const step = (event: Parameters<typeof stepPir>[1]): void => {
    const next = stepPir(state, event, rules)
    state = next.state
    said.push(...next.effects.map((effect) => `${effect.do} ${effect.at}`))
  }
  for (const [atMs, level] of moves) {
    for (
      let due = pirDeadline(state, rules);
      due !== undefined && due <= atMs;
      due = pirDeadline(state, rules)
    )
      step({ kind: 'tick', at: due })
    step({ kind: 'edge', active: level === 1, at: monoMs(atMs) })
  }
  return said
}
