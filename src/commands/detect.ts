import { Command } from 'commander'
import { Fault, isFault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { loadConfig, type Config } from '../config/index.ts'
import type { Box } from '../detect/index.ts'
import { probeVideo, type VideoFacts } from '../drivers/ffmpeg/index.ts'
import { createVision } from '../drivers/vision/index.ts'
import { checkTarget, writeOverlay } from './detect-film.ts'
import { FILM_WIDTH_MIN } from './detect-layout.ts'
import { createOnlooker, NOBODY, type MovementLabel } from './detect-recognise.ts'
import { watchVideo, type Look, type Movement, type Watched } from './detect-watch.ts'
import { wholeNumber } from './option-values.ts'
import { readTextFile } from './owner-files.ts'
import { createProgress } from './progress.ts'

type DetectOptions = {
  readonly overlay?: string
  readonly width?: number
  readonly force?: true
  readonly json?: true
  readonly looks?: true
  readonly recognise: boolean
  readonly config?: string
  readonly set: readonly string[]
}

const FILM_WIDTH = 640
const FILM_WIDTH_MAX = 3840

const SCORING = `
Against labels of the form of the scorer ({"clip.mp4": [[from, to], …]}):
  lintel detect clip.mp4 --json | jq '{(.video | split("/") | last): .motion}'`

export function detectCommand(): Command {
  return new Command('detect')
    .description(
      'Shows what the motion detector makes of a video: one line for each movement, or a film to tune by.',
    )
    .argument('<video>', 'anything ffmpeg reads')
    .option('--overlay <film.mp4>', 'write the video with boxes, zones, background and scores')
    .option(
      '--width <pixels>',
      `of the film, at most (default: ${FILM_WIDTH})`,
      wholeNumber(FILM_WIDTH_MIN, FILM_WIDTH_MAX),
    )
    .option('--force', 'replace the film if there is one of that name')
    .option('--json', 'print one JSON object')
    .option('--looks', 'in the JSON: every picture that the detector saw, with its score and boxes')
    .option('--no-recognise', 'do not tell people, vehicles and animals apart')
    .option('--config <file>', 'settings (YAML); those of `detect` matter here')
    .option(
      '--set <key=value>',
      'one setting (repeatable), for example detect.sensitivity=0.7',
      (text, before: readonly string[]) => [...before, text],
      [],
    )
    .addHelpText('after', SCORING)
    .action(detect)
}

async function detect(video: string, options: DetectOptions): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  try {
    await detectIn(video, options, stop.signal)
  } catch (error) {
    // On a terminal, Ctrl-C reaches ffmpeg as well, whose last words then mean nothing.
    throw stop.signal.aborted ? new Fault('aborted', 'interrupted', { cause: error }) : error
  }
}

async function detectIn(name: string, options: DetectOptions, signal: AbortSignal): Promise<void> {
  checkOptions(options)
  const { detect: rules } = await readConfig(options)
  const facts = await probeVideo(name, { signal, name })
  const { overlay: target, force, width = FILM_WIDTH } = options
  if (target !== undefined) await checkTarget(target, facts, force === true)
  const looks: Look[] = []
  const about = { name, facts, signal }
  await using vision =
    options.recognise && rules.recognise ? createVision({ log: silentLog, nice: 0 }) : undefined
  await using onlooker = vision && createOnlooker(facts, { vision, zones: rules.zones, signal })
  const onLook = async (look: Look): Promise<void> => {
    if (options.looks === true) looks.push(look)
    await onlooker?.take(look)
  }
  const watched = await decoding(about, (onProgress) =>
    watchVideo(facts, rules, { name, signal, onLook, onProgress }),
  )
  const recognition = onlooker?.recognition() ?? NOBODY
  if (recognition.missing !== undefined)
    process.stderr.write(`lintel: labels are left out: ${recognition.missing}\n`)
  if (target !== undefined)
    await decoding(about, (onProgress) =>
      writeOverlay(
        target,
        { facts, rules, watched, recognition },
        { name, signal, widthMax: width, isForced: force === true, onProgress },
      ),
    )
  const { labels } = recognition
  const found = { name, facts, watched, labels, ...(options.looks === true ? { looks } : {}) }
  process.stdout.write(options.json === true ? `${JSON.stringify(summaryOf(found))}\n` : linesOf(found))
}

function checkOptions({ overlay, width, force, json, looks }: DetectOptions): void {
  if (looks === true && json !== true) throw new Fault('invalid', '--looks is for --json')
  if (overlay === undefined && (width !== undefined || force === true))
    throw new Fault('invalid', `${force === true ? '--force' : '--width'} is for --overlay`)
}

async function readConfig({ config, set }: DetectOptions): Promise<Config> {
  const file = config === undefined ? {} : { file: { name: config, text: await readTextFile(config) } }
  return loadConfig({ ...file, sets: set })
}

type About = { readonly name: string; readonly facts: VideoFacts }

/** Shows how far it is. What cannot be decoded is a mistake in the video, for whoever gave it to us. */
async function decoding<T>(
  { name, facts }: About,
  work: (onProgress: (doneS: number) => void) => Promise<T>,
): Promise<T> {
  const progress = createProgress(name, facts.durationS)
  try {
    return await work((doneS) => progress.at(doneS))
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    throw new Fault('invalid', `${name}: cannot be decoded: ${error.message}`, { cause: error })
  } finally {
    progress.end()
  }
}

type Found = About & {
  readonly watched: Watched
  readonly labels: readonly MovementLabel[]
  readonly looks?: readonly Look[]
}

/** Seconds are those of the video's own time line, boxes shares of the picture. */
function summaryOf({ name, facts, watched, labels, looks }: Found) {
  return {
    video: name,
    durationS: milli(watched.endS - facts.startS),
    frames: watched.frames,
    motion: watched.movements.map(({ fromS, toS }) => [milli(fromS), milli(toS)]),
    ...(looks === undefined ? {} : { looks: looks.map(lookOf) }),
    labels: labels.map(({ movement, label, score, atS, box, zones }) => ({
      ...{ movement, label, score: milli(score), atS: milli(atS), box: roundBox(box), zones },
    })),
  }
}

const lookOf = ({ atS, result: { score, moving, boxes } }: Look) => ({
  atS: milli(atS),
  score: milli(score),
  moving,
  boxes: boxes.map(roundBox),
})

const roundBox = ({ x, y, width, height }: Box): Box => ({
  ...{ x: milli(x), y: milli(y) },
  ...{ width: milli(width), height: milli(height) },
})

const milli = (value: number): number => Math.round(value * 1000) / 1000

const linesOf = ({ watched: { movements }, labels }: Found): string =>
  movements.length === 0
    ? 'nothing moved\n'
    : movements.map((each, nth) => `${lineOf(each)}${namesFor(nth, labels)}\n`).join('')

const namesFor = (nth: number, labels: readonly MovementLabel[]): string =>
  labels
    .filter(({ movement }) => movement === nth)
    .map(({ label, score }) => `  ${label} ${score.toFixed(2)}`)
    .join('')

function lineOf({ fromS, toS, largest }: Movement): string {
  const span = `${fromS.toFixed(2).padStart(8)} – ${toS.toFixed(2).padStart(8)} s`
  return `${span}  ${(toS - fromS).toFixed(2).padStart(7)} s long  ${largest === undefined ? 'no box' : wordsFor(largest)}`
}

function wordsFor({ x, y, width, height }: Box): string {
  const percent = (share: number): string => `${Math.round(100 * share)} %`
  return `largest box ${percent(width)} × ${percent(height)} at ${percent(x)}, ${percent(y)}`
}
