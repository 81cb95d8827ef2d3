import type { MonoMs } from '../../base/time.ts'
import type { Edge, InputLine } from '../../ports/gpio.ts'
import type { LineEvent } from './uapi.ts'

/** What was told of one line last. */
type Told = { readonly active: boolean; readonly lineNumber: number }

export type Taken = {
  readonly edges: readonly Edge[]
  /** So many the kernel had to drop: its buffer was full. The level has to be read again. */
  readonly lost: number
}

/**
 * Turns what the kernel tells into edges that alternate. The kernel reads the level after an edge, not with it: of a pulse that is over by
 * then it tells the second edge twice. What is missing stands in between, at the same time: a glitch is told as one.
 */
export class EdgeBook {
  readonly #lines: ReadonlyMap<number, InputLine>
  readonly #told = new Map<InputLine, Told>()
  readonly #monoOf: (ns: bigint) => MonoMs

  constructor(lines: ReadonlyMap<number, InputLine>, monoOf: (ns: bigint) => MonoMs) {
    this.#lines = lines
    this.#monoOf = monoOf
  }

  /** How the line was when it was requested: an edge where it is active, because what follows would not make sense without. */
  begin(line: InputLine, active: boolean, at: MonoMs): readonly Edge[] {
    this.#told.set(line, { active, lineNumber: 0 })
    return active ? [{ line, active, at, found: true }] : []
  }

  take(events: readonly LineEvent[]): Taken {
    let lost = 0
    const edges = events.flatMap((event): readonly Edge[] => {
      const line = this.#lines.get(event.offset)
      if (line === undefined) return []
      const told = this.#told.get(line) ?? { active: false, lineNumber: event.lineNumber - 1 }
      const missing = (event.lineNumber - told.lineNumber - 1) >>> 0 // The kernel's count is of 32 bits.
      lost += missing
      this.#told.set(line, { active: event.active, lineNumber: event.lineNumber })
      const at = this.#monoOf(event.atNs)
      const edge: Edge = { line, active: event.active, at }
      return told.active === event.active ? [{ line, active: !event.active, at }, edge] : [edge]
    })
    return { edges, lost }
  }

  /** The level was read again; an edge where it is not what was told last. */
  correct(line: InputLine, active: boolean, at: MonoMs): readonly Edge[] {
    const told = this.#told.get(line)
    if (told?.active === active) return []
    this.#told.set(line, { active, lineNumber: told?.lineNumber ?? 0 })
    return [{ line, active, at }]
  }
}
