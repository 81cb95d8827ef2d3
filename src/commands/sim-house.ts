/** Everything one `lintel sim` needs around the replay: settings, videos, the data folder, the cloud, the broker. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Fault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { openScope } from '../base/scope.ts'
import { loadConfig, type Changes, type Config } from '../config/index.ts'
import { ffmpegStills, type ReplayVideo } from '../drivers/ffmpeg/index.ts'
import { createVision } from '../drivers/vision/index.ts'
import { lockFolder } from '../drivers/folder-lock.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { createPinoLog } from '../drivers/pino-log.ts'
import type { Broker } from '../ports/broker.ts'
import type { Disk } from '../ports/disk.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Records } from '../ports/records.ts'
import type { Vision } from '../ports/vision.ts'
import { openDeviceKey, openRecipients, type DeviceKey } from '../vault/index.ts'
import { checkScript, type ScriptedEdge } from '../../sim/script.ts'
import { bootsBefore } from '../rebuild.ts'
import { readVideo, type Reading } from './board-camera.ts'
import { openIndex } from './open-index.ts'
import { enrolFor } from './sim-enrol.ts'
import { openOutside, type CloudChoice } from './sim-outside.ts'

export type SimHouseOptions = CloudChoice & {
  readonly data: string
  readonly owner?: string
  readonly config?: string
  readonly set: readonly string[]
  readonly speed: number | 'max'
}

/** One video and what happens to the lines while it plays. */
export type Scene = {
  readonly video: ReplayVideo
  readonly edges: readonly ScriptedEdge[]
}

export type SimHouse = AsyncDisposable & {
  readonly config: Config
  readonly scenes: readonly Scene[]
  readonly devices: {
    readonly disk: Disk
    readonly records: Records
    readonly stills: typeof ffmpegStills
    readonly vision: Vision | undefined
    readonly store: ObjectStore | undefined
    readonly broker: Broker | undefined
    readonly log: Log
  }
  readonly boot: () => Promise<number>
  /** Added to the seed: two devices that share a store must not choose the same names for their objects. */
  readonly salt: number
}

/** What is wrong with any video or setting is said before the first one plays, and before anything is written. */
export async function openSimHouse(
  files: readonly string[],
  edges: readonly ScriptedEdge[],
  options: SimHouseOptions,
  signal: AbortSignal,
): Promise<SimHouse> {
  const config = (await openConfig(options))({})
  const log = createPinoLog(config.log.level)
  const scenes: Scene[] = []
  for (const file of files) scenes.push(await readScene(file, edges, { config, log, signal }))
  return openScope(async (scope) => {
    const folder = resolve(options.data)
    scope.own('lock', lockFolder(folder))
    const disk = await openNodeDisk(folder)
    await enrolFor(disk, options.owner)
    const records = scope.own('records', await openIndex({ folder, disk, log }))
    await openRecipients({ disk, records }) // Refuses here, before anything is made, when there is no owner.
    const { store, broker } = await openOutside(scope, { folder, config, choice: options, disk, log })
    const salt = isOwnStore(options, config) ? 0 : saltOf(await openDeviceKey({ disk, log }))
    const boot = (): Promise<number> => bootsBefore({ disk, records }, () => openDeviceKey({ disk, log }))
    return {
      config,
      scenes,
      devices: {
        ...{ disk, records, stills: ffmpegStills, store, broker, log },
        vision: config.detect.recognise ? scope.own('vision', openVision(options, log)) : undefined,
      },
      boot,
      salt,
    }
  })
}

/** As fast as it goes, time stands still until a look is done: then there is nobody to stand back for. */
const openVision = ({ speed }: SimHouseOptions, log: Log) =>
  createVision(speed === 'max' ? { log, nice: 0 } : { log })

/** Nobody else writes there, so a replay may give the same names in every run. */
const isOwnStore = ({ cloud }: SimHouseOptions, config: Config): boolean =>
  cloud === 'embedded' || cloud === 'none' || (cloud === undefined && config.store === undefined)

const saltOf = ({ publicKey }: DeviceKey): number =>
  new DataView(publicKey.buffer, publicKey.byteOffset).getUint32(0)

/** What the file and `--set` say; changes of the owner's page come between them. */
export async function openConfig({
  config,
  set,
}: Pick<SimHouseOptions, 'config' | 'set'>): Promise<(changed: Changes) => Config> {
  const file = config === undefined ? {} : { file: { name: config, text: await readText(config) } }
  return (changed) => loadConfig({ ...file, changed, sets: set })
}

async function readScene(file: string, edges: readonly ScriptedEdge[], reading: Reading): Promise<Scene> {
  const video = await readVideo(file, reading)
  checkScript(edges, { name: file, durationS: video.facts.startS + video.facts.durationS })
  return { video, edges }
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Fault('missing', `${path}: cannot be read: ${messageOf(cause)}`, { cause })
  })
}
