import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '../../base/assert.ts'

/** Tests that need ffmpeg are skipped, visibly, where it is missing. */
export const hasFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 && spawnSync('ffprobe', ['-version']).status === 0

/** What ffmpeg is asked to make; `lavfi` is its own test picture, so nothing is fetched. */
const PATTERN = ['-f', 'lavfi', '-i', 'testsrc=s=320x240:r=25', '-t', '4']
const UNEVEN = ['-vf', "select='not(eq(mod(n,7),3))'", '-fps_mode', 'vfr']
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '25']
const HEVC = [
  ...['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
  ...['-x265-params', 'log-level=error:open-gop=1:keyint=25:min-keyint=25:bframes=3'],
]

const RECIPES = {
  'plain.mp4': [...PATTERN, ...H264, '-bf', '0'],
  'b-frames.mp4': [...PATTERN, ...H264, '-bf', '3'],
  'uneven-open.mp4': [...PATTERN, ...UNEVEN, ...H264, '-bf', '2', '-x264-params', 'open-gop=1'],
  'open.hevc.mp4': [...PATTERN, ...HEVC],
} as const

const COPIES: Readonly<Record<string, readonly string[]>> = {
  'late.mp4': ['-i', 'b-frames.mp4', '-c', 'copy', '-output_ts_offset', '5.5'],
  'late.mkv': ['-i', 'b-frames.mp4', '-c', 'copy', '-output_ts_offset', '5.5'],
  'trimmed.mp4': ['-ss', '1.3', '-i', 'b-frames.mp4', '-c', 'copy'],
  'b-frames.mkv': ['-i', 'b-frames.mp4', '-c', 'copy'],
  'uneven-open.mkv': ['-i', 'uneven-open.mp4', '-c', 'copy'],
  'b-frames.mov': ['-i', 'b-frames.mp4', '-c', 'copy'],
  'open.hevc.mkv': ['-i', 'open.hevc.mp4', '-c', 'copy'],
  'b-frames.ts': ['-i', 'b-frames.mp4', '-c', 'copy'],
  'open.hevc.ts': ['-i', 'open.hevc.mp4', '-c', 'copy'],
  'b-frames.avi': ['-i', 'b-frames.mp4', '-c', 'copy'],
  'b-frames.h264': ['-i', 'b-frames.mp4', '-c', 'copy'],
  'open.hevc': ['-i', 'open.hevc.mp4', '-c', 'copy'],
}

export type Videos = Disposable & {
  readonly folder: string
  /** The path of a video of this name, made when it is first asked for. */
  path(name: string): string
  /** Makes another one with these arguments; file names are those of this folder. */
  make(name: string, args: readonly string[]): string
}

export function makeVideos(): Videos {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-videos-'))
  const made = new Set<string>()
  const make = (name: string, args: readonly string[]): string => {
    const whole = ['-v', 'error', '-nostdin', '-y', ...args, `file:${name}`]
    const { status, stderr } = spawnSync('ffmpeg', whole, { cwd: folder })
    assert(status === 0, `ffmpeg makes ${name}: ${stderr.toString()}`)
    made.add(name)
    return join(folder, name)
  }
  const path = (name: string): string => {
    if (made.has(name)) return join(folder, name)
    const recipe = isRecipe(name) ? RECIPES[name] : COPIES[name]
    assert(recipe !== undefined, `there is a recipe for ${name}`)
    const input = recipe[recipe.indexOf('-i') + 1] ?? ''
    if (isRecipe(input)) path(input)
    return make(name, recipe)
  }
  return { folder, path, make, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

const isRecipe = (name: string): name is keyof typeof RECIPES => name in RECIPES

export type ListedPacket = {
  readonly ptsS: number
  readonly dtsS: number
  readonly durationS: number
  readonly isKey: boolean
  readonly md5: string
}

/** What ffprobe says of each packet; `NaN` where it says nothing. */
export function listPackets(path: string): readonly ListedPacket[] {
  const entries = 'packet=pts_time,dts_time,duration_time,flags,data_hash'
  const show = ['-of', 'json', '-select_streams', 'V:0', '-show_data_hash', 'md5', '-show_entries', entries]
  const { packets } = ffprobeJson([...show, `file:${path}`])
  assert(Array.isArray(packets), 'ffprobe lists packets')
  return packets.map((packet: Record<string, string>) => ({
    ptsS: Number(packet.pts_time),
    dtsS: Number(packet.dts_time),
    durationS: Number(packet.duration_time),
    isKey: packet.flags?.startsWith('K') ?? false,
    md5: (packet.data_hash ?? '').replace('MD5:', ''),
  }))
}

export function ffprobeJson(args: readonly string[]): Record<string, unknown> {
  const { stdout, stderr, status } = spawnSync('ffprobe', ['-v', 'error', ...args], { maxBuffer: 1 << 28 })
  assert(status === 0 && stderr.length === 0, `ffprobe ${args.join(' ')} is content: ${stderr.toString()}`)
  const answer: unknown = JSON.parse(stdout.toString())
  assert(typeof answer === 'object' && answer !== null, 'ffprobe answers an object')
  return { ...answer }
}
