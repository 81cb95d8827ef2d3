/** Looks at movements with the detector of people, as the doorbell's recogniser does, and keeps who was seen. */
import { isFault } from '../base/fault.ts'
import type { Config } from '../config/index.ts'
import { picturesEachSecond, type VideoFacts } from '../drivers/ffmpeg/index.ts'
import type { ColourPicture } from '../ports/stills.ts'
import type { Area, Sight, Thing, Vision } from '../ports/vision.ts'
import { lookWithin, NO_VOTES, tellVisitors, vote, zonesOf, type Votes } from '../recognise/index.ts'
import type { Look } from './detect-watch.ts'

/** The most certain sight of its kind in a movement (counted from 0), and when the first was. */
export type MovementLabel = {
  readonly movement: number
  readonly label: Thing
  readonly score: number
  readonly atS: number
  readonly box: Area
  readonly zones: readonly string[]
}

/** Who was seen on one picture and counts. */
export type Glance = { readonly atS: number; readonly visitors: readonly Sight[] }

export type Recognition = {
  /** In the order of the movements. */
  readonly labels: readonly MovementLabel[]
  readonly glances: readonly Glance[]
  /** Why nobody was looked for, or not to the end; one sentence for people. */
  readonly missing: string | undefined
}

export const NOBODY: Recognition = { labels: [], glances: [], missing: undefined }

export type Onlooker = AsyncDisposable & {
  /** To be told of every picture, in order. Faults: `missing` without ffmpeg, `aborted`. */
  take(look: Look): Promise<void>
  recognition(): Recognition
}

export type OnlookerOptions = {
  readonly vision: Vision
  readonly zones: Config['detect']['zones']
  readonly signal: AbortSignal
}

/** What moved so long before tells where to look. */
const RECENT_S = 1
/** A label has two looks behind it: a shorter movement is looked at once more after its end. */
const LOOKS_MIN = 2
const MOVES_KEPT = 64
/** As wide as the doorbell's recogniser has it. */
const WIDTH_MAX = 1920
/** Times that differ by less are the same. */
const SAME_S = 0.001

type Movement = {
  readonly index: number
  isOpen: boolean
  looks: number
  /** When the first look was; each other is a second later. */
  firstS: number | undefined
  /** Runs through the video beside the detector's own, for as long as the movement lasts. */
  pictures: AsyncGenerator<ColourPicture, void> | undefined
  votes: Votes
  moves: readonly { readonly atS: number; readonly box: Area }[]
}

/** Looks at most once a second while something moves, at the whole resolution of the video. */
export function createOnlooker(facts: VideoFacts, options: OnlookerOptions): Onlooker {
  const labels: MovementLabel[] = []
  const glances: Glance[] = []
  let missing: string | undefined
  let count = 0
  let movement: Movement | undefined
  const follow = ({ atS, result }: Look): void => {
    for (const { kind } of result.events) {
      if (kind === 'motion-began') movement = freshMovement(count++)
      else if (movement !== undefined) movement.isOpen = false
    }
    if (movement === undefined) return
    movement.moves = [...movement.moves, ...result.boxes.map((box) => ({ atS, box }))].slice(-MOVES_KEPT)
  }
  const lookNow = async (at: Movement, look: Look): Promise<void> => {
    const atS = nextLookS(at, look)
    try {
      const glance = { atS, visitors: await glanceAt(facts, atS, at, options) }
      glances.push(glance)
      addVotes(labels, at, glance, options)
    } catch (error) {
      if (isFault(error, 'unavailable')) missing = error.message
      else if (!isFault(error, 'corrupt')) throw error // One picture less; what follows may be whole.
    } finally {
      at.looks++
    }
  }
  return {
    async take(look) {
      const before = movement
      follow(look)
      if (before !== undefined && before !== movement) await before.pictures?.return()
      if (movement === undefined || missing !== undefined) return
      if (isOver(movement)) await movement.pictures?.return()
      else if (look.atS >= nextLookS(movement, look) - SAME_S) await lookNow(movement, look)
    },
    recognition: () => ({ labels, glances, missing }),
    async [Symbol.asyncDispose]() {
      await movement?.pictures?.return()
    },
  }
}

const freshMovement = (index: number): Movement => ({
  ...{ index, isOpen: true, looks: 0, firstS: undefined, pictures: undefined },
  ...{ votes: NO_VOTES, moves: [] },
})

const isOver = ({ isOpen, looks }: Movement): boolean => !isOpen && looks >= LOOKS_MIN

const nextLookS = ({ firstS, looks }: Movement, { atS }: Look): number => (firstS ?? atS) + looks

async function glanceAt(
  facts: VideoFacts,
  atS: number,
  movement: Movement,
  { vision, zones, signal }: OnlookerOptions,
): Promise<readonly Sight[]> {
  movement.firstS ??= atS
  movement.pictures ??= picturesEachSecond(facts, { fromS: movement.firstS, widthMax: WIDTH_MAX, signal })
  const { value: picture } = await movement.pictures.next()
  if (picture === undefined) return [] // The video has ended.
  const { moves } = movement
  const recent = moves.filter((move) => move.atS >= atS - RECENT_S).map(({ box }) => box)
  const sights = await vision.look(picture, { within: lookWithin(recent, picture), signal })
  const moved = moves.map(({ box }) => box)
  return tellVisitors(sights, moved, zones).visitors
}

function addVotes(
  labels: MovementLabel[],
  movement: Movement,
  { atS, visitors }: Glance,
  { zones: regions }: OnlookerOptions,
): void {
  const { votes, seen } = vote(movement.votes, visitors)
  movement.votes = votes
  for (const { thing: label, score, box } of seen) {
    const zones = zonesOf(box, regions)
    const index = labels.findIndex((each) => each.movement === movement.index && each.label === label)
    const known = labels[index]
    if (known === undefined) {
      labels.push({ movement: movement.index, label, score, atS, box, zones })
      continue
    }
    const best = score > known.score ? { score, box } : { score: known.score, box: known.box }
    labels[index] = { ...known, ...best, zones: [...new Set([...known.zones, ...zones])] }
  }
}
