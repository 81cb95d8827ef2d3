/** Time to place: everything on the time line is drawn by these, so that distance is always time. */
import { momentText } from './moment-text.ts'

/** The stretch of world time that a time line shows, milliseconds. */
export type Stretch = { readonly fromMs: number; readonly toMs: number }

/** Where a moment stands, in per cent of the width: 0 is `fromMs`, 100 is `toMs`. Not clamped. */
export const placeOf = ({ fromMs, toMs }: Stretch, atMs: number): number =>
  (100 * (atMs - fromMs)) / Math.max(toMs - fromMs, 1e-3)

/** As it stands in an attribute: `12.34567`, exact to a 10-millionth of the width. */
export const percentText = (percent: number): string => String(Number(percent.toFixed(5)))

export const isWithin = ({ fromMs, toMs }: Stretch, atMs: number): boolean => atMs >= fromMs && atMs <= toMs

/** The stretch that both share; undefined when they do not meet. */
export function overlap(a: Stretch, b: Stretch): Stretch | undefined {
  const both = { fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) }
  return both.fromMs <= both.toMs ? both : undefined
}

/** Steps of an axis that people count in, milliseconds. */
const STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 7, 14, 28, 91, 364].map((days) => days * 86_400_000),
]

export type AxisTick = { readonly atMs: number; readonly label: string }

/** At most `countMax` + 1 ticks at round times. */
export function axisTicks(stretch: Stretch, countMax: number): readonly AxisTick[] {
  const lengthMs = stretch.toMs - stretch.fromMs
  const stepMs = STEPS_MS.find((step) => lengthMs / step <= countMax) ?? lengthMs
  if (!(stepMs > 0)) return []
  const ticks: AxisTick[] = []
  for (let at = Math.ceil(stretch.fromMs / stepMs); at * stepMs <= stretch.toMs; at++)
    ticks.push({ atMs: at * stepMs, label: axisText(at * stepMs, stepMs) })
  return ticks
}

/** Days and hours alone where the axis counts in them, and no `.0` behind seconds. */
function axisText(ms: number, stepMs: number): string {
  const [days, hours] = [Math.floor(ms / DAY_MS), Math.floor(ms / HOUR_MS) % 24]
  if (stepMs % DAY_MS === 0) return `${days}d`
  if (stepMs % HOUR_MS === 0) return days === 0 ? `${hours}h` : `${days}d ${hours}h`
  return momentText(ms).replace('.0 s', ' s')
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
