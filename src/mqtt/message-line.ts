import { Bell } from '../base/bell.ts'
import type { Json } from '../base/json.ts'
import type { MonoMs } from '../base/time.ts'
import type { BrokerMessage } from '../ports/broker.ts'
import { orderKey } from '../ports/records.ts'

/** `key` is set for a message that also stands in the outbox. */
export type WaitingMessage = {
  readonly message: BrokerMessage
  readonly key: string | undefined
  /** What it says, and when that truly was by the clock that never jumps, as long as the time of day is not known. */
  readonly untimed?: Untimed
}

export type Untimed = {
  readonly payload: Readonly<Record<string, Json>>
  readonly at: MonoMs
}

/** Whoever holds it while it is being sent holds the same one after its time was put right. */
type Slot = { -readonly [K in keyof WaitingMessage]: WaitingMessage[K] }

const MESSAGES_WAITING_MAX = 1000

/** Messages in order. When full the oldest that is no press goes. */
export class MessageLine {
  readonly #messages: Slot[] = []
  /** On its way to the broker: too late to drop it. */
  #sending: WaitingMessage | undefined
  #dropped = 0
  #nextKey = 0
  /** Rings with every message; others may ring it too. */
  readonly bell = new Bell()

  get length(): number {
    return this.#messages.length
  }

  get dropped(): number {
    return this.#dropped
  }

  nextKey(): string {
    return orderKey(this.#nextKey++)
  }

  /** A row that was there before; without a message it only keeps its key from being given again. */
  reload(key: string, message: BrokerMessage | undefined): void {
    this.#nextKey = Math.max(this.#nextKey, Number(key) + 1)
    if (message !== undefined) this.push({ key, message })
  }

  push(waiting: WaitingMessage): void {
    this.#messages.push({ ...waiting })
    const oldest = this.#messages.findIndex((it) => it.key === undefined && it !== this.#sending)
    if (this.#messages.length > MESSAGES_WAITING_MAX && oldest >= 0) {
      this.#messages.splice(oldest, 1)
      this.#dropped++
    }
    this.bell.ring()
  }

  /** `textOf` gives the text with the right time. A message that is on its way goes as it is, and is right if it has to go again. */
  giveTimes(textOf: (untimed: Untimed) => string): void {
    for (const slot of this.#messages) {
      if (slot.untimed === undefined) continue
      slot.message = { ...slot.message, payload: textOf(slot.untimed) }
      delete slot.untimed
    }
  }

  /** The one whose turn it is; it stays until it is removed. */
  first(): WaitingMessage | undefined {
    this.#sending = this.#messages[0]
    return this.#sending
  }

  remove(waiting: WaitingMessage): void {
    const index = this.#messages.findIndex((it) => it === waiting)
    if (index >= 0) this.#messages.splice(index, 1)
    this.#sending = undefined
  }
}
