import { assertNever } from '../base/assert.ts'
import type { VisitId } from '../base/ids.ts'
import { laterBy, type MonoMs } from '../base/time.ts'
import type { Area, Thing } from '../ports/vision.ts'
import { fuse, type Alone, type Fusion, type FusionRules } from './fusion.ts'

/** Evidence that someone may be there. `at` is when it was so, which may be a little before it was noticed. */
export type Sign =
  | { readonly kind: 'press'; readonly at: MonoMs }
  | { readonly kind: 'pir'; readonly active: boolean; readonly at: MonoMs }
  /** `zones`: names of those in which something moved. */
  | { readonly kind: 'motion'; readonly at: MonoMs; readonly zones?: readonly string[] }
  /** Somebody or something was recognised. */
  | ({ readonly kind: 'sight'; readonly at: MonoMs } & Seen)
  /** Nobody can say who it is: what a label would decide has to be decided without. */
  | { readonly kind: 'unseen'; readonly at: MonoMs }
  /** All who moved were seen to leave; `at` is when the last of them did. */
  | { readonly kind: 'left'; readonly at: MonoMs }
  /** Nothing happened; time passed. */
  | { readonly kind: 'quiet'; readonly at: MonoMs }

export type SignKind = 'press' | 'pir' | 'motion' | 'person'

export type Seen = {
  readonly thing: Thing
  readonly score: number
  readonly box: Area
  readonly zones: readonly string[]
}

/** The most certain sight of its kind in a visit, and when the first was. */
export type VisitLabel = {
  readonly label: Thing
  readonly score: number
  readonly at: MonoMs
  readonly box: Area
  readonly zones: readonly string[]
}

/** What a visit has to show to be recorded, or told: a sign or a label, anywhere or in one zone. */
export type Wanted = { readonly what: SignKind | Thing; readonly zone?: string | undefined }

export type VisitState =
  /** `alone`: what was heard while one sign alone begins no visit. */
  | { readonly phase: 'idle'; readonly alone?: Alone }
  | {
      readonly phase: 'visit'
      readonly id: VisitId
      readonly from: MonoMs
      readonly lastSignAt: MonoMs
      /** In the order they first appeared. */
      readonly signs: readonly SignKind[]
      readonly presses: readonly MonoMs[]
      /** One of each kind, in the order they first appeared. */
      readonly labels: readonly VisitLabel[]
      readonly isRecorded: boolean
      readonly isNoticed: boolean
      /** Since when the PIR has been active without a break. */
      readonly pirSince: MonoMs | undefined
      /** When the last one left, if nothing was heard of anybody since. */
      readonly leftAt: MonoMs | undefined
    }

type Visit = Extract<VisitState, { phase: 'visit' }>

export type VisitRules = {
  /** A visit is over this long after its last sign. */
  readonly quietAfterMs: number
  /** When all were seen to leave, it is over sooner. */
  readonly leftAfterMs: number
  /** A PIR that stays active longer than this is stuck, and no evidence any more. */
  readonly pirHoldMsMax: number
  /** Any of these makes a clip; a press always does. */
  readonly record: readonly Wanted[]
  /** Any of these is worth a notice, once a visit; a press always is, and tells of itself. */
  readonly notify: readonly Wanted[]
  readonly fusion: Fusion
  /** So far apart PIR and movement may be, where both are needed. */
  readonly fusionMs: number
}

export type Effect =
  | { readonly do: 'begin-clip'; readonly visit: VisitId; readonly from: MonoMs }
  | {
      readonly do: 'note-signs'
      readonly visit: VisitId
      readonly signs: readonly SignKind[]
      readonly presses: readonly MonoMs[]
      readonly labels: readonly VisitLabel[]
    }
  /** Worth looking up from what one is doing. */
  | {
      readonly do: 'tell-notice'
      readonly visit: VisitId
      readonly at: MonoMs
      /** `somebody`: nobody could say who. */
      readonly what: Wanted['what'] | 'somebody'
      readonly zone: string | undefined
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
      readonly labels: readonly VisitLabel[]
    }
  | { readonly do: 'end-clip'; readonly visit: VisitId; readonly at: MonoMs }

export type Step = { readonly state: VisitState; readonly effects: readonly Effect[] }

export const idle: VisitState = { phase: 'idle' }

/** When the visit will be over if nothing more happens; undefined when there is none. */
export function quietDeadline(state: VisitState, rules: VisitRules): MonoMs | undefined {
  if (state.phase === 'idle') return undefined
  const quiet = laterBy(lastEvidenceAt(state, rules), rules.quietAfterMs)
  if (state.leftAt === undefined || state.pirSince !== undefined) return quiet
  // Who rang may stand beside the picture and wait.
  const press = state.presses.at(-1)
  const left = laterBy(state.leftAt, rules.leftAfterMs)
  return earlier(quiet, press === undefined ? left : later(left, laterBy(press, rules.quietAfterMs)))
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
  if (state.phase === 'idle' && rules.fusion !== 'either' && (sign.kind === 'pir' || sign.kind === 'motion'))
    return takeAlone(state.alone ?? {}, sign, { ...rules, fusion: rules.fusion }, freshId)
  switch (sign.kind) {
    case 'quiet':
      return { state, effects: [] }
    case 'press':
      return takePress(state, sign.at, rules, freshId)
    case 'pir':
      return takePir(state, sign, rules, freshId)
    case 'motion':
      return takeSign(state, { what: 'motion', at: sign.at, zones: sign.zones ?? [] }, rules, freshId)
    case 'sight':
      return takeSight(state, sign, rules)
    case 'unseen':
      return takeUnseen(state, sign.at, rules)
    case 'left':
      return { state: state.phase === 'idle' ? state : { ...state, leftAt: sign.at }, effects: [] }
    default:
      return assertNever(sign)
  }
}

/** Where one alone is not enough: remembered, until the other comes. */
function takeAlone(
  alone: Alone,
  sign: Extract<Sign, { kind: 'pir' | 'motion' }>,
  rules: VisitRules & FusionRules,
  freshId: VisitId,
): Step {
  const fused = fuse(alone, sign, rules)
  if ('alone' in fused) return { state: { phase: 'idle', alone: fused.alone }, effects: [] }
  let state: VisitState = idle
  const effects: Effect[] = []
  for (const each of fused.signs) {
    const next = step(state, each, { ...rules, fusion: 'either' }, freshId)
    state = next.state
    effects.push(...next.effects)
  }
  return { state, effects }
}

function endVisit(visit: Visit, deadline: MonoMs, rules: VisitRules): readonly Effect[] {
  const { id, from, signs, presses, labels, isRecorded } = visit
  const to = lastEvidenceAt(visit, rules)
  return [
    ...(isRecorded ? [{ do: 'end-clip', visit: id, at: deadline } as const] : []),
    { do: 'tell-visit-ended', visit: id, from, to, signs, presses, labels },
  ]
}

function takePress(state: VisitState, at: MonoMs, rules: VisitRules, freshId: VisitId): Step {
  const taken = takeSign(state, { what: 'press', at, zones: [] }, rules, freshId)
  if (taken.state.phase === 'idle') return taken
  const visit = { ...taken.state, presses: [...taken.state.presses, at] }
  return {
    state: visit,
    effects: [{ do: 'ring', visit: visit.id, at }, ...begun(taken.effects), noteOf(visit)],
  }
}

function takePir(
  state: VisitState,
  sign: Extract<Sign, { kind: 'pir' }>,
  rules: VisitRules,
  freshId: VisitId,
): Step {
  if (sign.active) {
    const taken = takeSign(state, { what: 'pir', at: sign.at, zones: [] }, rules, freshId)
    const { state: next, effects } = taken
    if (next.phase === 'idle') return taken
    return { state: { ...next, pirSince: next.pirSince ?? sign.at }, effects }
  }
  if (state.phase === 'idle' || state.pirSince === undefined) return { state, effects: [] }
  // It was evidence until now; a fall alone never begins anything.
  return {
    state: { ...state, lastSignAt: later(state.lastSignAt, sign.at), pirSince: undefined },
    effects: [],
  }
}

type Evidence = {
  readonly what: SignKind | Thing
  readonly at: MonoMs
  readonly zones: readonly string[]
}

function takeSign(
  state: VisitState,
  evidence: Evidence & { readonly what: SignKind },
  rules: VisitRules,
  freshId: VisitId,
): Step {
  const { what, at } = evidence
  const before = state.phase === 'idle' ? freshVisit(what, at, freshId) : state
  const isNews = state.phase === 'idle' || !before.signs.includes(what)
  const visit: Visit = {
    ...before,
    lastSignAt: later(before.lastSignAt, at),
    leftAt: stillLeft(before, at),
    signs: before.signs.includes(what) ? before.signs : [...before.signs, what],
  }
  const began =
    state.phase === 'idle' ? [{ do: 'tell-visit-began', visit: visit.id, from: at, sign: what } as const] : []
  const { visit: judged, record, notice } = judge(visit, evidence, rules)
  return {
    state: judged,
    effects: [...record, ...began, ...notice, ...(isNews ? [noteOf(judged)] : [])],
  }
}

/** Not by itself a reason for a visit: only what moved, or rang, is looked at. */
function takeSight(state: VisitState, sign: Extract<Sign, { kind: 'sight' }>, rules: VisitRules): Step {
  if (state.phase === 'idle') return { state, effects: [] }
  const { thing, at, zones } = sign
  const isPerson = thing === 'person'
  const labels = withSight(state.labels, sign)
  const visit: Visit = {
    ...state,
    labels,
    lastSignAt: isPerson ? later(state.lastSignAt, at) : state.lastSignAt,
    leftAt: isPerson ? stillLeft(state, at) : state.leftAt,
    signs: isPerson && !state.signs.includes('person') ? [...state.signs, 'person'] : state.signs,
  }
  const { visit: judged, record, notice } = judge(visit, { what: thing, at, zones }, rules)
  const isNews = labels !== state.labels || judged.isRecorded !== state.isRecorded
  return { state: judged, effects: [...record, ...notice, ...(isNews ? [noteOf(judged)] : [])] }
}

/** Nobody can say who it is, so it may be whoever the household wants to know of. */
function takeUnseen(state: VisitState, at: MonoMs, rules: VisitRules): Step {
  if (state.phase === 'idle') return { state, effects: [] }
  const mayBe = (wanted: readonly Wanted[]): boolean => wanted.some(({ what }) => !isPlain(what))
  const record = !state.isRecorded && mayBe(rules.record)
  const notice = !state.isNoticed && mayBe(rules.notify)
  const visit: Visit = {
    ...state,
    isRecorded: state.isRecorded || record,
    isNoticed: state.isNoticed || notice,
  }
  return {
    state: visit,
    effects: [
      ...(record ? [beginClip(visit), noteOf(visit)] : []),
      ...(notice
        ? [{ do: 'tell-notice', visit: visit.id, at, what: 'somebody', zone: undefined } as const]
        : []),
    ],
  }
}

/** Signs that need nobody who recognises. */
const isPlain = (what: Wanted['what']): boolean => what === 'press' || what === 'pir' || what === 'motion'

const freshVisit = (sign: SignKind, at: MonoMs, id: VisitId): Visit => ({
  phase: 'visit',
  id,
  from: at,
  lastSignAt: at,
  signs: [sign],
  presses: [],
  labels: [],
  isRecorded: false,
  isNoticed: false,
  pirSince: undefined,
  leftAt: undefined,
})

type Judged = {
  readonly visit: Visit
  readonly record: readonly Effect[]
  readonly notice: readonly Effect[]
}

/** Does this make the visit one that is recorded, or told? */
function judge(visit: Visit, evidence: Evidence, rules: VisitRules): Judged {
  const isPress = evidence.what === 'press'
  const record = !visit.isRecorded && (isPress || matchOf(rules.record, evidence) !== undefined)
  const match = visit.isNoticed ? undefined : matchOf(rules.notify, evidence)
  const judged: Visit = {
    ...visit,
    isRecorded: visit.isRecorded || record,
    isNoticed: visit.isNoticed || isPress || match !== undefined,
  }
  return {
    visit: judged,
    record: record ? [beginClip(judged)] : [],
    notice:
      match === undefined || isPress
        ? []
        : [{ do: 'tell-notice', visit: visit.id, at: evidence.at, what: evidence.what, zone: match.zone }],
  }
}

const matchOf = (wanted: readonly Wanted[], { what, zones }: Evidence): Wanted | undefined =>
  wanted.find((each) => each.what === what && (each.zone === undefined || zones.includes(each.zone)))

/** From the visit's beginning, though it may be known only now that it is to be recorded. */
const beginClip = ({ id, from }: Visit): Effect => ({ do: 'begin-clip', visit: id, from })

/** What is no news changes nothing: the same list comes back. */
const NEWS_SCORE = 0.05

function withSight(
  labels: readonly VisitLabel[],
  sight: Seen & { readonly at: MonoMs },
): readonly VisitLabel[] {
  const { thing, score, at, box, zones } = sight
  const known = labels.find(({ label }) => label === thing)
  if (known === undefined) return [...labels, { label: thing, score, at, box, zones }]
  const newZones = zones.filter((zone) => !known.zones.includes(zone))
  if (score < known.score + NEWS_SCORE && newZones.length === 0) return labels
  const best = score > known.score ? { score, box } : { score: known.score, box: known.box }
  const label = { ...known, ...best, zones: [...known.zones, ...newZones] }
  return labels.map((each) => (each === known ? label : each))
}

const noteOf = (visit: Visit): Effect => ({
  do: 'note-signs',
  visit: visit.id,
  signs: visit.signs,
  presses: visit.presses,
  labels: visit.labels,
})

/** Without the note: a press writes one of its own, with itself in it. */
const begun = (effects: readonly Effect[]): readonly Effect[] =>
  effects.filter((effect) => effect.do !== 'note-signs')

/** Whoever is heard of later has not left. */
const stillLeft = ({ leftAt }: Visit, at: MonoMs): MonoMs | undefined =>
  leftAt !== undefined && at > leftAt ? undefined : leftAt

/** The last moment at which something spoke for somebody being there. */
function lastEvidenceAt(visit: Visit, rules: VisitRules): MonoMs {
  if (visit.pirSince === undefined) return visit.lastSignAt
  return later(visit.lastSignAt, laterBy(visit.pirSince, rules.pirHoldMsMax))
}

const later = (a: MonoMs, b: MonoMs): MonoMs => (a > b ? a : b)
const earlier = (a: MonoMs, b: MonoMs): MonoMs => (a < b ? a : b)
