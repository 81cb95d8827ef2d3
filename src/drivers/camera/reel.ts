import type { MonoMs } from '../../base/time.ts'
import type { Packet } from '../../ports/camera.ts'

const KEPT_MS = 15_000
const KEPT_BYTES_MAX = 32 * 1024 * 1024

/**
 * The newest packets of a run, from which several may read side by side: who records, and who decodes. What is in here is what is in the
 * preroll too, so it costs little more memory. Full, it drops whole groups of pictures, the oldest first, also under somebody who is so slow
 * that he has not read them yet: he goes on with the oldest key frame there is, which is then marked.
 */
export class Reel {
  #packets: Packet[] = []
  /** Where `#packets` begins, counted from the first of all. */
  #from = 0
  #bytes = 0
  #ending: { readonly fault: Error | undefined } | undefined
  #news: PromiseWithResolvers<void> = Promise.withResolvers()

  push(packet: Packet): void {
    if (this.#ending !== undefined || (this.#packets.length === 0 && !packet.isKey)) return
    this.#packets.push(packet)
    this.#bytes += packet.data.length
    while (this.#isOldestTooMuch(packet.at)) this.#dropOldestGroup()
    this.#wake()
  }

  /** Nothing comes any more. Who reads gets what is left, then the fault, if there is one. */
  end(fault?: Error): void {
    this.#ending ??= { fault }
    this.#wake()
  }

  /** From the newest key frame at or before `from`, or the oldest that is held. Ends without a word when `stop` is aborted. */
  async *follow(from: MonoMs | 'oldest', stop: AbortSignal): AsyncGenerator<Packet, void> {
    let next = this.#from + (from === 'oldest' ? 0 : this.#keyBefore(from))
    while (!stop.aborted) {
      const isLate = next < this.#from
      if (isLate) next = this.#from
      const packet = this.#packets[next - this.#from]
      if (packet !== undefined) {
        next++
        yield isLate ? { ...packet, isAfterLoss: true } : packet
      } else if (this.#ending === undefined) await this.#untilNews(stop)
      else if (this.#ending.fault === undefined) return
      else throw this.#ending.fault
    }
  }

  /** What is held now. */
  get packets(): readonly Packet[] {
    return this.#packets
  }

  #keyBefore(from: MonoMs): number {
    const last = this.#packets.findLastIndex(({ isKey, at }) => isKey && at <= from)
    return Math.max(0, last)
  }

  async #untilNews(stop: AbortSignal): Promise<void> {
    const { promise } = this.#news
    const stopped = Promise.withResolvers<void>()
    const wake = (): void => stopped.resolve()
    stop.addEventListener('abort', wake, { once: true })
    await Promise.race([promise, stopped.promise])
    stop.removeEventListener('abort', wake)
  }

  #wake(): void {
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }

  #isOldestTooMuch(now: MonoMs): boolean {
    const next = this.#nextKey()
    if (this.#bytes > KEPT_BYTES_MAX) return this.#packets.length > 0
    return next !== undefined && (this.#packets[next]?.at ?? 0) <= now - KEPT_MS
  }

  #nextKey(): number | undefined {
    const index = this.#packets.findIndex(({ isKey }, place) => place > 0 && isKey)
    return index < 0 ? undefined : index
  }

  #dropOldestGroup(): void {
    const count = this.#nextKey() ?? this.#packets.length
    for (const { data } of this.#packets.splice(0, count)) this.#bytes -= data.length
    this.#from += count
  }
}
