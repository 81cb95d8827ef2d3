import { Bell } from '../base/bell.ts'
import { isFault } from '../base/fault.ts'
import type { VisitId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { MonoMs } from '../base/time.ts'
import { filmOf } from '../media/index.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import type { ColourPicture, Stills } from '../ports/stills.ts'
import type { Area, Sight, Vision } from '../ports/vision.ts'
import { lookWithin, tellVisitors, zonesOf, type Region } from './region.ts'
import { isSure, NO_VOTES, vote, type Votes } from './votes.ts'

/** To be told to whoever decides about visits. `at` is when the picture was taken. */
export type Recognised =
  | ({ readonly kind: 'sight'; readonly at: MonoMs; readonly zones: readonly string[] } & Sight)
  | { readonly kind: 'unseen'; readonly at: MonoMs }

/** One picture that was looked at. `visitors`: who counts; `others`: who stood there before, or where nothing counts. */
export type LookedAt = {
  readonly visit: VisitId
  /** When the picture was taken. */
  readonly at: MonoMs
  readonly within: Area
  readonly visitors: readonly Sight[]
  readonly others: readonly Sight[]
}

export type RecogniserDeps = {
  /** Undefined where nobody recognises anything. */
  readonly vision: Vision | undefined
  readonly stills: Pick<Stills, 'pictureOf' | 'encodeJpeg'>
  readonly clock: Clock
  readonly log: Log
  /** What was recorded last, from a key frame on; undefined when there is no picture. */
  readonly newest: () => { readonly track: Track; readonly packets: readonly Packet[] } | undefined
  readonly onRecognised: (recognised: Recognised) => Promise<void>
  /** The best picture of a visit so far. */
  readonly onBest: (visit: VisitId, jpeg: Uint8Array) => void
  /** For whoever wants to see what it sees. */
  readonly onLookedAt?: ((looked: LookedAt) => void) | undefined
}

export type RecogniserRules = {
  readonly zones: readonly Region[]
  readonly posterWidthMax: number
}

export interface Recogniser {
  /** Something moved there. */
  moved(at: MonoMs, boxes: readonly Area[]): void
  /** A visit has begun, or (undefined) ended. */
  visit(id: VisitId | undefined): void
  run(signal: AbortSignal): Promise<void>
}

const UNDECIDED_EVERY_MS = 600
/** So many looks a visit may stay undecided before it is looked at as rarely as one that is not. */
const UNDECIDED_LOOKS_MAX = 10
const DECIDED_EVERY_MS = 5000
/** The household should not wait for long for somebody who cannot see. */
const UNSEEN_AFTER_MS = 5000
const MOVED_MS = 1000
const MOVES_KEPT = 64
const WIDTH_MAX = 1920
/** A group of pictures that is longer takes too long to decode: its key frame has to do. */
const PACKETS_MAX = 300
/** A picture has to be so much better to take the place of another. */
const BETTER = 1.15

type Looking = {
  readonly id: VisitId
  readonly over: AbortController
  votes: Votes
  looks: number
  isDecided: boolean
  isSaidUnseen: boolean
  moves: { readonly at: MonoMs; readonly box: Area }[]
  /** How good the best picture is. */
  best: number
}

export function createRecogniser(deps: RecogniserDeps, rules: RecogniserRules): Recogniser {
  const bell = new Bell()
  let looking: Looking | undefined
  return {
    moved(at, boxes) {
      if (looking === undefined) return
      looking.moves = [...looking.moves, ...boxes.map((box) => ({ at, box }))].slice(-MOVES_KEPT)
    },
    visit(id) {
      if (id === looking?.id) return
      looking?.over.abort()
      looking = id === undefined ? undefined : freshLooking(id)
      bell.ring()
    },
    async run(signal) {
      while (!signal.aborted) {
        if (looking === undefined) await bell.untilRung(signal)
        else await watchVisit(deps, rules, looking, signal)
      }
    },
  }
}

const freshLooking = (id: VisitId): Looking => ({
  id,
  over: new AbortController(),
  votes: NO_VOTES,
  looks: 0,
  isDecided: false,
  isSaidUnseen: false,
  moves: [],
  best: 0,
})

/** Looks until the visit is over. */
async function watchVisit(
  deps: RecogniserDeps,
  rules: RecogniserRules,
  looking: Looking,
  stopped: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([stopped, looking.over.signal])
  while (!signal.aborted) {
    if (deps.vision === undefined) await sayUnseen(deps, looking)
    else await lookInTime(deps, rules, looking, signal)
    const isUndecided = !looking.isDecided && looking.looks < UNDECIDED_LOOKS_MAX && deps.vision !== undefined
    const waitMs = isUndecided ? UNDECIDED_EVERY_MS : DECIDED_EVERY_MS
    await deps.clock.sleep(waitMs, { signal }).catch(() => {}) // Over: the loop's condition ends it.
  }
}

async function sayUnseen({ clock, onRecognised }: RecogniserDeps, looking: Looking): Promise<void> {
  if (looking.isSaidUnseen) return
  looking.isSaidUnseen = true
  await onRecognised({ kind: 'unseen', at: clock.mono() })
}

/** Whoever waits for a look that hangs is told meanwhile that nobody sees. */
async function lookInTime(
  deps: RecogniserDeps,
  rules: RecogniserRules,
  looking: Looking,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController()
  const patience = deps.clock
    .sleep(UNSEEN_AFTER_MS, { signal: AbortSignal.any([signal, enough.signal]) })
    .then(() => sayUnseen(deps, looking))
    .catch(() => {}) // It was in time.
  try {
    await lookOnce(deps, rules, looking, signal)
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    if (signal.aborted || error.kind === 'aborted') return
    deps.log.debug('recognise.not_looked', { kind: error.kind, problem: error.message })
    await sayUnseen(deps, looking)
  } finally {
    enough.abort()
    await patience
    looking.looks++
  }
}

async function lookOnce(
  deps: RecogniserDeps,
  { zones, posterWidthMax }: RecogniserRules,
  looking: Looking,
  signal: AbortSignal,
): Promise<void> {
  const newest = deps.newest()
  if (newest === undefined || deps.vision === undefined) return
  const packets = newest.packets.length > PACKETS_MAX ? newest.packets.slice(0, 1) : newest.packets
  const [first] = packets
  if (first === undefined) return
  const at = packets.reduce((latest, packet) => (packet.at > latest ? packet.at : latest), first.at)
  const film = filmOf(newest.track, packets)
  const picture = await deps.stills.pictureOf(film, { nth: packets.length - 1, widthMax: WIDTH_MAX, signal })
  const recent = looking.moves.filter((move) => move.at >= at - MOVED_MS).map(({ box }) => box)
  const within = lookWithin(recent, picture)
  const sights = await deps.vision.look(picture, { within, signal })
  const { visitors, others } = tellVisitors(
    sights,
    looking.moves.map(({ box }) => box),
    zones,
  )
  deps.onLookedAt?.({ visit: looking.id, at, within, visitors, others })
  const { votes, seen } = vote(looking.votes, visitors)
  looking.votes = votes
  looking.isDecided ||= seen.length > 0
  await keepBest(deps, looking, visitors, picture, posterWidthMax)
  for (const sight of seen)
    await deps.onRecognised({ kind: 'sight', at, zones: zonesOf(sight.box, zones), ...sight })
}

/** Near, certain and a person: that is what somebody wants to see on the poster. */
function qualityOf({ thing, score, box }: Sight): number {
  return (thing === 'person' ? 2 : 1) * score * Math.sqrt(box.width * box.height)
}

async function keepBest(
  { stills, onBest }: RecogniserDeps,
  looking: Looking,
  visitors: readonly Sight[],
  picture: ColourPicture,
  widthMax: number,
): Promise<void> {
  const quality = Math.max(0, ...visitors.filter(isSure).map(qualityOf))
  if (quality <= looking.best * BETTER) return
  looking.best = quality
  onBest(looking.id, await stills.encodeJpeg(picture, { widthMax }))
}
