import { assert } from './assert.ts'

/**
 * A bounded hand-over from a pusher to one puller.
 *
 * When full, `push` returns false and keeps nothing: the pusher decides what is lost and says so.
 * After `end` the puller still gets what was pushed before.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #bound: number
  #items: T[] = []
  #ended = false
  #wake: (() => void) | undefined

  constructor(bound: number) {
    assert(bound > 0, 'a queue has room for at least one')
    this.#bound = bound
  }

  get length(): number {
    return this.#items.length
  }

  push(item: T): boolean {
    if (this.#ended || this.#items.length >= this.#bound) return false
    this.#items.push(item)
    this.#wake?.()
    return true
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) {
        yield item
        continue
      }
      if (this.#ended) return
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }
}
