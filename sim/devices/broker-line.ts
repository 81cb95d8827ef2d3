/**
 * One connection to the broker, from CONNECT to its end: messages travel in order, are acknowledged or not, and when the
 * line breaks some of what was on its way has arrived. Limits and wording are those of `src/drivers/mqtt/`.
 */
import { Fault, type FaultKind } from '../../src/base/fault.ts'
import type { BrokerMessage } from '../../src/ports/broker.ts'
import type { Fate, Mishap, Network } from './network.ts'

/** The broker's own side. */
export interface FrontDesk {
  tell(message: BrokerMessage): void
  /** A connection was made. */
  enter(): void
  /** A connection ended without a goodbye, which the broker notices after so long. */
  vanish(will: BrokerMessage, noticedInMs: number): void
}

export type LineDeps = {
  readonly network: Network
  readonly desk: FrontDesk
  readonly will: BrokerMessage
  /** The driver notices that it is broken. */
  readonly onLost: () => void
}

/** One message on its way. */
type Flight = {
  readonly message: BrokerMessage
  readonly fate: Fate
  /** With the acknowledgement, or why there will be none. */
  readonly settle: (fault?: Fault) => void
}

/** The driver says something at least so often; with half as much again, both sides take the other for gone. */
const KEEPALIVE_MS = 30_000
const GIVEN_UP_AFTER_MS = KEEPALIVE_MS * 1.5

export class BrokerLine {
  readonly #deps: LineDeps
  readonly #timers = new AbortController()
  /** Sent, not arrived; in order. */
  readonly #flights: Flight[] = []
  /** Not acknowledged. */
  readonly #unsettled = new Set<Flight>()
  /** What waits for a network that went away without a word. It goes on when that is back in time. */
  #held: (() => void)[] | undefined
  #silence = new AbortController()
  #givenUpAtMs = 0
  #lastArrivalMs = 0
  #isOver = false
  readonly #forget: () => void

  constructor(deps: LineDeps) {
    this.#deps = deps
    deps.desk.enter()
    this.#forget = deps.network.onChange((host) => {
      if (host !== 'broker' || this.#isOver) return
      const isUp = deps.network.isUp('broker')
      if (!isUp && this.#held === undefined) this.#cut()
      else if (isUp) this.#resume()
    })
  }

  /** Puts it on its way. `settle` is called once at most: at once, later, or never when the line is `drop`ped. */
  send(message: BrokerMessage, settle: (fault?: Fault) => void): void {
    const { network } = this.#deps
    const fate = network.fateOf(
      'broker',
      Buffer.byteLength(message.topic) + Buffer.byteLength(message.payload),
    )
    const flight: Flight = { message, fate, settle }
    if (message.qos === 0) settle()
    else this.#unsettled.add(flight)
    this.#flights.push(flight)
    const nowMs = network.clock.mono()
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + fate.sendingMs + fate.thereMs)
    this.#after(this.#lastArrivalMs - nowMs, () => this.#arrive(flight))
  }

  /** Whoever sent it does not wait for its acknowledgement any more; it may arrive all the same. */
  giveUp(settle: (fault?: Fault) => void): void {
    for (const flight of this.#unsettled) if (flight.settle === settle) this.#unsettled.delete(flight)
  }

  /** With a goodbye, if that gets through: then no will is told. */
  close(): void {
    if (this.#isOver) return
    const isHeard = this.#held === undefined
    if (isHeard) for (const flight of [...this.#flights]) this.#arrive(flight) // What was sent before the goodbye arrives before it.
    if (this.#isOver) return
    this.#end()
    if (!isHeard) this.#vanish()
    this.#refuseAll()
  }

  /** Nobody is left on this side. What had left may have arrived; who waits waits for ever. */
  drop(): void {
    if (this.#isOver) return
    const givenUpAtMs = this.#held === undefined ? this.#giveUpTime() : this.#givenUpAtMs
    if (this.#held === undefined) this.#someArrive()
    if (this.#isOver) return
    this.#end()
    this.#givenUpAtMs = givenUpAtMs
    this.#vanish()
  }

  /** Lets time pass without a timer where there is none to pass; not at all once the line has ended. */
  #after(ms: number, then: () => void): void {
    if (ms <= 0) return this.#unlessHeld(then)
    void this.#deps.network.clock.sleep(ms, this.#timers).then(
      () => this.#unlessHeld(then),
      () => {}, // The line has ended.
    )
  }

  #unlessHeld(then: () => void): void {
    if (this.#held === undefined) then()
    else this.#held.push(then)
  }

  #arrive(flight: Flight): void {
    const index = this.#flights.indexOf(flight)
    if (index < 0 || this.#isOver) return
    this.#flights.splice(index, 1)
    const { message, fate } = flight
    if (fate.mishap === 'damaged') return this.#break({ noticedInMs: 0 })
    const refusal = refusalOf(message, fate.mishap)
    if (refusal === undefined && fate.mishap !== 'request-lost') {
      this.#deps.desk.tell(message)
      if (fate.isDuplicated && message.qos === 1) this.#deps.desk.tell(message)
    }
    if (message.qos === 0 || fate.mishap === 'request-lost' || fate.mishap === 'answer-lost') return
    this.#after(fate.backMs, () => {
      if (this.#unsettled.delete(flight)) flight.settle(refusal)
    })
  }

  /** The network went away: with a bang, or so that nobody notices for a while. */
  #cut(): void {
    const { network } = this.#deps
    this.#someArrive()
    if (this.#isOver) return
    const noticedInMs = this.#giveUpTime() - network.clock.mono()
    if (network.happens('broker', 'reset'))
      return this.#break({ noticedInMs: network.happens('broker', 'reset on both sides') ? 0 : noticedInMs })
    this.#held = []
    this.#givenUpAtMs = network.clock.mono() + noticedInMs
    this.#silence = new AbortController()
    // Both sides heard from each other last at about the same time, and give up at the same time.
    void network.clock.sleep(noticedInMs, this.#silence).then(
      () => this.#break({ noticedInMs: 0 }),
      () => {}, // The network was back before.
    )
  }

  /** As TCP does: what was held arrives late, in order, and nobody has noticed. */
  #resume(): void {
    if (this.#held === undefined) return
    const held = this.#held
    this.#held = undefined
    this.#silence.abort()
    for (const then of held) if (!this.#isOver) then()
  }

  /** What left first arrives first; from the first that does not, nothing does. */
  #someArrive(): void {
    for (const flight of [...this.#flights]) {
      if (!this.#deps.network.happens('broker', 'arrives all the same')) return
      this.#arrive(flight)
    }
  }

  #break({ noticedInMs }: { readonly noticedInMs: number }): void {
    if (this.#isOver) return
    this.#end()
    this.#deps.onLost()
    this.#deps.desk.vanish(this.#deps.will, noticedInMs)
    this.#refuseAll()
  }

  #end(): void {
    this.#isOver = true
    this.#forget()
    this.#timers.abort()
    this.#silence.abort()
    this.#flights.length = 0
  }

  #refuseAll(): void {
    const flights = [...this.#unsettled]
    this.#unsettled.clear()
    for (const { settle } of flights)
      settle(new Fault('unavailable', 'the broker went away before it acknowledged'))
  }

  #vanish(): void {
    const { network, desk, will } = this.#deps
    desk.vanish(will, this.#givenUpAtMs - network.clock.mono())
  }

  /** When both sides take the other for gone if they hear nothing from now on. */
  #giveUpTime(): number {
    const { network } = this.#deps
    const heardBeforeMs = network.uniform('broker', 'last word') * KEEPALIVE_MS
    return network.clock.mono() + GIVEN_UP_AFTER_MS - heardBeforeMs
  }
}

/** Reason codes of MQTT 5, in the words of mqtt.js. */
const REFUSALS: Readonly<Partial<Record<Mishap, { readonly kind: FaultKind; readonly words: string }>>> = {
  denied: { kind: 'denied', words: 'Not authorized' },
  'server-error': { kind: 'unavailable', words: 'Unspecified error' },
  throttled: { kind: 'full', words: 'Quota exceeded' },
}

function refusalOf({ topic }: BrokerMessage, mishap: Mishap | undefined): Fault | undefined {
  const refusal = mishap === undefined ? undefined : REFUSALS[mishap]
  if (refusal === undefined) return undefined
  return new Fault(refusal.kind, `publishing to ${topic}: Publish error: ${refusal.words}`)
}
