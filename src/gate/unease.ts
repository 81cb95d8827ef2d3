import type { PacketFact } from './packet-gate.ts'

/** So many packets of a kind, and so much video, until their usual size is known. */
const SETTLED_PACKETS = 8
const SETTLED_MS = 5000
/**
 * The level is the median over so long, and over so many packets at least: a large one now and then, as encoders that refresh their
 * picture send them, is nothing; when most of them are large, something happens.
 */
const WINDOW_MS = 600
const WINDOW_PACKETS = 3
/** Doublings by which the usual size may change in a second. */
const PACE_PER_S = 0.03
/** How fast the first sizes are learnt, in doublings a packet over the number of packets. */
const PACE_FIRST = 0.5
/** Headers are not content. */
const HEADER_BYTES = 40

/** `size`: the median, as a logarithm to base 2. */
type Usual = { size: number; first: number[]; packets: number }

/** How much larger than usual packets are lately, in doublings: about 0 at rest. */
export interface Unease {
  readonly isSettled: boolean
  /** The usual size of the most frequent kind of packet, in doublings of a byte. */
  readonly usual: number
  /** While something moves, nothing is learnt. */
  take(fact: PacketFact, options: { readonly isMoving: boolean }): number
  /** What looks unusual is how it is now. */
  accept(): void
}

export function createUnease(): Unease {
  return new Sizes()
}

/** Also by whether a picture is shown after all that came before: what lies between two known pictures is much smaller. */
type Kind = PacketFact['kind'] | 'reference between' | 'other between'

class Sizes implements Unease {
  #usual = freshAll()
  #window: { readonly at: number; readonly distance: number }[] = []
  #firstAt = Number.NaN
  #lastAt = Number.NaN

  get isSettled(): boolean {
    return this.#lastAt - this.#firstAt >= SETTLED_MS && this.#mostFrequent.packets >= SETTLED_PACKETS
  }

  get usual(): number {
    return this.#mostFrequent.size
  }

  get #mostFrequent(): Usual {
    const { key: _, ...others } = this.#usual
    return Object.values(others).reduce((most, each) => (each.packets > most.packets ? each : most))
  }

  take({ at, bytes, kind }: PacketFact, { isMoving }: { readonly isMoving: boolean }): number {
    if (Number.isNaN(this.#firstAt)) this.#firstAt = this.#lastAt = at
    // Pictures are sent in another order than they are shown.
    const now = Math.max(at, this.#lastAt)
    const stepS = (now - this.#lastAt) / 1000
    this.#lastAt = now
    const its = this.#usual[kind !== 'key' && at < now ? (`${kind} between` as const) : kind]
    const size = Math.log2(bytes + HEADER_BYTES)
    // Key frames hold everything there is, moving or not; they say little, and come seldom.
    if (kind !== 'key')
      this.#window.push({ at: now, distance: its.packets < SETTLED_PACKETS ? 0 : size - its.size })
    while (this.#window.length > WINDOW_PACKETS && (this.#window[0]?.at ?? now) < now - WINDOW_MS)
      this.#window.shift()
    if (!isMoving) learn(its, size, stepS)
    return median(this.#window.map(({ distance }) => distance))
  }

  accept(): void {
    this.#usual = freshAll()
    this.#window = []
  }
}

const freshAll = (): Record<Kind, Usual> => ({
  key: fresh(),
  reference: fresh(),
  other: fresh(),
  'reference between': fresh(),
  'other between': fresh(),
})

const fresh = (): Usual => ({ size: 0, first: [], packets: 0 })

/** The middle one, or the lower of the two; 0 of none. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0
}

/** The median of the first few; then a step up or down towards where as many lie above as below. */
function learn(its: Usual, size: number, stepS: number): void {
  its.packets++
  if (its.packets <= SETTLED_PACKETS) {
    its.first.push(size)
    its.size = median(its.first)
    return
  }
  its.size += Math.sign(size - its.size) * Math.max(PACE_PER_S * stepS, PACE_FIRST / its.packets)
}
