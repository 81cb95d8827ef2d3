/** Starts the doorbell, and starts it anew with other settings when nobody is at the door. */
import type { ActivityDesk } from './activity/index.ts'
import { isFault, messageOf } from './base/fault.ts'
import type { Log } from './base/log.ts'
import { openScope, type Scope } from './base/scope.ts'
import type { Config } from './config/index.ts'
import { startDoorbell, type Doorbell, type DoorbellOptions } from './doorbell.ts'
import type { Clock } from './ports/clock.ts'
import type { Ports } from './ports/ports.ts'

export type Running = {
  readonly doorbell: Doorbell
  readonly ports: Ports
  readonly config: Config
}

export type KeeperDeps = {
  readonly clock: Clock
  readonly log: Log
  readonly openPorts: (config: Config, scope: Scope) => Promise<Ports>
  readonly activity: ActivityDesk
  readonly options: DoorbellOptions
}

/** So long whoever changes a setting waits for it to be applied. */
const APPLY_MS_MAX = 3000
/** So long whoever starts it waits for the storage; the bell rings meanwhile, and after. */
const OPEN_MS_MAX = 2000
const LOOK_MS = 250

export class DoorbellKeeper implements AsyncDisposable {
  readonly #deps: KeeperDeps
  readonly #onChange: () => void
  readonly #stop = new AbortController()
  #running: (Running & AsyncDisposable) | undefined
  #config: Config
  /** What is to be applied when nobody is there. */
  #wanted: Config | undefined
  #applying: Promise<void> = Promise.resolve()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(deps: KeeperDeps, config: Config, { onChange }: { readonly onChange: () => void }) {
    this.#deps = deps
    this.#config = config
    this.#onChange = onChange
  }

  /** With which the doorbell runs, or will. */
  get config(): Config {
    return this.#config
  }

  running(): Running | undefined {
    return this.#running
  }

  isWaiting(): boolean {
    return this.#wanted !== undefined
  }

  /** Does nothing when it runs already. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#running === undefined && !this.#stop.signal.aborted) await this.#start(this.#config)
    })
  }

  /**
   * Starts it anew with these settings. Throws when it will not start with them: then it runs with the old ones. While somebody is
   * there it resolves after a moment, and goes on by itself; `onLateFault` hears when it fails then.
   */
  async apply(config: Config, onLateFault: () => Promise<void>): Promise<void> {
    this.#wanted = config
    let isLate = false
    const applied = this.#applying.then(() => this.#applyWanted())
    this.#applying = applied.catch(async (error: unknown) => {
      this.#deps.log.error('settings.not_applied', { problem: messageOf(error) })
      if (isLate) await onLateFault()
    })
    try {
      await within(APPLY_MS_MAX, this.#deps.clock, applied)
    } finally {
      isLate = true
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#applying
    await this.#inTurn(() => this.#end())
  }

  async #applyWanted(): Promise<void> {
    await this.#untilIdle()
    await this.#inTurn(async () => {
      const wanted = this.#wanted
      if (wanted === undefined || this.#stop.signal.aborted) return
      this.#wanted = undefined
      const old = this.#config
      this.#config = wanted
      if (this.#running === undefined) return // There is no owner yet.
      await this.#end()
      try {
        await this.#start(wanted)
      } catch (error) {
        if (!isFault(error) || error.kind === 'bug') throw error
        this.#config = old
        await this.#start(old)
        throw error
      }
    })
  }

  async #untilIdle(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted && this.#running?.doorbell.isIdle() === false)
      await this.#deps.clock.sleep(LOOK_MS, { signal }).catch(() => {}) // Stopped: the loop's condition ends it.
  }

  async #start(config: Config): Promise<void> {
    const { openPorts, options } = this.#deps
    this.#running = await openScope(async (scope) => {
      const ports = await openPorts(config, scope)
      const doorbell = scope.own(
        'doorbell',
        await startDoorbell(ports, config, { ...options, ringsWithoutStorage: true }),
      )
      return { doorbell, ports, config }
    })
    this.#onChange()
    await within(OPEN_MS_MAX, this.#deps.clock, this.#attachWhenOpen(this.#running.doorbell))
  }

  /** What was done before there was a ledger is entered then. */
  async #attachWhenOpen(doorbell: Doorbell): Promise<void> {
    const { activity, options, log } = this.#deps
    try {
      const isOpen = await doorbell.opened()
      if (isOpen && this.#running?.doorbell === doorbell) await activity.attach(doorbell.ledger)
    } catch (error) {
      if (!isFault(error) || error.kind === 'bug') options.onCrash(error)
      else log.error('activity.not_entered', { problem: error.message }) // The rows wait for the next start.
    }
  }

  /** Nobody may use the ledger of a doorbell that is over: the next one has its own. */
  async #end(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    this.#onChange()
    await this.#deps.activity.detach()
    await running[Symbol.asyncDispose]()
  }

  #inTurn(job: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(job)
    this.#turn = mine.catch(() => {}) // Whoever asked hears of it.
    return mine
  }
}

/** Waits for it, but not for longer; what it throws meanwhile is thrown. */
async function within(ms: number, clock: Clock, job: Promise<void>): Promise<void> {
  const enough = new AbortController()
  const patience = clock.sleep(ms, enough).catch(() => {}) // It was done in time.
  try {
    await Promise.race([job, patience])
  } finally {
    enough.abort()
  }
}
