import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, isFault } from '../../base/fault.ts'
import { Fmp4Reader } from '../../media/index.ts'
import { faultOfErrno } from '../errno.ts'
import { hidingFilters, type Outline } from './hide.ts'
import { inputArgs, probeVideo, type VideoFacts } from './probe.ts'
import { chunksOf, startTool } from './run-tool.ts'
import { SOURCE_TIMES, TRUE_TIMES } from './samples.ts'

const PAD = 'pad=ceil(iw/2)*2:ceil(ih/2)*2'

/**
 * As a doorbell's camera encodes: a key frame every two seconds, none in between, no B-frames; the times of the source.
 * `hiding`: filters that fill in what nobody may see, before anything else is done with a picture.
 */
export const settingsWith = (hiding: readonly string[]): readonly string[] => [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-pix_fmt', 'yuv420p', '-bf', '0'],
  ...['-g', '1000000', '-sc_threshold', '0'],
  ...['-force_key_frames', 'expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2))'],
  // Odd sizes cannot be 4:2:0; one column or row is added.
  ...['-vf', [...(hiding.length > 0 ? ['format=yuv420p'] : []), ...hiding, PAD].join(',')],
  ...['-fps_mode', 'passthrough', '-enc_time_base', '-1'],
  ...[...TRUE_TIMES, '-movflags', '+frag_keyframe', '-f', 'mp4'],
]

export type EncodeOptions = {
  readonly cacheFolder: string
  readonly signal?: AbortSignal | undefined
  /** What the file is called in messages. */
  readonly name?: string
  /** Areas that are filled in with a plain colour before anything is encoded; H.264 and HEVC are then encoded anew, too. */
  readonly hidden?: readonly Outline[]
  /** Called before anything is encoded: it takes a while. */
  readonly onWork?: () => void
  /** How far it has come, from 0 to 1. */
  readonly onProgress?: (done: number) => void
}

/**
 * "The camera's encoder": an H.264 twin of a video in another format, with its times, made once and kept in `cacheFolder`
 * under the hash of the video, of the settings and of what is hidden. H.264 and HEVC with nothing to hide are handed through
 * untouched. Faults: `invalid` where nothing can be decoded, or not at times that are known.
 */
export async function encodeOnce(video: VideoFacts, options: EncodeOptions): Promise<VideoFacts> {
  if (isEncodedFor(video) && (options.hidden ?? []).length === 0) return video
  checkTimes(video, options)
  const target = join(options.cacheFolder, `${await keyOf(video, options)}.mp4`)
  const kept = await readTwin(video, target, options)
  if (kept !== undefined) return kept
  options.onWork?.()
  await keepWhole(target, options.cacheFolder, (file) => encodeInto(file, video, options))
  const twin = await readTwin(video, target, options)
  if (twin !== undefined) return twin
  throw new Fault('invalid', `${nameOf(video, options)}: nothing in it can be decoded (${video.codec})`)
}

const nameOf = (video: VideoFacts, { name }: EncodeOptions): string => name ?? video.path

/** It arrives in a form that the doorbell records as it is: so nothing in it can be hidden any more. */
export const isEncodedFor = ({ codec }: VideoFacts): boolean => codec === 'h264' || codec === 'hevc'

/** ffmpeg only guesses the times of such pictures; those of the packets themselves are worked out when they are played. */
function checkTimes(video: VideoFacts, options: EncodeOptions): void {
  if (isEncodedFor(video) && !video.isTimed)
    throw new Fault(
      'invalid',
      `${nameOf(video, options)}: cannot be encoded anew: its container does not say when each picture is shown; put it into MP4 or Matroska first`,
    )
}

const settingsOf = (video: VideoFacts, { hidden = [] }: EncodeOptions): readonly string[] =>
  settingsWith(hidingFilters(hidden, video))

async function keyOf(video: VideoFacts, options: EncodeOptions): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(settingsOf(video, options)))
  for await (const chunk of createReadStream(video.path)) hash.update(chunk)
  return hash.digest('hex').slice(0, 32)
}

/** Undefined where there is none, or none that can be used. */
async function readTwin(
  video: VideoFacts,
  target: string,
  { signal }: EncodeOptions,
): Promise<VideoFacts | undefined> {
  const isThere = await access(target).then(
    () => true,
    () => false,
  )
  if (!isThere) return undefined
  try {
    const twin = await probeVideo(target, { signal })
    return { ...twin, startS: twin.startS - video.zeroS, zeroS: video.zeroS }
  } catch (error) {
    if (isFault(error, 'invalid')) return undefined
    throw error
  }
}

/** Whole or not at all: under another name until all of it is on the disk. */
export async function keepWhole(
  target: string,
  cacheFolder: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const half = `${target}.${randomUUID()}.tmp`
  try {
    await mkdir(cacheFolder, { recursive: true })
    const file = await open(half, 'wx')
    try {
      await write(file)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(half, target)
  } catch (error) {
    await rm(half, { force: true })
    throw faultOfErrno(error, `keep the encoded video in ${cacheFolder}`)
  }
}

/** Through a pipe, so that ffmpeg ends when we do. */
async function encodeInto(file: FileHandle, video: VideoFacts, options: EncodeOptions): Promise<void> {
  // What is handed through is never turned either: a zone is the same place in both.
  const turn = isEncodedFor(video) ? ['-noautorotate'] : []
  const input = [...turn, ...SOURCE_TIMES, ...inputArgs(video.path), '-map', '0:V:0']
  const args = ['-v', 'error', '-nostdin', ...input, ...settingsOf(video, options), 'pipe:1']
  const { signal } = options
  await using tool = startTool('ffmpeg', args, { signal, failure: 'corrupt' })
  tool.stdin.end()
  const told = progressOf(video, options)
  try {
    for await (const chunk of chunksOf(tool)) {
      await file.appendFile(chunk)
      told(chunk)
    }
  } catch (cause) {
    if (!isFault(cause, 'corrupt')) throw cause
    const why = `${nameOf(video, options)}: cannot be decoded (${video.codec}): ${cause.message}`
    throw new Fault('invalid', why, { cause })
  }
}

function progressOf(video: VideoFacts, { onProgress }: EncodeOptions): (chunk: Uint8Array) => void {
  if (onProgress === undefined) return () => {}
  const reader = new Fmp4Reader()
  const firstS = video.zeroS + video.startS
  let timescale = 1
  return (chunk) => {
    for (const output of reader.push(chunk)) {
      if (output.kind === 'init') timescale = output.timescale
      else
        onProgress(
          Math.min(1, Math.max(0, (output.pts / timescale - firstS) / (video.durationS || Infinity))),
        )
    }
  }
}
