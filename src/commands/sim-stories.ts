import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Fault, messageOf } from '../base/fault.ts'
import {
  encodePictures,
  ffmpegStills,
  probeVideo,
  thumbnailsOf,
  encodeOnce,
} from '../drivers/ffmpeg/index.ts'
import { openHousehold, type Household } from '../../sim/checkers/index.ts'
import type { ReplayVideo } from '../drivers/ffmpeg/index.ts'
import { loadFilm, type Film } from '../../sim/devices/film-show.ts'
import { playStory } from '../../sim/world/play.ts'
import type { Scene } from '../../sim/world/world.ts'
import {
  describeOutcome,
  describeOutcomes,
  hasPassed,
  junitXml,
  storyPage,
  type StoryResult,
  type Thumbnail,
} from '../../sim/report/index.ts'
import { renderScene } from '../../sim/scenes/index.ts'
import { fixtureNamed, readStory } from '../../sim/story/read.ts'
import type { Story } from '../../sim/story/story.ts'
import { cacheFolder } from './cache-folder.ts'
import { costOfProcess, type Cost } from './cost.ts'
import { createProgress } from './progress.ts'
import { summaryOf } from './sim-story-summary.ts'

export type StoriesOptions = {
  /** Where to write pages, JUnit XML and JSON; left out: nowhere. */
  readonly report?: string | undefined
  readonly json?: boolean | undefined
  /** Another seed than the stories say. */
  readonly seed?: number | undefined
  readonly signal: AbortSignal
}

/** What a story is played with: what its camera sees was read or made beforehand. */
type Prepared = {
  readonly file: string
  readonly story: Story
  readonly scene: Scene
  readonly video: ReplayVideo | undefined
}

const FIXTURES = new URL('../../test-fixtures/', import.meta.url)
const THUMBNAILS_MAX = 24
const THUMBNAIL_WIDTH = 160

/** Plays stories one after the other. False: at least one failed. What is wrong with any of them is said before the first is played. */
export async function playStories(files: readonly string[], options: StoriesOptions): Promise<boolean> {
  const prepared: Prepared[] = []
  for (const file of files) prepared.push(await prepare(file, options))
  const household = await openHousehold()
  const results: (StoryResult & { readonly cost: Cost })[] = []
  const meter = costOfProcess()
  for (const one of prepared) {
    if (options.signal.aborted) break
    const result = { ...(await playOne(one, household)), cost: meter.lap() }
    results.push(result)
    if (options.json !== true) process.stdout.write(`${describeOutcome(result.outcome)}\n\n`)
    if (options.report !== undefined) await writePage(options.report, one, result, options.signal)
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify(results.map(summaryOf))}\n`)
  else process.stdout.write(`${describeOutcomes(results)}\n`)
  if (options.report !== undefined) await writeResults(options.report, results)
  return results.every(({ outcome }) => hasPassed(outcome))
}

async function prepare(file: string, { seed, signal }: StoriesOptions): Promise<Prepared> {
  const text = await readText(file)
  const read = readStory({ name: file, text }, { fixtures: await fixtureNames() })
  const story = seed === undefined ? read : { ...read, seed }
  if (story.camera.kind === 'drawn') return { file, story, scene: { kind: 'drawn' }, video: undefined }
  const video = await videoOf(file, story.camera, signal)
  const film = await loadFilm(video)
  checkTimes(file, story, film)
  return { file, story, scene: { kind: 'film', film, stills: ffmpegStills }, video }
}

/** A story may go on after its film, which then stands still; but nobody is seen in it any more. */
function checkTimes(file: string, { timeline }: Story, { name, packets }: Film): void {
  if (packets.length === 0) throw new Fault('invalid', `${file}: there is no picture in ${name}`)
  const visitor = timeline.find((moment) => moment.do === 'visitor')
  if (visitor !== undefined)
    throw new Fault('invalid', `${file}, line ${visitor.line}: visitor: wanted camera: drawn, got ${name}`)
}

async function videoOf(
  file: string,
  camera: Exclude<Story['camera'], { kind: 'drawn' }>,
  signal: AbortSignal,
): Promise<ReplayVideo> {
  if (camera.kind === 'scene') {
    const drawn = renderScene(camera.name, { width: 640, height: 360, fps: 15 })
    const { width, height, fps } = drawn
    const pictures = { key: `scene ${camera.name}`, width, height, fps, frames: () => drawn.frames() }
    const onWork = (): void => void process.stderr.write(`drawing scene ${camera.name} …\n`)
    const facts = await encodePictures(pictures, { cacheFolder: cacheFolder(), signal, onWork })
    return { name: camera.name, facts }
  }
  const path =
    camera.kind === 'fixture'
      ? new URL(fixtureNamed(camera.name, await fixtureNames()) ?? camera.name, FIXTURES).pathname
      : resolve(dirname(file), camera.name)
  const facts = await probeVideo(path, { signal, name: `${file}: video ${camera.name}` })
  return { name: camera.name, facts: await encodeOnce(facts, { cacheFolder: cacheFolder(), signal }) }
}

async function playOne({ file, story, scene }: Prepared, household: Household): Promise<StoryResult> {
  const startedMs = performance.now()
  const progress = createProgress(basename(file), (story.untilMs ?? story.timeline.at(-1)?.atMs ?? 1) / 1000)
  try {
    const outcome = await playStory(story, {
      household,
      scene,
      onTime: (nowMs) => progress.at(nowMs / 1000),
    })
    return { file, outcome, durationS: (performance.now() - startedMs) / 1000 }
  } finally {
    progress.end()
  }
}

/** Under the name of the story; also what `lintel sim explore` writes for a seed that failed. */
export async function writePage(
  folder: string,
  { file, story, video }: Pick<Prepared, 'file' | 'story' | 'video'>,
  { outcome }: StoryResult,
  signal: AbortSignal,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${basename(file).replace(/\.ya?ml$/i, '')}.html`)
  const thumbnails = video === undefined ? [] : await thumbnailsFor(video, signal)
  const replayCommand = `scripts/lintel sim ${file} --seed ${story.seed}`
  await writeFile(path, storyPage({ story, outcome, thumbnails, replayCommand }))
  return path
}

async function thumbnailsFor({ facts }: ReplayVideo, signal: AbortSignal): Promise<readonly Thumbnail[]> {
  const everyS = Math.max(0.5, facts.durationS / THUMBNAILS_MAX)
  const pictures = await thumbnailsOf(facts, { everyS, width: THUMBNAIL_WIDTH, signal })
  return pictures.map(({ atS, jpeg }) => ({ atMs: atS * 1000, jpeg }))
}

async function writeResults(
  folder: string,
  results: readonly (StoryResult & { readonly cost: Cost })[],
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'junit.xml'), junitXml(results))
  await writeFile(join(folder, 'results.json'), `${JSON.stringify(results.map(summaryOf), undefined, 2)}\n`)
}

async function fixtureNames(): Promise<readonly string[]> {
  return (await readdir(FIXTURES)).filter((name) => name.endsWith('.mp4')).sort()
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Fault('missing', `${path}: cannot be read: ${messageOf(cause)}`, { cause })
  })
}
