/** `lintel sim video.mp4 --report`: a page of what the doorbell saw in a video. */
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault, isFault } from '../base/fault.ts'
import type { Config } from '../config/index.ts'
import { ffmpegStills, pictureAt, thumbnailsOf } from '../drivers/ffmpeg/index.ts'
import type { ReplayVideo } from '../drivers/ffmpeg/index.ts'
import { momentsOf, videoPage, type Picture, type VisitStill } from '../../sim/report/index.ts'
import type { Seen } from '../../sim/seen.ts'
import type { SimSummary } from '../../sim/summary.ts'

export type VideoReport = {
  /** A page's name (`….html`), or a folder for pages. */
  readonly report: string
  readonly video: ReplayVideo
  readonly config: Config
  readonly summary: SimSummary
  readonly seen: Seen
  readonly replayCommand: string
  readonly signal: AbortSignal
}

const STILL_WIDTH = 640
const STILLS_A_VISIT = 3
/** A page with more pictures is too large to open; later visits have none. */
const STILLS_MAX = 120
const THUMBNAILS_MAX = 24
const THUMBNAIL_WIDTH = 160

const isPage = (report: string): boolean => /\.html?$/i.test(report)

/** Said before the first video plays. Throws `Fault('invalid')`. */
export function checkReport(report: string | undefined, videos: readonly string[]): void {
  if (report === undefined) return
  if (videos.length === 0)
    throw new Fault('invalid', '--report is for videos and stories; there is none to report on')
  const names = videos.map((video) => pageName(video))
  if (isPage(report) && videos.length > 1)
    throw new Fault('invalid', `--report ${report}: wanted a folder for ${videos.length} pages, got one page`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new Fault('invalid', `--report ${report}: two of the videos would both have the page ${twice}`)
}

const pageName = (video: string): string => `${basename(video).replace(/\.\w+$/, '')}.html`

/** Gives the page's path. */
export async function writeVideoPage(of: VideoReport): Promise<string> {
  const { report, video, summary, seen, config, replayCommand, signal } = of
  const path = isPage(report) ? report : join(report, pageName(video.name))
  const stills = new Map<SimSummary['visits'][number]['id'], readonly VisitStill[]>()
  for (const visit of summary.visits.slice(0, STILLS_MAX / STILLS_A_VISIT)) {
    const mine: VisitStill[] = []
    for (const moment of momentsOf(visit, seen, STILLS_A_VISIT))
      mine.push({ moment, picture: await pictureFor(video, moment.atMs, signal) })
    stills.set(visit.id, mine)
  }
  const everyS = Math.max(0.5, video.facts.durationS / THUMBNAILS_MAX)
  const pictures = await thumbnailsOf(video.facts, { everyS, width: THUMBNAIL_WIDTH, signal })
  const thumbnails = pictures.map(({ atS, jpeg }) => ({ atMs: atS * 1000, jpeg }))
  const { zones } = config.detect
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, videoPage({ summary, seen, thumbnails, stills, zones, replayCommand }))
  return path
}

/** Undefined where the video shows nothing (any more): a press may come after its last picture. */
async function pictureFor(
  { facts }: ReplayVideo,
  atMs: number,
  signal: AbortSignal,
): Promise<Picture | undefined> {
  try {
    const picture = await pictureAt(facts, { atS: atMs / 1000, widthMax: STILL_WIDTH, signal })
    const { width, height } = picture
    return { width, height, jpeg: await ffmpegStills.encodeJpeg(picture, { widthMax: STILL_WIDTH }) }
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return undefined
  }
}
