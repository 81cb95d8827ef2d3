/** `lintel sim <video> --serve`: the doorbell in real time before a video that plays again and again, and the owner's page. */
import { resolve } from 'node:path'
import { Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { openScope, startLoop, type Scope } from '../base/scope.ts'
import { keysSet, type Config } from '../config/index.ts'
import { createLoopingCamera, ffmpegReencoder, ffmpegStills } from '../drivers/ffmpeg/index.ts'
import { lockFolder } from '../drivers/folder-lock.ts'
import { createHttpServer } from '../drivers/http/index.ts'
import { openRecordsLazily } from '../drivers/lazy-records.ts'
import { nodeHttpCaller } from '../drivers/http-caller.ts'
import { nodeProgramRunner } from '../drivers/program-runner.ts'
import { nodeClock } from '../drivers/node-clock.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { nodeRandom } from '../drivers/node-random.ts'
import { createPinoLog } from '../drivers/pino-log.ts'
import { createPushService } from '../drivers/push/index.ts'
import { createVision } from '../drivers/vision/index.ts'
import { openWebrtcPeers } from '../drivers/webrtc/index.ts'
import { startHousehold, type Household } from '../household.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import type { Ports } from '../ports/ports.ts'
import type { Records } from '../ports/records.ts'
import { createSimGpio, type SimGpio } from '../../sim/devices/sim-gpio.ts'
import { readVideo } from './board-camera.ts'
import { openSimSound } from './board-sound.ts'
import { openIndex } from './open-index.ts'
import { enrolmentLines, openPage, packageVersion, pageOrigin, rtspOf, untilAborted } from './page-door.ts'
import { enrolFor } from './sim-enrol.ts'
import { openConfig, type SimHouseOptions } from './sim-house.ts'
import { openOutside } from './sim-outside.ts'
import { webOptionsOf } from './web-place.ts'

export type ServeOptions = SimHouseOptions & {
  readonly speed: number | 'max'
  readonly press: readonly number[]
  readonly pir: readonly number[]
  readonly json?: boolean
  readonly report?: string
  readonly watch?: boolean
  readonly port?: number
  readonly visitorEvery?: number
  /** As in `board-sound.ts`; left out: the video's own. */
  readonly sound?: string
}

const PRESS_MS = 150 // How long a finger stays on a button.
/** A laptop's time comes from the network. */
const clock: Clock = { ...nodeClock, wall: () => ({ ...nodeClock.wall(), trusted: true }) }

/** Serves until `signal` is aborted, or something breaks. */
export async function serveVideo(
  files: readonly string[],
  options: ServeOptions,
  signal: AbortSignal,
): Promise<void> {
  const video = onlyVideo(files, options)
  const configWith = await openConfig(options)
  const log = createPinoLog(configWith({}).log.level)
  await readVideo(video, { config: configWith({}), log, signal }) // What is wrong with it is said before anything is made.
  let crash: { readonly error: unknown } | undefined
  const broken = new AbortController()
  const onCrash = (error: unknown): void => {
    crash ??= { error }
    broken.abort()
  }
  const gpio = new Finger()
  await using house = await openScope(async (scope) => {
    const folder = resolve(options.data)
    scope.own('lock', lockFolder(folder))
    const disk = await openNodeDisk(folder)
    if (options.owner !== undefined) await enrolFor(disk, options.owner)
    // What cannot be opened keeps nobody from ringing.
    const records = scope.own(
      'records',
      openRecordsLazily(() => openIndex({ folder, disk, log })),
    )
    const place: Place = { folder, disk, records, log, video, options, gpio, signal }
    const page = await openPage()
    const household = scope.own(
      'household',
      await startHousehold(
        {
          ...{ clock, random: nodeRandom, disk, records, log, page },
          server: createHttpServer({ log }),
          push: createPushService(),
          openPorts: (config, portsScope) => openPorts(place, config, portsScope),
        },
        {
          ...{ configWith, onCrash, version: packageVersion(), simulate: { press: () => gpio.press() } },
          fixedKeys: keysSet(options.set),
          web: (config) => webOptionsOf(withPort(config, options.port), { disk, now: clock.wall() }),
        },
      ),
    )
    const everyS = options.visitorEvery
    if (everyS !== undefined)
      scope.own(
        'visitors',
        startLoop((stop) => sendVisitors(gpio, everyS, stop), onCrash),
      )
    return { household }
  })
  await sayWhere(house.household, configWith({}), video)
  await untilAborted(AbortSignal.any([signal, broken.signal]))
  if (crash !== undefined) throw crash.error
}

function onlyVideo(
  files: readonly string[],
  { speed, press, pir, json, report, watch }: ServeOptions,
): string {
  const [video, ...more] = files
  if (video === undefined || more.length > 0)
    throw new Fault('invalid', `--serve: wanted one video, which plays again and again, got ${files.length}`)
  if (/\.ya?ml$/i.test(video))
    throw new Fault(
      'invalid',
      `--serve: wanted a video, got the story ${video}; stories have their own time and world`,
    )
  const others = {
    '--speed': speed !== 'max' && speed !== 1,
    '--press': press.length > 0,
    '--pir': pir.length > 0,
    '--json': json === true,
    '--report': report !== undefined,
    '--watch': watch === true,
  }
  const [wrong] = Object.entries(others).find(([, isThere]) => isThere) ?? []
  if (wrong !== undefined)
    throw new Fault(
      'invalid',
      `--serve: ${wrong} is for videos that are played once; use --visitor-every, or the button on the page`,
    )
  return video
}

const withPort = (config: Config, port: number | undefined): Config =>
  port === undefined ? config : { ...config, web: { ...config.web, port } }

type Place = {
  readonly folder: string
  readonly disk: Disk
  readonly records: Records
  readonly log: Log
  readonly video: string
  readonly options: ServeOptions
  readonly gpio: Finger
  readonly signal: AbortSignal
}

/** For each doorbell anew: settings may say another store, broker or private zone. */
async function openPorts(
  { folder, disk, records, log, video, options, gpio, signal }: Place,
  config: Config,
  scope: Scope,
): Promise<Ports> {
  const played = await readVideo(video, { config, log, signal })
  const { store, broker } = await openOutside(scope, { folder, config, choice: options, disk, log })
  const sound = { choice: options.sound ?? 'video', video, folder }
  return {
    audio: scope.own('audio', await openSimSound({ clock, log }, config, sound)),
    ...{ clock, random: nodeRandom, disk, records, log },
    gpio: gpio.renew(),
    camera: createLoopingCamera({ clock, video: played }),
    stills: ffmpegStills,
    reencoder: ffmpegReencoder,
    http: nodeHttpCaller,
    programs: nodeProgramRunner,
    peers: openWebrtcPeers({ additionalHosts: ['127.0.0.1'] }),
    ...(store === undefined ? {} : { store }),
    ...(broker === undefined ? {} : { broker }),
    ...(await rtspOf(config)),
    ...(config.detect.recognise ? { vision: scope.own('vision', createVision({ log })) } : {}),
  }
}

/** Presses the button of the doorbell that runs now. */
class Finger {
  #gpio: SimGpio | undefined
  #turn: Promise<unknown> = Promise.resolve()

  renew(): SimGpio {
    this.#gpio = createSimGpio(clock)
    return this.#gpio
  }

  press(): Promise<void> {
    const mine = this.#turn.then(async () => {
      const gpio = this.#gpio
      if (gpio === undefined)
        throw new Fault('unavailable', 'the doorbell is not running: it has no owner yet')
      gpio.drive('button', true)
      await clock.sleep(PRESS_MS, { signal: new AbortController().signal })
      gpio.drive('button', false)
    })
    this.#turn = mine.catch(() => {}) // Whoever pressed hears of it.
    return mine
  }
}

async function sendVisitors(gpio: Finger, everyS: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(everyS * 1000, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
    if (!signal.aborted) await gpio.press().catch(() => {}) // Nobody lives there yet.
  }
}

async function sayWhere(household: Household, config: Config, video: string): Promise<void> {
  const origin = pageOrigin(household, config)
  const lines = [
    `${video} plays again and again before the doorbell; stop it with Ctrl-C.`,
    `The page: ${origin}/`,
    ...enrolmentLines(origin, await household.enrolment()),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
