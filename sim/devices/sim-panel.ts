import { BoundedQueue } from '../../src/base/queue.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Edge, Gpio, InputLine, OutputLine } from '../../src/ports/gpio.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimClock } from './sim-clock.ts'

/** What the kernel's line buffer holds for sixteen lines; what comes while it is full is lost, there as here. */
const EDGES_MAX = 1024
const FLUTTERS_MAX = 6

/** `atMs` by the world's clock. */
export type LineChange<L> = { readonly line: L; readonly active: boolean; readonly atMs: number }

/** The button, the PIR and the chime of a board that outlives the doorbell's processes. */
export interface SimPanel {
  /** Lines as one incarnation of the doorbell sees them; edges from before are not kept for it. */
  openClient(clock: Clock): Gpio
  killClient(): void
  /** A line moves; with `bounceMs` it flutters for so long first. */
  drive(line: InputLine, active: boolean, options?: { readonly bounceMs?: number }): void
  /** A finger: down, some bouncing, and up after `holdMs`, bouncing again. */
  press(options: { readonly holdMs: number; readonly bounceMs: number }): void
  /** Somebody walks past; who walks past again before the line fell keeps it up for longer. */
  pulse(options: { readonly holdMs: number }): void
  /** A spike, as a long wire catches them; a contact that is closed shorts it. */
  glitch(line: InputLine, forMs: number): void
  /** The line stays so, whatever fingers and people do, until it is freed; then it shows how things are. */
  stick(line: InputLine, active: boolean): void
  free(line: InputLine): void
  /** The sensor gets power: for a minute it sees people where there are none, as its data sheet says. */
  warmUpPir(): void
  /** Every line that is stuck comes free, every finger goes, the sensor sees nobody and is warm. */
  release(): void
  isActive(line: InputLine): boolean
  /** Every contact bounces at least so long. */
  bounceMsMin: number
  /** Somebody touches the button, or lets go of it: the truth behind all the bouncing. */
  onContact: (isTouched: boolean) => void
  onEdge: (change: LineChange<InputLine>) => void
  /** An edge that got lost: its reader has no room for it, or has stopped reading. */
  onEdgeLost: (change: LineChange<InputLine>) => void
  onOutput: (change: LineChange<OutputLine>) => void
}

/** HC-SR501: up to three false pulses in its first minute, each as long as its shortest hold. */
const WARM_UP_MS = 60_000
const WARM_UP_PULSES_MAX = 3
const WARM_UP_HOLD_MS = 2500

export function createSimPanel(deps: { readonly clock: SimClock; readonly random: SeededRandom }): SimPanel {
  const { clock, random } = deps
  const later = (ms: number, then: () => void): void => void clock.sleep(ms, forever).then(then)
  const reading = createReading(clock, () => panel)
  const lines: Readonly<Record<InputLine, Wire>> = {
    button: new Wire(later, random.fork('bounce of the button'), (active) => reading.tell('button', active)),
    pir: new Wire(later, random.fork('bounce of the pir'), (active) => reading.tell('pir', active)),
    reset: new Wire(later, random.fork('bounce of the reset'), (active) => reading.tell('reset', active)),
  }
  const finger = createFinger(lines.button, (isTouched) => panel.onContact(isTouched))
  const sensor = createSensor(lines.pir, { clock, later, random: random.fork('pir') })
  const bounceOf = (bounceMs: number): number => Math.max(bounceMs, panel.bounceMsMin)
  const panel: SimPanel = {
    bounceMsMin: 0,
    onContact: () => {},
    onEdge: () => {},
    onEdgeLost: () => {},
    onOutput: () => {},
    openClient: (its) => reading.openClient(its),
    killClient: () => reading.killClient(),
    isActive: (line) => lines[line].isActive(),
    drive(line, active, { bounceMs = 0 } = {}) {
      if (line === 'pir') lines.pir.move(active, bounceOf(bounceMs))
      else if (active) finger.touch(bounceOf(bounceMs))
      else finger.letGo(bounceOf(bounceMs))
    },
    press({ holdMs, bounceMs }) {
      const most = Math.min(bounceOf(bounceMs), holdMs / 2)
      finger.touch(most)
      later(holdMs, () => finger.letGo(most))
    },
    pulse: ({ holdMs }) => sensor.pulse(holdMs),
    glitch: (line, forMs) => lines[line].spike(forMs),
    stick: (line, active) => lines[line].stick(active),
    free: (line) => lines[line].stick(undefined),
    warmUpPir: () => sensor.warmUp(),
    release() {
      finger.vanish()
      sensor.calm()
      for (const wire of [lines.button, lines.pir]) wire.calm()
    },
  }
  return panel
}

type Later = (ms: number, then: () => void) => void

/** One input line: a contact that bounces, spikes that come on top of it, and what it is stuck at. */
class Wire {
  readonly #later: Later
  readonly #random: SeededRandom
  readonly #onChange: (active: boolean) => void
  #isClosed = false
  #spikes = 0
  #stuckAt: boolean | undefined
  #level = false
  /** Grows with each movement: what a flutter of an earlier one would still do is void. */
  #movement = 0

  constructor(later: Later, random: SeededRandom, onChange: (active: boolean) => void) {
    this.#later = later
    this.#random = random
    this.#onChange = onChange
  }

  isActive(): boolean {
    return this.#level
  }

  move(active: boolean, bounceMs: number): void {
    const movement = ++this.#movement
    this.#contact(active)
    const flips = bounceMs <= 0 ? 0 : 1 + Math.floor(this.#random.uniform() * FLUTTERS_MAX)
    const times = Array.from({ length: flips * 2 }, () => this.#random.uniform() * bounceMs)
    for (const [index, ms] of times.sort((a, b) => a - b).entries())
      this.#later(ms, () => {
        if (movement === this.#movement) this.#contact(index % 2 === 0 ? !active : active)
      })
  }

  spike(forMs: number): void {
    this.#spikes++
    this.#update()
    this.#later(forMs, () => {
      this.#spikes--
      this.#update()
    })
  }

  stick(at: boolean | undefined): void {
    this.#stuckAt = at
    this.#update()
  }

  calm(): void {
    this.#movement++
    this.#stuckAt = undefined
    this.#contact(false)
  }

  #contact(isClosed: boolean): void {
    this.#isClosed = isClosed
    this.#update()
  }

  #update(): void {
    const level = this.#stuckAt ?? (this.#isClosed || this.#spikes > 0)
    if (level === this.#level) return
    this.#level = level
    this.#onChange(level)
  }
}

/** Several fingers are one contact: it opens when the last of them goes. */
function createFinger(
  wire: Wire,
  onContact: (isTouched: boolean) => void,
): { touch(bounceMs: number): void; letGo(bounceMs: number): void; vanish(): void } {
  let fingers = 0
  const change = (isTouched: boolean, bounceMs: number): void => {
    onContact(isTouched)
    wire.move(isTouched, bounceMs)
  }
  return {
    touch(bounceMs) {
      if (fingers++ === 0) change(true, bounceMs)
    },
    letGo(bounceMs) {
      if (fingers > 0 && --fingers === 0) change(false, bounceMs)
    },
    vanish() {
      if (fingers > 0) onContact(false)
      fingers = 0
    },
  }
}

/** Retriggering, as the sensor's jumper “H”: it holds from the last movement it saw. */
function createSensor(
  wire: Wire,
  deps: { readonly clock: SimClock; readonly later: Later; readonly random: SeededRandom },
): { pulse(holdMs: number): void; warmUp(): void; calm(): void } {
  const { clock, later, random } = deps
  let untilMs = 0
  let warmings = 0
  const pulse = (holdMs: number): void => {
    untilMs = Math.max(untilMs, clock.mono() + holdMs)
    wire.move(true, 0)
    later(holdMs, () => {
      if (clock.mono() >= untilMs) wire.move(false, 0)
    })
  }
  return {
    pulse,
    warmUp() {
      const warming = ++warmings
      const pulses = 1 + Math.floor(random.uniform() * WARM_UP_PULSES_MAX)
      for (let each = 0; each < pulses; each++)
        later(random.uniform() * (WARM_UP_MS - WARM_UP_HOLD_MS), () => {
          if (warming === warmings) pulse(WARM_UP_HOLD_MS)
        })
    },
    calm() {
      warmings++
      untilMs = 0
    },
  }
}

type Reading = {
  openClient(clock: Clock): Gpio
  killClient(): void
  tell(line: InputLine, active: boolean): void
}

/** Who reads the lines now. */
function createReading(world: SimClock, panel: () => SimPanel): Reading {
  let reader: { readonly clock: Clock; readonly edges: BoundedQueue<Edge> } | undefined
  return {
    openClient(clock) {
      const edges = new BoundedQueue<Edge>(EDGES_MAX)
      reader = { clock, edges }
      return {
        edges({ signal }) {
          signal.addEventListener('abort', () => edges.end(), { once: true })
          if (signal.aborted) edges.end()
          return edges
        },
        async set(line, active) {
          if (reader?.edges === edges) panel().onOutput({ line, active, atMs: world.mono() })
        },
      }
    },
    killClient() {
      reader = undefined
    },
    tell(line, active) {
      const change = { line, active, atMs: world.mono() }
      panel().onEdge(change)
      if (reader?.edges.push({ line, active, at: reader.clock.mono() }) === false) panel().onEdgeLost(change)
    },
  }
}

const forever = { signal: new AbortController().signal }
