import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VisitId } from '../base/ids.ts'
import { monoMs } from '../base/time.ts'
import {
  idle,
  quietDeadline,
  step,
  type Effect,
  type Sign,
  type VisitRules,
  type VisitState,
} from './index.ts'

const rules: VisitRules = { quietAfterMs: 8000, pirHoldMsMax: 60_000 }
const press = (at: number): Sign => ({ kind: 'press', at: monoMs(at) })
const motion = (at: number): Sign => ({ kind: 'motion', at: monoMs(at) })
const pir = (active: boolean, at: number): Sign => ({ kind: 'pir', active, at: monoMs(at) })
const quiet = (at: number): Sign => ({ kind: 'quiet', at: monoMs(at) })

function play(signs: readonly Sign[]): { state: VisitState; effects: Effect[] } {
  let state: VisitState = idle
  const effects: Effect[] = []
  signs.forEach((sign, index) => {
    const next = step(state, sign, rules, `visit${index}` as VisitId)
    state = next.state
    effects.push(...next.effects)
  })
  return { state, effects }
}

const done = (effects: readonly Effect[]): readonly string[] => effects.map((effect) => effect.do)

describe('a visit', () => {
  it('begins a clip, chimes and tells when the button is pressed and nothing moves', () => {
    const { effects } = play([press(1000)])
    expect(done(effects)).toEqual(['ring', 'begin-clip', 'tell-visit-began', 'note-signs'])
    expect(effects.at(-1)).toEqual({ do: 'note-signs', visit: 'visit0', signs: ['press'], presses: [1000] })
  })

  it('is marked, not begun again, by a press while it is going on', () => {
    const { effects } = play([motion(1000), press(2500), press(3000)])
    expect(done(effects)).toEqual([
      'begin-clip',
      'tell-visit-began',
      'note-signs',
      'ring',
      'note-signs',
      'ring',
      'note-signs',
    ])
    expect(effects.at(-1)).toMatchObject({
      visit: 'visit0',
      signs: ['motion', 'press'],
      presses: [2500, 3000],
    })
  })

  it('ends quietAfterMs after its last sign, and its time is from the first to the last sign', () => {
    const before = play([motion(1000), motion(1200), quiet(9199)])
    expect(before.state.phase).toBe('visit')
    const { state, effects } = play([motion(1000), motion(1200), quiet(9200)])
    expect(state).toEqual(idle)
    expect(effects.slice(-2)).toEqual([
      { do: 'end-clip', visit: 'visit0', at: 9200 },
      { do: 'tell-visit-ended', visit: 'visit0', from: 1000, to: 1200, signs: ['motion'], presses: [] },
    ])
  })

  it('ends before a sign that comes after its deadline, which begins the next', () => {
    const { effects } = play([motion(0), press(20_000)])
    expect(done(effects)).toEqual([
      'begin-clip',
      'tell-visit-began',
      'note-signs',
      'end-clip',
      'tell-visit-ended',
      'ring',
      'begin-clip',
      'tell-visit-began',
      'note-signs',
    ])
  })

  it('stays open while the PIR is active, and ends after the fall', () => {
    const held = play([pir(true, 0), quiet(30_000)])
    expect(quietDeadline(held.state, rules)).toBe(68_000)
    const { state } = play([pir(true, 0), pir(false, 30_000)])
    expect(quietDeadline(state, rules)).toBe(38_000)
  })

  it('is not kept open for ever by a PIR that is stuck', () => {
    const { effects } = play([pir(true, 0), quiet(68_000)])
    expect(effects.at(-1)).toMatchObject({ do: 'tell-visit-ended', from: 0, to: 60_000 })
  })

  it('is not begun by a PIR that falls', () => {
    expect(play([pir(false, 10)])).toEqual({ state: idle, effects: [] })
  })

  it('keeps a late sign from moving its end backwards', () => {
    const { state } = play([motion(5000), motion(3000)])
    expect(quietDeadline(state, rules)).toBe(13_000)
  })

  it('rings once for every press and ends every clip it begins, whatever the signs', () => {
    const anySign = fc.tuple(
      fc.constantFrom('press', 'motion', 'rise', 'fall', 'quiet'),
      fc.integer({ min: 0, max: 20_000 }),
    )
    fc.assert(
      fc.property(fc.array(anySign, { maxLength: 60 }), (script) => {
        let at = 0
        const signs = script.map(([what, wait]): Sign => {
          at += wait
          if (what === 'press') return press(at)
          if (what === 'motion') return motion(at)
          return what === 'quiet' ? quiet(at) : pir(what === 'rise', at)
        })
        const { effects } = play([...signs, quiet(at + 200_000)])
        const count = (what: string): number => effects.filter((effect) => effect.do === what).length
        expect(count('ring')).toBe(signs.filter((sign) => sign.kind === 'press').length)
        expect(count('end-clip')).toBe(count('begin-clip'))
        expect(count('tell-visit-ended')).toBe(count('tell-visit-began'))
      }),
    )
  })
})
