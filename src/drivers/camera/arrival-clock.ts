import { monoMs, type MonoMs } from '../../base/time.ts'

export type Arrival = { readonly pts: number; readonly arrivedAt: MonoMs }

const WINDOW_MS = 30_000
/** Less is how networks are. */
const OFF_MS_MIN = 60
/** A camera whose clock is so far away from ours is better begun anew. */
const OFF_MS_MAX = 2000
/** How fast its times are put right; nobody sees 0.5 %. */
const SLEW = 0.005

/**
 * When the light hit the sensor, as far as the arrival of packets tells: the camera's own clock is only believed in how it counts. The
 * packets that came quickest are taken to have come at once; where its clock runs faster or slower than ours, times follow slowly.
 */
export class ArrivalClock {
  readonly #msPerTick: number
  #offsetMs: number
  #lastPts: number
  #owedMs = 0
  #windowFrom: number
  #quickestMs = Infinity

  /** `head`: the first packets, of which a camera may send many at once. At least one. */
  constructor(head: readonly Arrival[], timescale: number) {
    this.#msPerTick = 1000 / timescale
    this.#offsetMs = Math.min(...head.map(({ pts, arrivedAt }) => arrivedAt - pts * this.#msPerTick))
    this.#lastPts = head[0]?.pts ?? 0
    this.#windowFrom = head.at(-1)?.arrivedAt ?? 0
  }

  /** For packets in the order in which they came. Undefined: the clocks are too far apart. */
  at({ pts, arrivedAt }: Arrival): MonoMs | undefined {
    const stepMs = Math.max(0, (pts - this.#lastPts) * this.#msPerTick)
    this.#lastPts = Math.max(this.#lastPts, pts)
    this.#slew(stepMs)
    const lateMs = arrivedAt - (pts * this.#msPerTick + this.#offsetMs)
    this.#note(lateMs, arrivedAt)
    if (lateMs < -OFF_MS_MAX || this.#owedMs > OFF_MS_MAX) return undefined
    return this.timeOf(pts)
  }

  /** By what is known now. */
  timeOf(pts: number): MonoMs {
    return monoMs(pts * this.#msPerTick + this.#offsetMs)
  }

  #slew(stepMs: number): void {
    const most = stepMs * SLEW
    const shift = Math.max(-most, Math.min(most, this.#owedMs))
    this.#offsetMs += shift
    this.#owedMs -= shift
  }

  #note(lateMs: number, arrivedAt: number): void {
    this.#quickestMs = Math.min(this.#quickestMs, lateMs)
    // Nothing comes before it was seen: that is put right at once, the other way only when all of a while say so.
    if (lateMs < -OFF_MS_MIN) this.#owedMs = Math.min(this.#owedMs, lateMs)
    if (arrivedAt - this.#windowFrom < WINDOW_MS) return
    if (this.#quickestMs > OFF_MS_MIN) this.#owedMs = this.#quickestMs
    this.#windowFrom = arrivedAt
    this.#quickestMs = Infinity
  }
}
