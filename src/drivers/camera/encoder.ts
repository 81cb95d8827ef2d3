/** How the doorbell encodes the pictures of a camera that it drives: arguments for ffmpeg. */
import {
  FRAME_WIDTH_MAX,
  FRAMES_PER_S,
  hidingFilters,
  lumaFilters,
  lumaOutputs,
  runTool,
  TRUE_TIMES,
  type Outline,
} from '../ffmpeg/index.ts'

export type PictureSettings = {
  readonly width: number
  readonly height: number
  readonly framesPerS: number
  /** As x264 counts it. */
  readonly quality: number
  readonly kbitsMax: number
  /** Degrees clockwise. */
  readonly rotation: 0 | 90 | 180 | 270
  /** Filled in with a plain colour before anything is encoded. */
  readonly hidden: readonly Outline[]
}

export type Encoder = 'hardware' | 'software'

const TURNS: Readonly<Record<PictureSettings['rotation'], readonly string[]>> = {
  0: [],
  90: ['transpose=clock'],
  180: ['hflip', 'vflip'],
  270: ['transpose=cclock'],
}

/** Seconds from one key frame to the next. */
const KEY_EVERY_S = 2
const KEYS = `expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+${KEY_EVERY_S}))`

/**
 * What follows the input: H.264 in fragmented MP4 on `pipe:1`, and beside it small grey pictures of the same frames on `pipe:3`, with their
 * times on `pipe:4`. Nothing is decoded for them.
 */
export function encodingArgs(settings: PictureSettings, encoder: Encoder): readonly string[] {
  const { rotation, hidden } = settings
  const isUpright = rotation % 180 === 0
  const size = isUpright ? settings : { width: settings.height, height: settings.width }
  const filters = [...TURNS[rotation], 'format=yuv420p', ...hidingFilters(hidden, size)].join(',')
  const small = lumaFilters({ framesPerS: FRAMES_PER_S, widthMax: FRAME_WIDTH_MAX })
  return [
    '-filter_complex',
    `[0:V:0]${filters},split=2[whole][see];[see]${small},split=2[pictures][lines]`,
    ...['-map', '[whole]', '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-force_key_frames', KEYS],
    ...(encoder === 'hardware' ? hardwareArgs(settings) : softwareArgs(settings)),
    ...['-flush_packets', '1', '-f', 'mp4', 'pipe:1'],
    ...lumaOutputs({ from: ['[pictures]', '[lines]'], to: ['pipe:3', 'pipe:4'] }),
  ]
}

/** The quality is kept and the size follows what moves: that is what the gate needs to see movement in the packets' sizes. */
const softwareArgs = ({ quality, kbitsMax }: PictureSettings): readonly string[] => [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-crf', `${quality}`],
  ...['-maxrate', `${kbitsMax}k`, '-bufsize', `${kbitsMax * 2}k`],
  ...['-g', '1000000', '-sc_threshold', '0', '-bf', '0'],
  ...[...TRUE_TIMES, '-movflags', '+frag_every_frame'],
]

/**
 * The H.264 encoder of a Raspberry Pi up to the 4. With one quantiser from least to most it keeps the quality too. Its parameter sets come
 * with the first picture only, for which the header has to wait.
 */
const hardwareArgs = ({ quality, kbitsMax, framesPerS }: PictureSettings): readonly string[] => [
  ...['-c:v', 'h264_v4l2m2m', '-b:v', `${kbitsMax}k`, '-qmin', `${quality}`, '-qmax', `${quality}`],
  ...['-g', `${Math.round(framesPerS * KEY_EVERY_S)}`, '-bf', '0'],
  ...['-avoid_negative_ts', 'disabled', '-use_editlist', '0'],
  ...['-movflags', '+delay_moov+default_base_moof+frag_discont+frag_every_frame'],
]

const TRIAL_MS_MAX = 15_000

/** Tries it on a few pictures: a device node that is there proves nothing. */
export async function hasHardwareEncoder(
  { width, height, framesPerS }: Pick<PictureSettings, 'width' | 'height' | 'framesPerS'>,
  signal: AbortSignal,
): Promise<boolean> {
  const pattern = `testsrc2=size=${width & ~1}x${height & ~1}:rate=${framesPerS}`
  const args = [
    ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', pattern, '-frames:v', '10', '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'h264_v4l2m2m', '-f', 'h264', 'pipe:1'],
  ]
  const enough = AbortSignal.any([signal, AbortSignal.timeout(TRIAL_MS_MAX)])
  try {
    const stream = await runTool('ffmpeg', args, {
      signal: enough,
      failure: 'unavailable',
      bytesMax: 64 * 1024 * 1024,
    })
    return stream.length > 0
  } catch {
    signal.throwIfAborted()
    return false // Whatever is wrong with it: it does not encode.
  }
}
