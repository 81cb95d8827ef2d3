import { Fault } from '../../base/fault.ts'

/** A recording in which nothing comes for longer is none. */
export const GAP_S_MAX = 3600

export type PacketTimes = {
  /** Ticks; undefined where the container does not say. */
  readonly pts: number | undefined
  readonly dts: number | undefined
  readonly duration: number
}

/** Looks at the times of one packet after the other, and refuses what would keep a clock busy for years. */
export class TimesCheck {
  readonly #name: string
  readonly #tickS: number
  #packets = 0
  #untimed = 0
  #before: number | undefined
  #endS = -Infinity

  /** `name` is what people typed, `tickS` the length of a tick in seconds. */
  constructor(name: string, tickS: number) {
    this.#name = name
    this.#tickS = tickS
  }

  get packets(): number {
    return this.#packets
  }

  /** The container does not say when each picture is shown. */
  get isUntimed(): boolean {
    return this.#untimed > 0
  }

  /** When the last picture shown goes away, on the source's own time line; undefined where nobody says. */
  get endS(): number | undefined {
    return this.#endS === -Infinity ? undefined : this.#endS
  }

  push({ pts, dts, duration }: PacketTimes): void {
    this.#packets++
    if (pts === undefined) this.#untimed++
    else this.#endS = Math.max(this.#endS, (pts + duration) * this.#tickS)
    if (pts !== undefined && dts !== undefined && Math.abs(pts - dts) * this.#tickS > GAP_S_MAX)
      throw this.#absurd(`a picture is shown ${this.#seconds(pts - dts)} after it was decoded`)
    if (dts !== undefined) this.#checkStep(dts)
  }

  #checkStep(dts: number): void {
    const before = this.#before
    this.#before = dts
    if (before === undefined) return
    if (dts <= before)
      throw this.#absurd(`packet ${this.#packets} is decoded ${this.#seconds(before - dts)} before the one ahead of it`)
    if ((dts - before) * this.#tickS > GAP_S_MAX)
      throw this.#absurd(`packet ${this.#packets} comes ${this.#seconds(dts - before)} after the one before`)
  }

  #absurd(what: string): Fault {
    return new Fault('invalid', `${this.#name}: absurd times: ${what}`)
  }

  #seconds(ticks: number): string {
    return `${Math.round(ticks * this.#tickS * 1000) / 1000} s`
  }
}
