import { createHash, type Hash } from 'node:crypto'
import type { TraceEntry, TraceEvent } from '../trace.ts'

/** Keeps what happened, in order, and a hash over all of it. */
export class TraceRecorder {
  readonly #hash: Hash = createHash('sha256')
  readonly #now: () => number
  readonly #entriesMax: number
  readonly #onEntry: ((entry: TraceEntry) => void) | undefined
  readonly entries: TraceEntry[] = []
  readonly #isOff: boolean
  #dropped = 0

  constructor(
    now: () => number,
    options: {
      readonly entriesMax: number
      /** Nobody asks for entries or hash. */
      readonly isOff?: boolean
      readonly onEntry?: (entry: TraceEntry) => void
    },
  ) {
    this.#now = now
    this.#isOff = options.isOff ?? false
    this.#entriesMax = options.entriesMax
    this.#onEntry = options.onEntry
  }

  /** How many were hashed, but not kept. */
  get dropped(): number {
    return this.#dropped
  }

  add(event: TraceEvent): void {
    if (this.#isOff) return
    // What happens before the beginning of the story stands at its beginning.
    const entry: TraceEntry = { atMs: Math.max(0, Math.round(this.#now() * 1000) / 1000), ...event }
    this.#hash.update(`${JSON.stringify(entry)}\n`)
    if (this.entries.length < this.#entriesMax) this.entries.push(entry)
    else this.#dropped++
    this.#onEntry?.(entry)
  }

  /** Hexadecimal SHA-256 of everything so far. */
  hash(): string {
    return this.#hash.copy().digest('hex')
  }
}
