import type { ClipMeta, LedgerEntry } from '../formats/index.ts'

/**
 * When a clip began.
 *
 * - `trusted`    the doorbell knew the time
 * - `corrected`  it did not, and learnt it later in the same start: the ledger says how its clocks belong together
 * - `unknown`    what its clock said, which nobody had set
 */
export type ClipTime = {
  readonly known: 'trusted' | 'corrected' | 'unknown'
  readonly fromUnixMs: number
}

/** By the number of the start: one moment by that start's own clock and by the time of day, as the doorbell said last. */
export type Clocks = ReadonlyMap<number, { readonly monoMs: number; readonly unixMs: number }>

export const clocksIn = (entries: readonly LedgerEntry[]): Clocks =>
  new Map(entries.flatMap((entry) => (entry.type === 'clock' ? [[entry.boot, entry] as const] : [])))

/** Pure. A clip of an older version, or of a start that never learnt the time, keeps what its clock said. */
export function timeOf(meta: ClipMeta, clocks: Clocks): ClipTime {
  const { fromUnixMs, clockTrusted, boot, fromMonoMs } = meta
  if (clockTrusted) return { known: 'trusted', fromUnixMs }
  const learnt = boot === undefined ? undefined : clocks.get(boot)
  if (learnt === undefined || fromMonoMs === undefined) return { known: 'unknown', fromUnixMs }
  return { known: 'corrected', fromUnixMs: learnt.unixMs + (fromMonoMs - learnt.monoMs) }
}
