/** Three kinds of time that never mix; see the README's decisions table for why media time keeps the source's own scale. */

/** Milliseconds of a clock that never jumps: for waiting and for durations. May have a fraction. */
export type MonoMs = number & { readonly __unit: 'MonoMs' }

/** Milliseconds since 1970-01-01 UTC: for people. May jump, and may be wrong until the clock is trusted. */
export type UnixMs = number & { readonly __unit: 'UnixMs' }

/** Media time in units of a track's own `timescale` (ticks per second), so that no rounding is ever needed. */
export type Ticks = number & { readonly __unit: 'Ticks' }

export const monoMs = (ms: number): MonoMs => ms as MonoMs
export const unixMs = (ms: number): UnixMs => ms as UnixMs
export const ticks = (n: number): Ticks => n as Ticks

export const laterBy = (at: MonoMs, ms: number): MonoMs => (at + ms) as MonoMs

/** What the wall clock says, and whether anybody should believe it (network time seen since boot). */
export type WallTime = { readonly at: UnixMs; readonly trusted: boolean }

/** ISO 8601 in UTC, for people. Formats a time; asks no clock. */
// oxlint-disable-next-line no-restricted-globals -- formats a time it is given
export const isoOf = (at: UnixMs): string => new Date(at).toISOString()
