import { THINGS, type Sight, type Thing } from '../ports/vision.ts'

/** One look alone is wrong too often: of 20 photos without people one showed a person to the model, at 0.52. */
const LOOKS_KEPT = 3
const VOTES_MIN = 2
const SCORE_MIN = 0.5

/** What the last looks of a visit saw. */
export type Votes = { readonly looks: readonly (readonly Sight[])[] }

export const NO_VOTES: Votes = { looks: [] }

export const isSure = ({ score }: Sight): boolean => score >= SCORE_MIN

/** `sights`: those that count. Gives the best sight of each thing that has the votes and is to be seen now. */
export function vote(
  votes: Votes,
  sights: readonly Sight[],
): { readonly votes: Votes; readonly seen: readonly Sight[] } {
  const looks = [...votes.looks, sights.filter(isSure)].slice(-LOOKS_KEPT)
  const countOf = (thing: Thing): number =>
    looks.filter((look) => look.some((it) => it.thing === thing)).length
  const seen = THINGS.flatMap((thing) => {
    const best = bestOf(looks.at(-1)?.filter((it) => it.thing === thing) ?? [])
    return best !== undefined && countOf(thing) >= VOTES_MIN ? [best] : []
  })
  return { votes: { looks }, seen }
}

const bestOf = (sights: readonly Sight[]): Sight | undefined =>
  sights.reduce<Sight | undefined>(
    (best, sight) => (best === undefined || sight.score > best.score ? sight : best),
    undefined,
  )
