import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../base/fault.ts'
import { inputArgs, probeVideo, type VideoFacts } from './probe.ts'
import { startTool } from './run-tool.ts'

/** Part of the cache's key: a change here makes every cached file be made again. */
const SETTINGS = [
  '-c:v',
  'libx264',
  '-preset',
  'veryfast',
  '-crf',
  '23',
  '-pix_fmt',
  'yuv420p',
  '-bf',
  '0',
  '-sc_threshold',
  '0',
  '-force_key_frames',
  'expr:gte(t,n_forced*2)',
]
const TIMES = ['-fps_mode', 'passthrough', '-enc_time_base', '-1', '-video_track_timescale', '90000']

/**
 * "The camera's encoder": an H.264 twin of a video in another format, with its times, made once and kept in `cacheFolder`.
 * H.264 and HEVC are handed through untouched.
 */
export async function encodeOnce(
  video: VideoFacts,
  options: { readonly cacheFolder: string; readonly signal?: AbortSignal; readonly onWork?: () => void },
): Promise<VideoFacts> {
  if (video.codec === 'h264' || video.codec === 'hevc') return video
  const target = join(options.cacheFolder, `${await keyOf(video.path)}.mp4`)
  if (!(await exists(target))) await encode(video, target, options)
  return probeVideo(target, options)
}

async function keyOf(path: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([SETTINGS, TIMES]))
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex').slice(0, 32)
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function encode(
  video: VideoFacts,
  target: string,
  options: { readonly cacheFolder: string; readonly signal?: AbortSignal; readonly onWork?: () => void },
): Promise<void> {
  options.onWork?.()
  await mkdir(options.cacheFolder, { recursive: true })
  const half = `${target}.${process.pid}.tmp`
  // Odd sizes cannot be 4:2:0; one column or row of grey is added.
  const even = ['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2']
  const args = [
    '-v',
    'error',
    '-nostdin',
    '-y',
    ...inputArgs(video.path),
    '-map',
    '0:V:0',
    ...even,
    ...SETTINGS,
    ...TIMES,
    '-f',
    'mp4',
    `file:${half}`,
  ]
  const tool = startTool('ffmpeg', args, { ...options, failure: 'invalid' })
  tool.stdin.end()
  tool.stdout.resume()
  try {
    await tool.ended
    await rename(half, target)
  } catch (cause) {
    await rm(half, { force: true })
    if (!(cause instanceof Fault) || cause.kind !== 'invalid') throw cause
    throw new Fault('invalid', `${video.path}: cannot be decoded (${video.codec}): ${cause.message}`, {
      cause,
    })
  }
}
