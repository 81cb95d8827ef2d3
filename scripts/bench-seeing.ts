/**
 * How well and how cheaply movement is found, ours and others', on the same clips in the same run:
 *
 *   scripts/bench seeing                                   the generated scenes
 *   scripts/bench seeing --clips DIR                       the clips that DIR/labels.json labels (or LINTEL_VIDEOS=DIR)
 *   scripts/bench seeing my.mp4 --labels my-labels.json    clips of yours
 *
 * `--only lintel,motion,knn,mog2` leaves out the others, `--quick` the costs. Motion plays in real time, so it takes as long as the
 * clips. Numbers never make it fail: a busy machine is no bug.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Fault, messageOf } from '../src/base/fault.ts'
import { nearestName } from '../src/base/nearest.ts'
import { beginningOf, costOf, makeVideo, type Cost } from './bench-parts.ts'
import { clipsOfFiles, clipsOfFolder, drawScenes, type Clip } from './bench-seeing-clips.ts'
import {
  DETECTORS,
  detectorsIn,
  LIMITS,
  simCommand,
  type Command,
  type Detector,
  type DetectorName,
} from './bench-seeing-detectors.ts'
import { costsOfLooks } from './bench-seeing-people.ts'
import { mean, quantile, scoreMotion, totalScore, type Score } from './score-motion-rules.ts'

/** Somebody walks by six times in the first three minutes; then nobody, for as long. */
const VIDEO = { seconds: 380, fps: 15, walkS: 180, kbitPerS: { quality: 26 } }
const BUSY_S = 190
const FIRST_S = 30
const SIZES = [
  { name: 'seeing-1080p15', width: 1920, height: 1080 },
  { name: 'seeing-720p15', width: 1280, height: 720 },
]

const NAME_WIDTH = 28
const HEADINGS = [
  ...['detector', 'recall', 'false s', 'onset p50/p90 s', 'events/visit', '1080p15 CPU', '720p15 CPU', 'MB'],
] as const
const WIDTHS = [NAME_WIDTH, 8, 9, 16, 13, 17, 17, 6]

const tableLine = (cells: readonly string[]): string =>
  cells
    .map((cell, index) => (index === 0 ? cell.padEnd(NAME_WIDTH) : cell.padStart(WIDTHS[index] ?? 0)))
    .join('')

const work = await mkdtemp(path.join(tmpdir(), 'lintel-bench-seeing-'))
try {
  await main()
} catch (error) {
  if (!(error instanceof Fault)) throw error
  console.error(`bench seeing: ${messageOf(error)}`)
  process.exitCode = 2
} finally {
  await rm(work, { recursive: true, force: true })
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  const detectors = chooseDetectors(values.only).map((name) => detectorsIn(work)[name])
  const clips = await chooseClips(positionals, values)
  const videos = values.quick ? [] : await Promise.all(SIZES.map((size) => makeVideo({ ...VIDEO, ...size })))
  const bare = await costsOf(videos, (file) => LIMITS[0]?.command(file))
  console.log(tableLine(HEADINGS))
  for (const detector of detectors) await compare(detector, { clips, videos, bare })
  if (values.quick) return
  for (const limit of LIMITS) tell(limit.name, undefined, ratios(await costsOf(videos, limit.command), bare))
  if (detectors.some(({ name }) => name === 'Lintel')) {
    await tellIdle(videos, bare)
    await tellPeople(videos, bare)
  }
  console.log(
    '\nCPU: milliseconds of processor time a second of video, whole process; ×: against bare ffmpeg decoding to grey 320 @5.',
  )
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        clips: { type: 'string' },
        labels: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
      },
    })
  } catch (cause) {
    throw new Fault('invalid', messageOf(cause), { cause })
  }
}

function chooseDetectors(only: string | undefined): readonly DetectorName[] {
  if (only === undefined) return DETECTORS
  return only.split(',').map((name) => {
    const known = DETECTORS.find((each) => each === name)
    if (known !== undefined) return known
    const meant = nearestName(name, DETECTORS)
    throw new Fault(
      'invalid',
      `--only: there is no ${name}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    )
  })
}

async function chooseClips(
  files: readonly string[],
  { clips = process.env['LINTEL_VIDEOS'], labels }: { readonly clips?: string; readonly labels?: string },
): Promise<readonly Clip[]> {
  if (files.length > 0) return clipsOfFiles(files, labels)
  if (labels !== undefined) throw new Fault('invalid', '--labels is for clips that are named')
  return clips === undefined ? drawScenes(work) : clipsOfFolder(clips)
}

type Material = {
  readonly clips: readonly Clip[]
  readonly videos: readonly string[]
  readonly bare: readonly Spent[]
}

async function compare(detector: Detector, { clips, videos, bare }: Material): Promise<void> {
  const todo = await detector.missing()
  if (todo !== undefined) {
    console.log(`${detector.name.padEnd(NAME_WIDTH)} not installed: ${todo}`)
    return
  }
  const scores: Score[] = []
  for (const { file, labels } of clips) scores.push(scoreMotion(labels, await detector.watch(file)))
  const { command, playsInRealTime } = detector.cost
  const shown =
    playsInRealTime === true ? await Promise.all(videos.map((file) => beginningOf(file, FIRST_S))) : videos
  const spent = await costsOf(shown, command, playsInRealTime === true ? FIRST_S : VIDEO.seconds)
  tell(detector.name, totalScore(scores), ratios(spent, bare))
}

/** What an idle second costs the whole runtime, where its packets may tell when to decode, and where not. */
async function tellIdle(videos: readonly string[], bare: readonly Spent[]): Promise<void> {
  for (const decode of ['auto', 'always'] as const) {
    const spent: Spent[] = []
    for (const file of videos) {
      const whole = await costOf(...(await simCommand(work, file, { decode })))
      const begun = await costOf(...(await simCommand(work, await beginningOf(file, BUSY_S), { decode })))
      const idleMs = (1000 * (whole.cpuS - begun.cpuS)) / (VIDEO.seconds - BUSY_S)
      spent.push({ msPerS: idleMs, peakRssMb: whole.peakRssMb })
    }
    tell(`Lintel idle, decode=${decode}`, undefined, ratios(spent, bare))
  }
}

/** What a visit every half minute costs the whole runtime when it recognises who comes, and one look of each engine. */
async function tellPeople(videos: readonly string[], bare: readonly Spent[]): Promise<void> {
  const busy = await Promise.all(videos.map((file) => beginningOf(file, BUSY_S)))
  const recognising = (file: string) => simCommand(work, file, { decode: 'always', recognise: true })
  tell('Lintel, recognising', undefined, ratios(await costsOf(busy, recognising, BUSY_S), bare))
  const costs = await costsOfLooks()
  const looks = costs.map(
    ({ engine, msPerLook, peakRssMb }) => `${engine} ${msPerLook.toFixed(0)} ms (${peakRssMb.toFixed(0)} MB)`,
  )
  console.log(`\nOne look at people, processor time: ${looks.join(', ') || 'no engine works here'}`)
}

type Spent = { readonly msPerS: number; readonly peakRssMb: number }
type Compared = Spent & { readonly ratio: number }

async function costsOf(
  files: readonly string[],
  command: (file: string) => Command | undefined | Promise<Command>,
  seconds = VIDEO.seconds,
): Promise<readonly Spent[]> {
  const spent: Spent[] = []
  for (const file of files) {
    const asked = await command(file)
    if (asked === undefined) continue
    const { cpuS, peakRssMb }: Cost = await costOf(...asked)
    spent.push({ msPerS: (1000 * cpuS) / seconds, peakRssMb })
  }
  return spent
}

function ratios(spent: readonly Spent[], bare: readonly Spent[]): readonly Compared[] {
  return spent.map((each, index) => ({ ...each, ratio: each.msPerS / (bare[index]?.msPerS ?? Number.NaN) }))
}

function tell(name: string, score: Score | undefined, costs: readonly Compared[]): void {
  const scored =
    score === undefined
      ? ['', '', '', '']
      : [
          `${score.found}/${score.wanted}`,
          score.falseS.toFixed(1),
          `${quantile(score.latenciesS, 0.5).toFixed(2)} / ${quantile(score.latenciesS, 0.9).toFixed(2)}`,
          mean(score.eventsPerVisit).toFixed(2),
        ]
  const spent = costs.map(({ msPerS, ratio }) => `${msPerS.toFixed(1)} (× ${ratio.toFixed(2)})`)
  const peak = Math.max(0, ...costs.map(({ peakRssMb }) => peakRssMb))
  console.log(tableLine([name, ...scored, ...spent, peak === 0 ? '' : peak.toFixed(0)]))
}
