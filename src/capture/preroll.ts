import type { MonoMs } from '../base/time.ts'
import type { Packet } from '../ports/camera.ts'

export type PrerollRules = {
  readonly prerollMs: number
  readonly prerollBytesMax: number
}

/**
 * Whoever saw something may say so this much later than it happened, and still gets all of the preroll: the motion detector dates an
 * onset back by up to three seconds, and pictures that are decoded only on suspicion come a little after their packets.
 */
const SIGN_LATE_MS_MAX = 4000

type Group = { readonly packets: Packet[]; bytes: number }

/**
 * The last seconds of packets, kept in memory. Holds whole groups of pictures, because a clip can only begin at a key
 * frame: the oldest goes when the next one reaches back far enough, or when the bytes are too many.
 */
export class Preroll {
  readonly #rules: PrerollRules
  #groups: Group[] = []
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
    while (this.#isOldestTooMuch(packet.at)) this.#dropOldestGroup()
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
    const last = this.#groups.findLastIndex(({ packets: [key] }) => key !== undefined && key.at <= at)
    const packets = this.#groups.slice(Math.max(0, last)).flatMap((group) => group.packets)
    const [key] = packets
    return key === undefined ? [] : packets.filter((packet) => packet === key || packet.pts > key.pts)
  }

  #isOldestTooMuch(now: MonoMs): boolean {
    // Also when it is the only one: of a camera that hardly ever sends a key frame nothing can be kept.
    if (this.#bytes > this.#rules.prerollBytesMax) return this.#groups.length > 0
    const nextKey = this.#groups[1]?.packets[0]
    return nextKey !== undefined && nextKey.at <= now - this.#rules.prerollMs - SIGN_LATE_MS_MAX
  }

  #dropOldestGroup(): void {
    this.#bytes -= this.#groups.shift()?.bytes ?? 0
  }
}
