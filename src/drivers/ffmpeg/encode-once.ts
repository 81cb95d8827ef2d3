import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, isFault } from '../../base/fault.ts'
import { Fmp4Reader } from '../../media/index.ts'
import { faultOfErrno } from '../errno.ts'
import { inputArgs, probeVideo, type VideoFacts } from './probe.ts'
import { chunksOf, startTool } from './run-tool.ts'
import { SOURCE_TIMES, TRUE_TIMES } from './samples.ts'

/** As a doorbell's camera encodes: a key frame every two seconds, none in between, no B-frames; the times of the source. */
export const SETTINGS = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-pix_fmt', 'yuv420p', '-bf', '0'],
  ...['-g', '1000000', '-sc_threshold', '0'],
  ...['-force_key_frames', 'expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2))'],
  // Odd sizes cannot be 4:2:0; one column or row is added.
  ...['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2'],
  ...['-fps_mode', 'passthrough', '-enc_time_base', '-1'],
  ...[...TRUE_TIMES, '-movflags', '+frag_keyframe', '-f', 'mp4'],
]

export type EncodeOptions = {
  readonly cacheFolder: string
  readonly signal?: AbortSignal | undefined
  /** What the file is called in messages. */
  readonly name?: string
  /** Called before anything is encoded: it takes a while. */
  readonly onWork?: () => void
  /** How far it has come, from 0 to 1. */
  readonly onProgress?: (done: number) => void
}

/**
 * "The camera's encoder": an H.264 twin of a video in another format, with its times, made once and kept in `cacheFolder`
 * under the hash of the video and of the settings. H.264 and HEVC are handed through untouched.
 */
export async function encodeOnce(video: VideoFacts, options: EncodeOptions): Promise<VideoFacts> {
  if (video.codec === 'h264' || video.codec === 'hevc') return video
  const target = join(options.cacheFolder, `${await keyOf(video.path)}.mp4`)
  const kept = await readTwin(video, target, options)
  if (kept !== undefined) return kept
  options.onWork?.()
  await keepWhole(target, options.cacheFolder, (file) => encodeInto(file, video, options))
  const twin = await readTwin(video, target, options)
  if (twin !== undefined) return twin
  throw new Fault('invalid', `${nameOf(video, options)}: nothing in it can be decoded (${video.codec})`)
}

const nameOf = (video: VideoFacts, { name }: EncodeOptions): string => name ?? video.path

async function keyOf(path: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(SETTINGS))
  for await (const chunk of createReadStream(path)) hash.update(chunk)
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
  const args = ['-v', 'error', '-nostdin', ...SOURCE_TIMES, ...inputArgs(video.path), '-map', '0:V:0']
  const { signal } = options
  await using tool = startTool('ffmpeg', [...args, ...SETTINGS, 'pipe:1'], { signal, failure: 'corrupt' })
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
