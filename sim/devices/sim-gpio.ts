import { BoundedQueue } from '../../src/base/queue.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Edge, Gpio, InputLine, OutputLine } from '../../src/ports/gpio.ts'

const EDGES_MAX = 1024 // What the kernel's line buffer would hold for sixteen lines; a story that needs more is broken.

/** Two faces: `edges` and `set` for the product, `drive` and `outputs` for the story. */
export interface SimGpio extends Gpio {
  drive(line: InputLine, active: boolean): void
  /** What the product did with its output lines, in order. */
  readonly outputs: readonly { readonly line: OutputLine; readonly active: boolean; readonly atMs: number }[]
}

export function createSimGpio(clock: Clock): SimGpio {
  const outputs: { line: OutputLine; active: boolean; atMs: number }[] = []
  const queue = new BoundedQueue<Edge>(EDGES_MAX)
  return {
    outputs,
    drive(line, active) {
      queue.push({ line, active, at: clock.mono() })
    },
    edges({ signal }) {
      signal.addEventListener('abort', () => queue.end(), { once: true })
      if (signal.aborted) queue.end()
      return queue
    },
    async set(line, active) {
      outputs.push({ line, active, atMs: clock.mono() })
    },
  }
}
