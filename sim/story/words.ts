/** The little language of times, bounds and deadlines in a story, read and written. Times are kept to the microsecond. */
import type { Bound, Deadline } from './story.ts'

const AMOUNT = String.raw`\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)?`
const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** How each thing is spelt; the JSON Schema for editors says the same. */
export const SPELT = {
  time: new RegExp(`^${AMOUNT}$`),
  step: new RegExp(`^[+-]${AMOUNT}$`),
  drift: /^[+-]?\d+(?:\.\d+)?\s*ppm$/,
  timeBound: new RegExp(`^(?:at (?:most|least) ${AMOUNT}|${AMOUNT} to ${AMOUNT})$`),
  countBound: /^(?:(?:at (?:most|least) )?\d+|\d+ to \d+)$/,
  deadline: new RegExp(`^(?:never|by ${AMOUNT}|within ${AMOUNT}(?: of \\S.*)?)$`),
}

/** Milliseconds of `4.5s`, `500ms`, `2m`, `1h`, `3d`; a bare number is seconds. The spelling has been checked. */
export function timeMs(text: string | number): number {
  const [, amount, unit] = /^([\d.]+)\s*(\w*)$/.exec(String(text)) ?? []
  if (typeof text === 'number') return toMicroseconds(text * 1000)
  return toMicroseconds(Number(amount) * (MS_PER[unit ?? ''] ?? 1000))
}

/** The nearest whole microsecond, in milliseconds: what a story can say. */
export const toMicroseconds = (ms: number): number => Math.round(ms * 1000) / 1000

/** `timeText(4500)` is `4.5s`; read again it is the same number. */
export const timeText = (ms: number): string => (ms > 0 && ms < 1000 ? `${ms}ms` : `${ms / 1000}s`)

/** A step of the clock, with its sign: `+1h` is 3,600,000. */
export const stepMs = (text: string): number => (text.startsWith('-') ? -1 : 1) * timeMs(text.slice(1))
export const stepText = (ms: number): string => `${ms < 0 ? '-' : '+'}${timeText(Math.abs(ms))}`

/** A bound in times: `at most 0.5s` is `{ most: 500 }`. */
export const timeBound = (text: string): Bound => boundOf(text, timeMs)

/** A bound in whole numbers: `at least 2`, `1 to 3`, `3`. */
export const countBound = (text: string | number): Bound => boundOf(String(text), Number)

function boundOf(text: string, read: (amount: string) => number): Bound {
  const [, side, amount] = /^at (most|least) (.+)$/.exec(text) ?? []
  if (side === 'most' && amount !== undefined) return { most: read(amount), text }
  if (side === 'least' && amount !== undefined) return { least: read(amount), text }
  const [least = text, most = text] = text.split(' to ')
  return { least: read(least), most: read(most), text }
}

/** `by 90s`, `within 1s of network up`, `within 20ms`, `never`. */
export function deadline(text: string): Deadline {
  if (text === 'never') return { kind: 'never', text }
  if (text.startsWith('by ')) return { kind: 'by', atMs: timeMs(text.slice(3)), text }
  const [, amount = '', of] = /^within (.+?)(?: of (.+))?$/.exec(text) ?? []
  return { kind: 'within', ms: timeMs(amount), of, text }
}
