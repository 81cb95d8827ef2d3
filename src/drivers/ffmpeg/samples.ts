import { Fault } from '../../base/fault.ts'
import { ticks, type Ticks } from '../../base/time.ts'
import { Fmp4Reader, type FragmentInit, type FragmentOutput } from '../../media/index.ts'
import { chunksOf, startTool } from './run-tool.ts'

/** Times are ticks of `init.timescale`, and 0 is where the video's own time line begins. */
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

/**
 * Makes ffmpeg's muxer write every time stamp as it is, also those before 0. By default it moves the first to 0, or needs
 * an edit list that it cannot write into a pipe. `frag_discont` says that the first fragment need not begin at 0.
 */
export const TRUE_TIMES = [
  '-avoid_negative_ts',
  'disabled',
  '-use_editlist',
  '0',
  '-movflags',
  '+empty_moov+default_base_moof+frag_discont',
]

/** The same on the side of the input: without it ffmpeg subtracts where the container begins. */
export const SOURCE_TIMES = ['-copyts']

export type SampleOptions = {
  /** For messages. */
  readonly name: string
  /** Seconds of the source's time stamps where its own time line says 0. */
  readonly zeroS: number
  readonly signal?: AbortSignal | undefined
  /** Puts right what the container cannot say; called for each sample in decoding order. */
  readonly adjust?: (sample: Sample, timescale: number) => Sample
}

/** Runs ffmpeg so that it writes one track of fragmented MP4 to its standard output, and reads that. */
export async function openSamples(args: readonly string[], options: SampleOptions): Promise<SampleSource> {
  const tool = startTool('ffmpeg', ['-v', 'error', '-nostdin', ...args, 'pipe:1'], {
    signal: options.signal,
    failure: 'corrupt',
  })
  tool.stdin.end()
  const outputs = readOutputs(chunksOf(tool))
  try {
    const { init, first } = await readInit(outputs, options.name)
    return {
      init,
      read: reader(outputs, init, first, options),
      [Symbol.asyncDispose]: () => tool[Symbol.asyncDispose](),
    }
  } catch (error) {
    await tool[Symbol.asyncDispose]()
    throw error
  }
}

type Outputs = AsyncGenerator<readonly FragmentOutput[], void>

async function* readOutputs(chunks: AsyncIterable<Uint8Array>): Outputs {
  const reader = new Fmp4Reader()
  for await (const chunk of chunks) {
    const outputs = reader.push(chunk)
    if (outputs.length > 0) yield outputs
  }
  reader.end()
}

async function readInit(
  outputs: Outputs,
  name: string,
): Promise<{ readonly init: FragmentInit; readonly first: readonly FragmentOutput[] }> {
  for (;;) {
    const { value, done } = await outputs.next()
    if (done === true) throw new Fault('invalid', `${name}: there is not one picture in it that can be read`)
    const init = value.find((output) => output.kind === 'init')
    if (init !== undefined) return { init, first: value }
  }
}

function reader(
  outputs: Outputs,
  { timescale }: FragmentInit,
  first: readonly FragmentOutput[],
  { zeroS, adjust }: SampleOptions,
): () => Promise<readonly Sample[]> {
  const zero = Math.round(zeroS * timescale)
  const samplesIn = (given: readonly FragmentOutput[]): readonly Sample[] =>
    given.flatMap((output) => {
      if (output.kind !== 'sample') return []
      const { data, duration, isKey } = output
      const sample: Sample = {
        data,
        pts: ticks(output.pts - zero),
        dts: ticks(output.dts - zero),
        duration: ticks(duration),
        isKey,
      }
      return [adjust === undefined ? sample : adjust(sample, timescale)]
    })
  let waiting = samplesIn(first)
  return async () => {
    for (;;) {
      const samples = waiting
      waiting = []
      if (samples.length > 0) return samples
      const { value, done } = await outputs.next()
      if (done === true) return []
      waiting = samplesIn(value)
    }
  }
}
