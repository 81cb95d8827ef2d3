import { Fault } from '../../src/base/fault.ts'
import type { MonoMs } from '../../src/base/time.ts'
import type { Camera, CameraRun, LumaFrame, Packet, Track } from '../../src/ports/camera.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Random } from '../../src/ports/random.ts'
import type { Stills } from '../../src/ports/stills.ts'
import type { SimClock } from './sim-clock.ts'

/** What one incarnation of the doorbell has to be told about time: its own clock, and the world's moments on it. */
export type CameraClient = { readonly clock: Clock; readonly toMono: (worldMs: number) => MonoMs }

/** One run as what is shown sees it. */
export type Showing = {
  readonly client: CameraClient
  /** Counts runs from 0. */
  readonly number: number
  /** Milliseconds of the world. */
  now(): number
  /** How much faster than ours the camera's clock is. */
  ppm(): number
  /** Waits out a stall, without an end if nobody ends it. Rejects when the run breaks. */
  untilMoving(): Promise<void>
  /** Rejects when the run breaks. */
  sleep(ms: number): Promise<void>
}

/** What stands before the camera: something drawn, or a film. */
export interface Show {
  /** At least one; the camera comes back with the next when it is resized. */
  readonly tracks: readonly Track[]
  readonly stills: Stills
  /** Stands in what the camera sees, and should stand nowhere else. */
  readonly canary: Uint8Array
  /** Nothing is seen after this by itself, milliseconds of the world. */
  readonly durationMs: number
  packets(showing: Showing): AsyncGenerator<Packet, void>
  frames(showing: Showing): AsyncGenerator<LumaFrame, void>
  /** Somebody stands there from the one moment to the other. Told beforehand, so that there is a preroll. */
  visitor(fromMs: number, toMs: number): void
  /** Something else happens then. */
  lively(atMs: number): void
}

/** A camera that outlives the doorbell's processes, and its puppeteer's face. */
export class StageCamera {
  readonly show: Show
  readonly #world: SimClock
  readonly #random: Random
  #isStalled = false
  #isPlugged = true
  #size = 0
  #dropping = 0
  #corrupting = 0
  #ppm = 0
  #runs = 0
  #run: AbortController | undefined
  /** Woken when the stall is over. */
  #wake: (() => void)[] = []

  constructor(show: Show, { clock, random }: { readonly clock: SimClock; readonly random: Random }) {
    this.show = show
    this.#world = clock
    this.#random = random
  }

  openClient(client: CameraClient): Camera {
    return { open: ({ signal }) => this.#open(client, signal) }
  }

  killClient(): void {
    this.#run = undefined
  }

  stall(): void {
    this.#isStalled = true
  }

  resume(): void {
    this.#isStalled = false
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }

  unplug(): void {
    this.#isPlugged = false
    this.reconnect()
  }

  plug(): void {
    this.#isPlugged = true
  }

  /** The run breaks once. */
  reconnect(): void {
    this.#run?.abort(new Fault('unavailable', 'the camera: connection reset'))
  }

  /** Comes back with another size. Throws `Fault('invalid')` where there is only one. */
  resize(): void {
    if (this.show.tracks.length < 2)
      throw new Fault('invalid', 'camera resize: a recorded video has one size; wanted camera: drawn')
    this.#size = (this.#size + 1) % this.show.tracks.length
    this.reconnect()
  }

  /** The next `packets` are lost. */
  drop(packets: number): void {
    this.#dropping += packets
  }

  /** The next `packets` are damaged. */
  corrupt(packets: number): void {
    this.#corrupting += packets
  }

  driftPpm(ppm: number): void {
    this.#ppm = ppm
  }

  heal(): void {
    this.#dropping = 0
    this.#corrupting = 0
    this.#ppm = 0
    this.resume()
    this.plug()
  }

  async #open(client: CameraClient, signal: AbortSignal): Promise<CameraRun> {
    if (!this.#isPlugged) throw new Fault('unavailable', 'the camera: no route to host')
    const run = new AbortController()
    this.#run = run
    const track = this.show.tracks[this.#size]
    if (track === undefined) throw new Fault('bug', `the camera has no size ${this.#size}`)
    const stop = (): void => run.abort(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    const showing = this.#showing(client, run.signal)
    return {
      track,
      packets: this.#withTroubles(this.show.packets(showing)),
      frames: this.show.frames(showing),
      async [Symbol.asyncDispose]() {
        signal.removeEventListener('abort', stop)
        run.abort(new Fault('aborted', 'the run was closed'))
      },
    }
  }

  #showing(client: CameraClient, signal: AbortSignal): Showing {
    return {
      client,
      number: this.#runs++,
      now: () => this.#world.mono(),
      ppm: () => this.#ppm,
      untilMoving: () => this.#untilMoving(signal),
      sleep: (ms) => client.clock.sleep(ms, { signal }),
    }
  }

  async *#withTroubles(packets: AsyncGenerator<Packet, void>): AsyncGenerator<Packet, void> {
    for await (const packet of packets) {
      if (this.#dropping > 0) this.#dropping--
      else yield this.#corrupting > 0 ? this.#damaged(packet) : packet
    }
  }

  async #untilMoving(signal: AbortSignal): Promise<void> {
    while (this.#isStalled) {
      await new Promise<void>((resolve, reject) => {
        this.#wake.push(resolve)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    signal.throwIfAborted()
  }

  /** Some bits are wrong: in half of all cases those that say how long the unit is. */
  #damaged(packet: Packet): Packet {
    this.#corrupting--
    const data = packet.data.slice()
    const at = this.#random.uniform() < 0.5 ? 0 : data.length - 1
    data[at] = (data[at] ?? 0) ^ 0x7f
    return { ...packet, data }
  }
}
