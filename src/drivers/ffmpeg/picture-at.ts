import type { ColourPicture } from '../../ports/stills.ts'
import { inputArgs, type VideoFacts } from './probe.ts'
import { parsePpm, PICTURE_BYTES_MAX } from './ppm.ts'
import { runTool } from './run-tool.ts'
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
  { path, zeroS, isSeekable }: VideoFacts,
  {
    atS,
    widthMax,
    signal,
  }: { readonly atS: number; readonly widthMax: number; readonly signal: AbortSignal },
): Promise<ColourPicture> {
  const stampS = atS + zeroS
  const fromS = stampS - SEEK_EARLIER_S
  const seek = ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', fromS.toFixed(6)]
  const args = [
    ...['-v', 'error', '-nostdin', '-threads', '1', '-noautorotate', ...SOURCE_TIMES],
    ...(isSeekable ? seek : []),
    ...[...inputArgs(path), '-map', '0:V:0'],
    ...['-vf', `select='gte(t\\,${(stampS - SAME_S).toFixed(6)})',scale='min(${widthMax},iw)':-1`],
    ...['-fps_mode', 'passthrough', '-frames:v', '1', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
  ]
  return parsePpm(await runTool('ffmpeg', args, { signal, failure: 'corrupt', bytesMax: PICTURE_BYTES_MAX }))
}
