import { ticks } from '../../base/time.ts'
import { readPictureOrder, retimer } from './picture-order.ts'
import { inputArgs, type VideoFacts } from './probe.ts'
import { openSamples, SOURCE_TIMES, TRUE_TIMES, type Sample, type SampleSource } from './samples.ts'

export type OpenOptions = {
  readonly signal?: AbortSignal | undefined
  /** What the file is called in messages. */
  readonly name?: string
}

/** The packets of an H.264 or HEVC file, untouched, in decoding order, at the file's own times. */
export async function openPackets(video: VideoFacts, options: OpenOptions = {}): Promise<SampleSource> {
  const about = { name: options.name ?? video.path, signal: options.signal }
  // Browsers play HEVC only where the parameter sets stand in the sample entry, which is what `hvc1` promises.
  const tag = video.codec === 'hevc' ? ['-tag:v', 'hvc1'] : []
  const order = video.isTimed ? undefined : await readPictureOrder(video, about)
  // Where the container knows no times, ffmpeg's guesses are replaced by a count, and that by the true ones.
  const count = order === undefined ? [] : ['-bsf:v', 'setts=ts=N']
  return openSamples(
    [
      ...SOURCE_TIMES,
      ...inputArgs(video.path),
      ...['-map', '0:V:0', '-c', 'copy', '-copyinkf', ...tag, ...count],
      ...[...TRUE_TIMES, '-movflags', '+frag_every_frame', '-f', 'mp4'],
    ],
    {
      ...about,
      zeroS: video.zeroS,
      ...(order === undefined ? {} : { adjust: retimer(order, about.name) }),
    },
  )
}

export type LumaOptions = OpenOptions & {
  readonly framesPerS: number
  readonly widthMax: number
  /** Leaves out pictures that no other refers to: where the others come often enough, half the work or less. */
  readonly referenceOnly: boolean
  /**
   * Leaves out the loop filter, a fifth of the decoder's work. What that changes adds up until the next key frame
   * (measured at most 1 level of 255 on average over a two-second group, 4 over ten seconds), so: only in short groups.
   */
  readonly skipLoopFilter: boolean
  /** Seconds of the video's own time line: begins with the newest key frame shown at or before then. Left out: with the first. */
  readonly fromS?: number
}

/** A picture is chosen when the last one chosen is nearly this much of the wanted distance ago: times are not exact. */
const NEARLY = 0.95

/** Small grey pictures at a low rate, at the times the source gives them. `sample.data` is `width × height` bytes. */
export function openLumaFrames(video: VideoFacts, options: LumaOptions): Promise<SampleSource> {
  const everyS = (NEARLY / options.framesPerS).toFixed(4)
  // An even width, because QuickTime pads rows of odd length; and never larger than the source.
  const width = Math.max(2, Math.min(options.widthMax, video.width) & ~1)
  const choose = `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${everyS})'`
  return openSamples(
    [
      // One thread: more are faster by the clock and cost a fifth more of the processor.
      ...['-threads', '1', '-filter_threads', '1', '-noautorotate', ...SOURCE_TIMES],
      // A decoder that does not know the times counts pictures, so it must get all.
      ...(options.referenceOnly && video.isTimed ? ['-skip_frame', 'noref'] : []),
      ...['-skip_loop_filter', options.skipLoopFilter ? 'all' : 'noref'],
      ...seekArgs(video, options.fromS),
      ...inputArgs(video.path),
      ...['-map', '0:V:0', '-vf', `${choose},scale=${width}:-2:flags=area,format=gray`],
      ...['-fps_mode', 'passthrough', '-enc_time_base', '-1', '-c:v', 'rawvideo'],
      ...[...TRUE_TIMES, '-movflags', '+frag_every_frame', '-f', 'mov'],
    ],
    {
      name: options.name ?? video.path,
      signal: options.signal,
      zeroS: video.zeroS,
      adjust: video.isTimed ? unflip : fromZero(),
    },
  )
}

/** Without accuracy: from the key frame on, and not only what is shown from the wanted time on. */
const seekArgs = ({ zeroS }: VideoFacts, fromS: number | undefined): readonly string[] =>
  fromS === undefined ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', (fromS + zeroS).toFixed(6)]

/** QuickTime says that 0 is white in a grey picture, and ffmpeg turns every pixel over for it. */
function unflip(sample: Sample): Sample {
  const { data } = sample
  for (let i = 0; i < data.length; i++) data[i] = 255 - (data[i] ?? 0)
  return sample
}

/** ffmpeg shows the first picture of an untimed stream as late as its B-frames could make it; we show it at 0. */
function fromZero(): (sample: Sample) => Sample {
  let first: Sample | undefined
  return (sample) => {
    first ??= sample
    const pts = ticks(sample.pts - first.pts)
    return { ...unflip(sample), pts, dts: pts }
  }
}
