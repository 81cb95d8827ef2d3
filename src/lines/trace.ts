import type { MonoMs } from '../base/time.ts'
import type { Edge } from '../ports/gpio.ts'

/** So much before and after a press is kept with it: long enough for what led to it, and for the finger to leave. */
export const TRACE_AROUND_MS = 500

/** All lines together; the oldest goes. A wire that is noisier than that says so with what is left. */
const EDGES_MAX = 512

/** The newest edges as they came, so that a ring that nobody made can be explained. */
export class EdgeTrace {
  #edges: Edge[] = []

  note(edge: Edge): void {
    this.#edges.push(edge)
    if (this.#edges.length > EDGES_MAX) this.#edges.shift()
  }

  /** Those near one of the presses, in the order they happened. */
  around(presses: readonly MonoMs[]): readonly Edge[] {
    return this.#edges.filter(({ at }) => presses.some((press) => Math.abs(at - press) <= TRACE_AROUND_MS))
  }
}
