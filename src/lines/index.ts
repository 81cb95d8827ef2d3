/**
 * Lines: what the contacts of button and PIR mean.
 *
 * Owns: how long a contact has been closed or open; the newest edges.
 * Promises: one finger is one press, however the contact bounces; a spike on a long wire is none, for the PIR neither; what is stuck
 *   is reported once, and a stuck button rings no more; a PIR that is warming up sees nobody.
 * When full: it holds one state a line, and the newest 512 edges.
 * When it fails: it cannot; edges that make no sense change nothing.
 * Stopping: `run` ends when its signal is aborted.
 * Not its job: bias and active-low (the driver's), what a press leads to (`visits/`).
 * See: `button.ts`, `pir.ts`, `contacts.ts`; Jack Ganssle, “A Guide to Debouncing” (2004), for how long real contacts bounce.
 */
import { Bell } from '../base/bell.ts'
import { laterBy, type MonoMs } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Edge, Gpio } from '../ports/gpio.ts'
import { Contacts, type LineRules, type LineSign } from './contacts.ts'
import { EdgeTrace } from './trace.ts'

export { TRACE_AROUND_MS } from './trace.ts'
export { buttonDeadline, openButton, stepButton, type ButtonRules, type ButtonState } from './button.ts'

export type { LineRules, LineSign } from './contacts.ts'

export type LinesDeps = {
  readonly gpio: Gpio
  readonly clock: Clock
  /** Called in order. What it starts must not be waited for: the next edge is on its way. */
  readonly onSign: (sign: LineSign) => void
  /** So long the PIR still has to warm up; left out: it is warm. */
  readonly warmInMs?: number
}

export interface Lines {
  /** For how long something has been due that was not done. */
  overdueMs(): number
  /** The edges of the half second before and after each of these presses, as far as they are known yet. */
  edgesAround(presses: readonly MonoMs[]): readonly Edge[]
  run(signal: AbortSignal): Promise<void>
}

/** Does no I/O; `run` does. */
export function createLines(deps: LinesDeps, rules: LineRules): Lines {
  const { gpio, clock, onSign, warmInMs = 0 } = deps
  const bell = new Bell()
  const trace = new EdgeTrace()
  const contacts = new Contacts(rules, laterBy(clock.mono(), warmInMs))
  const tell = (signs: readonly LineSign[]): void => {
    for (const sign of signs) onSign(sign)
  }
  const ticked = (): void => tell(contacts.tick(clock.mono()))
  return {
    overdueMs: () => Math.max(0, clock.mono() - (contacts.deadline() ?? Infinity)),
    edgesAround: (presses) => trace.around(presses),
    async run(signal) {
      const stop = new AbortController()
      const end = (): void => stop.abort()
      signal.addEventListener('abort', end, { once: true })
      const ticking = tickOn(clock, { bell, due: () => contacts.deadline(), ticked }, stop.signal)
      try {
        for await (const edge of gpio.edges({ signal })) {
          trace.note(edge)
          tell(contacts.edge(edge))
          bell.ring()
        }
      } finally {
        signal.removeEventListener('abort', end)
        end()
        await ticking
      }
    },
  }
}

type Ticking = {
  readonly bell: Bell
  readonly due: () => MonoMs | undefined
  readonly ticked: () => void
}

/** Edges that wait to be read, as after a start that took long, are read before time may pass over the first of them. */
const LATE_MS = 1

/** Says that time has passed when that makes a difference; edges ring the bell, because they change when that is. */
async function tickOn(clock: Clock, { bell, due, ticked }: Ticking, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const rung = bell.untilRung(signal).then(() => 'rung' as const)
    const deadline = due()
    if (deadline === undefined) await rung
    else if ((await eitherOf(clock, Math.max(LATE_MS, deadline - clock.mono()), rung)) === 'time') ticked()
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
