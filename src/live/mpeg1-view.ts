import { Fault } from '../base/fault.ts'
import type { Reencoder, Reencoding } from '../ports/reencoder.ts'
import type { Follower, LiveItem } from './follower.ts'
import { sendWhole, type LiveSink } from './sink.ts'

type Encoding = { readonly stop: AbortController; readonly done: Promise<void> }
type Watcher = { readonly sink: LiveSink; readonly signal: AbortSignal; isBehind: boolean }

/** Encoded anew while somebody watches, once for all of them. Whoever is too slow misses some of it. */
export class Mpeg1View {
  readonly #reencoder: Reencoder
  readonly #follow: () => Follower & Disposable
  readonly #watchers = new Set<Watcher>()
  #encoding: Encoding | undefined

  constructor(reencoder: Reencoder, follow: () => Follower & Disposable) {
    this.#reencoder = reencoder
    this.#follow = follow
  }

  /** Until aborted; rejects when the encoder fails. */
  async show(sink: LiveSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const watcher: Watcher = { sink, signal, isBehind: false }
    this.#watchers.add(watcher)
    try {
      const encoding = (this.#encoding ??= this.#begin())
      await Promise.race([encoding.done, untilAborted(signal)])
    } finally {
      this.#watchers.delete(watcher)
      if (this.#watchers.size === 0) await this.#end()
    }
  }

  #begin(): Encoding {
    const stop = new AbortController()
    const begun = { stop, done: this.#encode(stop.signal) }
    const forget = (): void => {
      if (this.#encoding === begun) this.#encoding = undefined
    }
    begun.done.then(forget, forget)
    return begun
  }

  async #end(): Promise<void> {
    const encoding = this.#encoding
    this.#encoding = undefined
    encoding?.stop.abort()
    await encoding?.done.catch(() => {}) // Those who watched were told already.
  }

  async #encode(signal: AbortSignal): Promise<void> {
    using follower = this.#follow()
    for (let item = await follower.next(signal); item !== undefined;)
      item = await this.#encodeRun(item, follower, signal)
  }

  /** Gives the first picture of the next run; undefined when it was stopped. */
  async #encodeRun(first: LiveItem, follower: Follower, signal: AbortSignal): Promise<LiveItem | undefined> {
    await using encoding = this.#reencoder.start()
    const given = this.#give(encoding)
    return await Promise.race([feed(encoding, first, follower, signal), given])
  }

  async #give(encoding: Reencoding): Promise<never> {
    for await (const bytes of encoding.output) for (const watcher of this.#watchers) send(watcher, bytes)
    throw new Fault('unavailable', 'the encoder for old browsers ended, though somebody watches')
  }
}

async function feed(
  encoding: Reencoding,
  first: LiveItem,
  follower: Follower,
  signal: AbortSignal,
): Promise<LiveItem | undefined> {
  const { run } = first
  await sendWhole(encoding, run.init, signal)
  let item: LiveItem | undefined = first
  for (; item !== undefined && item.run === run; item = await follower.next(signal))
    await sendWhole(encoding, run.fragmentOf(item.packet), signal)
  return item
}

function send(watcher: Watcher, bytes: Uint8Array): void {
  if (watcher.isBehind || watcher.sink.send(bytes)) return
  watcher.isBehind = true
  watcher.sink.drained(watcher.signal).then(
    () => (watcher.isBehind = false),
    () => {}, // It has gone, and is not sent anything any more.
  )
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
