import { describe, expect, it } from 'vitest'
import type { VisitId } from '../base/ids.ts'
import { monoMs } from '../base/time.ts'
import { idle, step, type Sign, type VisitRules, type VisitState } from './index.ts'

const rules = (fusion: VisitRules['fusion']): VisitRules => ({
  quietAfterMs: 8000,
  leftAfterMs: 1500,
  pirHoldMsMax: 60_000,
  record: [{ what: 'motion' }, { what: 'pir' }],
  notify: [],
  fusion,
  fusionMs: 5000,
})
const pir = (atMs: number, active = true): Sign => ({ kind: 'pir', active, at: monoMs(atMs) })
const motion = (atMs: number): Sign => ({ kind: 'motion', at: monoMs(atMs) })
const press = (atMs: number): Sign => ({ kind: 'press', at: monoMs(atMs) })

/** When a visit began, and by what. */
function begun(fusion: VisitRules['fusion'], ...signs: readonly Sign[]): readonly string[] {
  let state: VisitState = idle
  return signs.flatMap((sign) => {
    const next = step(state, sign, rules(fusion), 'v' as VisitId)
    state = next.state
    return next.effects.flatMap((effect) =>
      effect.do === 'tell-visit-began' ? [`${effect.sign} ${effect.from} told ${sign.at}`] : [],
    )
  })
}

describe('PIR and movement', () => {
  it('each begin a visit where either is enough', () => {
    expect(begun('either', pir(100))).toEqual(['pir 100 told 100'])
    expect(begun('either', motion(100))).toEqual(['motion 100 told 100'])
  })

  it('begin one together where both are needed, whoever is first', () => {
    expect(begun('both', pir(100), motion(2000))).toEqual(['pir 100 told 2000'])
    expect(begun('both', motion(100), pir(2000))).toEqual(['motion 100 told 2000'])
    expect(begun('both', pir(100), pir(600, false), motion(5600))).toEqual(['pir 600 told 5600'])
  })

  it('begin none when they are too far apart, or one comes alone', () => {
    expect(begun('both', pir(100), pir(600, false), motion(5601))).toEqual([])
    expect(begun('both', motion(100), pir(5101))).toEqual([])
    expect(begun('both', motion(100), motion(2000), motion(90_000))).toEqual([])
  })

  it('begin one only by the PIR first, where it wakes the vision', () => {
    expect(begun('pir-wakes-vision', motion(100), pir(200))).toEqual([])
    expect(begun('pir-wakes-vision', pir(100), motion(2000))).toEqual(['pir 100 told 2000'])
  })

  it('begin one by what is left of a PIR that never rests', () => {
    expect(begun('both', pir(0), motion(600_000))).toEqual(['pir 595000 told 600000'])
  })

  it('do not matter to a press', () => {
    for (const fusion of ['either', 'both', 'pir-wakes-vision'] as const)
      expect(begun(fusion, press(100), motion(200))).toEqual(['press 100 told 100'])
  })
})
