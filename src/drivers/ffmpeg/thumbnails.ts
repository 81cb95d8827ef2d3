import { Fault } from '../../base/fault.ts'
import { inputArgs, type VideoFacts } from './probe.ts'
import { runTool } from './run-tool.ts'

/** A small JPEG, and when it is seen, in seconds of the video's own time line. */
export type Thumbnail = { readonly atS: number; readonly jpeg: Uint8Array }

const BYTES_MAX = 64 * 1024 * 1024
const [MARKER, START, END] = [0xff, 0xd8, 0xd9]

/** One picture each `everyS` seconds, from the first on. Throws `Fault('corrupt')` when nothing can be decoded. */
export async function thumbnailsOf(
  video: VideoFacts,
  {
    everyS,
    width,
    signal,
  }: { readonly everyS: number; readonly width: number; readonly signal: AbortSignal },
): Promise<readonly Thumbnail[]> {
  const filter = `fps=1/${everyS}:round=up:start_time=${video.startS},scale=${width}:-2`
  const args = ['-v', 'error', '-nostdin', ...inputArgs(video.path), '-map', '0:V:0', '-vf', filter]
  const stream = await runTool(
    'ffmpeg',
    [...args, '-c:v', 'mjpeg', '-q:v', '6', '-f', 'image2pipe', 'pipe:1'],
    {
      signal,
      failure: 'corrupt',
      bytesMax: BYTES_MAX,
    },
  )
  const pictures = splitJpegs(stream)
  if (pictures.length === 0) throw new Fault('corrupt', `${video.path}: no picture could be decoded`)
  return pictures.map((jpeg, index) => ({ atS: index * everyS, jpeg }))
}

/** JPEGs back to back: inside one, `ff d9` stands only at its end, as ITU-T T.81 stuffs every other `ff`. */
function splitJpegs(stream: Uint8Array): readonly Uint8Array[] {
  const pictures: Uint8Array[] = []
  let from = 0
  for (let at = 0; at + 1 < stream.length; at++) {
    if (stream[at] !== MARKER) continue
    if (stream[at + 1] === START) from = at
    if (stream[at + 1] === END) pictures.push(stream.slice(from, at + 2))
  }
  return pictures
}
