import { Fault } from '../../base/fault.ts'

/** A recording in which nothing comes for longer is none. */
export const GAP_S_MAX = 3600

/** Undefined: the container does not say. */
export type PacketTimes = {
  readonly ptsS: number | undefined
  readonly dtsS: number | undefined
  /** The same as `dtsS`, in ticks: seconds are rounded. */
  readonly dts: number | undefined
  readonly durationS: number
}

/** Looks at the times of one packet after the other, and refuses what would keep a clock busy for years. */
export class TimesCheck {
  readonly #name: string
  #packets = 0
  #untimed = 0
  #before: { readonly dts: number; readonly dtsS: number } | undefined
  #endS = 0

  /** `name` is what people typed. */
  constructor(name: string) {
    this.#name = name
  }

  get packets(): number {
    return this.#packets
  }

  /** The container says when each picture is shown. */
  get isTimed(): boolean {
    return this.#untimed === 0
  }

  /** When the last picture shown goes away, as the time stamps count; 0 where they say nothing. */
  get endS(): number {
    return this.#endS
  }

  push({ ptsS, dtsS, dts, durationS }: PacketTimes): void {
    this.#packets++
    if (ptsS === undefined) this.#untimed++
    const shownS = ptsS ?? dtsS
    if (shownS !== undefined) this.#endS = Math.max(this.#endS, shownS + durationS)
    if (ptsS !== undefined && dtsS !== undefined && Math.abs(ptsS - dtsS) > GAP_S_MAX)
      throw this.#absurd(`a picture is shown ${spell(ptsS - dtsS)} after it is decoded`)
    if (dts !== undefined && dtsS !== undefined) this.#checkStep({ dts, dtsS })
  }

  #checkStep(now: { readonly dts: number; readonly dtsS: number }): void {
    const before = this.#before
    this.#before = now
    if (before === undefined) return
    const packet = `packet ${this.#packets}`
    if (now.dts <= before.dts)
      throw this.#absurd(`${packet} is decoded ${spell(before.dtsS - now.dtsS)} before the one ahead of it`)
    if (now.dtsS - before.dtsS > GAP_S_MAX)
      throw this.#absurd(`${packet} comes ${spell(now.dtsS - before.dtsS)} after the one ahead of it`)
  }

  #absurd(what: string): Fault {
    return new Fault('invalid', `${this.#name}: absurd times: ${what}`)
  }
}

const spell = (seconds: number): string => `${Math.round(seconds * 1000) / 1000} s`
