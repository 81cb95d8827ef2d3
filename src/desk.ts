/** Where signs arrive: one at a time, in order, each decided by `visits/` and performed here. */
import { Bell } from './base/bell.ts'
import { hex } from './base/bytes.ts'
import { messageOf } from './base/fault.ts'
import type { VisitId } from './base/ids.ts'
import { laterBy, monoMs, type MonoMs, unixMs, type UnixMs } from './base/time.ts'
import { parseWanted, type Config } from './config/index.ts'
import type { Happening } from './doorbell.ts'
import type { LateClips } from './late-clips.ts'
import type { Telemetry } from './mqtt/index.ts'
import type { Clock } from './ports/clock.ts'
import type { Edge } from './ports/gpio.ts'
import type { Ports } from './ports/ports.ts'
import type { Quiet } from './quiet/index.ts'
import {
  idle,
  quietDeadline,
  step,
  type Effect,
  type Sign,
  type VisitRules,
  type VisitState,
} from './visits/index.ts'

/** So long the chime waits for the disk: with the time a press is held before it counts, it rings within 20 ms of the finger. */
const CHIME_WAITS_MS_MAX = 8

/** Decoding takes its time everywhere; this much is nothing to wait for. */
const BEHIND_MS = 500

export type DeskDeps = {
  readonly ports: Ports
  readonly config: Config
  readonly clips: LateClips
  readonly telemetry: Telemetry | undefined
  readonly quiet: Quiet
  readonly ring: () => void
  readonly tell: (happening: Happening) => void
  /** What was seen on the lines around these presses. */
  readonly edgesAround: (presses: readonly MonoMs[]) => readonly Edge[]
  /** A visit is going on, or (undefined) none is. */
  readonly onVisit: (visit: VisitId | undefined) => void
}

export interface Desk {
  /** Decides at once. Resolves when a press was rung; what else follows is done by `run`. */
  take(sign: Sign): Promise<void>
  /** More is known of what happened on the lines: the visit is noted once more. */
  noteAgain(): void
  /** Does what was decided, in order; when stopped, what is left of it first. */
  run(signal: AbortSignal): Promise<void>
  /** The broker hears of movement as such, whatever visits make of it. */
  tellMotion(state: 'on' | 'off', at: MonoMs): Promise<void>
  /** Ends the visit when its time has come. */
  watchQuiet(signal: AbortSignal): Promise<void>
  isIdle(): boolean
  /** For how long it has been doing one thing; 0: nothing is to be done. */
  busyMs(): number
}

type Performers = { readonly [K in Effect['do']]: (effect: Extract<Effect, { do: K }>) => Promise<void> }

export function createDesk(deps: DeskDeps): Desk {
  const { clock, random } = deps.ports
  const rules = visitRules(deps.config)
  const perform = performersOf(deps)
  const work = new WorkLine(clock, (effect) => performOne(perform, effect))
  let state: VisitState = idle
  /** How far what was seen last is behind: a decoder that cannot keep up tells of movement when it is long over. */
  let behindMs = 0
  const tellPerson = personTeller(deps)
  let wake: () => void = () => {}

  /** Deciding takes no time; doing does. Nothing that waits for a disk stands between a press and its chime. */
  const take = async (sign: Sign): Promise<void> => {
    const next = step(state, sign, rules, hex(random.bytes(8)) as VisitId) // Eight random bytes are an id.
    state = next.state
    if (sign.kind === 'motion') behindMs = clock.mono() - sign.at
    tellPerson(sign, state)
    deps.onVisit(state.phase === 'idle' ? undefined : state.id)
    wake()
    const rings = next.effects.filter((effect) => effect.do === 'ring')
    work.add(next.effects.filter((effect) => effect.do !== 'ring'))
    await Promise.all(rings.map((effect) => performOne(perform, effect)))
  }
  return {
    take,
    noteAgain() {
      if (state.phase === 'idle') return
      const { id: visit, signs, presses, labels } = state
      work.add([{ do: 'note-signs', visit, signs, presses, labels }])
    },
    run: (signal) => work.run(signal),
    async tellMotion(motion, at) {
      await deps.telemetry?.publish('motion', { state: motion, ...timed(deps.ports, at) })
    },
    isIdle: () => state.phase === 'idle' && work.isIdle(),
    busyMs: () => work.busyMs(),
    async watchQuiet(signal) {
      signal.addEventListener('abort', () => wake(), { once: true })
      while (!signal.aborted) {
        const deadline = quietDeadline(state, rules)
        if (deadline === undefined) {
          await new Promise<void>((resolve) => (wake = resolve))
          continue
        }
        // Silence is known only up to what was looked at: else each late picture would begin a visit, and end it.
        const waitMs = deadline - clock.mono() + (behindMs > BEHIND_MS ? behindMs : 0)
        await clock.sleep(Math.max(0, waitMs), { signal })
        if ((quietDeadline(state, rules) ?? deadline) > deadline) continue
        // Differences of times are rounded: whoever slept until the deadline may wake a trillionth of a millisecond before it.
        await take({ kind: 'quiet', at: monoMs(Math.max(deadline, clock.mono())) })
      }
    },
  }
}

/** The broker hears that a person is there from when they are seen until the visit is over. */
function personTeller({ ports, telemetry }: DeskDeps): (sign: Sign, state: VisitState) => void {
  let isThere = false
  const tell = (at: MonoMs): void => {
    // Only a press is written to disk, so only a press can fail.
    void telemetry?.publish('person', { state: isThere ? 'on' : 'off', ...timed(ports, at) })
  }
  return (sign, state) => {
    const isSeen = sign.kind === 'sight' && sign.thing === 'person' && state.phase !== 'idle'
    if (isThere ? state.phase !== 'idle' : !isSeen) return
    isThere = !isThere
    tell(sign.at)
  }
}

const visitRules = ({ visit }: Config): VisitRules => ({
  ...visit,
  record: visit.record.map(parseWanted),
  notify: visit.notify.map(parseWanted),
})

/** What was decided and waits to be done, one after the other. */
class WorkLine {
  readonly #clock: Clock
  readonly #perform: (effect: Effect) => Promise<void>
  readonly #waiting: Effect[] = []
  readonly #bell = new Bell()
  #since: MonoMs | undefined

  constructor(clock: Clock, perform: (effect: Effect) => Promise<void>) {
    this.#clock = clock
    this.#perform = perform
  }

  /**
   * Notes say all that is known of a visit, so the newest takes the place of one that still waits at the end: however often somebody
   * rings while the disk hangs, a visit has at most a handful of effects here.
   */
  add(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.do === 'note-signs' && this.#waiting.at(-1)?.do === 'note-signs') this.#waiting.pop()
      this.#waiting.push(effect)
    }
    this.#bell.ring()
  }

  isIdle(): boolean {
    return this.#waiting.length === 0 && this.#since === undefined
  }

  busyMs(): number {
    return this.#since === undefined ? 0 : this.#clock.mono() - this.#since
  }

  /** When stopped, what is left of it first. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted || this.#waiting.length > 0) {
      const effect = this.#waiting.shift()
      if (effect === undefined) {
        await this.#bell.untilRung(signal)
        continue
      }
      this.#since = this.#clock.mono()
      await this.#perform(effect)
      this.#since = undefined
    }
  }
}

/** An effect without a performer is a type error. */
function performersOf(deps: DeskDeps): Performers {
  const { ports, config, clips, telemetry, quiet, tell, edgesAround } = deps
  return {
    async 'begin-clip'({ visit, from }) {
      await clips.begin({ visit, since: laterBy(from, -config.capture.prerollMs) })
    },
    async 'note-signs'({ signs, presses, labels }) {
      await clips.note({ signs, presses, labels, edges: edgesAround(presses) })
    },
    async 'tell-notice'({ visit, at, what, zone }) {
      if (quiet.silent().includes('notices')) return
      const where = zone === undefined ? {} : { zone }
      tell({ kind: 'notice', visit, at, what, ...where })
      await telemetry?.publish('notice', { visit, ...timed(ports, at), what, ...where })
    },
    async ring({ visit, at }) {
      // Told again after a lost acknowledgement or a restart, it is known by its id to be the same press.
      const id = hex(ports.random.bytes(8))
      const silent = quiet.silent()
      tell({ kind: 'press', at, visit, id, silent })
      const payload = { id, visit, ...timed(ports, at), ...(silent.length === 0 ? {} : { quiet: true }) }
      const journal = telemetry?.publish('press', payload) ?? Promise.resolve()
      if (silent.includes('chime')) await journalled(deps, journal)
      else await chimeSoon(deps, journal)
    },
    async 'tell-visit-began'({ visit, from, sign }) {
      tell({ kind: 'visit-began', visit, from, sign })
      await telemetry?.publish('visit', { state: 'began', visit, ...timed(ports, from), sign })
    },
    async 'tell-visit-ended'({ visit, from, to, signs, presses, labels }) {
      tell({ kind: 'visit-ended', visit, from, to, signs, labels })
      await telemetry?.publish('visit', {
        state: 'ended',
        visit,
        ...timed(ports, from),
        durationMs: Math.round(to - from),
        signs: signs.join(', '),
        presses: presses.length,
        labels: labels.map(({ label, score }) => `${label} ${score.toFixed(2)}`).join(', '),
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
async function chimeSoon(deps: DeskDeps, journal: Promise<void>): Promise<void> {
  const { ports, ring } = deps
  const enough = new AbortController()
  const patience = ports.clock.sleep(CHIME_WAITS_MS_MAX, { signal: enough.signal }).catch(() => {})
  const written = journalled(deps, journal)
  await Promise.race([written, patience])
  enough.abort()
  ring()
  await written
}

const journalled = ({ ports }: DeskDeps, journal: Promise<void>): Promise<void> =>
  journal.catch((error: unknown) => ports.log.error('press.not_journalled', { problem: messageOf(error) }))

async function performOne(perform: Performers, effect: Effect): Promise<void> {
  // TypeScript cannot see that the name and the effect belong together; the table's type says that they do.
  const performer = perform[effect.do] as (effect: Effect) => Promise<void>
  await performer(effect)
}
