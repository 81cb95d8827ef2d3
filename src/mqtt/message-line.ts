import { Bell } from '../base/bell.ts'
import type { BrokerMessage } from '../ports/broker.ts'
import { orderKey } from '../ports/records.ts'

/** `key` is set for a message that also stands in the outbox. */
export type WaitingMessage = { readonly message: BrokerMessage; readonly key: string | undefined }

const MESSAGES_WAITING_MAX = 1000

/** Messages in order. When full the oldest that is no press goes. */
export class MessageLine {
  readonly #messages: WaitingMessage[] = []
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

  reload(key: string, message: BrokerMessage): void {
    this.#nextKey = Math.max(this.#nextKey, Number(key) + 1)
    this.push({ key, message })
  }

  push(waiting: WaitingMessage): void {
    this.#messages.push(waiting)
    const oldest = this.#messages.findIndex(({ key }) => key === undefined)
    if (this.#messages.length > MESSAGES_WAITING_MAX && oldest >= 0) {
      this.#messages.splice(oldest, 1)
      this.#dropped++
    }
    this.bell.ring()
  }

  first(): WaitingMessage | undefined {
    return this.#messages[0]
  }

  /** It may have moved, or been dropped, while it was on its way. */
  remove(waiting: WaitingMessage): void {
    const index = this.#messages.indexOf(waiting)
    if (index >= 0) this.#messages.splice(index, 1)
  }
}
