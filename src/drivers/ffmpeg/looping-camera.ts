import { Fault } from '../../base/fault.ts'
import { monoMs, ticks, type MonoMs } from '../../base/time.ts'
import type { Camera, CameraRun, LumaFrame, Packet } from '../../ports/camera.ts'
import type { Clock } from '../../ports/clock.ts'
import { openLumaFrames, openPackets } from './packets.ts'
import {
  checkStep,
  codecOf,
  DECODING_MS,
  FRAME_WIDTH_MAX,
  FRAMES_PER_S,
  SAME_MS,
  whatToSkip,
  type ReplayVideo,
} from './replay.ts'
import type { Sample, SampleSource } from './samples.ts'

export type LoopingCameraOptions = { readonly clock: Clock; readonly video: ReplayVideo }

/** What one time round is like. */
type Lap = {
  /** From the first picture of one lap to the first of the next, in ticks of the packets. */
  readonly period: number
  readonly timescale: number
  readonly first: { readonly dts: number; readonly pts: number }
  /** The first seconds, which tell what kind of stream this is. */
  readonly head: readonly Sample[]
}

const HEAD_S = 3

/**
 * Plays a file again and again in the clock's time, as one unbroken run: times go on where the lap before ended. Whoever opens it again
 * (the doorbell was started anew) gets a run that begins with the first picture.
 */
export function createLoopingCamera({ clock, video }: LoopingCameraOptions): Camera {
  return {
    hidesPrivate: video.hidesPrivate === true,
    async open({ signal }) {
      const lap = await lapOf(video)
      return openRun({ clock, video, lap, signal, startMs: clock.mono() })
    },
  }
}

/** Reads all packets once: how long a lap is, the file itself does not say exactly. */
async function lapOf({ name, facts }: ReplayVideo): Promise<Lap> {
  await using source = await openPackets(facts, { name })
  const { timescale } = source.init
  const head: Sample[] = []
  let [first, before]: (Sample | undefined)[] = []
  let [minPts, endPts, endDts] = [Infinity, -Infinity, -Infinity]
  for (let samples = await source.read(); samples.length > 0; samples = await source.read()) {
    for (const sample of samples) {
      checkStep(name, before, sample, timescale)
      first ??= sample
      before = sample
      if ((sample.dts - first.dts) / timescale <= HEAD_S) head.push(sample)
      minPts = Math.min(minPts, sample.pts)
      endPts = Math.max(endPts, sample.pts + sample.duration)
      endDts = sample.dts + sample.duration
    }
  }
  if (first === undefined) throw new Fault('invalid', `${name}: there is no picture in it`)
  const period = Math.max(1, endDts - first.dts, endPts - minPts)
  return { period, timescale, first: { dts: first.dts, pts: first.pts }, head }
}

type Playing = {
  readonly clock: Clock
  readonly video: ReplayVideo
  readonly lap: Lap
  readonly signal: AbortSignal
  /** Where the time line of the first lap says 0. */
  readonly startMs: MonoMs
}

/** What is closed gives no more. */
type Run = Playing & { readonly closed: AbortSignal }

async function openRun(playing: Playing): Promise<CameraRun> {
  const { video, lap } = playing
  const { name, facts } = video
  const closed = new AbortController()
  const until = { ...playing, closed: closed.signal }
  const codec = codecOf(facts)
  const open = new Set<SampleSource>()
  const first = await openPackets(facts, { name })
  open.add(first)
  const skip = whatToSkip(lap.head, codec, lap.timescale)
  const pictures = { name, framesPerS: FRAMES_PER_S, widthMax: FRAME_WIDTH_MAX, ...skip }
  const framesFrom: FramesFrom = (fromS) =>
    openLumaFrames(facts, { ...pictures, ...(fromS === undefined ? {} : { fromS }) })
  return {
    track: { codec, ...first.init },
    isRecording: true,
    packets: packetsOf(until, first, open),
    frames: framesOf(until, { open, framesFrom }, playing.startMs),
    ...(facts.isSeekable ? { look: (from: MonoMs) => framesOf(until, { open, framesFrom }, from) } : {}),
    async [Symbol.asyncDispose]() {
      closed.abort()
      await Promise.all([...open].map((each) => each[Symbol.asyncDispose]()))
    },
  }
}

async function* packetsOf(
  { clock, video, lap, signal, closed, startMs }: Run,
  first: SampleSource,
  open: Set<SampleSource>,
): AsyncGenerator<Packet, void> {
  const { period, timescale } = lap
  let source = first
  for (let round = 0; ; round++) {
    for (let samples = await source.read(); samples.length > 0; samples = await source.read()) {
      for (const sample of samples) {
        const [pts, dts] = [ticks(sample.pts + round * period), ticks(sample.dts + round * period)]
        await sleepUntil(clock, startMs + (dts / timescale) * 1000, signal)
        yield { ...sample, pts, dts, at: monoMs(startMs + (pts / timescale) * 1000) }
      }
    }
    open.delete(source)
    await source[Symbol.asyncDispose]()
    if (closed.aborted || signal.aborted) return
    source = await openPackets(video.facts, { name: video.name })
    open.add(source)
  }
}

type FramesFrom = (fromS: number | undefined) => Promise<SampleSource>
type Pictures = { readonly open: Set<SampleSource>; readonly framesFrom: FramesFrom }

async function* framesOf(
  { clock, lap, signal, closed, startMs }: Run,
  { open, framesFrom }: Pictures,
  from: MonoMs,
): AsyncGenerator<LumaFrame, void> {
  const periodMs = (lap.period / lap.timescale) * 1000
  const firstMs = (lap.first.pts / lap.timescale) * 1000
  const sinceMs = from - startMs
  const begins = Math.max(0, Math.floor((sinceMs - firstMs + SAME_MS) / periodMs))
  let fromMs: number | undefined = sinceMs - begins * periodMs
  for (let round = begins; !signal.aborted && !closed.aborted; round++) {
    // What begins with the first picture needs no looking for.
    const source = await framesFrom(
      fromMs === undefined || fromMs <= firstMs + SAME_MS ? undefined : fromMs / 1000,
    )
    fromMs = undefined
    open.add(source)
    try {
      const { timescale, width, height } = source.init
      for (let samples = await source.read(); samples.length > 0; samples = await source.read()) {
        for (const sample of samples) {
          const at = startMs + round * periodMs + (sample.pts / timescale) * 1000
          await sleepUntil(clock, at + DECODING_MS, signal)
          yield { width, height, luma: sample.data, at: monoMs(at) }
        }
      }
    } finally {
      open.delete(source)
      await source[Symbol.asyncDispose]()
    }
  }
}

async function sleepUntil(clock: Clock, untilMs: number, signal: AbortSignal): Promise<void> {
  const waitMs = untilMs - clock.mono()
  if (waitMs > 0) await clock.sleep(waitMs, { signal })
}
