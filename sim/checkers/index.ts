/** What has to be true of every world, whatever the story is. */
import { boundsKept, comesToRest, nothingCrashes } from './bounds.ts'
import { messageOf } from '../../src/base/fault.ts'
import type { Evidence } from '../world/evidence.ts'
import type { Broken, Checker } from './checker.ts'
import {
  clipsEnd,
  clipsPlayable,
  deletedIsGone,
  indexMatchesDisk,
  partsSurvive,
  placesAgree,
} from './clips.ts'
import { pressesChime, pressesHeard, pressesNotified, pressesSound, quietKept } from './presses.ts'
import { noPlaintext } from './secrecy.ts'

export type { Broken, Checker } from './checker.ts'
export { openHousehold, type Household } from './household.ts'

/** `canary`: bytes that stand in everything the camera sees. */
export const checkersFor = (canary: Uint8Array): readonly Checker[] => [
  // These two first: a doorbell that does not run breaks the promises of all others.
  nothingCrashes,
  comesToRest,
  pressesHeard,
  pressesChime,
  pressesSound,
  quietKept,
  pressesNotified,
  partsSurvive,
  deletedIsGone,
  clipsEnd,
  indexMatchesDisk,
  clipsPlayable,
  placesAgree,
  noPlaintext(canary),
  boundsKept,
]

/** What the checker says; that it could not even look is something to say, too. */
export async function lookWith(checker: Checker, evidence: Evidence): Promise<readonly Broken[]> {
  try {
    return await checker.check(evidence)
  } catch (error) {
    return [{ atMs: evidence.endMs, message: `it could not look: ${messageOf(error)}` }]
  }
}
