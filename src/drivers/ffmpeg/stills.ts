import type { ColourPicture, Stills } from '../../ports/stills.ts'
import { parsePpm, PICTURE_BYTES_MAX } from './ppm.ts'
import { runTool } from './run-tool.ts'

const QUALITY = 80

/** Decodes in a pipe, never through a file: what is sealed later must not touch the disk in the open. */
export const ffmpegStills: Stills = {
  async jpegOf(mp4, { widthMax, signal }) {
    return encodeJpeg(await decodePicture(mp4, { nth: 0, widthMax, signal }), { widthMax })
  },
  pictureOf: decodePicture,
  encodeJpeg,
}

async function decodePicture(
  mp4: Uint8Array,
  { nth, widthMax, signal }: { nth: number; widthMax: number; signal: AbortSignal },
): Promise<ColourPicture> {
  const ppm = await runTool('ffmpeg', decodeArgs(nth, widthMax), {
    stdin: mp4,
    signal,
    failure: 'corrupt',
    bytesMax: PICTURE_BYTES_MAX,
  })
  return parsePpm(ppm)
}

async function encodeJpeg(
  { width, height, rgb }: ColourPicture,
  { widthMax }: { widthMax: number },
): Promise<Uint8Array> {
  // Only now: it takes longer to load than everything else here, and most visits to the command line need no picture.
  const { default: sharp } = await import('sharp')
  const image = sharp(rgb, { raw: { width, height, channels: 3 } })
  const fitting = width > widthMax ? image.resize({ width: widthMax }) : image
  return new Uint8Array(await fitting.jpeg({ quality: QUALITY }).toBuffer())
}

const decodeArgs = (nth: number, widthMax: number): readonly string[] => [
  ...['-v', 'error', '-threads', '1', '-protocol_whitelist', 'pipe', '-f', 'mp4', '-i', 'pipe:0'],
  ...['-vf', `select='gte(n\\,${nth})',scale='min(${widthMax},iw)':-1`, '-fps_mode', 'passthrough'],
  ...['-frames:v', '1', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
]
