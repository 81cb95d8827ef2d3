import { isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Clock } from '../ports/clock.ts'
import type { DeviceEvent, PressDesk } from '../web/index.ts'

export type RingsDeps = { readonly clock: Clock; readonly log: Log }

export type RingingPress = {
  readonly press: string
  readonly visit: string
  readonly atUnixMs: number
  /** Quiet hours: pages show it without a sound. */
  readonly isSilent?: boolean
  /** Makes and seals the picture; left out: there is none to be had. */
  readonly picture?: () => Promise<Uint8Array>
}

export interface Rings extends PressDesk, AsyncDisposable {
  /** Returns at once; subscribers have heard of it by then. */
  press(press: RingingPress): void
  /** Anything else that pages should hear of. */
  tell(event: DeviceEvent): void
  /** Whether anybody wants `look` events. */
  wantsLooks(): boolean
  look(event: Extract<DeviceEvent, { type: 'look' }>): void
}

const PRESSES_MAX = 8
const RING_MS = 60_000

type Ringing = {
  readonly event: DeviceEvent
  picture: Uint8Array | undefined
  readonly over: AbortController
}
type Take = (event: DeviceEvent) => void

export function createRings(deps: RingsDeps): Rings {
  return new RingDesk(deps)
}

class RingDesk implements Rings {
  readonly #deps: RingsDeps
  readonly #takers = new Set<Take>()
  readonly #lookers = new Set<Take>()
  readonly #presses = new Map<string, Ringing>()
  readonly #running = new Set<Promise<void>>()
  #making: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(deps: RingsDeps) {
    this.#deps = deps
  }

  press({ press, visit, atUnixMs, isSilent = false, picture }: RingingPress): void {
    if (this.#isClosed || this.#presses.has(press)) return
    const silent = isSilent ? { silent: true as const } : {}
    const event = {
      type: 'press' as const,
      press,
      visit,
      atUnixMs,
      hasPicture: picture !== undefined,
      ...silent,
    }
    const ringing: Ringing = { event, picture: undefined, over: new AbortController() }
    this.#presses.set(press, ringing)
    this.#dropOldest()
    this.tell(event)
    if (picture !== undefined)
      this.#making = this.#keep(this.#making.then(() => this.#make(press, ringing, picture)))
    void this.#keep(this.#timeOut(press, ringing.over.signal))
  }

  picture(press: string): Uint8Array | undefined {
    return this.#presses.get(press)?.picture
  }

  /** With it those before: whoever knows of the newest knows that somebody is there. */
  over(press: string, how: 'answered' | 'ignored', by: string): void {
    if (!this.#presses.has(press)) return
    for (const each of this.#presses.keys()) {
      this.#end(each, { type: 'press-over', press: each, how, by })
      if (each === press) return
    }
  }

  /** Whoever comes while it rings hears it too: a page that was just opened, or that had lost its line. */
  subscribe(take: Take): Disposable {
    for (const { event, over } of this.#presses.values()) if (!over.signal.aborted) this.#hand(take, event)
    return subscribed(this.#takers, take)
  }

  subscribeLooks(take: Take): Disposable {
    return subscribed(this.#lookers, take)
  }

  tell(event: DeviceEvent): void {
    for (const take of this.#takers) this.#hand(take, event)
  }

  wantsLooks(): boolean {
    return this.#lookers.size > 0
  }

  look(event: Extract<DeviceEvent, { type: 'look' }>): void {
    for (const take of this.#lookers) this.#hand(take, event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const { over } of this.#presses.values()) over.abort()
    await Promise.all(this.#running)
  }

  #hand(take: Take, event: DeviceEvent): void {
    try {
      take(event)
    } catch (error) {
      this.#deps.log.error('rings.subscriber_failed', { event: event.type, problem: messageOf(error) })
    }
  }

  async #make(press: string, ringing: Ringing, picture: () => Promise<Uint8Array>): Promise<void> {
    if (this.#presses.get(press) !== ringing || this.#isClosed) return // Newer presses have taken its place.
    try {
      ringing.picture = await picture()
      this.tell({ type: 'press-picture', press })
    } catch (error) {
      const level = isFault(error) && error.kind !== 'bug' ? 'warn' : 'error'
      this.#deps.log[level]('rings.no_picture', { problem: messageOf(error) })
    }
  }

  async #timeOut(press: string, signal: AbortSignal): Promise<void> {
    await this.#deps.clock.sleep(RING_MS, { signal }).catch(() => {}) // It was answered, or everything ends.
    if (!signal.aborted) this.#end(press, { type: 'press-over', press, how: 'timed-out' })
  }

  #end(press: string, event: Extract<DeviceEvent, { type: 'press-over' }>): void {
    const over = this.#presses.get(press)?.over
    if (over === undefined || over.signal.aborted) return
    over.abort()
    this.tell(event)
  }

  #dropOldest(): void {
    const [oldest] = this.#presses
    if (this.#presses.size <= PRESSES_MAX || oldest === undefined) return
    this.#end(oldest[0], { type: 'press-over', press: oldest[0], how: 'timed-out' })
    this.#presses.delete(oldest[0])
  }

  #keep(job: Promise<void>): Promise<void> {
    const kept = job.finally(() => this.#running.delete(kept))
    this.#running.add(kept)
    return kept
  }
}

function subscribed(takers: Set<Take>, take: Take): Disposable {
  const mine: Take = (event) => take(event) // The same function may be subscribed twice.
  takers.add(mine)
  return { [Symbol.dispose]: () => void takers.delete(mine) }
}
