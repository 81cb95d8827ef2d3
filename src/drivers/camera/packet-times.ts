/** Gives access units what the network does not carry: decoding times, durations, and when the light hit the sensor. Pure. */
import { ticks, type MonoMs } from '../../base/time.ts'
import { concatBytes } from '../../base/bytes.ts'
import type { Packet } from '../../ports/camera.ts'
import type { AccessUnit } from './access-units.ts'
import { ArrivalClock } from './arrival-clock.ts'

/** Also two pictures that wait for the same later one: no camera does worse. */
export const REORDER_MAX = 4

export type Timed =
  | { readonly kind: 'packets'; readonly packets: readonly Packet[] }
  /** The run cannot go on. `reorder`: with what depth to begin the next, where it was guessed too small. */
  | { readonly kind: 'changed'; readonly why: string; readonly reorder?: number }

type Held = {
  readonly unit: AccessUnit
  readonly data: Uint8Array
  readonly dts: number
  readonly at: MonoMs
  readonly isAfterLoss: boolean
}

/**
 * RTP says when a picture is shown. With `reorder` pictures that are decoded before one that is shown earlier, the n-th packet is decoded
 * when the picture is shown that is the (n − reorder)-th in order of showing. A packet is held until the next one tells how long it is.
 */
export class PacketTimes {
  readonly #reorder: number
  readonly #usualTicks: number
  readonly #clock: ArrivalClock
  /** Times of showing that are no time of decoding yet, sorted. */
  #window: number[] = []
  #begun = 0
  #keyPts = -Infinity
  #lastDts = -Infinity
  #held: Held | undefined
  #isLost = false

  /** `head`: the first units, the first of them a key picture, to learn from; they have to be taken all the same. */
  constructor(
    head: readonly AccessUnit[],
    { reorder, timescale }: { readonly reorder: number; readonly timescale: number },
  ) {
    this.#reorder = reorder
    this.#usualTicks = usualStep(head, timescale)
    this.#clock = new ArrivalClock(head, timescale)
  }

  take(unit: AccessUnit): Timed {
    if (unit.isContinued && this.#held !== undefined) return this.#continue(this.#held, unit)
    if (unit.isAfterLoss) this.#isLost = true
    if (this.#isLost && !unit.isKey) return { kind: 'packets', packets: this.#release() }
    const isAfterLoss = this.#isLost
    this.#isLost = false
    if (isAfterLoss || this.#begun === 0) this.#beginAt(unit.pts)
    if (unit.pts < this.#keyPts) return NOTHING // Shown before the first picture, and needs what came before it.
    const dts = this.#decodedAt(unit.pts)
    if (dts <= this.#lastDts || dts > unit.pts) return this.#outOfOrder()
    const at = this.#clock.at(unit)
    if (at === undefined) return { kind: 'changed', why: 'its clock runs away from ours' }
    this.#lastDts = dts
    const packets = this.#release(isAfterLoss ? undefined : dts)
    this.#held = { unit, data: unit.data, dts, at, isAfterLoss }
    return { kind: 'packets', packets }
  }

  /** The one that waits for the next; nothing comes any more. */
  end(): readonly Packet[] {
    return this.#release()
  }

  #continue(held: Held, { data, isAfterLoss }: AccessUnit): Timed {
    if (isAfterLoss) this.#isLost = true
    else this.#held = { ...held, data: concatBytes([held.data, data]) }
    return NOTHING
  }

  #beginAt(pts: number): void {
    this.#window = []
    this.#begun = 0
    this.#keyPts = pts
  }

  #decodedAt(pts: number): number {
    const place = this.#window.findLastIndex((other) => other <= pts) + 1
    this.#window.splice(place, 0, pts)
    const index = this.#begun++
    if (index >= this.#reorder) return this.#window.shift() ?? pts
    // Before the first is shown, as many are decoded.
    return Math.max(this.#lastDts + 1, this.#keyPts - (this.#reorder - index) * this.#usualTicks)
  }

  #outOfOrder(): Timed {
    const reorder = this.#reorder + 1
    return reorder > REORDER_MAX
      ? { kind: 'changed', why: 'its times go back and forth' }
      : { kind: 'changed', why: 'it sends pictures in another order than it shows them', reorder }
  }

  #release(nextDts?: number): readonly Packet[] {
    if (this.#held === undefined) return []
    const { unit, data, dts, at, isAfterLoss } = this.#held
    this.#held = undefined
    const duration = (nextDts ?? dts + this.#usualTicks) - dts
    return [
      {
        ...{ data, isKey: unit.isKey, at },
        ...{ pts: ticks(unit.pts), dts: ticks(dts), duration: ticks(duration) },
        ...(isAfterLoss ? { isAfterLoss } : {}),
      },
    ]
  }
}

const NOTHING: Timed = { kind: 'packets', packets: [] }

/** The median step between pictures that are shown one after the other; a 25th of a second where there is only one. */
function usualStep(head: readonly AccessUnit[], timescale: number): number {
  const shown = head.map(({ pts }) => pts).sort((one, other) => one - other)
  const steps = shown
    .slice(1)
    .map((pts, index) => pts - (shown[index] ?? pts))
    .filter((step) => step > 0)
  steps.sort((one, other) => one - other)
  return steps[steps.length >> 1] ?? Math.round(timescale / 25)
}
