import type { Random } from '../../src/ports/random.ts'
import { createSeededRandom } from '../devices/seeded-random.ts'
import { possibleMoments } from '../story/check.ts'
import { TROUBLES, type Doing, type Moment, type Story } from '../story/story.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/**
 * A story made up from a seed: minutes to days in the life of a doorbell, with visits, presses, faults, restarts and upgrades.
 * Pairs that belong together (network down and up) stand in it in their order; whatever is open at the end is healed.
 */
export function randomStory(seed: number): Story {
  const random = createSeededRandom(seed).fork('story')
  const lengthMs = lengthOf(random)
  const moments: Moment[] = []
  const scenes = scenesOf(random)
  for (let scene = 0; scene < scenes; scene++) {
    const atMs = 5000 + Math.round(random.uniform() * lengthMs)
    moments.push(...sceneAt(random, atMs))
  }
  const timeline = possibleMoments(moments.toSorted((a, b) => a.atMs - b.atMs))
  // Of a lost index on a disk that lies nothing can be built again: the doorbell says so and does not start.
  const isIndexSpoilt = timeline.some((moment) => moment.do === 'index')
  return {
    title: `random story ${seed}`,
    seed,
    board: 'sim',
    camera: { kind: 'drawn' },
    timeline,
    troubles: TROUBLES.filter((name) => random.uniform() < 0.07 && !(isIndexSpoilt && name === 'lying-disk')),
    expect: [],
    settings: settingsOf(random),
    untilMs: lengthMs + MINUTE_MS,
  }
}

/** Mostly one: what goes wrong, goes wrong around one visit. Some stories have several, for what the first leaves behind. */
function scenesOf(random: Random): number {
  return random.uniform() < 0.8 ? 1 : 2 + below(random, 3)
}

/** Mostly minutes, sometimes hours, seldom days. */
function lengthOf(random: Random): number {
  const chance = random.uniform()
  if (chance < 0.7) return (1 + random.uniform() * 14) * MINUTE_MS
  if (chance < 0.97) return (1 + random.uniform() * 7) * HOUR_MS
  return (24 + random.uniform() * 48) * HOUR_MS
}

function settingsOf(random: Random): readonly string[] {
  const all = [
    { chance: 0.8, setting: `visit.quietAfterMs=${1500 + below(random, 3000)}` },
    { chance: 0.3, setting: `clip.partMs=${500 + below(random, 1500)}` },
    { chance: 0.3, setting: 'clip.msMax=10000' },
    { chance: 0.3, setting: 'retention.bytesMax=10485760' },
  ]
  return all.filter(({ chance }) => random.uniform() < chance).map(({ setting }) => setting)
}

/** Some people, and some bad luck around the same time: that is when it hurts. */
function sceneAt(random: Random, atMs: number): readonly Moment[] {
  const people = momentsOf(random, PEOPLE, random.uniform() < 0.7 ? 1 : 2, { atMs, spreadMs: 20_000 })
  const luck = momentsOf(random, BAD_LUCK, below(random, 4), {
    atMs: Math.max(3000, atMs - 5000),
    spreadMs: 40_000,
  })
  return [...people, ...luck]
}

type Chapter = (random: Random) => readonly ({ readonly afterMs: number } & { readonly what: Doing })[]

function momentsOf(
  random: Random,
  chapters: readonly Chapter[],
  count: number,
  { atMs, spreadMs }: { readonly atMs: number; readonly spreadMs: number },
): readonly Moment[] {
  const moments: Moment[] = []
  for (let n = 0; n < count; n++) {
    const fromMs = atMs + Math.round(random.uniform() * spreadMs)
    const chapter = chapters[below(random, chapters.length)] ?? quietly
    for (const { afterMs, what } of chapter(random))
      moments.push({ atMs: fromMs + Math.round(afterMs), line: 0, ...what })
  }
  return moments
}

const quietly: Chapter = () => []
const once =
  (what: (random: Random) => Doing): Chapter =>
  (random) => [{ afterMs: 0, what: what(random) }]

/** Begins, and ends after a while that is mostly short and sometimes long. */
const awhile =
  (begin: Doing, end: Doing, leastMs: number, mostMs: number): Chapter =>
  (random) => [
    { afterMs: 0, what: begin },
    { afterMs: leastMs + random.uniform() ** 3 * (mostMs - leastMs), what: end },
  ]

const PEOPLE: readonly Chapter[] = [
  once((random) => ({ do: 'visitor', forMs: 2000 + below(random, 8000) })),
  once((random) => ({ do: 'press', holdMs: 60 + below(random, 600), bounceMs: below(random, 12) })),
  (random) => [
    { afterMs: 0, what: { do: 'pulse', holdMs: 2500 } },
    { afterMs: 1000, what: { do: 'visitor', forMs: 3000 + below(random, 7000) } },
    { afterMs: 3000 + below(random, 4000), what: { do: 'press', holdMs: 150, bounceMs: below(random, 10) } },
  ],
  (random) =>
    Array.from({ length: 2 + below(random, 6) }, (_, index) => ({
      afterMs: index * (300 + below(random, 200)),
      what: { do: 'press', holdMs: 120, bounceMs: 5 },
    })),
  once(() => ({ do: 'glitch', input: 'button', forMs: 0.8 })),
  awhile(
    { do: 'line', input: 'button', active: true, bounceMs: 8 },
    { do: 'line', input: 'button', active: false, bounceMs: 8 },
    1000,
    90_000,
  ),
]

const BAD_LUCK: readonly Chapter[] = [
  awhile({ do: 'network', state: 'down' }, { do: 'network', state: 'up' }, 500, 6 * HOUR_MS),
  awhile({ do: 'store', state: 'down' }, { do: 'store', state: 'up' }, 500, 12 * HOUR_MS),
  awhile({ do: 'broker', state: 'down' }, { do: 'broker', state: 'up' }, 500, HOUR_MS),
  awhile({ do: 'power', state: 'cut' }, { do: 'power', state: 'on' }, 200, HOUR_MS),
  awhile({ do: 'power', state: 'cut' }, { do: 'power', state: 'on' }, 200, 20_000),
  once((random) => ({ do: 'brown-out', forMs: 50 + below(random, 2000) })),
  once(() => ({ do: 'doorbell', what: 'restart' })),
  once(() => ({ do: 'doorbell', what: 'upgrade' })),
  once(() => ({ do: 'doorbell', what: 'freeze' })),
  awhile(
    { do: 'camera', what: 'stall', packets: 0 },
    { do: 'camera', what: 'resume', packets: 0 },
    500,
    10 * MINUTE_MS,
  ),
  awhile(
    { do: 'camera', what: 'unplug', packets: 0 },
    { do: 'camera', what: 'plug', packets: 0 },
    500,
    10 * MINUTE_MS,
  ),
  once(() => ({ do: 'camera', what: 'reconnect', packets: 0 })),
  once(() => ({ do: 'camera', what: 'resize', packets: 0 })),
  once((random) => ({ do: 'camera', what: 'drop', packets: 1 + below(random, 20) })),
  once((random) => ({ do: 'camera', what: 'corrupt', packets: 1 + below(random, 3) })),
  awhile({ do: 'disk', state: 'full' }, { do: 'disk', state: 'roomy' }, 500, 20 * MINUTE_MS),
  awhile({ do: 'disk', state: 'broken' }, { do: 'disk', state: 'mended' }, 100, 10 * MINUTE_MS),
  awhile({ do: 'disk', state: 'slow' }, { do: 'disk', state: 'quick' }, 1000, MINUTE_MS),
  awhile({ do: 'detector', state: 'missing' }, { do: 'detector', state: 'well' }, 1000, HOUR_MS),
  awhile({ do: 'detector', state: 'crashing' }, { do: 'detector', state: 'well' }, 1000, HOUR_MS),
  awhile({ do: 'detector', state: 'garbage' }, { do: 'detector', state: 'well' }, 1000, HOUR_MS),
  once((random) => ({ do: 'clock', step: Math.round((random.uniform() - 0.5) * 4 * HOUR_MS) })),
  awhile({ do: 'clock', trusted: false }, { do: 'clock', trusted: true }, 1000, HOUR_MS),
  once(() => ({ do: 'recipients', what: 'add' })),
  once(() => ({ do: 'recipients', what: 'remove' })),
  once(() => ({ do: 'owner', what: 'delete' })),
  (random) => [
    { afterMs: 0, what: { do: 'power', state: 'cut' } },
    { afterMs: 100, what: { do: 'index', state: random.uniform() < 0.5 ? 'corrupt' : 'gone' } },
    { afterMs: 1000, what: { do: 'power', state: 'on' } },
  ],
]

const below = (random: Random, most: number): number => Math.floor(random.uniform() * most)
