import type { MonoMs } from '../base/time.ts'

/** What a line is for; which pin it is stands in the board's configuration. */
/** `reset` is a recessed button for whoever owns the house, not for whoever stands before the door. */
export type InputLine = 'button' | 'pir' | 'reset'
export type OutputLine = 'chime' | 'led' | 'infrared'

/** A line became active or inactive (after bias and active-low were taken into account). */
export type Edge = {
  readonly line: InputLine
  readonly active: boolean
  readonly at: MonoMs
  /** It was so already when the lines were opened: nobody knows since when. */
  readonly found?: true
}

export interface Gpio {
  /** Edges in the order they happened, until the signal is aborted (then it ends without an error). */
  edges(options: { signal: AbortSignal }): AsyncIterable<Edge>
  /** Does nothing where no such line is wired. */
  set(line: OutputLine, active: boolean): Promise<void>
}
