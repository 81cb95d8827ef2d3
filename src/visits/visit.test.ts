import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VisitId } from '../base/ids.ts'
import { monoMs } from '../base/time.ts'
import type { Thing } from '../ports/vision.ts'
import {
  idle,
  quietDeadline,
  step,
  type Effect,
  type Sign,
  type VisitRules,
  type VisitState,
} from './index.ts'

const rules: VisitRules = {
  quietAfterMs: 8000,
  leftAfterMs: 1500,
  fusion: 'either',
  fusionMs: 5000,
  pirHoldMsMax: 60_000,
  record: [{ what: 'motion' }, { what: 'pir' }],
  notify: [{ what: 'person' }],
}
const box = { x: 0.4, y: 0.3, width: 0.1, height: 0.4 }
const press = (at: number): Sign => ({ kind: 'press', at: monoMs(at) })
const motion = (at: number): Sign => ({ kind: 'motion', at: monoMs(at) })
const pir = (active: boolean, at: number): Sign => ({ kind: 'pir', active, at: monoMs(at) })
const quiet = (at: number): Sign => ({ kind: 'quiet', at: monoMs(at) })
const left = (at: number): Sign => ({ kind: 'left', at: monoMs(at) })
const unseen = (at: number): Sign => ({ kind: 'unseen', at: monoMs(at) })
const sight = (at: number, thing: Thing, { score = 0.8, zones = [] as readonly string[] } = {}): Sign => ({
  ...{ kind: 'sight', at: monoMs(at), thing, score, box, zones },
})

function play(signs: readonly Sign[], its: VisitRules = rules): { state: VisitState; effects: Effect[] } {
  let state: VisitState = idle
  const effects: Effect[] = []
  signs.forEach((sign, index) => {
    const next = step(state, sign, its, `visit${index}` as VisitId)
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
    expect(effects.at(-1)).toEqual({
      do: 'note-signs',
      visit: 'visit0',
      signs: ['press'],
      presses: [1000],
      labels: [],
    })
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
      {
        do: 'tell-visit-ended',
        visit: 'visit0',
        from: 1000,
        to: 1200,
        signs: ['motion'],
        presses: [],
        labels: [],
      },
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

describe('a visit whose visitors were seen to leave', () => {
  it('ends leftAfterMs later', () => {
    const { effects } = play([motion(0), motion(3000), left(3000), quiet(4500)])
    expect(effects.slice(-2)).toMatchObject([
      { do: 'end-clip', at: 4500 },
      { do: 'tell-visit-ended', to: 3000 },
    ])
  })

  it.each([
    ['something moves again', motion(4000), 12_000],
    ['a person is still seen', sight(4000, 'person'), 12_000],
    ['the button is pressed', press(4000), 12_000],
    ['the PIR is active', pir(true, 4000), 72_000],
  ])('goes on when %s', (_what, sign, deadline) => {
    expect(quietDeadline(play([motion(0), left(3000), sign]).state, rules)).toBe(deadline)
  })

  it('is not kept open by a picture taken before they left', () => {
    const { state } = play([motion(0), motion(3000), left(3000), sight(2900, 'person')])
    expect(quietDeadline(state, rules)).toBe(4500)
  })

  it('waits for whoever rang, who may stand beside the picture', () => {
    const { state } = play([motion(0), press(2500), left(3000)])
    expect(quietDeadline(state, rules)).toBe(10_500)
  })
})

describe('labels', () => {
  it('are one of a kind: the first time it was seen, the most certain score, every zone', () => {
    const { effects } = play([
      motion(0),
      sight(1000, 'person', { score: 0.6, zones: ['path'] }),
      sight(2000, 'person', { score: 0.9, zones: ['door'] }),
      sight(3000, 'person', { score: 0.7 }),
    ])
    expect(done(effects)).toEqual(['begin-clip', 'tell-visit-began', 'note-signs', 'tell-notice', 'note-signs', 'note-signs']) // prettier-ignore
    expect(effects.at(-1)).toMatchObject({
      signs: ['motion', 'person'],
      labels: [{ label: 'person', at: 1000, score: 0.9, zones: ['path', 'door'] }],
    })
  })

  it('keep a visit open as long as a person is seen, and not for a parked car', () => {
    const { state } = play([motion(0), sight(6000, 'person'), sight(9000, 'vehicle')])
    expect(quietDeadline(state, rules)).toBe(14_000)
  })

  it('begin no visit', () => {
    expect(play([sight(0, 'person'), unseen(1), left(2)])).toEqual({ state: idle, effects: [] })
  })
})

describe('rules for what is recorded and told', () => {
  const carsOnly = { ...rules, record: [{ what: 'vehicle' }] as const }

  it('tell a person once a visit, and a car not at all', () => {
    const { effects } = play([motion(0), sight(500, 'vehicle'), sight(900, 'person'), sight(1500, 'person')])
    expect(effects.filter((effect) => effect.do === 'tell-notice')).toEqual([
      { do: 'tell-notice', visit: 'visit0', at: 900, what: 'person', zone: undefined },
    ])
  })

  it('tell nothing more after a press, which told of itself', () => {
    expect(done(play([press(0), sight(500, 'person')]).effects)).not.toContain('tell-notice')
  })

  it('begin the clip when the label is known, from the beginning of the visit', () => {
    const { effects } = play([motion(0), sight(500, 'person'), sight(1200, 'vehicle')], carsOnly)
    expect(effects.filter((effect) => effect.do === 'begin-clip')).toEqual([
      { do: 'begin-clip', visit: 'visit0', from: 0 },
    ])
    expect(done(effects).indexOf('begin-clip')).toBeGreaterThan(done(effects).indexOf('tell-notice'))
  })

  it('make no clip of a visit that shows nothing of what they want, but of every press', () => {
    expect(done(play([motion(0), quiet(9000)], carsOnly).effects)).toEqual(['tell-visit-began', 'note-signs', 'tell-visit-ended']) // prettier-ignore
    expect(done(play([press(0), quiet(9000)], carsOnly).effects)).toContain('end-clip')
  })

  it('hold only in the zone they name', () => {
    const inGarden = { ...rules, notify: [{ what: 'person', zone: 'garden' }] as const }
    expect(done(play([motion(0), sight(500, 'person', { zones: ['street'] })], inGarden).effects)).not.toContain('tell-notice') // prettier-ignore
    const { effects } = play([motion(0), sight(500, 'person', { zones: ['street', 'garden'] })], inGarden)
    expect(effects).toContainEqual({
      do: 'tell-notice',
      visit: 'visit0',
      at: 500,
      what: 'person',
      zone: 'garden',
    })
  })

  it('record and tell everything when nobody can say who it is', () => {
    const { effects } = play([motion(0), unseen(5000)], carsOnly)
    expect(effects).toContainEqual({ do: 'begin-clip', visit: 'visit0', from: 0 })
    expect(effects).toContainEqual({
      do: 'tell-notice',
      visit: 'visit0',
      at: 5000,
      what: 'somebody',
      zone: undefined,
    })
  })
})
