import type { MonoMs } from '../base/time.ts'
import type { Packet } from '../ports/camera.ts'

export type PrerollRules = {
  readonly prerollMs: number
  readonly prerollBytesMax: number
}

/**
 * The last seconds of packets, kept in memory. Holds whole groups of pictures, because a clip can only begin at a key:
 * a group goes when the next one alone is long enough, or, oldest first, when the bytes are too many.
 */
export class Preroll {
  readonly #rules: PrerollRules
  #groups: { readonly packets: Packet[]; bytes: number }[] = []
  #bytes = 0

  constructor(rules: PrerollRules) {
    this.#rules = rules
  }

  get bytes(): number {
    return this.#bytes
  }

  push(packet: Packet): void {
    if (packet.isKey) this.#groups.push({ packets: [], bytes: 0 })
    const group = this.#groups.at(-1)
    if (group === undefined) return // Before the first key frame nothing can be decoded.
    group.packets.push(packet)
    group.bytes += packet.data.length
    this.#bytes += packet.data.length
    this.#dropOldGroups(packet.at)
  }

  clear(): void {
    this.#groups = []
    this.#bytes = 0
  }

  /**
   * Packets from the last key frame shown at or before `at` (from the oldest one held, where all are later), in decoding
   * order and without the leading pictures of an open group, which need what came before.
   */
  since(at: MonoMs): readonly Packet[] {
    let first = this.#groups.findLastIndex(({ packets }) => (packets[0]?.at ?? Infinity) <= at)
    if (first < 0) first = 0
    const packets = this.#groups.slice(first).flatMap((group) => group.packets)
    const [key] = packets
    return key === undefined ? [] : packets.filter((packet, index) => index === 0 || packet.pts > key.pts)
  }

  #dropOldGroups(now: MonoMs): void {
    const since = now - this.#rules.prerollMs
    while (this.#groups.length > 1) {
      const [oldest, next] = this.#groups
      const nextIsEnough = (next?.packets[0]?.at ?? Infinity) <= since
      if (oldest === undefined || (!nextIsEnough && this.#bytes <= this.#rules.prerollBytesMax)) return
      this.#groups.shift()
      this.#bytes -= oldest.bytes
    }
    this.#dropOversized()
  }

  /** One group of pictures that alone is too large (a camera with a key frame a minute): nothing of it can be kept. */
  #dropOversized(): void {
    if (this.#bytes > this.#rules.prerollBytesMax) this.clear()
  }
}
