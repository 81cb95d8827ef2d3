/** `lintel run`: the doorbell on its board, until it is told to stop. */
import { flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { isFault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { openScope, type Scope } from '../base/scope.ts'
import { keysSet, type Config } from '../config/index.ts'
import { answerOnSocket } from '../drivers/answer-socket.ts'
import { ffmpegReencoder, ffmpegStills } from '../drivers/ffmpeg/index.ts'
import { lockFolder } from '../drivers/folder-lock.ts'
import { openGpio } from '../drivers/gpio/index.ts'
import { createHttpServer } from '../drivers/http/index.ts'
import { openLinuxBoard } from '../drivers/linux-board.ts'
import { nodeClock as clock } from '../drivers/node-clock.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { nodeHttpCaller } from '../drivers/http-caller.ts'
import { openRecordsLazily } from '../drivers/lazy-records.ts'
import { nodeProgramRunner } from '../drivers/program-runner.ts'
import { nodeRandom } from '../drivers/node-random.ts'
import { createPinoLog } from '../drivers/pino-log.ts'
import { createPushService } from '../drivers/push/index.ts'
import { openServiceManager, type ServiceManager } from '../drivers/systemd.ts'
import { createVision } from '../drivers/vision/index.ts'
import { openWebrtcPeers } from '../drivers/webrtc/index.ts'
import { startHousehold, type Household } from '../household.ts'
import type { Board } from '../ports/board.ts'
import type { Disk } from '../ports/disk.ts'
import type { Ports } from '../ports/ports.ts'
import type { Records } from '../ports/records.ts'
import { claimDataFormat } from '../update/index.ts'
import { openCamera } from './board-camera.ts'
import {
  CONFIG_FILE,
  DATA_FOLDER,
  openBoardConfig,
  stateFolder,
  type BoardChoice,
  type BoardConfig,
} from './board-config.ts'
import { openBoardSound } from './board-sound.ts'
import { repeated } from './option-values.ts'
import { openIndex } from './open-index.ts'
import { brokerNames, openConfiguredBroker, openConfiguredStore } from './outside.ts'
import { enrolmentLines, openPage, packageVersion, pageOrigin, rtspOf, untilAborted } from './page-door.ts'
import { socketOf, statusText } from './status-text.ts'
import { webOptionsOf } from './web-place.ts'

type RunOptions = BoardChoice & { readonly data?: string }

export function runCommand(): Command {
  return new Command('run')
    .description(
      'Runs the doorbell on this board until it gets SIGTERM or SIGINT; with SIGHUP it ends when nobody is at the door.',
    )
    .option('--config <file>', `settings as YAML (default: ${CONFIG_FILE}, if it is there)`)
    .option(
      '--board <name|file>',
      'board whose wiring and camera are the defaults; wins over `board` in the settings',
    )
    .option(
      '--data <dir>',
      `where recordings and keys are kept (default: systemd’s STATE_DIRECTORY, or ${DATA_FOLDER})`,
    )
    .option('--set <key=value>', 'one setting; may be given often', repeated, [])
    .action(run)
}

async function run(options: RunOptions): Promise<void> {
  const manager = openServiceManager(process.env)
  const settings = await openBoardConfig(options)
  const log = createPinoLog(settings.configWith({}).log.level)
  const ending = endingOf(log)
  await using house = await openHouse(options, { settings, log, manager, ending })
  await sayReady(house.household, { config: settings.configWith({}), log, manager, settings })
  flushCompileCache() // Now, as the power may go; else only an orderly end would keep it.
  await ending.wanted
  manager.stopping()
  log.info('run.stopping', { because: ending.because() })
  await house[Symbol.asyncDispose]()
  ending.throwIfBroken()
}

/** Why it ends: a signal, or something broke. */
type Ending = {
  readonly signal: AbortSignal
  readonly wanted: Promise<void>
  readonly because: () => string
  readonly onCrash: (error: unknown) => void
  readonly throwIfBroken: () => void
  /** SIGHUP: as soon as this says that nobody is there. */
  whenIdle(isIdle: () => boolean): Promise<void>
}

const LOOK_MS = 500

function endingOf(log: Log): Ending {
  const stop = new AbortController()
  let crash: { readonly error: unknown } | undefined
  let because = ''
  const end = (why: string): void => {
    because ||= why
    stop.abort()
  }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => end(name))
  const hungUp = Promise.withResolvers<void>()
  process.on('SIGHUP', () => hungUp.resolve())
  return {
    signal: stop.signal,
    wanted: untilAborted(stop.signal),
    because: () => because,
    onCrash(error) {
      crash ??= { error }
      end('something broke')
    },
    throwIfBroken() {
      if (crash !== undefined) throw crash.error
    },
    async whenIdle(isIdle) {
      await hungUp.promise
      log.info('run.ends_when_idle')
      while (!isIdle() && !stop.signal.aborted)
        await clock.sleep(LOOK_MS, { signal: stop.signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      end('SIGHUP')
    },
  }
}

type Around = {
  readonly settings: BoardConfig
  readonly log: Log
  readonly manager: ServiceManager
  readonly ending: Ending
}

type House = { readonly household: Household } & AsyncDisposable

/** Nothing in here waits for the network, the time of day or a camera. */
async function openHouse(options: RunOptions, { settings, log, manager, ending }: Around): Promise<House> {
  const { configWith } = settings
  return openScope(async (scope) => {
    const folder = resolve(options.data ?? stateFolder())
    scope.own('lock', lockFolder(folder))
    const disk = await openNodeDisk(folder)
    await claimDataFormat(disk) // Before anything of a newer version is taken for damage.
    // Wrong wires are said now, also where the doorbell itself waits for its first owner.
    openGpio(configWith({}).gpio, { log })[Symbol.dispose]()
    // An index that cannot be opened keeps nobody from ringing.
    const records = scope.own(
      'records',
      openRecordsLazily(() => openIndex({ folder, disk, log })),
    )
    const board = openLinuxBoard({ manager })
    const place: Place = { disk, records, log, board, signal: ending.signal }
    const household = scope.own(
      'household',
      await startHousehold(
        {
          ...{ clock, random: nodeRandom, disk, records, log, board, page: await openPage() },
          server: createHttpServer({ log }),
          push: createPushService(),
          openPorts: (config, portsScope) => openPorts(place, config, portsScope),
        },
        {
          ...{ configWith, onCrash: ending.onCrash, version: packageVersion() },
          fixedKeys: keysSet(options.set),
          web: (config) => webOptionsOf(config, { disk, now: clock.wall() }),
        },
      ),
    )
    await answerStatus(scope, household, { config: configWith({}), folder, log })
    ending.whenIdle(() => household.doorbell()?.isIdle() ?? true).catch(ending.onCrash)
    return { household }
  })
}

/** Nobody's bell waits for a status that cannot be asked. */
async function answerStatus(
  scope: Scope,
  household: Household,
  { config, folder, log }: { readonly config: Config; readonly folder: string; readonly log: Log },
): Promise<void> {
  try {
    const answer = (): Promise<string> => statusText(household, { config, folder })
    scope.own('status', await answerOnSocket(socketOf(folder), answer))
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    log.warn('run.status_cannot_be_asked', { problem: error.message })
  }
}

type Place = {
  readonly disk: Disk
  readonly records: Records
  readonly log: Log
  readonly board: Board
  readonly signal: AbortSignal
}

/** The lines first: what happens on them from here on waits in the kernel until somebody looks. */
async function openPorts(
  { disk, records, log, board, signal }: Place,
  config: Config,
  scope: Scope,
): Promise<Ports> {
  const gpio = scope.own('lines', openGpio(config.gpio, { log }))
  const { store, broker } = await openOutside(config, { disk, log }, scope)
  return {
    ...{ clock, random: nodeRandom, disk, records, log, board, gpio },
    camera: await openCamera(config, { clock, log, signal }),
    audio: scope.own('audio', openBoardSound({ clock, log }, config)),
    stills: ffmpegStills,
    reencoder: ffmpegReencoder,
    peers: openWebrtcPeers(),
    http: nodeHttpCaller,
    programs: nodeProgramRunner,
    ...(store === undefined ? {} : { store }),
    ...(broker === undefined ? {} : { broker }),
    ...(await rtspOf(config)),
    ...(config.detect.recognise ? { vision: scope.own('vision', createVision({ log })) } : {}),
  }
}

async function openOutside(
  config: Config,
  { disk, log }: Pick<Place, 'disk' | 'log'>,
  scope: Scope,
): Promise<Pick<Ports, 'store' | 'broker'>> {
  const store =
    config.store === undefined
      ? {}
      : { store: scope.own('store client', await openConfiguredStore(config.store, { log })) }
  if (config.mqtt === undefined) return store
  const names = await brokerNames(config, { disk, log })
  return {
    ...store,
    broker: scope.own('broker client', await openConfiguredBroker(config.mqtt, { names, log })),
  }
}

type Readiness = Omit<Around, 'ending'> & { readonly config: Config }

/** People read it in the journal; `systemctl status` shows the first line. */
async function sayReady(household: Household, { config, log, manager, settings }: Readiness): Promise<void> {
  const origin = pageOrigin(household, config)
  const secret = await household.enrolment()
  const status =
    household.doorbell() === undefined
      ? `Waiting for its first owner: ${origin}/`
      : `Ready: the bell rings. The page: ${origin}/`
  log.info('run.ready', {
    ms: Math.round(performance.now()),
    page: `${origin}/`,
    settings: settings.sources.join(', '),
    hasOwner: household.doorbell() !== undefined,
  })
  process.stdout.write(`${[status, ...enrolmentLines(origin, secret)].join('\n')}\n`)
  manager.ready(status)
}
