import { assertNever } from '../base/assert.ts'
import { laterBy, type MonoMs } from '../base/time.ts'

export type PirRules = {
  /** Active for less is a spike on the wire. */
  readonly pirHoldMs: number
  /** Active for longer, the sensor is stuck, or looks at something that never rests. */
  readonly pirStuckMs: number
}

/** What is known of a sensor's output. */
export type PirState =
  | { readonly phase: 'quiet' }
  | { readonly phase: 'rising'; readonly since: MonoMs }
  | { readonly phase: 'active'; readonly since: MonoMs; readonly isStuck: boolean }

export type PirEvent =
  | { readonly kind: 'edge'; readonly active: boolean; readonly at: MonoMs }
  /** Time passed. */
  | { readonly kind: 'tick'; readonly at: MonoMs }

/** `at` of `active` is the first edge. */
export type PirEffect = {
  readonly do: 'active' | 'inactive' | 'tell-stuck' | 'tell-free'
  readonly at: MonoMs
}

export type PirStep = { readonly state: PirState; readonly effects: readonly PirEffect[] }

export const quietPir: PirState = { phase: 'quiet' }

/** When time alone changes something next. */
export function pirDeadline(state: PirState, rules: PirRules): MonoMs | undefined {
  switch (state.phase) {
    case 'quiet':
      return undefined
    case 'rising':
      return laterBy(state.since, rules.pirHoldMs)
    case 'active':
      return state.isStuck ? undefined : laterBy(state.since, rules.pirStuckMs)
    default:
      return assertNever(state)
  }
}

/** Pure. First what had become true by then, then what the event itself changes. */
export function stepPir(state: PirState, event: PirEvent, rules: PirRules): PirStep {
  const passed = afterTime(state, event.at, rules)
  if (event.kind === 'tick') return passed
  const next = afterEdge(passed.state, event, rules)
  return { state: next.state, effects: [...passed.effects, ...next.effects] }
}

function afterTime(state: PirState, now: MonoMs, rules: PirRules): PirStep {
  const deadline = pirDeadline(state, rules)
  if (deadline === undefined || now < deadline) return { state, effects: [] }
  if (state.phase === 'rising') {
    const { since } = state
    const next = afterTime({ phase: 'active', since, isStuck: false }, now, rules)
    return { state: next.state, effects: [{ do: 'active', at: since }, ...next.effects] }
  }
  if (state.phase === 'active')
    return { state: { ...state, isStuck: true }, effects: [{ do: 'tell-stuck', at: now }] }
  return { state, effects: [] }
}

function afterEdge(
  state: PirState,
  { active, at }: { readonly active: boolean; readonly at: MonoMs },
  rules: PirRules,
): PirStep {
  if (active) {
    if (state.phase !== 'quiet') return { state, effects: [] }
    return afterTime({ phase: 'rising', since: at }, at, rules) // Nothing is waited for where nothing is to be held.
  }
  if (state.phase !== 'active') return { state: quietPir, effects: [] } // A spike, nothing more.
  const free = state.isStuck ? [{ do: 'tell-free', at } as const] : []
  return { state: quietPir, effects: [...free, { do: 'inactive', at }] }
}
