import { Fault } from '../../src/base/fault.ts'
import { monoMs, type MonoMs } from '../../src/base/time.ts'
import {
  openLumaFrames,
  openPackets,
  type Sample,
  type SampleSource,
  type VideoFacts,
} from '../../src/drivers/ffmpeg/index.ts'
import { isReferencePicture } from '../../src/media/index.ts'
import type { Camera, CameraRun, LumaFrame, Packet, Track, VideoCodec } from '../../src/ports/camera.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { RealJob } from './sim-clock.ts'

/** A file that the camera plays: `name` is what people typed, `facts` of what is played (its H.264 twin, where it was made). */
export type ReplayVideo = { readonly name: string; readonly facts: VideoFacts }

/** The product sees a camera; the story sees a file with an end. */
export interface FileCamera extends Camera {
  hasEnded(): boolean
  packetCount(): number
  /** Of what was played, from the first picture's beginning to the last one's end. */
  durationS(): number
  /** Why the file could not be played to its end. */
  problem(): unknown
}

export type FileCameraOptions = { readonly clock: Clock; readonly video: ReplayVideo; readonly real: RealJob }

const FRAMES_PER_S = 5
const FRAME_WIDTH_MAX = 320
/** With so many reference pictures a second the others need not be decoded to get five a second. */
const REFERENCES_PER_S_MIN = 10
const PEEK_S = 2
const GAP_S_MAX = 3600

type Played = { packets: number; endS: number; ended: boolean; problem: unknown }

/** Plays a file once in the clock's time; whoever opens it again waits, as for a camera that was unplugged. */
export function createFileCamera({ clock, video, real }: FileCameraOptions): FileCamera {
  const played: Played = { packets: 0, endS: 0, ended: false, problem: undefined }
  let isOpened = false
  return {
    hasEnded: () => played.ended,
    packetCount: () => played.packets,
    durationS: () => played.endS,
    problem: () => played.problem,
    async open({ signal }) {
      if (isOpened) await untilAborted(signal)
      isOpened = true
      return openRun({ clock, video, real }, played, signal)
    },
  }
}

async function openRun(
  { clock, video, real }: FileCameraOptions,
  played: Played,
  signal: AbortSignal,
): Promise<CameraRun> {
  const { facts } = video
  const source = await real(() => openPackets(facts))
  const head = await peek(source, real)
  const origin = originOf(head, video.name)
  const codec = codecOf(facts)
  const pictures = await real(() =>
    openLumaFrames(facts, {
      framesPerS: FRAMES_PER_S,
      widthMax: FRAME_WIDTH_MAX,
      referenceOnly: referencesPerS(head, codec, source.init.timescale) >= REFERENCES_PER_S_MIN,
    }),
  )
  const timeline: Timeline = { clock, signal, startMs: monoMs(clock.mono() + facts.startS * 1000) }
  const track: Track = { codec, ...source.init }
  return {
    track,
    packets: packetsOf({ source, head, origin, name: video.name, real, played }, timeline),
    frames: framesOf(pictures, real, timeline),
    async [Symbol.asyncDispose]() {
      await Promise.all([source[Symbol.asyncDispose](), pictures[Symbol.asyncDispose]()])
    },
  }
}

type Timeline = { readonly clock: Clock; readonly signal: AbortSignal; readonly startMs: MonoMs }

async function* packetsOf(
  given: {
    readonly source: SampleSource
    readonly head: readonly Sample[]
    readonly origin: number
    readonly name: string
    readonly real: RealJob
    readonly played: Played
  },
  timeline: Timeline,
): AsyncGenerator<Packet, void> {
  const { source, origin, played, real } = given
  const { timescale } = source.init
  let lastDts: number | undefined
  try {
    for (let samples = given.head; samples.length > 0; samples = await real(() => source.read())) {
      for (const sample of samples) {
        checkStep(given.name, lastDts, sample.dts, timescale)
        lastDts = sample.dts
        await sleepUntil(timeline, ((sample.dts - origin) / timescale) * 1000)
        played.packets++
        played.endS = Math.max(played.endS, (sample.pts + sample.duration - origin) / timescale)
        yield { ...sample, at: monoMs(timeline.startMs + ((sample.pts - origin) / timescale) * 1000) }
      }
    }
  } catch (error) {
    if (!timeline.signal.aborted) played.problem = error
    throw error
  } finally {
    played.ended = true
  }
}

async function* framesOf(
  source: SampleSource,
  real: RealJob,
  timeline: Timeline,
): AsyncGenerator<LumaFrame, void> {
  const { timescale, width, height } = source.init
  let origin: number | undefined
  for (
    let samples = await real(() => source.read());
    samples.length > 0;
    samples = await real(() => source.read())
  ) {
    for (const sample of samples) {
      origin ??= sample.pts
      const atMs = ((sample.pts - origin) / timescale) * 1000
      await sleepUntil(timeline, atMs)
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
  const enough = PEEK_S * source.init.timescale
  for (;;) {
    const samples = await real(() => source.read())
    head.push(...samples)
    const [first, last] = [head[0], head.at(-1)]
    if (samples.length === 0 || (first !== undefined && last !== undefined && last.dts - first.dts >= enough))
      return head
  }
}

/** The ticks that are the first shown picture. */
function originOf(head: readonly Sample[], name: string): number {
  const [first] = head
  if (first === undefined)
    throw new Fault('invalid', `${name}: there is not one picture in it that can be read`)
  return head.reduce<number>((least, sample) => Math.min(least, sample.pts), first.pts)
}

function referencesPerS(head: readonly Sample[], codec: VideoCodec, timescale: number): number {
  const [first, last] = [head[0], head.at(-1)]
  if (first === undefined || last === undefined || last.dts === first.dts) return 0
  const references = head.filter((sample) => isReferencePicture(sample.data, codec)).length
  return (references * timescale) / (last.dts - first.dts)
}

function checkStep(name: string, before: number | undefined, dts: number, timescale: number): void {
  if (before === undefined) return
  const stepS = (dts - before) / timescale
  if (stepS < 0 || stepS > GAP_S_MAX)
    throw new Fault(
      'invalid',
      `${name}: absurd times: a packet comes ${stepS.toFixed(0)} s after the one before`,
    )
}

function codecOf(facts: VideoFacts): VideoCodec {
  if (facts.codec === 'h264' || facts.codec === 'hevc') return facts.codec
  throw new Fault('bug', `a file of ${facts.codec} reached the camera`)
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
