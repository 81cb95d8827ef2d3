import { Bell } from '../base/bell.ts'
import type { BrokerMessage } from '../ports/broker.ts'
import { orderKey } from '../ports/records.ts'

/** `key` is set for a message that also stands in the outbox. */
export type WaitingMessage = { readonly message: BrokerMessage; readonly key: string | undefined }

const MESSAGES_WAITING_MAX = 1000

/** Messages in order. When full the oldest that is no press goes. */
export class MessageLine {
  readonly #messages: WaitingMessage[] = []
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
    this.#messages.push(waiting)
    const oldest = this.#messages.findIndex((it) => it.key === undefined && it !== this.#sending)
    if (this.#messages.length > MESSAGES_WAITING_MAX && oldest >= 0) {
      this.#messages.splice(oldest, 1)
      this.#dropped++
    }
    this.bell.ring()
  }

  /** The one whose turn it is; it stays until it is removed. */
  first(): WaitingMessage | undefined {
    this.#sending = this.#messages[0]
    return this.#sending
  }

  remove(waiting: WaitingMessage): void {
    const index = this.#messages.indexOf(waiting)
    if (index >= 0) this.#messages.splice(index, 1)
    this.#sending = undefined
  }
}
