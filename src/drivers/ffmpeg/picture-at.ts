import type { ColourPicture } from '../../ports/stills.ts'
import { framesOf } from './colour-film.ts'
import { inputArgs, type VideoFacts } from './probe.ts'
import { parsePpm, PICTURE_BYTES_MAX } from './ppm.ts'
import { runTool, startTool } from './run-tool.ts'
import { SOURCE_TIMES } from './samples.ts'

/** Key frames stand in the index by other times than they are shown at. */
const SEEK_EARLIER_S = 1
/** Times that differ by less are the same: those of containers are rounded. */
const SAME_S = 0.002

/**
 * The first picture of a video that is shown at `atS` (seconds of the video's own time line) or later, no wider than
 * `widthMax`. Decodes from the key frame before; all from the beginning where the container has no index.
 * Where the container does not say when pictures are shown, it may be one beside it.
 * Faults: `corrupt` when there is none, or it cannot be decoded; `missing` without ffmpeg; `aborted`.
 */
export async function pictureAt(
  video: VideoFacts,
  {
    atS,
    widthMax,
    signal,
  }: { readonly atS: number; readonly widthMax: number; readonly signal: AbortSignal },
): Promise<ColourPicture> {
  const args = [
    ...inputFrom(video, atS),
    ...['-vf', `select='${isFrom(video, atS)}',scale='min(${widthMax},iw)':-1`],
    ...['-fps_mode', 'passthrough', '-frames:v', '1', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
  ]
  return parsePpm(await runTool('ffmpeg', args, { signal, failure: 'corrupt', bytesMax: PICTURE_BYTES_MAX }))
}

/**
 * Pictures of a video from `fromS` on, one each second: picture `n` is the first that is shown at `fromS + n` or later. One at a
 * time is in memory: the decoder waits until the last one was used. Size and faults as those of `pictureAt`, but for
 * none after the end.
 */
export async function* picturesEachSecond(
  video: VideoFacts,
  {
    fromS,
    widthMax,
    signal,
  }: { readonly fromS: number; readonly widthMax: number; readonly signal: AbortSignal },
): AsyncGenerator<ColourPicture, void> {
  const width = Math.min(widthMax, video.width)
  const height = Math.max(1, Math.round((video.height * width) / video.width))
  const args = [
    ...inputFrom(video, fromS),
    ...['-vf', `select='${isFrom(video, fromS)}',scale=${width}:${height},format=rgb24`],
    ...['-fps_mode', 'passthrough', '-c:v', 'rawvideo', '-f', 'rawvideo', 'pipe:1'],
  ]
  await using tool = startTool('ffmpeg', args, { signal, failure: 'corrupt' })
  tool.stdin.end()
  for await (const rgb of framesOf(tool, width * height * 3)) yield { width, height, rgb }
}

/** Of several pictures, each is a second after the one before. */
const isFrom = ({ zeroS }: VideoFacts, atS: number): string =>
  `gte(t\\,${(atS + zeroS - SAME_S).toFixed(6)}+selected_n)`

function inputFrom({ path, zeroS, isSeekable }: VideoFacts, atS: number): readonly string[] {
  const fromS = atS + zeroS - SEEK_EARLIER_S
  return [
    ...['-v', 'error', '-nostdin', '-threads', '1', '-noautorotate', ...SOURCE_TIMES],
    ...(isSeekable ? ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', fromS.toFixed(6)] : []),
    ...[...inputArgs(path), '-map', '0:V:0'],
  ]
}
