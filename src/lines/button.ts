import { assertNever } from '../base/assert.ts'
import { laterBy, type MonoMs } from '../base/time.ts'

export type ButtonRules = {
  /** A press is accepted when the contact has been closed for so long without a break. */
  readonly pressHoldMs: number
  /** The next press is another one when the contact was open for so long without a break. */
  readonly releaseMs: number
  /** Closed for longer, the button is stuck. */
  readonly stuckMs: number
}

/** What is known of a contact that bounces, catches spikes and gets stuck. */
export type ButtonState =
  | { readonly phase: 'open' }
  /** Closed, or fluttering; not for long enough yet. `closedSince` is undefined while it is open in between. */
  | {
      readonly phase: 'touched'
      readonly firstAt: MonoMs
      readonly closedSince: MonoMs | undefined
      readonly openSince: MonoMs | undefined
    }
  | { readonly phase: 'pressed'; readonly firstAt: MonoMs; readonly isStuck: boolean }
  /** Open after a press, perhaps only bouncing. */
  | {
      readonly phase: 'releasing'
      readonly firstAt: MonoMs
      readonly openSince: MonoMs
      readonly isStuck: boolean
    }

export type ButtonEvent =
  | {
      readonly kind: 'edge'
      readonly active: boolean
      readonly at: MonoMs
      /** It was so when we began to look. */
      readonly found?: boolean | undefined
    }
  /** Time passed. */
  | { readonly kind: 'tick'; readonly at: MonoMs }

/** `at` of a press is when the finger came: the first edge of all that led to it. */
export type ButtonEffect = { readonly do: 'press' | 'tell-stuck' | 'tell-free'; readonly at: MonoMs }

/** Between two bounces of one finger there is less; what came longer before was a spike. */
const BOUNCE_GAP_MS = 20

export const openButton: ButtonState = { phase: 'open' }

export type ButtonStep = { readonly state: ButtonState; readonly effects: readonly ButtonEffect[] }

/** Pure. First what had become true by then, then what the event itself changes. */
export function stepButton(state: ButtonState, event: ButtonEvent, rules: ButtonRules): ButtonStep {
  const passed = afterTime(state, event.at, rules)
  if (event.kind === 'tick') return passed
  // A contact that was closed all along is no finger: else a shorted wire would ring at every start.
  if (event.found === true && event.active)
    return { state: { phase: 'pressed', firstAt: event.at, isStuck: false }, effects: passed.effects }
  return { state: afterEdge(passed.state, event.active, event.at), effects: passed.effects }
}

/** When time alone changes something next; undefined when it never does. */
export function buttonDeadline(state: ButtonState, rules: ButtonRules): MonoMs | undefined {
  switch (state.phase) {
    case 'open':
      return undefined
    case 'touched':
      if (state.closedSince !== undefined) return laterBy(state.closedSince, rules.pressHoldMs)
      return state.openSince === undefined ? undefined : laterBy(state.openSince, BOUNCE_GAP_MS)
    case 'pressed':
      return state.isStuck ? undefined : laterBy(state.firstAt, rules.stuckMs)
    case 'releasing':
      return laterBy(state.openSince, rules.releaseMs)
    default:
      return assertNever(state)
  }
}

function afterTime(state: ButtonState, now: MonoMs, rules: ButtonRules): ButtonStep {
  const deadline = buttonDeadline(state, rules)
  if (deadline === undefined || now < deadline) return { state, effects: [] }
  switch (state.phase) {
    case 'open':
      return { state, effects: [] }
    case 'touched': {
      const { firstAt, closedSince } = state
      if (closedSince === undefined) return { state: openButton, effects: [] } // A spike, nothing more.
      return { state: { phase: 'pressed', firstAt, isStuck: false }, effects: [{ do: 'press', at: firstAt }] }
    }
    case 'pressed':
      return { state: { ...state, isStuck: true }, effects: [{ do: 'tell-stuck', at: now }] }
    case 'releasing':
      return { state: openButton, effects: state.isStuck ? [{ do: 'tell-free', at: state.openSince }] : [] }
    default:
      return assertNever(state)
  }
}

function afterEdge(state: ButtonState, active: boolean, at: MonoMs): ButtonState {
  switch (state.phase) {
    case 'open':
      return active ? { phase: 'touched', firstAt: at, closedSince: at, openSince: undefined } : state
    case 'touched': {
      const { firstAt } = state
      if (active) return { ...state, closedSince: state.closedSince ?? at, openSince: undefined }
      return { phase: 'touched', firstAt, closedSince: undefined, openSince: state.openSince ?? at }
    }
    case 'pressed':
      return active
        ? state
        : { phase: 'releasing', firstAt: state.firstAt, openSince: at, isStuck: state.isStuck }
    case 'releasing':
      return active ? { phase: 'pressed', firstAt: state.firstAt, isStuck: state.isStuck } : state
    default:
      return assertNever(state)
  }
}
