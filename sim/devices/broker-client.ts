/** One incarnation's client of the simulated broker: what `src/drivers/mqtt/` does, over a line that is simulated. */
import { Fault } from '../../src/base/fault.ts'
import type { Broker, BrokerMessage, HeardMessage, ListenOptions } from '../../src/ports/broker.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { BrokerEars } from './broker-ears.ts'
import { BrokerLine, type LineDeps } from './broker-line.ts'
import { comeBack } from './broker-reconnect.ts'

export type ClientDeps = Omit<LineDeps, 'onLost'> & {
  /** Of this incarnation. */
  readonly clock: Clock
  /** What is said to the doorbell comes at once, as long as there is a connection. */
  readonly ears: BrokerEars
  readonly onPublish: (message: BrokerMessage, outcome: string) => void
}

/** Those of the driver. */
const ACKNOWLEDGE_MS_MAX = 20_000
const CLOSE_MS_MAX = 2000

export class BrokerClient implements Broker {
  readonly #deps: ClientDeps
  readonly #stop = new AbortController()
  readonly #sleepers = new Set<() => void>()
  /** Each lets go of one publish whose end nobody will hear of. */
  readonly #waiting = new Set<() => void>()
  #line: BrokerLine | undefined
  #made = 0
  #whenIdle: () => void = () => {}

  constructor(deps: ClientDeps) {
    this.#deps = deps
    this.#connect({ isFirst: true })
  }

  get ears(): BrokerEars {
    return this.#deps.ears
  }

  listen(filters: readonly string[], options: ListenOptions): AsyncIterable<HeardMessage> {
    return this.ears.listen(filters, options)
  }

  isConnected(): boolean {
    return this.#line !== undefined
  }

  isClosed(): boolean {
    return this.#stop.signal.aborted
  }

  async publish(message: BrokerMessage, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const refusal = this.#refusalOf(message, signal)
    const line = this.#line
    if (refusal === undefined && line !== undefined) return this.#hand(line, message, signal)
    const fault = refusal ?? new Fault('unavailable', 'the broker is not connected')
    this.#deps.onPublish(message, fault.kind)
    throw fault
  }

  async *connections({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<void> {
    let seen = this.isConnected() ? this.#made - 1 : this.#made
    while (!signal.aborted) {
      if (seen === this.#made) await this.#untilMade(signal)
      else {
        seen++
        yield
      }
    }
  }

  /** Waits a little for what is not acknowledged yet, then says goodbye. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    if (this.#waiting.size > 0) await this.#untilIdle()
    this.#line?.close()
    this.#line = undefined
    this.ears.disconnected()
  }

  /** The power went: nothing of this client ever happens again, and nobody hears from it. */
  kill(): void {
    this.#stop.abort()
    for (const letGo of [...this.#waiting]) letGo()
    this.#line?.drop()
    this.#line = undefined
    this.ears.disconnected()
  }

  #connect({ isFirst }: { readonly isFirst: boolean }): void {
    const { network, desk, will, clock } = this.#deps
    const onMade = (): void => {
      const onLost = (): void => {
        this.#line = undefined
        this.ears.disconnected()
        if (!this.#stop.signal.aborted) this.#connect({ isFirst: false })
      }
      this.#line = new BrokerLine({ network, desk, will, onLost })
      this.#made++
      this.ears.connected()
      for (const wake of [...this.#sleepers]) wake()
    }
    void comeBack({ network, clock, signal: this.#stop.signal }, { isFirst, onMade })
  }

  #refusalOf({ topic }: BrokerMessage, signal: AbortSignal): Fault | undefined {
    if (topic === '' || /[#+\0]/.test(topic))
      return new Fault('invalid', `MQTT topic “${topic}”: wanted one without #, + and NUL`)
    if (signal.aborted) return new Fault('aborted', 'publishing was stopped')
    if (this.#stop.signal.aborted) return new Fault('unavailable', 'the broker is not connected')
    return undefined
  }

  /** Resolves with the acknowledgement; gives up when the line breaks, time is up or somebody asks to stop. */
  #hand(line: BrokerLine, message: BrokerMessage, signal: AbortSignal): Promise<void> {
    const { clock, onPublish } = this.#deps
    let timer: AbortController | undefined
    return new Promise((resolve, reject) => {
      let isOver = false
      const over = (outcome: string): boolean => {
        if (isOver) return false
        isOver = true
        timer?.abort()
        signal.removeEventListener('abort', stopped)
        this.#waiting.delete(letGo)
        onPublish(message, outcome)
        if (this.#waiting.size === 0) this.#whenIdle()
        return true
      }
      const settle = (fault?: Fault): void => {
        if (!over(fault?.kind ?? (message.qos === 0 ? 'handed over' : 'acknowledged'))) return
        if (fault === undefined) resolve()
        else reject(fault)
      }
      const giveUp = (fault: Fault): void => {
        line.giveUp(settle)
        settle(fault)
      }
      const letGo = (): void => void over('cut-off')
      const stopped = (): void => giveUp(new Fault('aborted', 'publishing was stopped'))
      line.send(message, settle)
      if (isOver) return // Nothing took time; no timer is needed.
      this.#waiting.add(letGo)
      signal.addEventListener('abort', stopped, { once: true })
      timer = new AbortController()
      clock.sleep(ACKNOWLEDGE_MS_MAX, timer).then(
        () => giveUp(unacknowledged()),
        () => {}, // It was over before.
      )
    })
  }

  async #untilIdle(): Promise<void> {
    const enough = new AbortController()
    const idle = new Promise<void>((resolve) => (this.#whenIdle = resolve))
    await Promise.race([idle, this.#deps.clock.sleep(CLOSE_MS_MAX, enough).catch(() => {})]) // Aborted below, when all was acknowledged first.
    enough.abort()
  }

  #untilMade(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#sleepers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}

const unacknowledged = (): Fault =>
  new Fault('unavailable', `the broker did not acknowledge within ${ACKNOWLEDGE_MS_MAX} ms`)
