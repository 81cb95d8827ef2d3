/** A run of a camera whose pictures we encode: one ffmpeg, from which packets and small pictures come side by side. */
import { Fault } from '../../base/fault.ts'
import { laterBy, monoMs, ticks, type MonoMs } from '../../base/time.ts'
import { Fmp4Reader, type FragmentInit, type FragmentOutput } from '../../media/index.ts'
import type { CameraRun, LumaFrame, Track } from '../../ports/camera.ts'
import type { Clock } from '../../ports/clock.ts'
import { chunksOf, framesWithTimes, type TimedLuma, type Tool } from '../ffmpeg/index.ts'
import { ArrivalClock, type Arrival } from './arrival-clock.ts'
import { Reel } from './reel.ts'

const FIRST_MS_MAX = 15_000
/** So long the first packets are looked at, to know how late they come: starting takes programs a while. */
const HEAD_MS = 400
/** So many small pictures wait for whoever looks at them; then the oldest are left out. */
const PICTURES_MAX = 16
/** Kernel times that are further from ours are on another clock. */
const NEAR_MS = 10_000

export type DrivenRunOptions = {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** For messages. */
  readonly where: string
  /**
   * What the times of ffmpeg’s input are. `kernel`: seconds of CLOCK_MONOTONIC, at which the driver says that a picture was taken.
   * `count`: nobody knows more than that one picture follows the other; when they come tells the rest.
   */
  readonly times: 'kernel' | 'count'
  /** What it means that ffmpeg ended so, or without a complaint; undefined: the camera ended in order. */
  readonly faultOf: (fault: Fault | undefined) => Promise<Fault | undefined>
  /** Closed with the run. */
  readonly also?: AsyncDisposable
}

/** Takes over `tool`. Waits for the first picture. Faults: `faultOf`, and `unavailable` when none comes. */
export async function openDrivenRun(tool: Tool, options: DrivenRunOptions): Promise<CameraRun> {
  const run = new DrivenRun(tool, options)
  try {
    await run.open()
    return run
  } catch (error) {
    await run[Symbol.asyncDispose]()
    throw options.signal.aborted ? options.signal.reason : error
  }
}

type Arrived = Extract<FragmentOutput, { readonly kind: 'sample' }> & Arrival

/** The times of the camera on our clock. */
type Times = Pick<ArrivalClock, 'at' | 'timeOf'>

class DrivenRun implements CameraRun {
  readonly packets: CameraRun['packets']
  readonly frames: CameraRun['frames']
  readonly #tool: Tool
  readonly #options: DrivenRunOptions
  readonly #reel = new Reel()
  readonly #closed = new AbortController()
  readonly #first = Promise.withResolvers<void>()
  readonly #pictures = new PictureShelf()
  #track: Track | undefined
  #times: Times | undefined
  #zero = 0
  /** The first samples, until their times are known. */
  readonly #head: Arrived[] = []

  constructor(tool: Tool, options: DrivenRunOptions) {
    this.#tool = tool
    this.#options = options
    this.#first.promise.catch(() => {}) // Whoever opens hears of it.
    this.packets = this.#reel.follow('oldest', this.#closed.signal)
    this.frames = this.#frames()
  }

  get track(): Track {
    if (this.#track === undefined) throw new Fault('bug', 'the camera was not opened')
    return this.#track
  }

  async open(): Promise<void> {
    const { clock, signal, where } = this.#options
    void this.#pumpPackets()
    void this.#pumpPictures()
    const enough = new AbortController()
    const late = clock.sleep(FIRST_MS_MAX, { signal: AbortSignal.any([signal, enough.signal]) }).then(() => {
      throw new Fault('unavailable', `${where}: wanted a picture within ${FIRST_MS_MAX / 1000} s, got none`)
    })
    late.catch(() => {}) // Aborted below, when it was in time.
    try {
      await Promise.race([this.#first.promise, late])
    } finally {
      enough.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#end(undefined)
    await Promise.all([this.#tool[Symbol.asyncDispose](), this.#options.also?.[Symbol.asyncDispose]()])
  }

  /** Reads on whether anybody takes the packets or not: ffmpeg stands still when one of its pipes is full, and the camera with it. */
  async #pumpPackets(): Promise<void> {
    const reader = new Fmp4Reader()
    try {
      for await (const chunk of chunksOf(this.#tool))
        for (const output of reader.push(chunk)) this.#take(output)
      this.#end(this.#closed.signal.aborted ? undefined : await this.#options.faultOf(undefined))
    } catch (error) {
      const isOurs = error instanceof Fault && error.kind !== 'bug'
      this.#end(
        isOurs ? await this.#options.faultOf(error) : new Fault('bug', String(error), { cause: error }),
      )
    }
  }

  async #pumpPictures(): Promise<void> {
    const pipes = { pictures: this.#tool.pipe(0), times: this.#tool.pipe(1) }
    try {
      for await (const picture of framesWithTimes(this.#tool, pipes)) this.#pictures.push(picture)
    } catch {
      // The packets come from the same program, which says there what went wrong.
    }
    this.#pictures.end()
  }

  #take(output: FragmentOutput): void {
    if (output.kind === 'init') {
      this.#track = trackOf(output)
      return
    }
    // A packet is only written when the next one says how long it lasts.
    const durationMs = (output.duration * 1000) / this.track.timescale
    const sample = { ...output, arrivedAt: laterBy(this.#options.clock.mono(), -durationMs) }
    if (this.#times !== undefined) return this.#pass(sample, this.#times)
    this.#head.push(sample)
    this.#times = this.#timesFrom(this.#head)
    if (this.#times === undefined) return
    this.#zero = this.#head[0]?.dts ?? 0
    for (const each of this.#head.splice(0)) this.#pass(each, this.#times)
    this.#first.resolve()
  }

  #pass(sample: Arrived, times: Times): void {
    const at = times.at(sample)
    if (at === undefined) return this.#end(undefined)
    const { data, duration, isKey } = sample
    const [pts, dts] = [ticks(sample.pts - this.#zero), ticks(sample.dts - this.#zero)]
    this.#reel.push({ data, pts, dts, duration: ticks(duration), isKey, at })
  }

  /** Undefined while there is too little to go by. */
  #timesFrom(head: readonly Arrived[]): Times | undefined {
    const [first, last] = [head[0], head.at(-1)]
    if (first === undefined || last === undefined) return undefined
    const { timescale } = this.track
    const kernel = this.#options.times === 'kernel' ? kernelTimes(first, timescale) : undefined
    if (kernel !== undefined) return kernel
    return last.arrivedAt - first.arrivedAt < HEAD_MS ? undefined : new ArrivalClock(head, timescale)
  }

  #end(fault: Fault | undefined): void {
    this.#first.reject(
      fault ?? new Fault('unavailable', `${this.#options.where}: ended before its first picture`),
    )
    this.#reel.end(fault)
    this.#pictures.end()
  }

  async *#frames(): AsyncGenerator<LumaFrame, void> {
    for await (const { pts, timescale, luma, width, height } of this.#pictures) {
      if (this.#closed.signal.aborted) return
      const at = this.#times?.timeOf((pts * this.track.timescale) / timescale)
      if (at !== undefined) yield { luma, width, height, at }
    }
  }
}

const trackOf = ({ timescale, width, height, sampleEntry }: FragmentInit): Track => ({
  codec: 'h264',
  ...{ timescale, width, height, sampleEntry },
})

/** CLOCK_MONOTONIC counts from the start of the machine, our clock from that of the process. Undefined: those are other times. */
function kernelTimes({ pts, arrivedAt }: Arrival, timescale: number): Times | undefined {
  const offsetMs = performance.now() - Number(process.hrtime.bigint()) / 1e6
  const timeOf = (ticksSince: number): MonoMs => monoMs((ticksSince / timescale) * 1000 + offsetMs)
  return Math.abs(timeOf(pts) - arrivedAt) > NEAR_MS ? undefined : { at: (each) => timeOf(each.pts), timeOf }
}

/** The newest pictures that nobody has looked at yet. */
class PictureShelf implements AsyncIterable<TimedLuma> {
  #pictures: TimedLuma[] = []
  #isOver = false
  #wake: () => void = () => {}

  push(picture: TimedLuma): void {
    this.#pictures.push(picture)
    if (this.#pictures.length > PICTURES_MAX) this.#pictures.shift()
    this.#wake()
  }

  end(): void {
    this.#isOver = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TimedLuma, void> {
    for (;;) {
      const picture = this.#pictures.shift()
      if (picture !== undefined) yield picture
      else if (this.#isOver) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
