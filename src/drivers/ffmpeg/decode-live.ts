/** Packets as they come → small grey pictures as soon as they can be had, in one ffmpeg behind a pipe. */
import { once } from 'node:events'
import { Fault } from '../../base/fault.ts'
import type { MonoMs } from '../../base/time.ts'
import { fragment, initSegment } from '../../media/index.ts'
import type { LumaFrame, Packet, Track } from '../../ports/camera.ts'
import { framesWithTimes, lumaFilters, lumaOutputs } from './luma-pipe.ts'
import { startTool, type Tool } from './run-tool.ts'

export type LiveLumaOptions = {
  readonly framesPerS: number
  readonly widthMax: number
  readonly referenceOnly: boolean
  readonly skipLoopFilter: boolean
}

/** So many packets wait inside the decoder at most; pictures come out in another order than packets go in. */
const REMEMBERED_MAX = 1024

/**
 * Decodes what `packets` gives, which begins with a key frame, until it ends or the one who takes the pictures has enough. The pictures
 * have the times of their packets. Faults: `corrupt` when the decoder gives up.
 */
export async function* decodeLuma(
  track: Track,
  packets: AsyncIterable<Packet>,
  options: LiveLumaOptions,
): AsyncGenerator<LumaFrame, void> {
  await using tool = startTool('ffmpeg', decoderArgs(options), { failure: 'corrupt', pipes: 1 })
  const times = new Map<number, MonoMs>()
  const feeding = feed(tool, track, packets, times)
  feeding.catch(() => tool.kill()) // Said below.
  try {
    const pipes = { pictures: tool.stdout, times: tool.pipe(0) }
    for await (const { pts, timescale, ...picture } of framesWithTimes(tool, pipes)) {
      const at = times.get(Math.round((pts * track.timescale) / timescale))
      if (at !== undefined) yield { ...picture, at }
    }
  } catch (error) {
    if (error instanceof Fault && error.kind === 'aborted') await feeding // It was killed because of what went wrong there.
    throw error
  }
  await feeding
}

const decoderArgs = ({ referenceOnly, skipLoopFilter, ...small }: LiveLumaOptions): readonly string[] => [
  ...['-v', 'fatal', '-nostdin', '-threads', '1', '-filter_threads', '1', '-noautorotate', '-copyts'],
  // Nothing is guessed from a few seconds of video: its header says it all. (`nobuffer` would throw the first pictures away.)
  ...['-flags', 'low_delay', '-analyzeduration', '0', '-probesize', '32', '-fpsprobesize', '0'],
  ...(referenceOnly ? ['-skip_frame', 'noref'] : []),
  ...['-skip_loop_filter', skipLoopFilter ? 'all' : 'noref'],
  ...['-protocol_whitelist', 'pipe', '-f', 'mp4', '-i', 'pipe:0'],
  ...['-filter_complex', `[0:V:0]${lumaFilters(small)},split=2[pictures][lines]`],
  ...lumaOutputs({ from: ['[pictures]', '[lines]'], to: ['pipe:1', 'pipe:3'] }),
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
