import { monoMs, type MonoMs } from '../../src/base/time.ts'
import {
  checkStep,
  codecOf,
  DECODING_MS,
  FRAME_WIDTH_MAX,
  FRAMES_PER_S,
  openLumaFrames,
  openPackets,
  SAME_MS,
  spanS,
  whatToSkip,
  type ReplayVideo,
  type Sample,
  type SampleSource,
} from '../../src/drivers/ffmpeg/index.ts'
import type { Camera, CameraRun, LumaFrame, Packet } from '../../src/ports/camera.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { RealJob } from './sim-clock.ts'

/** The product sees a camera; the story sees a file with an end. */
export interface FileCamera extends Camera {
  /** All packets and pictures were handed over, or there will be no more for another reason: see `problem`. */
  hasEnded(): boolean
  packetCount(): number
  frameCount(): number
  /** When the last picture that was played goes away, on the video's own time line. */
  durationS(): number
  /** Why the file could not be played to its end; undefined when it could. */
  problem(): unknown
}

export type FileCameraOptions = { readonly clock: Clock; readonly video: ReplayVideo; readonly real: RealJob }

const PEEK_S = 3
const PEEK_BYTES_MAX = 32 * 1024 * 1024

/** Plays a file once in the clock's time; whoever opens it again waits, as for a camera that was unplugged. */
export function createFileCamera(options: FileCameraOptions): FileCamera {
  const played = new Played()
  let isOpened = false
  return {
    hidesPrivate: options.video.hidesPrivate === true,
    hasEnded: () => played.hasEnded,
    packetCount: () => played.packets,
    frameCount: () => played.frames,
    durationS: () => played.endS,
    problem: () => played.problem,
    async open({ signal }) {
      if (isOpened) await untilAborted(signal)
      isOpened = true
      try {
        return await openRun(options, played, signal)
      } catch (error) {
        played.break(error)
        throw error
      }
    },
  }
}

/** What became of the file so far. */
class Played {
  packets = 0
  frames = 0
  endS = 0
  problem: unknown
  #playing = 1 // The run itself, until it knows that there are packets and pictures.

  get hasEnded(): boolean {
    return this.#playing === 0
  }

  begin(): void {
    this.#playing++
  }

  end(): void {
    this.#playing--
  }

  break(problem: unknown): void {
    this.problem ??= problem
    this.#playing = 0
  }
}

/** `startMs`: where the video's own time line says 0. */
type Timeline = { readonly clock: Clock; readonly signal: AbortSignal; readonly startMs: MonoMs }

type Replay = {
  readonly name: string
  readonly real: RealJob
  readonly played: Played
  readonly timeline: Timeline
}

async function openRun(
  { clock, video, real }: FileCameraOptions,
  played: Played,
  signal: AbortSignal,
): Promise<CameraRun> {
  const { name, facts } = video
  const source = await real(() => openPackets(facts, { name }))
  const codec = codecOf(facts)
  const head = await peek(source, real)
  const replay: Replay = { name, real, played, timeline: { clock, signal, startMs: clock.mono() } }
  const skip = whatToSkip(head, codec, source.init.timescale)
  const pictures = { name, framesPerS: FRAMES_PER_S, widthMax: FRAME_WIDTH_MAX, ...skip }
  const open = new Set<SampleSource>()
  const framesFrom = (fromS: number | undefined): AsyncGenerator<LumaFrame, void> =>
    framesOf(
      () => openLumaFrames(facts, { ...pictures, ...(fromS === undefined ? {} : { fromS }) }),
      open,
      replay,
    )
  const firstMs = head[0] === undefined ? 0 : (head[0].pts / source.init.timescale) * 1000
  const fromMsOf = (from: MonoMs): number => from - replay.timeline.startMs
  return {
    track: { codec, ...source.init },
    isRecording: true,
    packets: packetsOf(source, head, replay),
    frames: framesFrom(undefined),
    // What cannot be found again by its time is decoded from the beginning or not at all.
    ...(facts.isSeekable
      ? {
          look: (from: MonoMs) =>
            framesFrom(fromMsOf(from) <= firstMs + SAME_MS ? undefined : fromMsOf(from) / 1000),
        }
      : {}),
    async [Symbol.asyncDispose]() {
      await Promise.all([source, ...open].map((each) => each[Symbol.asyncDispose]()))
      if (!played.hasEnded) played.break(undefined)
    },
  }
}

async function* packetsOf(
  source: SampleSource,
  head: readonly Sample[],
  { name, real, played, timeline }: Replay,
): AsyncGenerator<Packet, void> {
  const { timescale } = source.init
  const msOf = (ticks: number): number => (ticks / timescale) * 1000
  let before: Sample | undefined
  try {
    for (let samples = head; samples.length > 0; samples = await real(() => source.read())) {
      for (const sample of samples) {
        checkStep(name, before, sample, timescale)
        before = sample
        await sleepUntil(timeline, msOf(sample.dts))
        played.packets++
        played.endS = Math.max(played.endS, (sample.pts + sample.duration) / timescale)
        yield { ...sample, at: monoMs(timeline.startMs + msOf(sample.pts)) }
      }
    }
    await sleepUntil(timeline, played.endS * 1000)
    played.end()
  } catch (error) {
    played.break(timeline.signal.aborted ? undefined : error)
    throw error
  }
}

async function* framesOf(
  openFrames: () => Promise<SampleSource>,
  open: Set<SampleSource>,
  { real, played, timeline }: Replay,
): AsyncGenerator<LumaFrame, void> {
  played.begin()
  let source: SampleSource | undefined
  try {
    source = await real(openFrames)
    open.add(source)
    yield* decoded(source, { real, played, timeline })
  } catch (error) {
    if (!timeline.signal.aborted) played.problem ??= error
    throw error
  } finally {
    played.end() // Without pictures the packets go on.
    if (source !== undefined) {
      const ended = source
      open.delete(ended)
      await real(async () => ended[Symbol.asyncDispose]())
    }
  }
}

async function* decoded(
  source: SampleSource,
  { real, played, timeline }: Omit<Replay, 'name'>,
): AsyncGenerator<LumaFrame, void> {
  const { timescale, width, height } = source.init
  for (;;) {
    const samples = await real(() => source.read())
    if (samples.length === 0) return
    for (const sample of samples) {
      const atMs = (sample.pts / timescale) * 1000
      await sleepUntil(timeline, atMs + DECODING_MS)
      played.frames++
      yield { width, height, luma: sample.data, at: monoMs(timeline.startMs + atMs) }
    }
  }
}

async function sleepUntil({ clock, signal, startMs }: Timeline, atMs: number): Promise<void> {
  const waitMs = startMs + atMs - clock.mono()
  if (waitMs > 0) await clock.sleep(waitMs, { signal })
}

/** The first seconds of packets, which tell what kind of stream this is. */
async function peek(source: SampleSource, real: RealJob): Promise<readonly Sample[]> {
  const head: Sample[] = []
  let bytes = 0
  for (;;) {
    const samples = await real(() => source.read())
    head.push(...samples)
    bytes += samples.reduce((sum, sample) => sum + sample.data.length, 0)
    const isEnough = spanS(head, source.init.timescale) >= PEEK_S || bytes > PEEK_BYTES_MAX
    if (samples.length === 0 || isEnough) return head
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
