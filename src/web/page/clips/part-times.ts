/**
 * Where in a clip its parts lie. Only a part itself says when it begins, so a seek guesses from what is known, opens the beginning of that
 * part (one chunk), and comes nearer: a handful of chunks in a clip of minutes. Pure but for `look`.
 */
import type { PartFacts } from './fragments.ts'

export class PartTimes {
  #parts: number
  #durationTicks: number
  readonly #look: (part: number) => Promise<PartFacts>
  readonly #known = new Map<number, PartFacts>()

  constructor(options: {
    readonly parts: number
    readonly durationTicks: number
    readonly look: (part: number) => Promise<PartFacts>
  }) {
    this.#parts = options.parts
    this.#durationTicks = options.durationTicks
    this.#look = options.look
  }

  /** A clip that is being recorded. What is known of its parts stays true. */
  grow(parts: number, durationTicks: number): void {
    this.#parts = parts
    this.#durationTicks = durationTicks
  }

  learn(part: number, facts: PartFacts): void {
    this.#known.set(part, facts)
  }

  async factsOf(part: number): Promise<PartFacts> {
    const known = this.#known.get(part)
    if (known !== undefined) return known
    const facts = await this.#look(part)
    this.#known.set(part, facts)
    return facts
  }

  /** The part that shows this moment: the last one for what lies behind the end. */
  async partAt(ticks: number): Promise<number> {
    let [low, high] = [0, this.#parts - 1]
    while (low < high) {
      const guess = Math.min(high, Math.max(low, this.#guess(ticks, low, high)))
      const { fromTicks, toTicks } = await this.factsOf(guess)
      if (ticks < fromTicks) high = Math.max(low, guess - 1)
      else if (ticks >= toTicks) low = Math.min(high, guess + 1)
      else return guess
    }
    return low
  }

  /** The part from which decoding has to begin, so that this moment can be shown. */
  async startFor(ticks: number): Promise<number> {
    for (let part = await this.partAt(ticks); part > 0; part--) {
      const { keyTicks } = await this.factsOf(part)
      if (keyTicks.some((key) => key <= ticks)) return part
    }
    return 0
  }

  /** Between the nearest known neighbours, as if all parts were of one length. */
  #guess(ticks: number, low: number, high: number): number {
    let from = { part: 0, ticks: 0 }
    let to = { part: this.#parts, ticks: this.#durationTicks }
    for (const [part, facts] of this.#known) {
      if (facts.fromTicks <= ticks && part >= from.part) from = { part, ticks: facts.fromTicks }
      if (facts.toTicks > ticks && part + 1 <= to.part) to = { part: part + 1, ticks: facts.toTicks }
    }
    const share = (ticks - from.ticks) / Math.max(1, to.ticks - from.ticks)
    const guess = Math.floor(from.part + share * (to.part - from.part))
    return Number.isFinite(guess) ? guess : Math.floor((low + high) / 2)
  }
}
