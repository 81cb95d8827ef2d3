/**
 * Lines: what the contacts of button and PIR mean.
 *
 * Owns: how long a contact has been closed or open.
 * Promises: one finger is one press, however the contact bounces; a spike on a long wire is none; a stuck button is reported
 *   once and rings no more.
 * When full: it holds one state a line.
 * When it fails: it cannot; edges that make no sense change nothing.
 * Stopping: `run` ends when its signal is aborted.
 * Not its job: bias and active-low (the driver's), what a press leads to (`visits/`).
 * See: `button.ts`; Jack Ganssle, “A Guide to Debouncing” (2004), for how long real contacts bounce.
 */
import { Bell } from '../base/bell.ts'
import type { MonoMs } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Edge, Gpio, InputLine } from '../ports/gpio.ts'
import {
  buttonDeadline,
  openButton,
  stepButton,
  type ButtonEvent,
  type ButtonRules,
  type ButtonState,
} from './button.ts'

export { buttonDeadline, openButton, stepButton, type ButtonRules, type ButtonState } from './button.ts'

export type LineSign =
  | { readonly kind: 'press'; readonly at: MonoMs }
  | { readonly kind: 'pir'; readonly active: boolean; readonly at: MonoMs }
  | { readonly kind: 'line-stuck' | 'line-free'; readonly line: InputLine; readonly at: MonoMs }

export type LinesDeps = {
  readonly gpio: Gpio
  readonly clock: Clock
  /** Called in order. What it starts must not be waited for: the next edge is on its way. */
  readonly onSign: (sign: LineSign) => void
}

export interface Lines {
  /** For how long something has been due that was not done. */
  overdueMs(): number
  run(signal: AbortSignal): Promise<void>
}

/** Does no I/O; `run` does. */
export function createLines(deps: LinesDeps, rules: ButtonRules): Lines {
  const { gpio, clock, onSign } = deps
  const bell = new Bell()
  let button: ButtonState = openButton
  const take = (event: ButtonEvent): void => {
    const { state, effects } = stepButton(button, event, rules)
    button = state
    for (const { do: what, at } of effects) onSign(signOf(what, at))
    bell.ring()
  }
  return {
    overdueMs: () => Math.max(0, clock.mono() - (buttonDeadline(button, rules) ?? Infinity)),
    async run(signal) {
      const stop = new AbortController()
      const end = (): void => stop.abort()
      signal.addEventListener('abort', end, { once: true })
      const ticking = tickOn(clock, { bell, due: () => buttonDeadline(button, rules), take }, stop.signal)
      try {
        for await (const edge of gpio.edges({ signal })) takeEdge(edge, take, onSign)
      } finally {
        signal.removeEventListener('abort', end)
        end()
        await ticking
      }
    },
  }
}

function takeEdge(
  { line, active, at, found }: Edge,
  take: (event: ButtonEvent) => void,
  onSign: (sign: LineSign) => void,
): void {
  if (line === 'pir') onSign({ kind: 'pir', active, at })
  else take({ kind: 'edge', active, at, found })
}

function signOf(what: 'press' | 'tell-stuck' | 'tell-free', at: MonoMs): LineSign {
  if (what === 'press') return { kind: 'press', at }
  return { kind: what === 'tell-stuck' ? 'line-stuck' : 'line-free', line: 'button', at }
}

type Ticking = {
  readonly bell: Bell
  readonly due: () => MonoMs | undefined
  readonly take: (event: ButtonEvent) => void
}

/** Edges that wait to be read, as after a start that took long, are read before time may pass over the first of them. */
const LATE_MS = 1

/** Says that time has passed when that makes a difference; edges ring the bell, because they change when that is. */
async function tickOn(clock: Clock, { bell, due, take }: Ticking, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const rung = bell.untilRung(signal).then(() => 'rung' as const)
    const deadline = due()
    if (deadline === undefined) await rung
    else if ((await eitherOf(clock, Math.max(LATE_MS, deadline - clock.mono()), rung)) === 'time')
      take({ kind: 'tick', at: clock.mono() })
  }
}

async function eitherOf(clock: Clock, ms: number, rung: Promise<'rung'>): Promise<'rung' | 'time'> {
  const enough = new AbortController()
  const time = clock.sleep(ms, enough).then(
    () => 'time' as const,
    () => 'rung' as const, // Aborted below: the bell was first.
  )
  const first = await Promise.race([time, rung])
  enough.abort()
  return first
}
