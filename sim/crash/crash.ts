/**
 * Every crash point: the power is cut before each call that changes the disk or the index, with every legal subset of what
 * was not synced by then, and the doorbell is started on what is left.
 *
 * The idea is that of SQLite's tests (“fail the N-th operation, for every N”, https://sqlite.org/testing.html, section 3) and of
 * ALICE (Pillai et al., “All File Systems Are Not Created Equal”, OSDI 2014): enumerate what a disk may hold, not what it held.
 */
import { loadConfig, type Config } from '../../src/config/index.ts'
import type { Household } from '../checkers/household.ts'
import { checkersFor, lookWith } from '../checkers/index.ts'
import { createSeededRandom } from '../devices/seeded-random.ts'
import type { DiskCall } from '../devices/sim-files.ts'
import { playInto } from '../world/play.ts'
import { World, type Snapshot } from '../world/world.ts'
import type { Procedure } from './procedures.ts'

/** Up to so many unsynced things, all subsets are tried; of more, as many samples as subsets of so many. */
const EXHAUSTIVE_MAX = 10
const SAMPLES = 2 ** EXHAUSTIVE_MAX
/** Opening every clip and verifying every signature costs ten times as much as all the rest: one state in so many, and of each point the two ends. */
const THOROUGH_EVERY = 100
const REST_MS_MAX = 15 * 60_000

export type CrashPoint = { readonly call: DiskCall; readonly index: number; readonly snapshot: Snapshot }

export type CrashState = { readonly point: CrashPoint; readonly subset: readonly boolean[] }

export type CrashReport = {
  readonly procedure: string
  readonly points: number
  readonly states: number
  readonly failures: readonly CrashFailure[]
}

export type CrashFailure = {
  readonly procedure: string
  readonly point: number
  readonly call: string
  /** One letter for each unsynced thing, in the order they were done: `1` survived, `0` did not. */
  readonly subset: string
  readonly checker: string
  readonly message: string
}

export type CrashOptions = {
  readonly household: Household
  /** Only every n-th point, beginning with the k-th: so that several processes share the work. */
  readonly share: { readonly index: number; readonly of: number }
  readonly sectorBytes?: number
  readonly onState?: () => void
  /** Recorded before: see `recordPoints`. */
  readonly points?: readonly CrashPoint[] | undefined
}

/** Plays the procedure once, and everything that could have been left of it. */
export async function crashEverywhere(procedure: Procedure, options: CrashOptions): Promise<CrashReport> {
  const config = loadConfig({ sets: procedure.story.settings })
  const points = options.points ?? (await recordPoints(procedure, options))
  const failures: CrashFailure[] = []
  let states = 0
  for (const point of points.filter(({ index }) => index % options.share.of === options.share.index)) {
    for (const subset of subsetsOf(point)) {
      states++
      options.onState?.()
      const isThorough = states % THOROUGH_EVERY === 0 || isEdge(subset)
      const broken = await firstBroken(
        { procedure, config, isThorough },
        { point, subset },
        options.household,
      )
      if (broken !== undefined) failures.push(broken)
    }
  }
  return { procedure: procedure.name, points: points.length, states, failures }
}

/** Plays the procedure, and keeps what the disk held before each call. */
export async function recordPoints(
  { story, fromMs, toMs }: Procedure,
  { household, sectorBytes }: Pick<CrashOptions, 'household' | 'sectorBytes'>,
): Promise<readonly CrashPoint[]> {
  const points: CrashPoint[] = []
  const world = new World({
    seed: story.seed,
    config: loadConfig({ sets: story.settings }),
    household,
    scene: { kind: 'drawn' },
    entriesMax: 0,
    isUntraced: true,
    ...(sectorBytes === undefined ? {} : { sectorBytes }),
    onCall: (call) => {
      if (world.now < fromMs || world.now > toMs || !changes(call)) return
      points.push({ call, index: points.length, snapshot: world.snapshot() })
    },
  })
  await playInto(world, story)
  return points
}

const changes = ({ call }: DiskCall): boolean => !['read', 'readRange', 'list', 'free'].includes(call)

/** All of them where they are few; else the two ends, each single loss and survival, and samples. */
export function* subsetsOf({ index, snapshot }: CrashPoint): Generator<readonly boolean[]> {
  const count = snapshot.files.unsynced() + snapshot.records.unsynced()
  if (count <= EXHAUSTIVE_MAX) {
    for (let bits = 0; bits < 2 ** count; bits++)
      yield Array.from({ length: count }, (_, at) => ((bits >> at) & 1) === 1)
    return
  }
  const random = createSeededRandom(index + 1)
  const seen = new Set<string>()
  const fresh = (subset: readonly boolean[]): boolean => {
    const key = textOf(subset)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
  for (const subset of edges(count)) if (seen.size < SAMPLES && fresh(subset)) yield subset
  while (seen.size < SAMPLES) {
    const chance = random.uniform()
    const subset = Array.from({ length: count }, () => random.uniform() < chance)
    if (fresh(subset)) yield subset
  }
}

function* edges(count: number): Generator<readonly boolean[]> {
  yield Array.from({ length: count }, () => false)
  yield Array.from({ length: count }, () => true)
  for (let one = 0; one < count; one++) {
    yield Array.from({ length: count }, (_, at) => at === one)
    yield Array.from({ length: count }, (_, at) => at !== one)
    yield Array.from({ length: count }, (_, at) => at < one)
  }
}

const textOf = (subset: readonly boolean[]): string =>
  subset.map((survived) => (survived ? '1' : '0')).join('')

type Trial = {
  readonly procedure: Procedure
  readonly config: Config
  /** Opens and verifies everything as well. */
  readonly isThorough: boolean
}

/** Everything was lost, or nothing. */
const isEdge = (subset: readonly boolean[]): boolean =>
  subset.every((survived) => survived) || subset.every((survived) => !survived)

/** Starts the doorbell on what is left, lets it come to rest, and looks. */
async function firstBroken(
  { procedure: { name, story }, config, isThorough }: Trial,
  { point, subset }: CrashState,
  household: Household,
): Promise<CrashFailure | undefined> {
  const world = new World({
    seed: story.seed + 1,
    config,
    household,
    scene: { kind: 'none' },
    entriesMax: 0,
    isUntraced: true,
    from: point.snapshot,
    isInstant: true,
  })
  let at = 0
  await world.cutNow(() => subset[at++] === true)
  world.powerOn()
  const isAtRest = (): boolean => world.isAtRest()
  if (!(await world.clock.runUntil(isAtRest, world.deadline(REST_MS_MAX))))
    world.evidence.unsettled = world.whatWaits()
  await world.stopLife()
  world.evidence.endMs = world.now
  for (const checker of checkersFor(world.stage.show.canary)) {
    if (checker.isDear === true && !isThorough) continue
    const [broken] = await lookWith(checker, world.evidence)
    if (broken === undefined) continue
    const { call, path } = point.call
    return {
      procedure: name,
      point: point.index,
      call: `${call} ${path}`,
      subset: textOf(subset),
      checker: checker.name,
      message: broken.message,
    }
  }
  return undefined
}
