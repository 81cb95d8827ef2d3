/** Packets as they come → small grey pictures as soon as they can be had, in one ffmpeg behind a pipe. */
import { once } from 'node:events'
import { Fault } from '../../base/fault.ts'
import type { MonoMs } from '../../base/time.ts'
import { fragment, initSegment } from '../../media/index.ts'
import type { LumaFrame, Packet, Track } from '../../ports/camera.ts'
import { framesWithTimes } from './luma-pipe.ts'
import { startTool, type Tool } from './run-tool.ts'

export type LiveLumaOptions = {
  readonly framesPerS: number
  readonly widthMax: number
  readonly referenceOnly: boolean
  readonly skipLoopFilter: boolean
}

/** So many packets wait inside the decoder at most; pictures come out in another order than packets go in. */
const REMEMBERED_MAX = 1024
/** A picture is chosen when the last one chosen is nearly this much of the wanted distance ago: times are not exact. */
const NEARLY = 0.95

/**
 * Decodes what `packets` gives, which begins with a key frame, until it ends or the one who takes the pictures has enough. The pictures
 * have the times of their packets. Faults: `corrupt` when the decoder gives up.
 */
export async function* decodeLuma(
  track: Track,
  packets: AsyncIterable<Packet>,
  options: LiveLumaOptions,
): AsyncGenerator<LumaFrame, void> {
  const size = smallSize(track, options.widthMax)
  await using tool = startTool('ffmpeg', decoderArgs(size, options), { failure: 'corrupt', pipes: 1 })
  const times = new Map<number, MonoMs>()
  const feeding = feed(tool, track, packets, times)
  feeding.catch(() => tool.kill()) // Said below.
  try {
    for await (const { luma, pts, timescale } of framesWithTimes(tool, {
      ...size,
      out: tool.stdout,
      times: tool.pipe(0),
    })) {
      const at = times.get(Math.round((pts * track.timescale) / timescale))
      if (at !== undefined) yield { ...size, luma, at }
    }
  } catch (error) {
    if (error instanceof Fault && error.kind === 'aborted') await feeding // It was killed because of what went wrong there.
    throw error
  }
  await feeding
}

/** As wide as wanted, never wider than the source, in its proportions; even, because the chroma of the source is. */
export function smallSize(
  { width, height }: { readonly width: number; readonly height: number },
  widthMax: number,
): { readonly width: number; readonly height: number } {
  const small = Math.max(2, Math.min(widthMax, width) & ~1)
  return { width: small, height: Math.max(2, Math.round((height * small) / width / 2) * 2) }
}

/** `select` keeps about so many pictures a second, at the times that the source gives. */
export const lumaFilters = (
  { width, height }: { readonly width: number; readonly height: number },
  framesPerS: number,
): string =>
  `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${(NEARLY / framesPerS).toFixed(4)})',scale=${width}:${height}:flags=area,format=gray`

/** The pictures themselves, and a line about each with its time, which a raw picture has no place for. */
export const lumaOutputs = (
  [pictures, lines]: readonly [string, string],
  [first, second]: readonly [string, string],
): readonly string[] => [
  ...['-map', pictures, '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-c:v', 'rawvideo'],
  ...['-flush_packets', '1', '-f', 'rawvideo', first],
  ...['-map', lines, '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-c:v', 'rawvideo'],
  ...['-flush_packets', '1', '-f', 'framecrc', second],
]

const decoderArgs = (
  size: { readonly width: number; readonly height: number },
  { framesPerS, referenceOnly, skipLoopFilter }: LiveLumaOptions,
): readonly string[] => [
  ...['-v', 'fatal', '-nostdin', '-threads', '1', '-filter_threads', '1', '-noautorotate', '-copyts'],
  // Nothing is guessed from a few seconds of video: its header says it all.
  ...['-flags', 'low_delay', '-analyzeduration', '0', '-probesize', '32', '-fpsprobesize', '0'],
  ...(referenceOnly ? ['-skip_frame', 'noref'] : []),
  ...['-skip_loop_filter', skipLoopFilter ? 'all' : 'noref'],
  ...['-protocol_whitelist', 'pipe', '-f', 'mp4', '-i', 'pipe:0'],
  ...['-filter_complex', `[0:V:0]${lumaFilters(size, framesPerS)},split=2[pictures][lines]`],
  ...lumaOutputs(['[pictures]', '[lines]'], ['pipe:1', 'pipe:3']),
]

async function feed(
  tool: Tool,
  track: Track,
  packets: AsyncIterable<Packet>,
  times: Map<number, MonoMs>,
): Promise<void> {
  let base: number | undefined
  let isEnded = false
  tool.ended.finally(() => (isEnded = true)).catch(() => {}) // Whoever reads hears of it.
  for await (const { data, pts, dts, duration, isKey, at } of packets) {
    if (isEnded) return
    if (base === undefined) {
      base = dts
      tool.stdin.write(initSegment(track, { presentationOffset: 0 }))
    }
    remember(times, pts - base, at)
    const sample = { data, duration, compositionOffset: pts - dts, isKey }
    const isRoomy = tool.stdin.write(fragment({ sequence: 1, baseDts: dts - base, samples: [sample] }))
    if (!isRoomy) await Promise.race([once(tool.stdin, 'drain').catch(() => {}), tool.ended.catch(() => {})])
  }
  tool.stdin.end()
}

function remember(times: Map<number, MonoMs>, pts: number, at: MonoMs): void {
  times.set(pts, at)
  for (const oldest of times.keys()) {
    if (times.size <= REMEMBERED_MAX) return
    times.delete(oldest)
  }
}
