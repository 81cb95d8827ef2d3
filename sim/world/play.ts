/** Plays a story in a world of its own: moment by moment, then the healing, then the checkers. */
import { assertNever } from '../../src/base/assert.ts'
import { messageOf } from '../../src/base/fault.ts'
import { loadConfig } from '../../src/config/index.ts'
import type { Household } from '../checkers/household.ts'
import { checkersFor, lookWith } from '../checkers/index.ts'
import { judge } from '../story/expect.ts'
import type { Moment, Story } from '../story/story.ts'
import type { StoryOutcome, TraceEntry, Violation } from '../trace.ts'
import { clipFacts, pressFacts, visitFacts } from './outcome.ts'
import { heal, troubleMoments, TROUBLE_TABLE } from './troubles.ts'
import { World, type Scene } from './world.ts'

export type PlayOptions = {
  readonly household: Household
  /** What the camera sees: read or drawn beforehand. */
  readonly scene: Scene
  readonly entriesMax?: number
  readonly onTime?: (nowMs: number) => void
  /** Opens each clip once more for what the story says of it; explorers need none of that. */
  readonly withClipFacts?: boolean
  /** Leaves out the checkers that open and verify everything; the others always look. */
  readonly isHasty?: boolean
  /** Only to show that the checkers can fail. */
  readonly change?: (world: World) => void
}

/** After the healing, everything has to be told, uploaded and quiet within this. */
export const REST_MS_MAX = 15 * 60_000
/** A story without a video is over so long after its last moment. */
const TAIL_MS = 15_000
const ENTRIES_MAX = 200_000

export async function playStory(story: Story, options: PlayOptions): Promise<StoryOutcome> {
  const world = new World({
    seed: story.seed,
    config: loadConfig({ sets: story.settings }),
    household: options.household,
    scene: options.scene,
    entriesMax: options.entriesMax ?? ENTRIES_MAX,
    ...(options.onTime === undefined ? {} : { onTime: options.onTime }),
  })
  options.change?.(world)
  await playInto(world, story)
  await comeToRest(world, story)
  return outcomeOf(world, story, options)
}

/** Everything that the story says, up to its end; no healing, no checkers. */
export async function playInto(world: World, story: Story): Promise<void> {
  const endMs = endOf(story, world.stage.show.durationMs)
  for (const name of story.troubles) {
    world.tell(name, 'begins')
    TROUBLE_TABLE[name].begin?.(world)
  }
  announceVisitors(world, story)
  world.powerOn()
  await world.clock.advance(-world.now)
  const near = story.timeline.map(({ atMs }) => atMs)
  const luck = troubleMoments(story.troubles, (name) => world.random.fork(name), { untilMs: endMs, near })
  const all = [...story.timeline, ...luck]
  for (const moment of all.toSorted((a, b) => a.atMs - b.atMs)) {
    await world.clock.advance(moment.atMs - world.now)
    await perform(world, moment)
  }
  await world.clock.advance(endMs - world.now)
}

function endOf({ timeline, untilMs }: Story, videoMs: number): number {
  const last = timeline.at(-1)
  return Math.max(untilMs ?? 0, videoMs, (last?.atMs ?? 0) + TAIL_MS)
}

/** A drawn camera knows beforehand who comes, so that their preroll is there. */
function announceVisitors({ stage: { show } }: World, { timeline }: Story): void {
  for (const moment of timeline) {
    if (moment.do === 'visitor') show.visitor(moment.atMs, moment.atMs + moment.forMs)
    if (moment.do === 'press' || moment.do === 'pulse') show.lively(moment.atMs)
  }
}

async function perform(world: World, moment: Moment): Promise<void> {
  const { gpio } = world
  switch (moment.do) {
    case 'press':
      gpio.press({ holdMs: moment.holdMs, bounceMs: moment.bounceMs })
      return
    case 'pulse':
      gpio.pulse({ holdMs: moment.holdMs })
      return
    case 'line':
      gpio.drive(moment.input, moment.active, { bounceMs: moment.bounceMs })
      return
    case 'glitch':
      gpio.glitch(moment.input, moment.forMs)
      return
    case 'visitor':
      world.tell('somebody comes', 'once')
      return
    case 'network':
    case 'store':
    case 'broker':
      world.tell(`${moment.do} down`, moment.state === 'down' ? 'begins' : 'ends')
      world.network[moment.state](moment.do === 'network' ? undefined : moment.do)
      return
    default:
      await performOnBoard(world, moment)
  }
}

type BoardMoment = Exclude<
  Moment,
  { do: 'press' | 'pulse' | 'line' | 'glitch' | 'visitor' | 'network' | 'store' | 'broker' }
>

async function performOnBoard(world: World, moment: BoardMoment): Promise<void> {
  switch (moment.do) {
    case 'power':
      if (moment.state === 'cut') world.powerCut()
      else world.powerOn()
      return
    case 'brown-out':
      world.powerCut()
      void world.clock.sleep(moment.forMs, forever).then(() => world.powerOn())
      return
    case 'doorbell':
      world.tell(`doorbell ${moment.what}`, 'once')
      if (moment.what === 'freeze') world.freeze()
      else await world.restart()
      return
    case 'camera':
      performCamera(world, moment)
      return
    case 'disk':
      performDisk(world, moment)
      return
    case 'index':
      world.tell(`index ${moment.state}`, 'once')
      world.spoilIndex(moment.state)
      return
    case 'clock':
      performClock(world, moment)
      return
    case 'temperature':
      world.tell(`${moment.celsius} °C`, 'once')
      world.board.celsius = moment.celsius
      return
    case 'detector':
      world.tell(
        `detector of people ${moment.state === 'well' ? world.vision.health : moment.state}`,
        moment.state === 'well' ? 'ends' : 'begins',
      )
      world.vision.health = moment.state
      return
    case 'owner':
      void world.deleteOldest()
      return
    case 'recipients':
      world.tell(`recipients ${moment.what}`, 'once')
      // On a full disk the owner's command fails, and says so.
      await world.evidence.household.changeRecipients(world.files, moment.what).catch((error: unknown) => {
        world.tell(`recipients not changed: ${messageOf(error)}`, 'once')
      })
      return
    default:
      assertNever(moment)
  }
}

function performCamera(world: World, { what, packets }: Extract<Moment, { do: 'camera' }>): void {
  const { stage, evidence } = world
  world.tell(`camera ${CAMERA_ENDS[what] ?? what}`, cameraState(what))
  if (what === 'drop') stage.drop(packets)
  else if (what === 'corrupt') {
    evidence.excuses.corruptPackets = true
    stage.corrupt(packets)
  } else stage[what]()
}

type CameraWhat = Extract<Moment, { do: 'camera' }>['what']

/** What ends what. */
const CAMERA_ENDS: Partial<Record<CameraWhat, CameraWhat>> = { resume: 'stall', plug: 'unplug' }

function cameraState(what: CameraWhat): 'begins' | 'ends' | 'once' {
  if (what === 'stall' || what === 'unplug') return 'begins'
  return what === 'resume' || what === 'plug' ? 'ends' : 'once'
}

function performDisk(world: World, { state }: Extract<Moment, { do: 'disk' }>): void {
  switch (state) {
    case 'full':
    case 'roomy':
      world.tell('disk full', state === 'full' ? 'begins' : 'ends')
      world.fillDisk(state === 'full')
      return
    case 'broken':
    case 'mended':
      world.tell('disk broken', state === 'broken' ? 'begins' : 'ends')
      world.breakDisk(state === 'broken')
      return
    case 'slow':
    case 'quick':
      world.tell('disk slow', state === 'slow' ? 'begins' : 'ends')
      world.disk.pace = state
      return
    case 'lying':
    case 'honest':
      world.tell('disk lying', state === 'lying' ? 'begins' : 'ends')
      world.lieAboutSyncs(state === 'lying')
      return
    default:
      assertNever(state)
  }
}

function performClock(world: World, moment: Extract<Moment, { do: 'clock' }>): void {
  const { wall, now } = world
  if ('step' in moment) {
    world.tell(`clock set by ${moment.step / 1000} s`, 'once')
    const offMs = wall.step(moment.step)
    if (wall.isTrusted) world.evidence.believedOffsMs.push(offMs)
  } else if ('trusted' in moment) {
    world.tell('clock not trusted', moment.trusted ? 'ends' : 'begins')
    if (moment.trusted) wall.correct(now)
    else wall.isTrusted = false
  } else {
    world.tell(`clock drifts by ${moment.driftPpm} ppm`, 'once')
    wall.drift(now, moment.driftPpm)
  }
}

/** The weather clears up; then everything has to come to rest by itself. */
async function comeToRest(world: World, { troubles }: Story): Promise<void> {
  const { evidence, clock } = world
  for (const name of troubles) world.tell(name, 'ends')
  heal(world)
  // What gave up on a broken disk begins anew with the next start, as somebody who cares for the doorbell would do.
  if (evidence.happenings.some(({ happening }) => happening.kind === 'storage-failed')) await world.restart()
  const isAtRest = (): boolean => world.isAtRest()
  if (!(await clock.runUntil(isAtRest, world.deadline(REST_MS_MAX)))) evidence.unsettled = world.whatWaits()
  await world.stopLife()
  evidence.endMs = world.now
}

async function outcomeOf(world: World, story: Story, options: PlayOptions): Promise<StoryOutcome> {
  const { evidence, trace } = world
  const violations: Violation[] = []
  const checkers = checkersFor(world.stage.show.canary)
  for (const checker of checkers.filter(({ isDear }) => options.isHasty !== true || isDear !== true))
    for (const broken of await lookWith(checker, evidence))
      violations.push({ checker: checker.name, promise: checker.promise, ...broken })
  for (const { checker, message } of violations) trace.add({ kind: 'violation', checker, message })
  const entries: readonly TraceEntry[] = trace.entries
  const facts = {
    presses: pressFacts(evidence),
    visits: visitFacts(evidence),
    clips: options.withClipFacts === false ? [] : await clipFacts(evidence).catch(() => []), // What cannot be listed, the checkers have told of.
    entries,
    endMs: evidence.endMs,
  }
  const { title, seed } = story
  return {
    title,
    seed,
    hash: trace.hash(),
    boots: evidence.lives.length,
    parts: evidence.parts.size,
    ...facts,
    verdicts: judge(story, facts),
    violations,
  }
}

const forever = { signal: new AbortController().signal }
