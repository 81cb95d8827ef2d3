import { Bell } from '../base/bell.ts'
import type { Packet } from '../ports/camera.ts'
import type { LiveRun } from './live-run.ts'
import { LIVE_LIMITS } from './limits.ts'

export type LiveItem = {
  readonly run: LiveRun
  readonly packet: Packet
  /** It lies in the past, and is there to come to the newest quickly. One object for each time a viewer begins, or begins anew. */
  readonly catchUp?: CatchUp
}

export type CatchUp = { readonly newest: Packet }

/**
 * What waits for one viewer. When it becomes too much, all of it goes, and the viewer goes on with the next key frame.
 * Whoever pushes never waits and never hears of it.
 */
export class Follower {
  #items: LiveItem[] = []
  #bytes = 0
  /** Decoding has to begin at a key frame; what is shown before it needs what came before. */
  #key: LiveItem | undefined
  #lastDts = -Infinity
  #lastRun: LiveRun | undefined
  #skipped = 0
  readonly #bell = new Bell()

  /** Packets that this viewer was too slow for. */
  get skipped(): number {
    return this.#skipped
  }

  push(item: LiveItem): void {
    const { run, packet } = item
    if (run === this.#lastRun && packet.dts <= this.#lastDts) return // It was in the preroll.
    if (run !== this.#lastRun) this.#key = undefined
    this.#lastRun = run
    this.#lastDts = packet.dts
    if (packet.isKey) this.#key ??= item
    if (this.#key === undefined || isLeading(item, this.#key)) return
    if (this.#isFullWith(packet)) this.#dropAll(item)
    if (this.#key === undefined) return
    this.#items.push(item)
    this.#bytes += packet.data.length
    this.#bell.ring()
  }

  /** Begins anew with these, which begin with a key frame. Too many: it waits for the next key frame. */
  restart(run: LiveRun, packets: readonly Packet[]): void {
    this.#items = []
    this.#bytes = 0
    this.#key = undefined
    this.#lastRun = undefined
    const newest = packets.at(-1)
    if (newest === undefined) return
    const catchUp: CatchUp = { newest }
    for (const packet of packets) this.push({ run, packet, catchUp })
  }

  /** What comes next; undefined when the signal is aborted. */
  async next(signal: AbortSignal): Promise<LiveItem | undefined> {
    while (!signal.aborted) {
      const item = this.#items.shift()
      if (item !== undefined) {
        this.#bytes -= item.packet.data.length
        return item
      }
      await this.#bell.untilRung(signal)
    }
    return undefined
  }

  #isFullWith(packet: Packet): boolean {
    const { packetsMax, bytesMax } = LIVE_LIMITS
    return this.#items.length >= packetsMax || this.#bytes + packet.data.length > bytesMax
  }

  #dropAll(item: LiveItem): void {
    this.#skipped += this.#items.length + 1
    this.#items = []
    this.#bytes = 0
    this.#key = item.packet.isKey ? item : undefined
  }
}

const isLeading = ({ packet }: LiveItem, key: LiveItem): boolean =>
  packet !== key.packet && packet.pts < key.packet.pts
