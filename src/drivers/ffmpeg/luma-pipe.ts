import type { Readable } from 'node:stream'
import { Fault } from '../../base/fault.ts'
import type { Tool } from './run-tool.ts'

/** `pts` in ticks of which `timescale` are a second. */
export type TimedLuma = {
  readonly luma: Uint8Array
  readonly width: number
  readonly height: number
  readonly pts: number
  readonly timescale: number
}

const TEXT_CHARS_MAX = 65_536
const PIXELS_MAX = 1024 * 1024
const AHEAD_BYTES_MAX = 2 * PIXELS_MAX
/** A picture is chosen when the last one chosen is nearly this much of the wanted distance ago: times are not exact. */
const NEARLY = 0.95

/** About so many pictures a second, at the times that the source gives; never wider than the source. */
export const lumaFilters = (given: { readonly framesPerS: number; readonly widthMax: number }): string => {
  const everyS = (NEARLY / given.framesPerS).toFixed(4)
  const choose = `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${everyS})'`
  return `${choose},scale='min(${given.widthMax},iw)':-2:flags=area,format=gray`
}

/** The pictures themselves, and a line about each with its time, for which a raw picture has no place. `from` and `to`: first those, then these. */
export const lumaOutputs = (given: {
  readonly from: readonly [string, string]
  readonly to: readonly [string, string]
}): readonly string[] =>
  (['rawvideo', 'framecrc'] as const).flatMap((format, index) => [
    ...['-map', given.from[index] ?? '', '-fps_mode', 'passthrough', '-enc_time_base', '-1'],
    ...['-c:v', 'rawvideo', '-flush_packets', '1', '-f', format, given.to[index] ?? ''],
  ])

/**
 * Raw pictures from one pipe, and their times from the lines of `-f framecrc` on another: `#tb 0: 1/90000`, `#dimensions 0: 320x180`,
 * then `stream, dts, pts, duration, size, checksum`. Throws the tool's `Fault` when it did not end well.
 */
export async function* framesWithTimes(
  tool: Pick<Tool, 'ended'>,
  { pictures, times }: { readonly pictures: Readable; readonly times: Readable },
): AsyncGenerator<TimedLuma, void> {
  const bytes = new PipeBytes(pictures)
  try {
    for await (const stamp of stampsIn(times)) {
      const luma = await bytes.take(stamp.width * stamp.height)
      if (luma === undefined) break
      yield { luma, ...stamp }
    }
  } catch (error) {
    await tool.ended // Why it ended says more than that its pipe broke.
    throw error
  } finally {
    times.destroy()
    pictures.destroy()
  }
  await tool.ended
}

/** Reads ahead: a picture fills its pipe before the line about it is written, and ffmpeg waits until there is room. */
class PipeBytes {
  readonly #pipe: Readable
  #chunks: Uint8Array[] = []
  #held = 0
  #isOver = false
  #wake: () => void = () => {}

  constructor(pipe: Readable) {
    this.#pipe = pipe
    pipe.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#held += chunk.length
      if (this.#held > AHEAD_BYTES_MAX) pipe.pause()
      this.#wake()
    })
    const over = (): void => {
      this.#isOver = true
      this.#wake()
    }
    pipe.on('error', over) // Why is said by the one who wrote.
    pipe.on('close', over)
  }

  /** Exactly so many; undefined at the end. */
  async take(count: number): Promise<Uint8Array | undefined> {
    while (this.#held < count) {
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const taken = new Uint8Array(count)
    for (let filled = 0; filled < count;) {
      const chunk = this.#chunks.shift() ?? new Uint8Array()
      const piece = chunk.subarray(0, count - filled)
      taken.set(piece, filled)
      filled += piece.length
      if (piece.length < chunk.length) this.#chunks.unshift(chunk.subarray(piece.length))
    }
    this.#held -= count
    if (this.#pipe.isPaused()) this.#pipe.resume()
    return taken
  }
}

async function* stampsIn(times: Readable): AsyncGenerator<Omit<TimedLuma, 'luma'>, void> {
  let rest = ''
  let [timescale, width, height] = [1, 0, 0]
  for await (const chunk of times) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > TEXT_CHARS_MAX)
      throw new Fault('corrupt', 'wanted lines about pictures, got one without an end')
    for (const line of lines) {
      const [, num, den] = /^#tb 0: (\d{1,9})\/(\d{1,9})/.exec(line) ?? []
      if (num !== undefined) timescale = Number(den) / Number(num)
      const [, w, h] = /^#dimensions 0: (\d{1,5})x(\d{1,5})/.exec(line) ?? []
      if (w !== undefined) [width, height] = [Number(w), Number(h)]
      if (width * height > PIXELS_MAX)
        throw new Fault('corrupt', `wanted small pictures, got ${width}×${height}`)
      const pts = line.startsWith('#') ? NaN : Number(line.split(',')[2])
      if (Number.isFinite(pts) && width * height > 0) yield { pts, timescale, width, height }
    }
  }
}
