import type { Evidence } from '../world/evidence.ts'

/** An invariant, looked at when a world has come to rest. Pure, but for what it opens and verifies. */
export type Checker = {
  /** Short, as it stands in reports: `press-notified-once`. */
  readonly name: string
  /** A sentence: what is promised. */
  readonly promise: string
  /** It opens and verifies what the others only look at. */
  readonly isDear?: boolean
  /** Every way in which the promise was broken, and when. */
  readonly check: (evidence: Evidence) => Promise<readonly Broken[]> | readonly Broken[]
}

export type Broken = { readonly atMs: number; readonly message: string }
