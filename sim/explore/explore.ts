/** Random stories, one a seed: what each of them came to. */
import type { Household } from '../checkers/household.ts'
import type { Story } from '../story/story.ts'
import type { StoryOutcome, Violation } from '../trace.ts'
import { playStory } from '../world/play.ts'
import { randomStory } from './random-story.ts'

export type SeedResult = {
  readonly seed: number
  readonly hash: string
  readonly virtualMs: number
  readonly presses: number
  readonly visits: number
  readonly parts: number
  readonly boots: number
  readonly violations: readonly Violation[]
}

/** Opening every clip and verifying every signature costs as much as the story itself: one seed in so many. */
const THOROUGH_EVERY = 3

/** Entries are hashed, not kept: there are many seeds. */
export async function exploreSeed(seed: number, household: Household): Promise<SeedResult> {
  const outcome = await playStory(randomStory(seed), {
    household,
    scene: { kind: 'drawn' },
    entriesMax: 0,
    withClipFacts: false,
    isHasty: seed % THOROUGH_EVERY !== 0,
  })
  return resultOf(seed, outcome)
}

/** Plays it a second time; a violation of its own when anything differs. */
export async function exploreTwice(seed: number, household: Household): Promise<SeedResult> {
  const first = await exploreSeed(seed, household)
  const second = await exploreSeed(seed, household)
  if (first.hash === second.hash) return first
  const message = `seed ${seed} gave the traces ${first.hash.slice(0, 12)} and ${second.hash.slice(0, 12)}`
  const violation = { checker: 'same-trace', atMs: 0, message }
  return { ...first, violations: [...first.violations, violation] }
}

/** A drawn story needs nothing but itself. */
export const playDrawn = (story: Story, household: Household, entriesMax?: number): Promise<StoryOutcome> =>
  playStory(story, {
    household,
    scene: { kind: 'drawn' },
    ...(entriesMax === undefined ? {} : { entriesMax }),
  })

const resultOf = (seed: number, outcome: StoryOutcome): SeedResult => ({
  seed,
  hash: outcome.hash,
  virtualMs: outcome.endMs,
  presses: outcome.presses.length,
  visits: outcome.visits.length,
  parts: outcome.parts ?? 0,
  boots: outcome.boots,
  violations: outcome.violations,
})

/** Fails in the same way: by the same checker. */
export const failsLike =
  (checker: string, household: Household) =>
  async (story: Story): Promise<boolean> => {
    const { violations } = await playDrawn(story, household, 0)
    return violations.some((violation) => violation.checker === checker)
  }
