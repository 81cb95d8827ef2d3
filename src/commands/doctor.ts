import { Command } from 'commander'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import { configDefaults, type Config, type MqttConfig, type StoreConfig } from '../config/index.ts'
import { readRecipients } from '../owner/index.ts'
import {
  gatherBoard,
  gatherClock,
  gatherCodecs,
  gatherFolder,
  gatherRecogniser,
  gatherSpace,
  whatSays,
} from './doctor-gather.ts'
import {
  describeChecks,
  isHealthy,
  judgeAge,
  judgeBoard,
  judgeBroker,
  judgeClock,
  judgeCodecs,
  judgeConfig,
  judgeFolder,
  judgeNode,
  judgeOwner,
  judgePrivateZones,
  judgeRecogniser,
  judgeSpace,
  judgeStore,
  judgeTool,
  type Check,
  type OwnerFacts,
  type Reach,
} from './doctor-judge.ts'
import { gatherLines, judgeLines } from './doctor-lines.ts'
import { reachBroker, reachStore } from './doctor-reach.ts'
import { CONFIG_FILE, openBoardConfig } from './board-config.ts'
import { readTextFile } from './owner-files.ts'
import { openDataDisk } from './owner-data-folder.ts'
import { readCredentials } from './s3-place.ts'

type DoctorOptions = {
  readonly config?: string
  readonly board?: string
  readonly set: readonly string[]
  readonly data?: string
  readonly json?: true
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what is missing or wrong on this machine, and what to type')
    .option('--config <file>', `settings (YAML; default: ${CONFIG_FILE}, if it is there)`)
    .option('--board <name|file>', 'board whose wiring and camera are the defaults')
    .option(
      '--set <key=value>',
      'one setting (repeatable)',
      (text, before: string[]) => [...before, text],
      [],
    )
    .option('--data <dir>', 'the doorbell’s data folder')
    .option('--json', 'print one JSON object')
    .action(examine)
}

async function examine(options: DoctorOptions): Promise<void> {
  const checks = await examineMachine(options)
  const ok = isHealthy(checks)
  process.stdout.write(options.json ? `${JSON.stringify({ ok, checks })}\n` : describeChecks(checks))
  if (!ok) process.exitCode = 1
}

async function examineMachine(options: DoctorOptions): Promise<readonly Check[]> {
  const { data } = options
  const { config, check } = await readConfig(options)
  const folder = data === undefined ? undefined : await gatherFolder(data)
  return [
    judgeNode(process.version),
    judgeTool('ffmpeg', await whatSays('ffmpeg', ['-version'])),
    judgeTool('ffprobe', await whatSays('ffprobe', ['-version'])),
    judgeCodecs(await gatherCodecs()),
    judgeAge(await whatSays('age', ['--version'])),
    check,
    judgePrivateZones(privateZonesOf(config), config.capture.privateZones),
    judgeRecogniser(config.detect.recognise ? await gatherRecogniser() : undefined),
    judgeFolder(folder),
    judgeSpace(data === undefined ? undefined : await gatherSpace(data, config.retention)),
    judgeClock(await gatherClock(data, Date.now())),
    judgeOwner(folder?.state === 'there' ? await ownerOf(folder.path) : undefined, data),
    judgeStore(await reachConfiguredStore(config.store)),
    judgeBroker(await reachConfiguredBroker(config.mqtt)),
    judgeBoard(await gatherBoard()),
    judgeLines(await gatherLines(), config.gpio),
  ]
}

const privateZonesOf = ({ detect }: Config): readonly string[] =>
  detect.zones.filter(({ mode }) => mode === 'private').map(({ name }) => name)

async function readConfig(
  options: DoctorOptions,
): Promise<{ readonly config: Config; readonly check: Check }> {
  try {
    const { configWith, sources } = await openBoardConfig(options)
    const config = configWith({})
    return { config, check: judgeConfig({ name: sources.at(-1) }) }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { config: configDefaults(), check: judgeConfig({ name: options.config, wrong: error.message }) }
  }
}

async function ownerOf(folder: string): Promise<OwnerFacts> {
  try {
    const signed = await readRecipients(await openDataDisk(folder))
    if (signed === undefined) return { state: 'none' }
    const names = signed.list.recipients.map((each) => each.name)
    return { state: 'enrolled', version: signed.list.version, names }
  } catch (error) {
    if (!isFault(error, 'corrupt', 'denied')) throw error
    return { state: 'broken', why: messageOf(error) }
  }
}

async function reachConfiguredStore(store: StoreConfig | undefined): Promise<Reach> {
  if (store === undefined) return { state: 'unset' }
  const where = `${store.endpoint ?? 'AWS'}, bucket ${store.bucket}`
  return reachStore(where, async (log) => {
    const { openS3Store } = await import('../drivers/s3/index.ts')
    const { region, ...credentials } = await readCredentials(store.credentialsFile)
    return openS3Store(
      {
        bucket: store.bucket,
        region: region ?? store.region,
        pathStyle: store.pathStyle,
        credentials,
        ...(store.endpoint === undefined ? {} : { endpoint: store.endpoint }),
      },
      { log },
    )
  })
}

async function reachConfiguredBroker(mqtt: MqttConfig | undefined): Promise<Reach> {
  if (mqtt === undefined) return { state: 'unset' }
  const topic = `${mqtt.prefix}/doctor`
  return reachBroker(mqtt.url, topic, async (log) => {
    const { openBroker } = await import('../drivers/mqtt/index.ts')
    const text = async (file: string | undefined) => (file === undefined ? undefined : readTextFile(file))
    const [password] = (await text(mqtt.passwordFile))?.split(/\r?\n/) ?? []
    const [ca, cert, key] = [await text(mqtt.caFile), await text(mqtt.certFile), await text(mqtt.keyFile)]
    return openBroker(
      {
        url: mqtt.url,
        clientId: `lintel-doctor-${process.pid}`,
        protocolVersion: mqtt.protocol === '5' ? 5 : 4,
        will: { topic, payload: '', qos: 0, retain: false },
        ...(mqtt.username === undefined ? {} : { username: mqtt.username }),
        ...(password === undefined ? {} : { password }),
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
      },
      { log },
    )
  })
}
