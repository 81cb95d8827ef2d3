import { Command, InvalidArgumentError } from 'commander'
import { Fault } from '../base/fault.ts'
import { replay } from '../../sim/replay.ts'
import { pirAt, pressAt, type ScriptedEdge } from '../../sim/script.ts'
import { createSeenRecorder, type Seen } from '../../sim/seen.ts'
import type { SimSummary } from '../../sim/summary.ts'
import { costOfProcess, type CostMeter } from './cost.ts'
import { wholeNumber } from './option-values.ts'
import { createProgress } from './progress.ts'
import { openSimHouse, type Scene, type SimHouse, type SimHouseOptions } from './sim-house.ts'
import { crashCommand } from './sim-crash.ts'
import { exploreCommand } from './sim-explore.ts'
import { recordCommand } from './sim-record.ts'
import { recoverOnly } from './sim-recover.ts'
import { describeReplay } from './sim-report.ts'
import { serveVideo } from './sim-serve.ts'
import { playStories } from './sim-stories.ts'
import { checkReport, writeVideoPage } from './sim-video-page.ts'
import { watchStories } from './sim-watch.ts'

type SimOptions = SimHouseOptions & {
  readonly press: readonly number[]
  readonly pir: readonly number[]
  readonly seed?: number
  readonly json?: boolean
  readonly report?: string
  readonly watch?: boolean
  readonly serve?: boolean
  readonly port?: number
  readonly visitorEvery?: number
  readonly sound?: string
}

export function simCommand(): Command {
  return new Command('sim')
    .description(
      'Replays recorded video through the doorbell: the same runtime, simulated devices, virtual time.',
    )
    .argument(
      '[video...]',
      'video files (anything ffmpeg reads) or stories (.yaml); none: only recover and upload what is waiting',
    )
    .option(
      '--press <seconds>',
      'press the button at this time of the video (repeatable)',
      collect(seconds),
      [],
    )
    .option(
      '--pir <seconds>',
      'the PIR sees someone at this time of the video (repeatable)',
      collect(seconds),
      [],
    )
    .option('--speed <factor>', 'max, or a multiple of real time', speed, 'max')
    .option('--data <dir>', 'everything of this device', 'lintel-data')
    .option('--owner <file>', "the owner's age identity file; only its public key is used")
    .option('--config <file>', 'settings (YAML)')
    .option('--set <key=value>', 'one setting (repeatable)', collect(String), [])
    .option(
      '--cloud <url>',
      'embedded, none, or http(s)://host[:port]/bucket (default: the store in the settings, else embedded)',
    )
    .option(
      '--cloud-credentials <file>',
      'JSON with accessKeyId and secretAccessKey (else from the environment)',
    )
    .option('--seed <number>', 'seed of everything that is left to chance but no secret', seed)
    .option('--json', 'print one JSON object (several videos, or stories: an array) on stdout')
    .option(
      '--report <dir>',
      'write a page for each video or story there (one video: or as this .html); stories: and junit.xml, results.json',
    )
    .option(
      '--serve',
      'one video, again and again in real time, and the owner’s page beside it; until interrupted',
    )
    .option('--port <number>', 'of the page (default: web.port)', wholeNumber(0, 65_535))
    .option(
      '--sound <source>',
      'with --serve: what the microphone hears: video (its own sound, or a tone), tone, none, device (of this machine), or a file',
    )
    .option('--visitor-every <seconds>', 'with --serve: somebody presses the button so often', atLeastASecond)
    .option('--watch', 'stories: play them again whenever one of them changes')
    .action(runSim)
    .addCommand(exploreCommand())
    .addCommand(crashCommand())
    .addCommand(recordCommand())
}

async function runSim(files: readonly string[], options: SimOptions): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  if (options.serve === true) {
    await serveVideo(files, options, stop.signal)
    if (stop.signal.aborted) process.exitCode = EXIT_INTERRUPTED
    return
  }
  if ([options.port, options.visitorEvery, options.sound].some((option) => option !== undefined))
    throw new Fault('invalid', '--port, --visitor-every and --sound are for --serve, which is not there')
  if (files.some(isStory)) {
    await runStories(files, options, stop.signal)
    return
  }
  if (options.watch === true) throw new Fault('invalid', '--watch is for stories (.yaml); these are videos')
  checkReport(options.report, files)
  const cost = costOfProcess()
  await using house = await openSimHouse(files, edgesOf(options), options, stop.signal)
  const summaries: SimSummary[] = []
  for (const scene of house.scenes) {
    if (stop.signal.aborted) break
    const { summary, page } = await playOne(house, scene, { options, cost, signal: stop.signal })
    summaries.push(summary)
    if (options.json !== true) process.stdout.write(`${describeReplay(summary)}\n`)
    if (page !== undefined) process.stderr.write(`what it saw: ${page}\n`)
  }
  if (files.length === 0) await recoverOnly(house, options)
  else if (options.json === true)
    process.stdout.write(`${JSON.stringify(files.length === 1 ? summaries[0] : summaries)}\n`)
  if (stop.signal.aborted) process.exitCode = EXIT_INTERRUPTED
}

const isStory = (file: string): boolean => /\.ya?ml$/i.test(file)

/** Stories bring their own world: no folder, no cloud, no network of this machine is touched. */
async function runStories(files: readonly string[], options: SimOptions, signal: AbortSignal): Promise<void> {
  const video = files.find((file) => !isStory(file))
  if (video !== undefined)
    throw new Fault('invalid', `wanted only stories (.yaml) or only videos, got both: ${video} is no story`)
  const { seed: wantedSeed, report, json } = options
  const play = (): Promise<boolean> => playStories(files, { seed: wantedSeed, report, json, signal })
  if (options.watch === true) await watchStories(files, play, signal)
  else if (!(await play())) process.exitCode = 1
  if (signal.aborted) process.exitCode = EXIT_INTERRUPTED
}

type Playing = { readonly options: SimOptions; readonly cost: CostMeter; readonly signal: AbortSignal }

async function playOne(
  house: SimHouse,
  scene: Scene,
  { options, cost, signal }: Playing,
): Promise<{ readonly summary: SimSummary; readonly page: string | undefined }> {
  const progress = createProgress(scene.video.name, scene.video.facts.durationS)
  const recorder = options.report === undefined ? undefined : createSeenRecorder()
  try {
    const summary = await replay({
      video: scene.video,
      edges: scene.edges,
      config: house.config,
      seed: ((options.seed ?? 1) + house.salt) >>> 0,
      boot: await house.boot(),
      speed: options.speed,
      devices: house.devices,
      sleepReal: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      realNowMs: () => performance.now(),
      costSoFar: () => cost.lap(),
      signal,
      onProgress: (atS) => progress.at(atS),
      ...(recorder === undefined ? {} : { onLook: recorder.onLook, onLookedAt: recorder.onLookedAt }),
    })
    const page =
      recorder === undefined
        ? undefined
        : await report(house, scene, { summary, seen: recorder.seen(), options, signal })
    return { summary, page }
  } finally {
    progress.end()
  }
}

type Reported = {
  readonly summary: SimSummary
  readonly seen: Seen
  readonly options: SimOptions
  readonly signal: AbortSignal
}

async function report(
  { config }: SimHouse,
  { video }: Scene,
  { summary, seen, options, signal }: Reported,
): Promise<string | undefined> {
  if (options.report === undefined || signal.aborted) return undefined
  const replayCommand = commandFor(video.name, options)
  return writeVideoPage({
    ...{ report: options.report, video, config, summary, seen, replayCommand, signal },
  })
}

/** What matters for what is seen. */
const commandFor = (name: string, { press, pir, config, set }: SimOptions): string =>
  [
    `scripts/lintel sim ${name}`,
    ...press.map((atS) => `--press ${atS}`),
    ...pir.map((atS) => `--pir ${atS}`),
    ...(config === undefined ? [] : [`--config ${config}`]),
    ...set.map((setting) => `--set ${setting}`),
  ].join(' ')

const edgesOf = ({ press, pir }: SimOptions): readonly ScriptedEdge[] => [
  ...press.flatMap(pressAt),
  ...pir.flatMap(pirAt),
]

const EXIT_INTERRUPTED = 130

const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[]): readonly T[] => [...before, parse(text)]

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError(`wanted seconds, 0 or more, got “${text}”`)
  return value
}

function atLeastASecond(text: string): number {
  const value = seconds(text)
  if (value < 1) throw new InvalidArgumentError(`wanted one second or more, got “${text}”`)
  return value
}

function speed(text: string): number | 'max' {
  if (text === 'max') return text
  const value = Number(text)
  if (!(value > 0 && value <= 1000))
    throw new InvalidArgumentError(`wanted max, or a factor of real time above 0, got “${text}”`)
  return value
}

function seed(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new InvalidArgumentError(`wanted a whole number from 0 to 4294967295, got “${text}”`)
  return value
}
