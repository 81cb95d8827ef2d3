/** Where signs arrive: one at a time, in order, each decided by `visits/` and performed here. */
import { hex } from './base/bytes.ts'
import { messageOf } from './base/fault.ts'
import type { VisitId } from './base/ids.ts'
import { laterBy, type MonoMs, unixMs, type UnixMs } from './base/time.ts'
import type { Clips } from './clips/index.ts'
import type { Config } from './config/index.ts'
import type { Happening } from './doorbell.ts'
import type { Telemetry } from './mqtt/index.ts'
import type { Ports } from './ports/ports.ts'
import { idle, quietDeadline, step, type Effect, type Sign, type VisitState } from './visits/index.ts'

/** The household hears the chime at the latest so long after the press, however slow the disk is. */
const CHIME_WAITS_MS_MAX = 15

export type DeskDeps = {
  readonly ports: Ports
  readonly config: Config
  readonly clips: Clips
  readonly telemetry: Telemetry | undefined
  readonly ring: () => void
  readonly tell: (happening: Happening) => void
}

export interface Desk {
  take(sign: Sign): Promise<void>
  /** The broker hears of movement as such, whatever visits make of it. */
  tellMotion(state: 'on' | 'off', at: MonoMs): Promise<void>
  /** Ends the visit when its time has come. */
  watchQuiet(signal: AbortSignal): Promise<void>
  isIdle(): boolean
}

type Performers = { readonly [K in Effect['do']]: (effect: Extract<Effect, { do: K }>) => Promise<void> }

export function createDesk(deps: DeskDeps): Desk {
  const { clock, random } = deps.ports
  const perform = performersOf(deps)
  let state: VisitState = idle
  let turn: Promise<void> = Promise.resolve()
  let wake: () => void = () => {}

  const decide = async (sign: Sign): Promise<void> => {
    const next = step(state, sign, deps.config.visit, hex(random.bytes(8)) as VisitId) // Eight random bytes are an id.
    state = next.state
    wake()
    for (const effect of next.effects) await performOne(perform, effect)
  }
  const take = (sign: Sign): Promise<void> => {
    const mine = turn.then(() => decide(sign))
    turn = mine.catch(() => {}) // Whoever took the sign hears of it; the next sign is not to blame.
    return mine
  }
  return {
    take,
    async tellMotion(motion, at) {
      await deps.telemetry?.publish('motion', { state: motion, ...timed(deps.ports, at) })
    },
    isIdle: () => state.phase === 'idle',
    async watchQuiet(signal) {
      signal.addEventListener('abort', () => wake(), { once: true })
      while (!signal.aborted) {
        const deadline = quietDeadline(state, deps.config.visit)
        if (deadline === undefined) {
          await new Promise<void>((resolve) => (wake = resolve))
          continue
        }
        await clock.sleep(deadline - clock.mono(), { signal })
        await take({ kind: 'quiet', at: clock.mono() })
      }
    },
  }
}

/** An effect without a performer is a type error. */
function performersOf(deps: DeskDeps): Performers {
  const { ports, config, clips, telemetry, tell } = deps
  return {
    async 'begin-clip'({ visit, from }) {
      await clips.begin({ visit, since: laterBy(from, -config.capture.prerollMs) })
    },
    async 'note-signs'({ signs, presses }) {
      await clips.note({ signs, presses, labels: [] })
    },
    async ring({ visit, at }) {
      tell({ kind: 'press', at, visit })
      await chimeSoon(deps, telemetry?.publish('press', { visit, ...timed(ports, at) }) ?? Promise.resolve())
    },
    async 'tell-visit-began'({ visit, from, sign }) {
      tell({ kind: 'visit-began', visit, from, sign })
      await telemetry?.publish('visit', { state: 'began', visit, ...timed(ports, from), sign })
    },
    async 'tell-visit-ended'({ visit, from, to, signs, presses }) {
      tell({ kind: 'visit-ended', visit, from, to, signs })
      await telemetry?.publish('visit', {
        state: 'ended',
        visit,
        ...timed(ports, from),
        durationMs: Math.round(to - from),
        signs: signs.join(', '),
        presses: presses.length,
      })
    },
    async 'end-clip'({ at }) {
      await clips.end({ at })
    },
  }
}

/** When that was, for people. */
function timed({ clock }: Ports, at: MonoMs): { at: UnixMs; trustedClock: boolean } {
  const { at: now, trusted } = clock.wall()
  return { at: unixMs(Math.round(now - (clock.mono() - at))), trustedClock: trusted }
}

/** The press is written down before the chime says that it was heard; but a slow or broken disk silences no bell. */
async function chimeSoon({ ports, ring }: DeskDeps, journal: Promise<void>): Promise<void> {
  const enough = new AbortController()
  const patience = ports.clock.sleep(CHIME_WAITS_MS_MAX, { signal: enough.signal }).catch(() => {})
  const written = journal.catch((error: unknown) =>
    ports.log.error('press.not_journalled', { problem: messageOf(error) }),
  )
  await Promise.race([written, patience])
  enough.abort()
  ring()
  await written
}

async function performOne(perform: Performers, effect: Effect): Promise<void> {
  // TypeScript cannot see that the name and the effect belong together; the table's type says that they do.
  const performer = perform[effect.do] as (effect: Effect) => Promise<void>
  await performer(effect)
}
