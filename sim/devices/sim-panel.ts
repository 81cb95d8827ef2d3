import { BoundedQueue } from '../../src/base/queue.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Edge, Gpio, InputLine, OutputLine } from '../../src/ports/gpio.ts'
import type { Random } from '../../src/ports/random.ts'
import type { SimClock } from './sim-clock.ts'

/** What the kernel's line buffer holds for sixteen lines; what comes while it is full is lost, there as here. */
const EDGES_MAX = 1024
const FLUTTERS_MAX = 6

export type LineChange<L> = { readonly line: L; readonly active: boolean }

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
  glitch(line: InputLine, forMs: number): void
  /** Every line that is stuck comes free. */
  release(): void
  /** Every contact bounces at least so long. */
  bounceMsMin: number
  /** Somebody touches the button, or lets go of it: the truth behind all the bouncing. */
  onContact: (isTouched: boolean) => void
  onEdge: (change: LineChange<InputLine>) => void
  onOutput: (change: LineChange<OutputLine>) => void
}

export function createSimPanel({
  clock,
  random,
}: {
  readonly clock: SimClock
  readonly random: Random
}): SimPanel {
  const levels = new Map<InputLine, boolean>()
  let reader: { readonly clock: Clock; readonly edges: BoundedQueue<Edge> } | undefined
  let pirUntilMs = 0
  const set = (line: InputLine, active: boolean): void => {
    if (levels.get(line) === active) return
    levels.set(line, active)
    panel.onEdge({ line, active })
    reader?.edges.push({ line, active, at: reader.clock.mono() })
  }
  const later = (ms: number, then: () => void): void => void clock.sleep(ms, forever).then(then)
  const flutter = (line: InputLine, active: boolean, bounceMs: number): void => {
    const flips = bounceMs <= 0 ? 0 : 1 + Math.floor(random.uniform() * FLUTTERS_MAX)
    const times = Array.from({ length: flips * 2 }, () => random.uniform() * bounceMs).sort((a, b) => a - b)
    set(line, active)
    for (const [index, ms] of times.entries()) later(ms, () => set(line, index % 2 === 0 ? !active : active))
  }
  /** Several fingers are one contact: it opens when the last of them goes. */
  let fingers = 0
  const touch = (bounceMs: number): void => {
    if (fingers++ > 0) return
    panel.onContact(true)
    flutter('button', true, bounceMs)
  }
  const letGo = (bounceMs: number): void => {
    if (fingers === 0 || --fingers > 0) return
    panel.onContact(false)
    flutter('button', false, bounceMs)
  }
  const panel: SimPanel = {
    bounceMsMin: 0,
    onContact: () => {},
    onEdge: () => {},
    onOutput: () => {},
    openClient(its) {
      const edges = new BoundedQueue<Edge>(EDGES_MAX)
      reader = { clock: its, edges }
      return {
        edges({ signal }) {
          signal.addEventListener('abort', () => edges.end(), { once: true })
          if (signal.aborted) edges.end()
          return edges
        },
        async set(line, active) {
          if (reader?.edges === edges) panel.onOutput({ line, active })
        },
      }
    },
    killClient() {
      reader = undefined
    },
    drive(line, active, { bounceMs = 0 } = {}) {
      const most = Math.max(bounceMs, panel.bounceMsMin)
      if (line === 'pir') flutter(line, active, most)
      else if (active) touch(most)
      else letGo(most)
    },
    press({ holdMs, bounceMs }) {
      const most = Math.min(Math.max(bounceMs, panel.bounceMsMin), holdMs / 2)
      touch(most)
      later(holdMs, () => letGo(most))
    },
    pulse({ holdMs }) {
      const untilMs = clock.mono() + holdMs
      pirUntilMs = Math.max(pirUntilMs, untilMs)
      set('pir', true)
      later(holdMs, () => {
        if (clock.mono() >= pirUntilMs) set('pir', false)
      })
    },
    glitch(line, forMs) {
      if (levels.get(line) === true) return
      set(line, true)
      later(forMs, () => set(line, false))
    },
    release() {
      if (fingers > 0) panel.onContact(false)
      fingers = 0
      for (const line of levels.keys()) set(line, false)
    },
  }
  return panel
}

const forever = { signal: new AbortController().signal }
