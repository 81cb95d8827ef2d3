import { Bell } from '../base/bell.ts'
import type { Json } from '../base/json.ts'
import type { MonoMs } from '../base/time.ts'
import type { BrokerMessage } from '../ports/broker.ts'
import { orderKey } from '../ports/records.ts'

export type WaitingMessage = {
  readonly message: BrokerMessage
  /** Under which it also stands in the outbox. */
  readonly key: string | undefined
  /** Never dropped. */
  readonly isPress: boolean
  /** What it says, and when that truly was by the clock that never jumps, as long as the time of day is not known. */
  readonly untimed?: Untimed
}

export type KeyedMessage = { readonly key: string; readonly message: BrokerMessage }

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

  /** Rows that were there before stand before all that came since; one without a message only keeps its key from being given again. */
  reload(rows: readonly { readonly key: string; readonly message: BrokerMessage | undefined }[]): void {
    for (const { key } of rows) this.#nextKey = Math.max(this.#nextKey, Number(key) + 1)
    const presses = rows.flatMap(({ key, message }) =>
      message === undefined ? [] : [{ key, message, isPress: true }],
    )
    const at = this.#messages[0] !== undefined && this.#messages[0] === this.#sending ? 1 : 0
    this.#messages.splice(at, 0, ...presses)
    if (presses.length > 0) this.bell.ring()
  }

  /** Gives a key to every press that has none and hands them to `write`; if that fails they have none again. */
  async writeDown(write: (presses: readonly KeyedMessage[]) => Promise<void>): Promise<void> {
    const slots = this.#messages.filter(({ isPress, key }) => isPress && key === undefined)
    if (slots.length === 0) return
    // The keys at once: what is told while it is being written has to leave the outbox again.
    const keyed = slots.map((slot) => ({ key: (slot.key = this.nextKey()), message: slot.message }))
    try {
      await write(keyed)
    } catch (error) {
      for (const slot of slots) slot.key = undefined
      throw error
    }
  }

  push(waiting: WaitingMessage): void {
    this.#messages.push({ ...waiting })
    const oldest = this.#messages.findIndex((it) => !it.isPress && it !== this.#sending)
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
