import { Fault } from '../../base/fault.ts'
import { ticks, type Ticks } from '../../base/time.ts'
import { Fmp4Reader, type FragmentInit, type FragmentOutput } from '../../media/index.ts'
import { inputArgs, type VideoFacts } from './probe.ts'
import { startTool, type Tool } from './run-tool.ts'

export type Sample = {
  readonly data: Uint8Array
  readonly pts: Ticks
  readonly dts: Ticks
  readonly duration: Ticks
  readonly isKey: boolean
}

/** Samples that come out of a pipe, in chunks as they come: what is in memory costs no waiting. */
export interface SampleSource extends AsyncDisposable {
  readonly init: FragmentInit
  /** The next samples; empty at the end. Throws `Fault` when the tool failed. */
  read(): Promise<readonly Sample[]>
}

const FRAGMENTS = ['-f', 'mp4', '-movflags', 'frag_every_frame+empty_moov+default_base_moof', 'pipe:1']
const PICTURES = ['-f', 'mov', '-movflags', 'frag_every_frame+empty_moov+default_base_moof', 'pipe:1']

/** The packets of an H.264 or HEVC file, untouched, in decoding order. */
export function openPackets(
  video: VideoFacts,
  options: { readonly signal?: AbortSignal } = {},
): Promise<SampleSource> {
  const tag = video.codec === 'hevc' ? ['-tag:v', 'hvc1'] : []
  return openSamples(
    video.path,
    [
      '-v',
      'error',
      '-nostdin',
      ...inputArgs(video.path),
      '-map',
      '0:V:0',
      '-c',
      'copy',
      ...tag,
      ...FRAGMENTS,
    ],
    options,
  )
}

export type LumaOptions = {
  readonly framesPerS: number
  readonly widthMax: number
  readonly referenceOnly: boolean
  readonly signal?: AbortSignal
}

/**
 * Small grey pictures at a low rate, with the times the source gives them. `sample.data` is `width × height` bytes.
 * The loop filter is left out: in a grey picture of this size nobody sees it, and it is a fifth of the decoder's work.
 */
export function openLumaFrames(video: VideoFacts, options: LumaOptions): Promise<SampleSource> {
  const everyS = 1 / options.framesPerS - 0.01
  const width = Math.min(options.widthMax, video.width) & ~1
  const chain = `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${everyS.toFixed(3)})',scale=${width}:-2:flags=area,format=gray`
  const skip = options.referenceOnly ? ['-skip_frame', 'noref'] : []
  const decode = [
    '-v',
    'error',
    '-nostdin',
    '-threads',
    '1',
    '-skip_loop_filter',
    'all',
    ...skip,
    ...inputArgs(video.path),
  ]
  return openSamples(
    video.path,
    [
      ...decode,
      '-map',
      '0:V:0',
      '-vf',
      chain,
      '-fps_mode',
      'passthrough',
      '-enc_time_base',
      '-1',
      '-c:v',
      'rawvideo',
      ...PICTURES,
    ],
    options,
  )
}

async function openSamples(
  path: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal },
): Promise<SampleSource> {
  const tool = startTool('ffmpeg', args, { ...options, failure: 'corrupt' })
  tool.stdin.end()
  const outputs = readOutputs(tool)
  const waiting: Sample[] = []
  let init: FragmentInit | undefined
  while (init === undefined) {
    const { value, done } = await outputs.next()
    if (done === true) throw new Fault('invalid', `${path}: there is not one picture in it that can be read`)
    for (const output of value) {
      if (output.kind === 'init') init = output
      else waiting.push(sampleOf(output))
    }
  }
  return {
    init,
    async read() {
      if (waiting.length > 0) return waiting.splice(0)
      for (;;) {
        const { value, done } = await outputs.next()
        if (done === true) return []
        const samples = value.flatMap((output) => (output.kind === 'sample' ? [sampleOf(output)] : []))
        if (samples.length > 0) return samples
      }
    },
    async [Symbol.asyncDispose]() {
      tool.kill()
      await tool.ended.catch(() => {}) // It was told to stop; how it took that is nobody's concern.
    },
  }
}

async function* readOutputs(tool: Tool): AsyncGenerator<readonly FragmentOutput[], void> {
  const reader = new Fmp4Reader()
  for await (const chunk of tool.stdout) if (chunk instanceof Uint8Array) yield reader.push(chunk)
  await tool.ended
  reader.end()
}

const sampleOf = (output: Extract<FragmentOutput, { kind: 'sample' }>): Sample => ({
  data: output.data,
  pts: ticks(output.pts),
  dts: ticks(output.dts),
  duration: ticks(output.duration),
  isKey: output.isKey,
})
