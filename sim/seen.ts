/** Keeps what the doorbell's eyes looked at during a replay, for whoever wants to see it. */
import type { LookedAt } from '../src/recognise/index.ts'
import type { Look } from '../src/seeing.ts'

export type Seen = {
  /** In the order of their times; where there were very many, the higher score of each two. */
  readonly looks: readonly Look[]
  /** The last of them where there were very many. */
  readonly lookedAt: readonly LookedAt[]
}

export type SeenRecorder = {
  readonly onLook: (look: Look) => void
  readonly onLookedAt: (looked: LookedAt) => void
  readonly seen: () => Seen
}

/** Five a second for eleven hours; then each two become one. */
const LOOKS_MAX = 200_000
const LOOKED_AT_MAX = 20_000

export function createSeenRecorder(looksMax = LOOKS_MAX): SeenRecorder {
  let looks: Look[] = []
  let lookedAt: LookedAt[] = []
  return {
    onLook(look) {
      if (looks.length >= looksMax) looks = halved(looks)
      looks.push(look)
    },
    onLookedAt(looked) {
      if (lookedAt.length >= LOOKED_AT_MAX) lookedAt = lookedAt.slice(LOOKED_AT_MAX / 2)
      lookedAt.push(looked)
    },
    // What was suspected is decoded from the last key frame on, so that pictures may come after later ones.
    seen: () => ({ looks: looks.toSorted((a, b) => a.at - b.at), lookedAt }),
  }
}

function halved(looks: readonly Look[]): Look[] {
  const kept: Look[] = []
  for (let at = 0; at < looks.length; at += 2) {
    const pair = looks.slice(at, at + 2)
    const [first, second] = pair
    const higher = first !== undefined && second !== undefined && second.score > first.score ? second : first
    if (higher !== undefined) kept.push(higher)
  }
  return kept
}
