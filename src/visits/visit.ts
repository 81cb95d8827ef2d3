import { assertNever } from '../base/assert.ts'
import type { VisitId } from '../base/ids.ts'
import { laterBy, type MonoMs } from '../base/time.ts'

/** Evidence that someone may be there. `at` is when it was so, which may be a little before it was noticed. */
export type Sign =
  | { readonly kind: 'press'; readonly at: MonoMs }
  | { readonly kind: 'pir'; readonly active: boolean; readonly at: MonoMs }
  | { readonly kind: 'motion'; readonly at: MonoMs }
  /** Nothing happened; time passed. */
  | { readonly kind: 'quiet'; readonly at: MonoMs }

export type SignKind = 'press' | 'pir' | 'motion'

export type VisitState =
  | { readonly phase: 'idle' }
  | {
      readonly phase: 'visit'
      readonly id: VisitId
      readonly from: MonoMs
      readonly lastSignAt: MonoMs
      /** In the order they first appeared. */
      readonly signs: readonly SignKind[]
      readonly presses: readonly MonoMs[]
      /** Since when the PIR has been active without a break. */
      readonly pirSince: MonoMs | undefined
    }

type Visit = Extract<VisitState, { phase: 'visit' }>

export type VisitRules = {
  /** A visit is over this long after its last sign. */
  readonly quietAfterMs: number
  /** A PIR that stays active longer than this is stuck, and no evidence any more. */
  readonly pirHoldMsMax: number
}

export type Effect =
  | { readonly do: 'begin-clip'; readonly visit: VisitId; readonly from: MonoMs }
  | {
      readonly do: 'note-signs'
      readonly visit: VisitId
      readonly signs: readonly SignKind[]
      readonly presses: readonly MonoMs[]
    }
  | { readonly do: 'ring'; readonly visit: VisitId; readonly at: MonoMs }
  | {
      readonly do: 'tell-visit-began'
      readonly visit: VisitId
      readonly from: MonoMs
      readonly sign: SignKind
    }
  | {
      readonly do: 'tell-visit-ended'
      readonly visit: VisitId
      readonly from: MonoMs
      readonly to: MonoMs
      readonly signs: readonly SignKind[]
      readonly presses: readonly MonoMs[]
    }
  | { readonly do: 'end-clip'; readonly visit: VisitId; readonly at: MonoMs }

export type Step = { readonly state: VisitState; readonly effects: readonly Effect[] }

export const idle: VisitState = { phase: 'idle' }

/** When the visit will be over if nothing more happens; undefined when there is none. */
export function quietDeadline(state: VisitState, rules: VisitRules): MonoMs | undefined {
  if (state.phase === 'idle') return undefined
  return laterBy(lastEvidenceAt(state, rules), rules.quietAfterMs)
}

/**
 * One sign in, the next state and what to do out. Pure: `freshId` names the visit that this sign may begin.
 * A sign that comes after the deadline first ends the old visit, also when nobody had looked at the clock in between.
 */
export function step(state: VisitState, sign: Sign, rules: VisitRules, freshId: VisitId): Step {
  const deadline = quietDeadline(state, rules)
  if (state.phase === 'visit' && deadline !== undefined && sign.at >= deadline) {
    const effects = endVisit(state, deadline, rules)
    const next = step(idle, sign, rules, freshId)
    return { state: next.state, effects: [...effects, ...next.effects] }
  }
  switch (sign.kind) {
    case 'quiet':
      return { state, effects: [] }
    case 'press':
      return takePress(state, sign.at, freshId)
    case 'pir':
      return takePir(state, sign, freshId)
    case 'motion':
      return takeSign(state, 'motion', sign.at, freshId)
    default:
      return assertNever(sign)
  }
}

function endVisit(visit: Visit, deadline: MonoMs, rules: VisitRules): readonly Effect[] {
  const { id, from, signs, presses } = visit
  return [
    { do: 'end-clip', visit: id, at: deadline },
    { do: 'tell-visit-ended', visit: id, from, to: lastEvidenceAt(visit, rules), signs, presses },
  ]
}

function takePress(state: VisitState, at: MonoMs, freshId: VisitId): Step {
  const taken = takeSign(state, 'press', at, freshId)
  if (taken.state.phase === 'idle') return taken
  const visit = { ...taken.state, presses: [...taken.state.presses, at] }
  return {
    state: visit,
    effects: [{ do: 'ring', visit: visit.id, at }, ...begun(taken.effects), noteOf(visit)],
  }
}

function takePir(state: VisitState, sign: Extract<Sign, { kind: 'pir' }>, freshId: VisitId): Step {
  if (sign.active) {
    const { state: next, effects } = takeSign(state, 'pir', sign.at, freshId)
    if (next.phase === 'idle') return { state: next, effects }
    return { state: { ...next, pirSince: next.pirSince ?? sign.at }, effects }
  }
  if (state.phase === 'idle' || state.pirSince === undefined) return { state, effects: [] }
  // It was evidence until now; a fall alone never begins anything.
  return {
    state: { ...state, lastSignAt: later(state.lastSignAt, sign.at), pirSince: undefined },
    effects: [],
  }
}

function takeSign(state: VisitState, kind: SignKind, at: MonoMs, freshId: VisitId): Step {
  if (state.phase === 'idle') return beginVisit(kind, at, freshId)
  const known = state.signs.includes(kind)
  const visit: Visit = {
    ...state,
    lastSignAt: later(state.lastSignAt, at),
    signs: known ? state.signs : [...state.signs, kind],
  }
  return { state: visit, effects: known ? [] : [noteOf(visit)] }
}

function beginVisit(kind: SignKind, at: MonoMs, id: VisitId): Step {
  const visit: Visit = {
    phase: 'visit',
    id,
    from: at,
    lastSignAt: at,
    signs: [kind],
    presses: [],
    pirSince: undefined,
  }
  return {
    state: visit,
    effects: [
      { do: 'begin-clip', visit: id, from: at },
      { do: 'tell-visit-began', visit: id, from: at, sign: kind },
      noteOf(visit),
    ],
  }
}

const noteOf = (visit: Visit): Effect => ({
  do: 'note-signs',
  visit: visit.id,
  signs: visit.signs,
  presses: visit.presses,
})

/** Without the note: a press writes one of its own, with itself in it. */
const begun = (effects: readonly Effect[]): readonly Effect[] =>
  effects.filter((effect) => effect.do !== 'note-signs')

/** The last moment at which something spoke for somebody being there. */
function lastEvidenceAt(visit: Visit, rules: VisitRules): MonoMs {
  if (visit.pirSince === undefined) return visit.lastSignAt
  return later(visit.lastSignAt, laterBy(visit.pirSince, rules.pirHoldMsMax))
}

const later = (a: MonoMs, b: MonoMs): MonoMs => (a > b ? a : b)
