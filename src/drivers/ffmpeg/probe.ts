import { resolve } from 'node:path'
import { Fault, isFault } from '../../base/fault.ts'
import { fieldsOf, numberIn, sectionOf, type Fields } from './ffprobe-lines.ts'
import { GAP_S_MAX, TimesCheck, type PacketTimes } from './packet-times.ts'
import { linesOf, runTool, startTool } from './run-tool.ts'
import { checkVideoFile } from './video-file.ts'

/** What a video file is, as ffprobe sees it. */
export type VideoFacts = {
  /** Absolute. */
  readonly path: string
  readonly codec: string
  readonly width: number
  readonly height: number
  /** When the first picture is shown, on the video's own time line. */
  readonly startS: number
  /** From there to the end of the last picture; 0 where nobody knows before it was played. */
  readonly durationS: number
  /** What the file's time stamps say where the video's own time line says 0. */
  readonly zeroS: number
  /** False: the container does not say when each picture is shown (a raw stream, an AVI with B-frames). */
  readonly isTimed: boolean
  /** The container has an index by which the key frame before a time is found. */
  readonly isSeekable: boolean
}

const PIXELS_MAX = 8192 * 4320
const DURATION_S_MAX = 7 * 24 * 3600
const SHORT_ANSWER_BYTES_MAX = 1024 * 1024
const ENTRIES = [
  'packet=pts_time,dts_time,dts,duration_time',
  'packet_side_data=side_data_type',
  'stream=codec_name,codec_tag_string,width,height,start_time',
  'format=format_name,start_time',
].join(':')

/** `name`: what the file is called in messages. */
type ProbeOptions = { readonly signal?: AbortSignal | undefined; readonly name?: string }

/** Arguments before the file name: only local files, and no names that ffmpeg would read as options, addresses or patterns. */
export const inputArgs = (path: string): readonly string[] => [
  '-protocol_whitelist',
  'file,pipe',
  '-i',
  `file:${path}`,
]

/**
 * Refuses everything that is no video with one sentence. Reads the times of all packets, which costs next to nothing
 * beside decoding, so that what is played afterwards has no surprises in it.
 * Faults: `invalid`, `missing`, `denied`.
 */
export async function probeVideo(file: string, options: ProbeOptions = {}): Promise<VideoFacts> {
  const path = resolve(file)
  const about = { name: options.name ?? file, path, signal: options.signal }
  await checkVideoFile(about.name, path)
  const { stream, format, times } = await askFfprobe(about)
  if (stream === undefined) throw await noVideo(about)
  checkPictures(about.name, stream, format, times)
  return factsOf(about, stream, format, times)
}

type About = { readonly name: string; readonly path: string; readonly signal: AbortSignal | undefined }
type Answer = { readonly stream: Fields | undefined; readonly format: Fields; readonly times: TimesCheck }

async function askFfprobe(about: About): Promise<Answer> {
  const { name, path, signal } = about
  const times = new TimesCheck(name)
  const sections = new Map<string, Fields>()
  const args = ['-v', 'error', '-of', 'compact', '-select_streams', 'V:0', '-show_entries', ENTRIES]
  await using tool = startTool('ffprobe', [...args, ...inputArgs(path)], { signal, failure: 'corrupt' })
  tool.stdin.end()
  try {
    for await (const line of linesOf(tool)) {
      const section = sectionOf(line)
      if (section === 'packet') takePacket(name, times, fieldsOf(line))
      else if (!sections.has(section)) sections.set(section, fieldsOf(line))
    }
  } catch (cause) {
    throw isFault(cause, 'corrupt') ? unreadable(about, cause) : cause
  }
  return { stream: sections.get('stream'), format: sections.get('format') ?? new Map(), times }
}

const unreadable = ({ name, path }: About, cause: Fault): Fault => {
  const why = cause.message.replaceAll(`file:${path}: `, '')
  return new Fault('invalid', `${name}: no video that can be read: ${why}`, { cause })
}

function takePacket(name: string, times: TimesCheck, fields: Fields): void {
  if (fields.get('side_data_type') === 'Encryption info')
    throw new Fault('invalid', `${name}: its pictures are encrypted (DRM); only its own player can show them`)
  times.push(packetTimes(fields))
}

const packetTimes = (fields: Fields): PacketTimes => ({
  ptsS: numberIn(fields, 'pts_time'),
  dtsS: numberIn(fields, 'dts_time'),
  dts: numberIn(fields, 'dts'),
  durationS: numberIn(fields, 'duration_time') ?? 0,
})

/** What is in the file instead of a video. */
async function noVideo({ name, path, signal }: About): Promise<Fault> {
  const args = ['-v', 'error', '-of', 'compact', '-show_entries', 'stream=codec_type']
  const answer = await runTool('ffprobe', [...args, ...inputArgs(path)], {
    signal,
    failure: 'invalid',
    bytesMax: SHORT_ANSWER_BYTES_MAX,
  })
  const text = Buffer.from(answer).toString('latin1')
  const found = text.includes('codec_type=audio') ? 'only sound' : 'nor anything else'
  const cover = text.includes('codec_type=video') ? ' and a cover picture' : ''
  return new Fault('invalid', `${name}: there is no video in it, ${found}${cover}`)
}

function checkPictures(name: string, stream: Fields, format: Fields, times: TimesCheck): void {
  const [width, height] = [numberIn(stream, 'width') ?? 0, numberIn(stream, 'height') ?? 0]
  const size = `${width}×${height}`
  const kind = format.get('format_name') ?? ''
  if (kind === 'image2' || kind.endsWith('_pipe'))
    throw new Fault('invalid', `${name}: wanted a video, this is a still picture of ${size}`)
  if (times.packets === 0) throw new Fault('invalid', `${name}: its video track has no pictures`)
  if (times.packets === 1)
    throw new Fault('invalid', `${name}: wanted a video, this is a single picture of ${size}`)
  checkCodec(name, stream)
  if (width === 0 || height === 0)
    throw new Fault('invalid', `${name}: nothing says how large its pictures are`)
  if (width * height > PIXELS_MAX)
    throw new Fault('invalid', `${name}: wanted pictures of at most 8192×4320, got ${size}`)
}

function checkCodec(name: string, stream: Fields): void {
  const codec = stream.get('codec_name') ?? 'unknown'
  const tag = stream.get('codec_tag_string') ?? ''
  if (codec === 'unknown' || codec === 'none')
    throw new Fault('invalid', `${name}: ffmpeg does not know its video format (“${tag}”)`)
}

function factsOf({ name, path }: About, stream: Fields, format: Fields, times: TimesCheck): VideoFacts {
  const zeroS = zeroOf(format)
  const startS = (numberIn(stream, 'start_time') ?? 0) - zeroS
  // Not all that is in the file is shown: an edit list may begin behind the first packets.
  const durationS = Math.max(0, times.endS - startS - zeroS)
  if (Math.abs(startS) > GAP_S_MAX)
    throw new Fault('invalid', `${name}: absurd times: its first picture is shown at ${startS} s`)
  if (durationS > DURATION_S_MAX)
    throw new Fault('invalid', `${name}: wanted a video of at most ${DURATION_S_MAX} s, got ${durationS} s`)
  return {
    path,
    codec: stream.get('codec_name') ?? 'unknown',
    width: numberIn(stream, 'width') ?? 0,
    height: numberIn(stream, 'height') ?? 0,
    startS,
    durationS,
    zeroS,
    isTimed: times.isTimed,
    isSeekable: times.isTimed && /mp4/.test(format.get('format_name') ?? ''),
  }
}

/** The time lines of MP4, Matroska and AVI begin at 0 by definition; those of transport streams anywhere. */
function zeroOf(format: Fields): number {
  const isAbsolute = /mp4|matroska|avi/.test(format.get('format_name') ?? '')
  return isAbsolute ? 0 : (numberIn(format, 'start_time') ?? 0)
}
