import { once } from 'node:events'
import { concatBytes } from '../../base/bytes.ts'
import { Fault } from '../../base/fault.ts'
import type { Reencoder, Reencoding } from '../../ports/reencoder.ts'
import { chunksOf, startTool, type Tool } from './run-tool.ts'

/** Always the same, with bars where the camera has another shape: those who watch cannot change it while they do. */
const [WIDTH, HEIGHT] = [640, 360]
const FIT = `scale=${WIDTH}:${HEIGHT}:force_original_aspect_ratio=decrease:flags=fast_bilinear`
const BARS = `pad=${WIDTH}:${HEIGHT}:(ow-iw)/2:(oh-ih)/2`
/** One of the few rates that MPEG-1 knows. */
const FRAMES_PER_S = 24
/** Whoever comes later sees something when the next key picture comes. */
const KEY_EVERY = 12
const KBIT_PER_S = 1200
const NICENESS = 10
const TS_BYTES = 188
/** What the encoder has not read yet. */
const WAITING_BYTES_MAX = 1024 * 1024

/** MPEG-1 by a subprocess that steps back for everything else once somebody sees something: starting is short, and is waited for. */
export const ffmpegReencoder: Reencoder = {
  start: () => reencodingBy(startTool('ffmpeg', ARGS, { failure: 'corrupt' })),
}

const ARGS: readonly string[] = [
  // It shall not look ahead: what it has been given is all there is. Not `nobuffer`: that throws away what was looked at, the key picture
  // first, and shows nothing before the next one.
  ...[
    '-v',
    'error',
    '-probesize',
    '32',
    '-analyzeduration',
    '0',
    '-fpsprobesize',
    '0',
    '-flags',
    'low_delay',
  ],
  ...['-threads', '1', '-f', 'mp4', '-i', 'pipe:0'],
  ...['-an', '-vf', `${FIT},${BARS},format=yuv420p,setsar=1`, '-r', String(FRAMES_PER_S)],
  ...['-c:v', 'mpeg1video', '-threads', '1', '-bf', '0', '-g', String(KEY_EVERY), '-b:v', `${KBIT_PER_S}k`],
  ...['-maxrate', `${KBIT_PER_S * 2}k`, '-bufsize', `${KBIT_PER_S}k`],
  ...['-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0', '-flush_packets', '1', 'pipe:1'],
]

function reencodingBy(tool: Tool): Reencoding {
  const { stdin } = tool
  let hasEnded = false
  const over = tool.ended.then(
    () => {
      throw new Fault('unavailable', 'the encoder has ended')
    },
    (error: unknown) => {
      throw error
    },
  )
  over.catch(() => (hasEnded = true))
  return {
    send(fmp4) {
      if (hasEnded || stdin.writableLength + fmp4.length > Math.max(WAITING_BYTES_MAX, fmp4.length))
        return false
      stdin.write(fmp4)
      return true
    },
    async drained(signal) {
      if (hasEnded) return over
      await Promise.race([once(stdin, 'drain', { signal }), over])
    },
    output: wholePackets(tool),
    [Symbol.asyncDispose]: () => tool[Symbol.asyncDispose](),
  }
}

async function* wholePackets(tool: Tool): AsyncGenerator<Uint8Array, void> {
  let rest: Uint8Array = new Uint8Array()
  let isSteppedBack = false
  for await (const chunk of chunksOf(tool)) {
    const bytes = concatBytes([rest, chunk])
    const whole = bytes.length - (bytes.length % TS_BYTES)
    rest = bytes.subarray(whole)
    if (whole === 0) continue
    if (!isSteppedBack) tool.stepBack(NICENESS)
    isSteppedBack = true
    yield bytes.subarray(0, whole)
  }
}
