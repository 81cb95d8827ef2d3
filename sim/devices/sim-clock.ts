import { assert } from '../../src/base/assert.ts'
import { monoMs, unixMs, type MonoMs, type UnixMs, type WallTime } from '../../src/base/time.ts'
import type { Clock } from '../../src/ports/clock.ts'

type Timer = {
  readonly at: number
  readonly order: number
  readonly fire: () => void
  /** Whose timer it is: see `openClient`. */
  readonly owner: object | undefined
}

/** The clock of one incarnation of the doorbell, which begins at 0 when it is switched on. */
export type ClientClock = {
  readonly clock: Clock
  readonly startedMs: number
  /** Nothing of it ever happens again: no timer fires, none is refused. */
  kill(): void
}

/** The least that time moves. Sums are rounded: without it, somebody who sleeps the rest of a deadline could sleep for ever. */
const STEP_MS = 1e-6

/** Runs a job that takes real time (a disk, a decoder, a server); virtual time waits for it. */
export type RealJob = <T>(job: () => Promise<T>) => Promise<T>

export type SimClockOptions = {
  readonly bootWall: UnixMs
  /** Where it begins; 0 when left out. Below 0: before what the story calls its beginning. */
  readonly startMs?: number
  /** Holds back virtual time so that it runs at a multiple of real time; left out: as fast as it goes. */
  readonly pace?: (untilMs: MonoMs) => Promise<void>
  /**
   * Nothing real happens in this world but what `real` runs: whatever follows from a timer is done when no promise is left to go on,
   * and the event loop, which costs as much as all the rest, turns now and then only.
   */
  readonly isPure?: boolean
}

/** So often the event loop turns in a world where nothing depends on it: signals and messages to the process are heard. */
const TURN_EVERY = 1000

/**
 * A clock that moves only when told to, and only when nothing real is still running.
 *
 * Real work (disks, servers, decoders) finishes in whatever order the machine likes. `real()` runs it one job at a
 * time, in the order asked, so that the same story always gives the same trace.
 */
export class SimClock implements Clock {
  readonly #bootWall: UnixMs
  readonly #pace: ((untilMs: MonoMs) => Promise<void>) | undefined
  #now = 0
  #order = 0
  /** Sorted, soonest last: there are a handful at a time, and the last is the cheapest to take. */
  readonly #timers: Timer[] = []
  #inFlight = 0
  readonly #isPure: boolean
  #settled = 0
  #drained: () => void = () => {}
  #lastJob: Promise<unknown> = Promise.resolve()

  constructor(options: SimClockOptions) {
    this.#bootWall = options.bootWall
    this.#pace = options.pace
    this.#now = options.startMs ?? 0
    this.#isPure = options.isPure ?? false
  }

  mono(): MonoMs {
    return monoMs(this.#now)
  }

  wall(): WallTime {
    return { at: unixMs(this.#bootWall + this.#now), trusted: true }
  }

  sleep(ms: number, { signal }: { signal: AbortSignal }): Promise<void> {
    return this.#sleep(ms, signal, undefined)
  }

  /** A clock that begins now. `wall` gives the time of day at a moment of this clock. */
  openClient(wall: (nowMs: number) => WallTime): ClientClock {
    const owner = {}
    const startedMs = this.#now
    let isDead = false
    return {
      startedMs,
      clock: {
        mono: () => monoMs(this.#now - startedMs),
        wall: () => wall(this.#now),
        sleep: (ms, { signal }) => (isDead ? never() : this.#sleep(ms, signal, owner)),
      },
      kill: () => {
        isDead = true
        const rest = this.#timers.filter((timer) => timer.owner !== owner)
        this.#timers.splice(0, this.#timers.length, ...rest)
      },
    }
  }

  #sleep(ms: number, signal: AbortSignal, owner: object | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason)
        return
      }
      const stop = (): void => {
        const index = this.#timers.indexOf(timer)
        if (index >= 0) this.#timers.splice(index, 1)
        reject(signal.reason)
      }
      const timer: Timer = {
        at: ms > 0 ? Math.max(this.#now + ms, this.#now + STEP_MS) : this.#now,
        order: this.#order++,
        owner,
        // Without this, a loop that sleeps ten thousand times leaves ten thousand listeners behind.
        fire: () => {
          signal.removeEventListener('abort', stop)
          resolve()
        },
      }
      this.#insert(timer)
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  /** Arrow function, so that it can be handed to devices by itself. */
  readonly real: RealJob = async (job) => {
    this.#inFlight++
    try {
      const mine = this.#lastJob.then(job)
      this.#lastJob = mine.catch(() => {})
      return await mine
    } finally {
      this.#inFlight--
      if (this.#inFlight === 0) this.#drained()
    }
  }

  /** Fires the timers that fall due within `ms`, letting the consequences of each finish. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await this.#settle()
    while (this.#soonest() <= end) await this.#fireNext()
    this.#now = end
  }

  /**
   * Moves from timer to timer until `done` holds. Stops with false at `untilMs`, or when nothing is left
   * that could ever happen.
   */
  async runUntil(done: () => boolean, untilMs: MonoMs = monoMs(Infinity)): Promise<boolean> {
    await this.#settle()
    while (!done()) {
      const next = this.#soonest()
      if (next > untilMs || next === Infinity) return false
      await this.#fireNext()
    }
    return true
  }

  #insert(timer: Timer): void {
    let index = this.#timers.length
    // Equal times fire in the order they were asked for, so a later one stands before its equals.
    while (index > 0 && (this.#timers[index - 1]?.at ?? 0) <= timer.at) index--
    this.#timers.splice(index, 0, timer)
  }

  #soonest(): number {
    return this.#timers.at(-1)?.at ?? Infinity
  }

  async #fireNext(): Promise<void> {
    const next = this.#timers.pop()
    assert(next !== undefined, 'a timer to fire')
    if (this.#pace !== undefined && next.at > this.#now) await this.#pace(monoMs(next.at))
    this.#now = Math.max(this.#now, next.at)
    next.fire()
    await this.#settle()
  }

  async #settle(): Promise<void> {
    if (this.#isPure && ++this.#settled % TURN_EVERY !== 0) {
      await allPromises()
      if (this.#inFlight === 0) return
    }
    do {
      if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#drained = resolve))
      await new Promise((resolve) => setImmediate(resolve))
    } while (this.#inFlight > 0)
  }
}

/** Node runs a tick when no promise is left to go on; what another tick did before has gone on, too. */
const allPromises = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

const never = (): Promise<never> => new Promise(() => {})

/**
 * A driver whose every call is real work to the virtual clock. Only for ports whose methods return promises:
 * what returns something else passes through unchanged.
 */
export function inRealTime<T extends object>(port: T, real: RealJob, methods: readonly (keyof T)[]): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      if (!(methods as readonly PropertyKey[]).includes(name)) return member.bind(target)
      return (...args: unknown[]) => real(async () => Reflect.apply(member, target, args))
    },
  })
}
