import type { Grid } from './grid.ts'
import type { Track } from './tracks.ts'

/**
 * Where something stirred lately that came to nothing, in patches of several cells: the next gust moves the branch beside
 * the one that moved before.
 */
export type Alarms = {
  /** How often a patch cried wolf, 0 to 1. */
  readonly blame: Float32Array
  readonly cols: number
}

const PATCH = 8
const FORGET_S = 90
const BLAME = 0.3
/** Who stays longer, or goes further, came for something. */
const BRIEF_MS = 1200
const NEAR = 1.5

export function createAlarms({ cols, rows }: Grid): Alarms {
  const across = Math.ceil(cols / PATCH)
  return { cols: across, blame: new Float32Array(across * Math.ceil(rows / PATCH)) }
}

/** Forgets a little of what has been. */
export function calmDown({ blame }: Alarms, elapsedS: number): void {
  const kept = Math.exp(-elapsedS / FORGET_S)
  for (let i = 0; i < blame.length; i++) blame[i] = (blame[i] ?? 0) * kept
}

/** Something is gone: if it was nobody, the patches it covered are to blame. */
export function blameFor(alarms: Alarms, track: Track): void {
  const { seenAt, since, x, y, firstX, firstY, areaMost, evidenceMost } = track
  const went = Math.hypot(x - firstX, y - firstY)
  if (evidenceMost < 0.5 || seenAt - since > BRIEF_MS || went > NEAR * Math.sqrt(areaMost) + 2) return
  const { left, right, top, bottom } = track
  for (let row = Math.floor(top / PATCH); row <= Math.floor(bottom / PATCH); row++) {
    for (let col = Math.floor(left / PATCH); col <= Math.floor(right / PATCH); col++) {
      const i = row * alarms.cols + col
      const before = alarms.blame[i] ?? 0
      alarms.blame[i] = before + BLAME * (1 - before)
    }
  }
}

/** How much to blame the places are that something covers, 0 to 1. */
export function blameOf({ blame, cols }: Alarms, { left, right, top, bottom }: Track): number {
  let sum = 0
  let count = 0
  for (let row = Math.floor(top / PATCH); row <= Math.floor(bottom / PATCH); row++) {
    for (let col = Math.floor(left / PATCH); col <= Math.floor(right / PATCH); col++) {
      sum += blame[row * cols + col] ?? 0
      count++
    }
  }
  return sum / Math.max(1, count)
}
