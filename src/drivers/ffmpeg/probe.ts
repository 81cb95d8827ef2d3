import { open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Fault, messageOf } from '../../base/fault.ts'
import { runTool } from './run-tool.ts'

/** What a video file is, as ffprobe sees it. Times are seconds. */
export type VideoFacts = {
  /** Absolute. */
  readonly path: string
  readonly codec: string
  readonly width: number
  readonly height: number
  /** When the first picture is shown, on the file's own time line. */
  readonly startS: number
  /** 0 where the container does not say. */
  readonly durationS: number
}

const PIXELS_MAX = 8192 * 4320
const GAP_S_MAX = 3600
const DURATION_S_MAX = 7 * 24 * 3600
const PROBE_BYTES_MAX = 256 * 1024 * 1024
const ENTRIES =
  'stream=codec_type,codec_name,width,height,start_time,duration,nb_frames,disposition:format=format_name,start_time,duration'

/** `name`: what the file is called in messages. */
type ProbeOptions = { readonly signal?: AbortSignal; readonly name?: string }

/** Arguments before the file name: only local files, and no names that ffmpeg would read as patterns or addresses. */
export const inputArgs = (path: string): readonly string[] => [
  '-protocol_whitelist',
  'file,pipe',
  '-i',
  `file:${path}`,
]

/**
 * Refuses everything that is no video with one sentence. The same for every tool that reads the file afterwards.
 * Faults: `invalid`, `missing`, `denied`.
 */
export async function probeVideo(file: string, options: ProbeOptions = {}): Promise<VideoFacts> {
  const path = resolve(file)
  const name = options.name ?? file
  const fileBytes = await checkFile(name, path)
  const answer = await askFfprobe(name, path, ['-show_entries', ENTRIES], options)
  const facts = factsOf(name, path, answer)
  if (isMp4(answer)) await checkWhole(name, path, fileBytes)
  await checkTimes(name, facts, options)
  return facts
}

async function checkFile(name: string, path: string): Promise<number> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw fileFault(name, cause)
  })
  if (facts.isDirectory()) throw new Fault('invalid', `${name}: wanted a video file, this is a folder`)
  if (!facts.isFile()) throw new Fault('invalid', `${name}: wanted a video file, this is a device or a pipe`)
  if (facts.size === 0) throw new Fault('invalid', `${name}: wanted a video file, this one is empty`)
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw fileFault(name, cause)
  })
  await file.close()
  return facts.size
}

function fileFault(name: string, cause: unknown): Fault {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new Fault('missing', `${name}: there is no such file`, { cause })
  if (code === 'EACCES' || code === 'EPERM')
    return new Fault('denied', `${name}: this user may not read it`, { cause })
  return new Fault('invalid', `${name}: cannot be read: ${messageOf(cause)}`, { cause })
}

type Answer = {
  readonly packets: readonly Record<string, unknown>[]
  readonly streams: readonly Record<string, unknown>[]
  readonly format: Record<string, unknown>
}

async function askFfprobe(
  name: string,
  path: string,
  args: readonly string[],
  options: ProbeOptions,
): Promise<Answer> {
  let text: string
  try {
    const output = await runTool('ffprobe', ['-v', 'error', '-of', 'json', ...args, ...inputArgs(path)], {
      ...options,
      failure: 'invalid',
      bytesMax: PROBE_BYTES_MAX,
    })
    text = Buffer.from(output).toString('utf8')
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.kind !== 'invalid') throw cause
    throw new Fault('invalid', `${name}: no video that can be read: ${plain(cause.message, path)}`, { cause })
  }
  const parsed: unknown = JSON.parse(text)
  const { streams, format, packets } = isRecord(parsed) ? parsed : {}
  return {
    streams: Array.isArray(streams) ? streams.filter(isRecord) : [],
    packets: Array.isArray(packets) ? packets.filter(isRecord) : [],
    format: isRecord(format) ? format : {},
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const plain = (message: string, path: string): string =>
  message.replaceAll(`file:${path}: `, '').replaceAll(`file:${path}`, 'it')

function factsOf(name: string, path: string, { streams, format }: Answer): VideoFacts {
  const videos = streams.filter((stream) => stream.codec_type === 'video')
  const film = videos.find((stream) => !isRecord(stream.disposition) || stream.disposition.attached_pic !== 1)
  if (film === undefined)
    throw new Fault('invalid', `${name}: there is no video in it, ${soundOf(streams, videos.length)}`)
  const [width, height] = [numberOf(film.width), numberOf(film.height)]
  const formats = String(format.format_name ?? '')
  checkPictures(name, { width, height, formats, pictures: film.nb_frames })
  const streamStartS = numberOf(film.start_time)
  return {
    path,
    codec: String(film.codec_name ?? 'unknown'),
    width,
    height,
    // MPEG-TS counts from anywhere; players show 0 for where such a container begins.
    startS: isAbsolute(formats) ? streamStartS : Math.max(0, streamStartS - numberOf(format.start_time)),
    durationS: numberOf(film.duration) || numberOf(format.duration),
  }
}

type Pictures = {
  readonly width: number
  readonly height: number
  readonly formats: string
  readonly pictures: unknown
}

function checkPictures(name: string, { width, height, formats, pictures }: Pictures): void {
  if (formats === 'image2' || formats.endsWith('_pipe') || pictures === '1')
    throw new Fault('invalid', `${name}: a still picture of ${width}×${height}; wanted a video`)
  if (width === 0 || height === 0 || pictures === '0')
    throw new Fault('invalid', `${name}: its video track has no pictures`)
  if (width * height > PIXELS_MAX)
    throw new Fault('invalid', `${name}: wanted pictures of at most 8192×4320, got ${width}×${height}`)
}

const isMp4 = ({ format }: Answer): boolean => String(format.format_name ?? '').includes('mp4')

/** Containers whose own time line begins at 0 by definition. */
const isAbsolute = (formats: string): boolean => /mp4|matroska|avi/.test(formats)

const soundOf = (streams: readonly Record<string, unknown>[], covers: number): string =>
  covers > 0 ? 'only a cover picture' : streams.length > 0 ? 'only sound' : 'nor anything else'

const numberOf = (value: unknown): number => {
  const n = Number(value)
  return Number.isFinite(n) ? n : 0
}

/**
 * A recording whose clock jumps by hours is none. Reading the times of all packets costs a little,
 * so it is done only where the container's own duration leaves room for such a jump.
 */
async function checkTimes(name: string, facts: VideoFacts, options: ProbeOptions): Promise<void> {
  if (facts.startS > GAP_S_MAX || facts.startS < -GAP_S_MAX)
    throw new Fault('invalid', `${name}: absurd times: its first picture is shown at ${facts.startS} s`)
  if (facts.durationS >= 0 && facts.durationS <= GAP_S_MAX) return
  if (facts.durationS < 0 || facts.durationS > DURATION_S_MAX)
    throw new Fault('invalid', `${name}: absurd times: it says that it lasts ${facts.durationS} s`)
  const answer = await askFfprobe(
    name,
    facts.path,
    ['-select_streams', 'V:0', '-show_entries', 'packet=dts_time'],
    options,
  )
  let before: number | undefined
  for (const packet of answer.packets) {
    const atS = numberOf(packet.dts_time)
    if (before !== undefined && Math.abs(atS - before) > GAP_S_MAX)
      throw new Fault('invalid', `${name}: absurd times: ${before} s is followed by ${atS} s`)
    before = atS
  }
}

/** ffprobe is content with an MP4 whose end is missing; the boxes' own sizes tell. */
async function checkWhole(name: string, path: string, fileBytes: number): Promise<void> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(16)
    for (let at = 0; at < fileBytes;) {
      const { bytesRead } = await file.read(head, 0, 16, at)
      const size = bytesRead < 8 ? 0 : sizeOf(head, fileBytes - at)
      if (size < 8 || at + size > fileBytes)
        throw new Fault(
          'invalid',
          `${name}: cut short: its “${head.toString('latin1', 4, 8)}” box wants to reach byte ${at + size}, the file ends at ${fileBytes}`,
        )
      at += size
    }
  } finally {
    await file.close()
  }
}

/** ISO/IEC 14496-12, 4.2: 0 means to the end of the file, 1 that 64 bits follow. */
function sizeOf(head: Buffer, left: number): number {
  const short = head.readUInt32BE(0)
  if (short === 0) return left
  return short === 1 ? Number(head.readBigUInt64BE(8)) : short
}
