import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inputArgs, type VideoFacts } from './probe.ts'
import { chunksOf, startTool } from './run-tool.ts'
import { SOURCE_TIMES, TRUE_TIMES } from './samples.ts'

export type FilmShape = {
  /** Pixels; even. */
  readonly width: number
  readonly height: number
  readonly framesPerS: number
}

export type FilmOptions = { readonly signal?: AbortSignal | undefined }

/**
 * The pictures of a video at an even pace, whatever its own: picture `n` is what is shown `n / framesPerS` seconds after
 * the video's first, give or take half a step. Each is `width × height` pixels of red, green and blue, and is the
 * receiver's to change. One at a time is in memory: the decoder waits until the last one was used. Faults: `corrupt` when it cannot be decoded, `aborted`.
 */
export async function* colourFrames(
  video: VideoFacts,
  { width, height, framesPerS }: FilmShape,
  { signal }: FilmOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const pace = `setpts=PTS-STARTPTS,fps=${framesPerS}:start_time=0:round=near`
  const args = [
    ...['-v', 'error', '-nostdin', '-threads', '1', '-noautorotate', ...SOURCE_TIMES],
    ...[...inputArgs(video.path), '-map', '0:V:0'],
    ...['-vf', `${pace},scale=${width}:${height}:flags=area,format=rgb24`],
    ...['-fps_mode', 'passthrough', '-c:v', 'rawvideo', '-f', 'rawvideo', 'pipe:1'],
  ]
  await using tool = startTool('ffmpeg', args, { signal, failure: 'corrupt' })
  tool.stdin.end()
  yield* framesOf(tool, width * height * 3)
}

/** What a decoder writes, cut into pictures of so many bytes. */
export async function* framesOf(
  tool: Parameters<typeof chunksOf>[0],
  frameBytes: number,
): AsyncGenerator<Uint8Array, void> {
  let frame = new Uint8Array(frameBytes)
  let filled = 0
  for await (const chunk of chunksOf(tool)) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + frameBytes - filled)
      frame.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < frameBytes) continue
      yield frame
      frame = new Uint8Array(frameBytes)
      filled = 0
    }
  }
}

/** Colours are those of HD video, and the file says so; otherwise players guess by the size. */
const COLOURS = [
  ...['-vf', 'scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1'],
  ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
]

/**
 * Encodes pictures (as those of `colourFrames`) into a film that plays everywhere: H.264 in fragmented MP4, whose bytes come
 * as they are ready. `startS`: when its first picture is shown. What `frames` throws, this throws.
 * Faults: `unavailable` when ffmpeg cannot encode, `aborted`.
 */
export async function* encodeColourFilm(
  frames: AsyncIterable<Uint8Array>,
  { width, height, framesPerS, startS }: FilmShape & { readonly startS: number },
  { signal }: FilmOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const args = [
    ...['-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`],
    ...['-r', String(framesPerS), '-i', 'pipe:0', ...COLOURS],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-bf', '0', '-g', String(2 * framesPerS)],
    ...['-output_ts_offset', startS.toFixed(6), ...TRUE_TIMES, '-movflags', '+frag_keyframe', '-f', 'mp4'],
  ]
  await using tool = startTool('ffmpeg', [...args, 'pipe:1'], { signal, failure: 'unavailable' })
  let broken: { readonly error: unknown } | undefined
  const source = told(frames, (error) => (broken = { error }))
  const feeding = pipeline(Readable.from(source, { highWaterMark: 1 }), tool.stdin)
  feeding.catch(() => broken && tool.kill()) // Otherwise what ffmpeg says about it matters more.
  try {
    for await (const chunk of chunksOf(tool)) yield chunk
    await feeding
  } catch (error) {
    throw broken === undefined ? error : broken.error
  } finally {
    tool.kill()
    await feeding.catch(() => {}) // Told above; here it only has to be over.
  }
}

async function* told<T>(items: AsyncIterable<T>, onError: (error: unknown) => void): AsyncGenerator<T, void> {
  try {
    yield* items
  } catch (error) {
    onError(error)
    throw error
  }
}
