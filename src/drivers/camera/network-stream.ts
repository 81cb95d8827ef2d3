import { Fault } from '../../base/fault.ts'
import { RtpDepacketiser, type RtpPacket } from '../../media/index.ts'
import type { Track } from '../../ports/camera.ts'
import type { Clock } from '../../ports/clock.ts'
import { AccessUnits, type AccessUnit, type Unpacked } from './access-units.ts'
import { PacketTimes } from './packet-times.ts'
import { Reel } from './reel.ts'
import { openRtspSession, placeOf, type RtspSession, type RtspTarget } from './rtsp-client.ts'

/** A camera that sends a key frame only every so often may take so long to begin. */
const FIRST_KEY_MS_MAX = 30_000
/** So long the first packets are looked at, to know how late they come. */
const HEAD_MS = 400
const HEAD_UNITS_MAX = 400

export type StreamHints = {
  /** How many pictures are decoded before one that is shown earlier, where the stream itself does not say. */
  reorder: number
}

export type NetworkStreamOptions = {
  readonly clock: Clock
  /** Ends the opening; later the stream is closed by disposing of it. */
  readonly signal: AbortSignal
  /** What was learnt from the run before; written to when there is more to learn. */
  readonly hints: StreamHints
  /** Said once, when the stream ends by itself in order. */
  readonly onEnd?: (why: string) => void
}

/** One video stream that plays: its packets go into `reel`, whether anybody reads them or not. */
export interface NetworkStream extends AsyncDisposable {
  readonly track: Track
  readonly reel: Reel
}

/** Waits for the first key frame and a moment more. Faults: those of `openRtspSession`, and `unavailable` when no picture comes. */
export async function openNetworkStream(
  target: RtspTarget,
  options: NetworkStreamOptions,
): Promise<NetworkStream> {
  const stream = new Stream(placeOf(target.url), options)
  try {
    await stream.open(target)
    return stream
  } catch (error) {
    await stream[Symbol.asyncDispose]()
    throw error
  }
}

type Phase =
  | { readonly name: 'waiting' }
  | { readonly name: 'gathering'; readonly head: AccessUnit[]; readonly reorder: number }
  | { readonly name: 'running'; readonly times: PacketTimes }
  | { readonly name: 'over' }

class Stream implements NetworkStream {
  readonly reel = new Reel()
  readonly #where: string
  readonly #options: NetworkStreamOptions
  readonly #ready = Promise.withResolvers<void>()
  #session: RtspSession | undefined
  #track: Track | undefined
  #depacketiser: RtpDepacketiser | undefined
  #units: AccessUnits | undefined
  #phase: Phase = { name: 'waiting' }

  constructor(where: string, options: NetworkStreamOptions) {
    this.#where = where
    this.#options = options
    this.#ready.promise.catch(() => {}) // Whoever opens hears of it.
  }

  get track(): Track {
    if (this.#track === undefined) throw new Fault('bug', 'the stream was not opened')
    return this.#track
  }

  async open(target: RtspTarget): Promise<void> {
    const { clock, signal } = this.#options
    const listener = {
      onRtp: (packet: RtpPacket) => this.#takeRtp(packet),
      onEnd: (fault: Fault | undefined) => this.#end(fault, 'it closed the connection'),
    }
    this.#session = await openRtspSession(target, listener, { clock, signal })
    const { codec, clockRate, parameterSets } = this.#session.video
    this.#depacketiser = new RtpDepacketiser(codec)
    this.#units = new AccessUnits(codec, clockRate, parameterSets)
    await this.#session.play()
    await this.#untilReady(clock, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#phase = { name: 'over' }
    this.reel.end()
    await this.#session?.[Symbol.asyncDispose]()
  }

  async #untilReady(clock: Clock, signal: AbortSignal): Promise<void> {
    const enough = new AbortController()
    const late = clock
      .sleep(FIRST_KEY_MS_MAX, { signal: AbortSignal.any([signal, enough.signal]) })
      .then(() => {
        const wanted = `wanted a key frame with its parameter sets within ${FIRST_KEY_MS_MAX / 1000} s, got none`
        throw new Fault('unavailable', `${this.#where}: ${wanted}`)
      })
    late.catch(() => {}) // Aborted below, when it was in time.
    try {
      await Promise.race([this.#ready.promise, late])
    } finally {
      enough.abort()
    }
  }

  #takeRtp(packet: RtpPacket): void {
    const arrivedAt = this.#options.clock.mono()
    for (const units of this.#depacketiser?.push(packet) ?? []) {
      const unpacked = this.#units?.take(units, arrivedAt)
      if (unpacked !== undefined) this.#takeUnpacked(unpacked)
    }
  }

  #takeUnpacked(unpacked: Unpacked): void {
    if (unpacked.kind === 'changed') return this.#end(undefined, unpacked.why)
    const { unit } = unpacked
    const phase = this.#phase
    switch (phase.name) {
      case 'waiting':
        return this.#begin(unit)
      case 'gathering':
        phase.head.push(unit)
        return this.#runWhenReady(phase)
      case 'running':
        return this.#time(phase.times, unit)
      case 'over':
        return
    }
  }

  #begin(unit: AccessUnit): void {
    const found = unit.isKey ? this.#units?.fixTrack() : undefined
    if (found === undefined) return
    this.#track = found.track
    const reorder = Math.max(found.shape.reorder ?? 0, this.#options.hints.reorder)
    this.#phase = { name: 'gathering', head: [{ ...unit, isAfterLoss: false }], reorder }
  }

  #runWhenReady({ head, reorder }: Extract<Phase, { readonly name: 'gathering' }>): void {
    const spanMs = (head.at(-1)?.arrivedAt ?? 0) - (head[0]?.arrivedAt ?? 0)
    if (spanMs < HEAD_MS && head.length < HEAD_UNITS_MAX) return
    const times = new PacketTimes(head, { reorder, timescale: this.track.timescale })
    this.#phase = { name: 'running', times }
    for (const unit of head) this.#time(times, unit)
    this.#ready.resolve()
  }

  #time(times: PacketTimes, unit: AccessUnit): void {
    const timed = times.take(unit)
    if (timed.kind === 'packets') for (const packet of timed.packets) this.reel.push(packet)
    else {
      this.#options.hints.reorder = timed.reorder ?? this.#options.hints.reorder
      this.#end(undefined, timed.why)
    }
  }

  #end(fault: Fault | undefined, why: string): void {
    const { name } = this.#phase
    if (name === 'over') return
    if (this.#phase.name === 'running') for (const packet of this.#phase.times.end()) this.reel.push(packet)
    this.#phase = { name: 'over' }
    this.#ready.reject(fault ?? new Fault('unavailable', `${this.#where}: ${why} before its first picture`))
    this.reel.end(fault)
    if (fault === undefined && name === 'running') this.#options.onEnd?.(why)
    void this.#session?.[Symbol.asyncDispose]()
  }
}
