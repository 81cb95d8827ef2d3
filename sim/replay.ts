/** One video through the real doorbell: a small world is built around it, virtual time runs, and what happened is retold. */
import { errorOf, messageOf } from '../src/base/fault.ts'
import type { Log } from '../src/base/log.ts'
import { monoMs, unixMs, type MonoMs } from '../src/base/time.ts'
import { privateZonesRecorded, type Config } from '../src/config/index.ts'
import { startDoorbell, type Doorbell, type DoorbellOptions, type Happening } from '../src/doorbell.ts'
import type { Broker } from '../src/ports/broker.ts'
import type { Disk } from '../src/ports/disk.ts'
import type { ObjectStore } from '../src/ports/object-store.ts'
import type { Ports } from '../src/ports/ports.ts'
import type { Records } from '../src/ports/records.ts'
import type { Stills } from '../src/ports/stills.ts'
import type { Vision } from '../src/ports/vision.ts'
import type { ClipSealMaker } from '../src/vault/index.ts'
import type { ReplayVideo } from '../src/drivers/ffmpeg/index.ts'
import { createFileCamera, type FileCamera } from './devices/file-camera.ts'
import { createSeededRandom } from './devices/seeded-random.ts'
import { inRealTime, SimClock } from './devices/sim-clock.ts'
import { createSimGpio } from './devices/sim-gpio.ts'
import { playScript, type ScriptedEdge } from './script.ts'
import { summarise, type Cost, type SimSummary } from './summary.ts'

/** After the video, uploads and messages get this much virtual time before the world ends without them. */
const SETTLE_MS_MAX = 120_000
/** 2026-01-01T08:00:00Z: the first morning of every simulated doorbell; each start is a day later. */
const FIRST_MORNING = 1_767_254_400_000
const DAY_MS = 86_400_000

export type Replay = {
  readonly video: ReplayVideo
  readonly edges: readonly ScriptedEdge[]
  readonly config: Config
  readonly seed: number
  /** How often this device was started before. */
  readonly boot: number
  /** A multiple of real time, or as fast as the machine can. */
  readonly speed: number | 'max'
  readonly devices: {
    readonly disk: Disk
    readonly records: Records
    readonly stills: Stills
    readonly vision: Vision | undefined
    readonly store: ObjectStore | undefined
    readonly broker: Broker | undefined
    readonly log: Log
  }
  /** Real time, for `--speed 1`. */
  readonly sleepReal: (ms: number) => Promise<void>
  readonly realNowMs: () => number
  readonly costSoFar: () => Cost
  readonly signal: AbortSignal
  readonly onProgress?: (atS: number) => void
  readonly onHappening?: (happening: Happening) => void
  readonly onLook?: DoorbellOptions['onLook']
  readonly onLookedAt?: DoorbellOptions['onLookedAt']
  readonly sealClip?: ClipSealMaker
}

export async function replay(given: Replay): Promise<SimSummary> {
  const world = createWorld(given)
  const happenings: Happening[] = []
  let crash: { readonly error: unknown } | undefined
  const doorbell = await startDoorbell(world.ports, given.config, {
    onHappening: (happening) => {
      happenings.push(happening)
      given.onHappening?.(happening)
    },
    onCrash: (error) => (crash ??= { error }),
    ...(given.onLook === undefined ? {} : { onLook: given.onLook }),
    ...(given.onLookedAt === undefined ? {} : { onLookedAt: given.onLookedAt }),
    ...(given.sealClip === undefined ? {} : { sealClip: given.sealClip }),
  })
  try {
    await runToTheEnd(world, doorbell, given, () => crash !== undefined)
  } finally {
    await world.stopScript()
    await doorbell[Symbol.asyncDispose]()
  }
  if (crash !== undefined) throw errorOf(crash.error)
  // What was recorded until then is sealed and safe; but the file was not played to its end, and that is said.
  const problem = world.camera.problem()
  if (problem !== undefined) throw errorOf(problem)
  return summarise(happenings, {
    video: given.video.name,
    durationS: world.camera.durationS(),
    frames: world.camera.packetCount(),
    published: doorbell.published(),
    privateRecorded: privateZonesRecorded(given.config, world.camera),
    seeing: doorbell.seeing(),
    cost: given.costSoFar(),
    startMs: monoMs(0),
  })
}

type World = {
  readonly clock: SimClock
  readonly camera: FileCamera
  readonly ports: Ports
  readonly stopScript: () => Promise<void>
}

function createWorld(given: Replay): World {
  const { devices, video } = given
  const bootWall = unixMs(FIRST_MORNING + given.boot * DAY_MS)
  const clock: SimClock = new SimClock({ bootWall, pace: paceOf(given, () => camera.hasEnded()) })
  const { real } = clock
  const gpio = createSimGpio(clock)
  const camera = createFileCamera({ clock, video, real })
  const stop = new AbortController()
  const script = playScript(given.edges, { gpio, clock, startMs: 0 }, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) devices.log.error('sim.script_failed', { problem: messageOf(error) })
  })
  const ports: Ports = {
    clock,
    random: createSeededRandom(given.seed + given.boot * 0x10001),
    gpio,
    camera,
    stills: inRealTime(devices.stills, real, ['jpegOf', 'pictureOf', 'encodeJpeg']),
    ...(devices.vision === undefined ? {} : { vision: inRealTime(devices.vision, real, ['look']) }),
    disk: inRealTime(devices.disk, real, [
      'makeFolder',
      'create',
      'replace',
      'read',
      'readRange',
      'list',
      'rename',
      'remove',
      'syncFolder',
      'free',
    ]),
    records: inRealTime(devices.records, real, ['write', 'read', 'list']),
    ...(devices.store === undefined
      ? {}
      : { store: inRealTime(devices.store, real, ['put', 'get', 'head', 'remove']) }),
    ...(devices.broker === undefined ? {} : { broker: inRealTime(devices.broker, real, ['publish']) }),
    log: devices.log,
  }
  const stopScript = async (): Promise<void> => {
    stop.abort()
    await script
  }
  return { clock, camera, ports, stopScript }
}

/** Virtual time may not run ahead of real time × speed while the video plays. */
function paceOf(given: Replay, hasEnded: () => boolean): (untilMs: MonoMs) => Promise<void> {
  const { speed } = given
  const startedMs = given.realNowMs()
  return async (untilMs) => {
    given.onProgress?.(untilMs / 1000)
    if (speed === 'max' || hasEnded() || given.signal.aborted) return
    const aheadMs = untilMs / speed - (given.realNowMs() - startedMs)
    if (aheadMs > 1) await given.sleepReal(aheadMs)
  }
}

async function runToTheEnd(
  world: World,
  doorbell: Doorbell,
  given: Replay,
  crashed: () => boolean,
): Promise<void> {
  const { clock, camera } = world
  const stopped = (): boolean => crashed() || given.signal.aborted
  await clock.runUntil(() => stopped() || (camera.hasEnded() && doorbell.isIdle()))
  const waiting = (): boolean => doorbell.waiting().uploads + doorbell.waiting().messages > 0
  await clock.runUntil(() => stopped() || !waiting(), monoMs(clock.mono() + SETTLE_MS_MAX))
}
