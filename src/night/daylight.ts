/** Whether it is night, from how bright the pictures are. Pure. */
import type { MonoMs } from '../base/time.ts'

export type DaylightRules = {
  /** Mean levels of the pictures, 0 … 255. */
  readonly darkBelow: number
  readonly brightAbove: number
  readonly holdMs: number
}

export type Daylight = {
  readonly isNight: boolean
  /** Since when it has been so. */
  readonly since: MonoMs
  /** Since when the pictures have said the opposite; undefined: they do not. */
  readonly doubtedSince: MonoMs | undefined
  /** How long they have to say so in the night. Longer after each day that was none: our own light on a white wall is bright too. */
  readonly dayHoldMs: number
}

const DAY_HOLD_MS_MAX = 3_600_000
/** A day that is over so soon was our own light. */
const SHORT_DAY_MS = 120_000

export const firstDaylight = (at: MonoMs, { holdMs }: DaylightRules): Daylight => ({
  ...{ isNight: false, since: at, doubtedSince: undefined },
  dayHoldMs: holdMs,
})

/** One more picture. */
export function stepDaylight(
  state: Daylight,
  { at, level }: { readonly at: MonoMs; readonly level: number },
  rules: DaylightRules,
): Daylight {
  const isDoubted = state.isNight ? level > rules.brightAbove : level < rules.darkBelow
  if (!isDoubted) return state.doubtedSince === undefined ? state : { ...state, doubtedSince: undefined }
  const doubtedSince = state.doubtedSince ?? at
  const holdMs = state.isNight ? state.dayHoldMs : rules.holdMs
  if (at - doubtedSince < holdMs) return { ...state, doubtedSince }
  return {
    isNight: !state.isNight,
    since: at,
    doubtedSince: undefined,
    dayHoldMs: nextHoldMs(state, at, rules),
  }
}

/** Only a night that begins says whether the day before was one. */
function nextHoldMs({ isNight, since, dayHoldMs }: Daylight, at: MonoMs, { holdMs }: DaylightRules): number {
  if (isNight) return dayHoldMs
  return at - since < SHORT_DAY_MS + holdMs ? Math.min(DAY_HOLD_MS_MAX, dayHoldMs * 2) : holdMs
}

/** Every sixteenth pixel tells as much as all of them. */
export function meanLevel(luma: Uint8Array): number {
  let sum = 0
  let count = 0
  for (let i = 0; i < luma.length; i += 16) {
    sum += luma[i] ?? 0
    count++
  }
  return count === 0 ? 0 : sum / count
}
