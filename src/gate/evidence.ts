import type { MonoMs } from '../base/time.ts'

export type Trust = {
  readonly trusted: boolean
  /** One sentence for people. */
  readonly why: string
  /** Movements that the decoder found, and the gate could be judged by. */
  readonly movements: number
  /** Movements that the gate alone would have missed. */
  readonly missed: number
}

/** So many movements have to be foreseen before the gate is trusted; after each miss twice as many. */
const MOVEMENTS_MIN = 4
const MOVEMENTS_MAX = 64
const QUIET_S_MIN = 45
/**
 * The gate asks for this share of what the weakest movement raised: half of it after the first four, more when more movements have
 * shown how weak they can be (the chance that the next is weaker than the weakest of n is 1 in n + 1).
 */
const MARGIN = { most: 0.8, doubt: 0.6 }
/** But never for less than this, in doublings: below it all is noise. */
const LEVEL_MIN = 0.25
/** More of quiet time than this over the threshold, and there is nothing to be saved. */
const UNQUIET_SHARE_MAX = 0.15
/** A movement raises sizes from a little before the detector is certain to a little after. */
const PEAK_MS = { before: 1000, after: 1500 }
/** Quiet is what lies so far from any movement. */
const QUIET_MS = { before: 2000, after: 3000 }
/** An onset may be found so late; after that it is known whether it was quiet. */
const SORTED_MS = 4000
/** Levels are remembered for so long. */
const HEARD_MS = 8000
/** Levels of quiet time, counted in steps; the last holds all above. */
const STEPS = 80
const STEP = 0.05
/** Quiet time older than about this many seconds counts for half. */
const HALF_LIFE_S = 1800

export type Heard = {
  readonly at: MonoMs
  readonly level: number
  readonly usual: number
  readonly stepMs: number
}

/** What the decoder found, and what the packets had said by then. */
export interface Evidence {
  /** `level` and `usual` in doublings, as `Unease` gives them. */
  note(heard: Heard): void
  looked(at: MonoMs, moving: boolean): void
  /** A movement that began then. */
  found(onset: MonoMs): void
  restart(): void
  /** From here on something is suspected. */
  threshold(): number
  trust(): Trust
}

export function createEvidence(): Evidence {
  return new Record()
}

/** How far a movement lifted the level, and over which usual size. */
type Peak = { readonly level: number; readonly usual: number }

class Record implements Evidence {
  #peaks: Peak[] = []
  #wanted = MOVEMENTS_MIN
  #missed = 0
  /** Since the last miss. */
  #judged = 0
  #movements = 0
  #heard: Heard[] = []
  /** So many of those are known to have been quiet, or not. */
  #sorted = 0
  #waiting: number[] = []
  #usual = 0
  #movedAt = -Infinity
  #onset = -Infinity
  readonly #quiet = new Float64Array(STEPS)
  #quietS = 0
  #trust: Trust | undefined
  #threshold = LEVEL_MIN

  note(heard: Heard): void {
    const { at, usual } = heard
    this.#heard.push(heard)
    this.#usual = usual
    const due = this.#waiting[0]
    if (due !== undefined && at >= due + PEAK_MS.after) {
      this.#waiting.shift()
      this.#judge(due)
    }
    this.#sortQuiet(at)
    while ((this.#heard[0]?.at ?? at) < at - HEARD_MS) {
      this.#heard.shift()
      this.#sorted--
    }
  }

  looked(at: MonoMs, moving: boolean): void {
    if (moving) this.#movedAt = at
  }

  found(onset: MonoMs): void {
    this.#movements++
    this.#onset = onset
    this.#waiting.push(onset)
  }

  restart(): void {
    this.#heard = []
    this.#sorted = 0
    this.#waiting = []
    this.#movedAt = this.#onset = -Infinity
  }

  threshold(): number {
    this.trust()
    return this.#threshold
  }

  trust(): Trust {
    this.#trust ??= this.#weigh()
    return this.#trust
  }

  #judge(onset: number): void {
    const around = this.#heard.filter(({ at }) => at >= onset - PEAK_MS.before && at <= onset + PEAK_MS.after)
    if (around.length === 0) return
    const peak = around.reduce((most, each) => (each.level > most.level ? each : most))
    const { trusted } = this.trust()
    if (trusted && peak.level < this.#threshold) {
      this.#missed++
      this.#wanted = Math.min(MOVEMENTS_MAX, this.#wanted * 2)
      this.#judged = 0
    } else {
      this.#judged++
      this.#peaks.push(peak)
    }
    if (this.#peaks.length > 2 * MOVEMENTS_MAX) this.#peaks.shift()
    this.#trust = undefined
  }

  /** What was heard shortly before movement belongs to it, so it is sorted a little later. */
  #sortQuiet(now: number): void {
    for (; this.#sorted < this.#heard.length; this.#sorted++) {
      const heard = this.#heard[this.#sorted]
      if (heard === undefined || heard.at > now - SORTED_MS) return
      const isBefore = this.#onset - heard.at < QUIET_MS.before && heard.at <= this.#movedAt
      const isAfter = heard.at >= this.#onset && heard.at - this.#movedAt < QUIET_MS.after
      if (!isBefore && !isAfter) this.#noteQuiet(heard.level, heard.stepMs / 1000)
    }
  }

  #noteQuiet(level: number, seconds: number): void {
    const before = Math.floor(this.#quietS)
    this.#quietS += seconds
    const step = Math.min(STEPS - 1, Math.max(0, Math.floor(level / STEP)))
    this.#quiet[step] = (this.#quiet[step] ?? 0) + seconds
    if (Math.floor(this.#quietS) === before) return
    const kept = 2 ** (-1 / HALF_LIFE_S)
    for (let i = 0; i < STEPS; i++) this.#quiet[i] = (this.#quiet[i] ?? 0) * kept
    this.#trust = undefined
  }

  /** How much of quiet time is as loud as that. */
  #unquietShare(level: number): number {
    const from = Math.floor(level / STEP)
    let [all, above] = [0, 0]
    for (let i = 0; i < STEPS; i++) {
      const seconds = this.#quiet[i] ?? 0
      all += seconds
      if (i >= from) above += seconds
    }
    return all === 0 ? 1 : above / all
  }

  #weigh(): Trust {
    const { movements, missed } = this.#counts()
    const no = (why: string): Trust => ({ trusted: false, why, movements, missed })
    const margin = MARGIN.most - MARGIN.doubt / Math.sqrt(Math.max(MOVEMENTS_MIN, this.#peaks.length))
    const wanted = Math.min(...this.#peaks.map((peak) => liftNow(peak, this.#usual))) * margin
    this.#threshold = Number.isFinite(wanted) ? Math.max(LEVEL_MIN, wanted) : LEVEL_MIN
    if (wanted < LEVEL_MIN) return no('some movements hardly change the sizes of its packets')
    if (this.#judged < this.#wanted)
      return no(`it has shown ${this.#judged} of the ${this.#wanted} movements by which it is judged`)
    if (this.#quietS < QUIET_S_MIN) return no('too little quiet time was seen to know what is usual')
    if (this.#unquietShare(this.#threshold) > UNQUIET_SHARE_MAX)
      return no('its packets are as large at rest as when something moves')
    return {
      trusted: true,
      why: `all of ${this.#judged} movements were to be foreseen`,
      movements,
      missed,
    }
  }

  #counts(): { readonly movements: number; readonly missed: number } {
    return { movements: this.#movements, missed: this.#missed }
  }
}

/**
 * What the same movement would raise over what is usual now: it adds about as many bytes, so where noise has made all packets larger,
 * as at night, it shows less. More than it was is not believed.
 */
function liftNow({ level, usual }: Peak, usualNow: number): number {
  return Math.min(level, Math.log2(1 + Math.max(0, 2 ** level - 1) * 2 ** (usual - usualNow)))
}
