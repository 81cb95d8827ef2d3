import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { Fault } from '../../src/base/fault.ts'
import { ticks, type MonoMs } from '../../src/base/time.ts'
import type { Camera, CameraRun, LumaFrame, Packet, Track } from '../../src/ports/camera.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Random } from '../../src/ports/random.ts'
import type { Stills } from '../../src/ports/stills.ts'
import type { SimClock } from './sim-clock.ts'

/** What one incarnation of the doorbell has to be told about time: its own clock, and the world's moments on it. */
export type CameraClient = { readonly clock: Clock; readonly toMono: (worldMs: number) => MonoMs }

/** The puppeteer's face of a camera that draws what it sees: small packets that no decoder needs, quick enough for days. */
export interface DrawnCamera {
  openClient(client: CameraClient): Camera
  /** The run breaks, as when the plug of the camera is pulled or the doorbell ends. */
  killClient(): void
  /** Somebody stands there from the one moment to the other. Told beforehand, so that there is a preroll. */
  visitor(fromMs: number, toMs: number): void
  /** Something else happens then: packets come quickly around it. */
  lively(atMs: number): void
  stall(): void
  resume(): void
  unplug(): void
  plug(): void
  /** The run breaks once. */
  reconnect(): void
  /** It comes back with another size. */
  resize(): void
  /** The next `packets` are lost. */
  drop(packets: number): void
  /** The next `packets` are damaged. */
  corrupt(packets: number): void
  driftPpm(ppm: number): void
  heal(): void
  readonly stills: Stills
  /** Stands in every packet. */
  readonly canary: Uint8Array
  /** Nothing is seen after this by itself. */
  readonly durationMs: number
}

const TIMESCALE = 90_000
const QUICK_MS = 250
/** Nothing moves: a key picture now and then, so that nobody takes the camera for dead. */
const STILL_MS = 10_000
const PACKETS_A_GROUP = 5
/** Packets come quickly so long before and after what happens. */
const BEFORE_MS = 9000
const AFTER_MS = 12_000
/** The detector has to know the garden before somebody walks through it, and to see that he has left. */
const LOOK_BEFORE_MS = 6000
const LOOK_AFTER_MS = 3000
const PAUSE_MS_MAX = 86_400_000
const [WIDTH, HEIGHT] = [64, 36]
const PACKET_BYTES = 300
const SIZES = [
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
] as const

type Span = { readonly fromMs: number; readonly toMs: number }

export function createDrawnCamera({
  clock,
  random,
}: {
  readonly clock: SimClock
  readonly random: Random
}): DrawnCamera {
  return new Drawn(clock, random)
}

class Drawn implements DrawnCamera {
  readonly canary: Uint8Array
  readonly durationMs = 0
  readonly stills: Stills
  readonly #world: SimClock
  readonly #random: Random
  readonly #visitors: Span[] = []
  readonly #quick: Span[] = []
  /** When pictures are looked at: where nothing moves, there is nothing to see in them. */
  readonly #looked: Span[] = []
  readonly #noise: Uint8Array
  #isStalled = false
  #isPlugged = true
  #size = 0
  #dropping = 0
  #corrupting = 0
  #ppm = 0
  #runs = 0
  #run: AbortController | undefined
  /** Woken when the plug is back, or the stall over. */
  #wake: (() => void)[] = []

  constructor(world: SimClock, random: Random) {
    this.#world = world
    this.#random = random
    this.canary = random.bytes(16)
    this.#noise = random.bytes(WIDTH * HEIGHT).map((byte) => 90 + (byte & 3))
    const picture = concatBytes([new Uint8Array([0xff, 0xd8]), this.canary, new Uint8Array([0xff, 0xd9])])
    this.stills = { jpegOf: async () => picture }
  }

  openClient(client: CameraClient): Camera {
    return { open: ({ signal }) => this.#open(client, signal) }
  }

  killClient(): void {
    this.#run = undefined
  }

  visitor(fromMs: number, toMs: number): void {
    this.#visitors.push({ fromMs, toMs })
    this.#looked.push({ fromMs: fromMs - LOOK_BEFORE_MS, toMs: toMs + LOOK_AFTER_MS })
    this.#quicken(fromMs, toMs)
  }

  lively(atMs: number): void {
    this.#quicken(atMs, atMs)
  }

  stall(): void {
    this.#isStalled = true
  }

  resume(): void {
    this.#isStalled = false
    this.#wakeAll()
  }

  unplug(): void {
    this.#isPlugged = false
    this.reconnect()
  }

  plug(): void {
    this.#isPlugged = true
    this.#wakeAll()
  }

  reconnect(): void {
    this.#run?.abort(new Fault('unavailable', 'the camera: connection reset'))
  }

  resize(): void {
    this.#size = (this.#size + 1) % SIZES.length
    this.reconnect()
  }

  drop(packets: number): void {
    this.#dropping += packets
  }

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
    const either = AbortSignal.any([signal, run.signal])
    const size = SIZES[this.#size] ?? SIZES[0]
    const number = this.#runs++
    const track: Track = { codec: 'h264', timescale: TIMESCALE, ...size, sampleEntry: sampleEntry(size) }
    return {
      track,
      packets: this.#packets(client, { number, signal: either, run }),
      frames: this.#frames(client, { number, signal: either, run }),
      async [Symbol.asyncDispose]() {
        run.abort(new Fault('aborted', 'the run was closed'))
      },
    }
  }

  async *#packets(client: CameraClient, run: Run): AsyncGenerator<Packet, void> {
    const startMs = this.#world.mono()
    let ptsMs = 0
    for (let sequence = 0, isKey = true; ; sequence++) {
      await this.#untilMoving(run)
      const nowMs = this.#world.mono()
      const isQuick = this.#isQuick(nowMs)
      const stepMs = isQuick ? QUICK_MS : this.#stillFor(nowMs)
      ptsMs = (nowMs - startMs) * (1 + this.#ppm / 1e6)
      const packet = {
        data: this.#draw({ run: run.number, sequence, isKey, nowMs }),
        pts: ticks(Math.round(ptsMs * 90)),
        dts: ticks(Math.round(ptsMs * 90)),
        duration: ticks(stepMs * 90),
        isKey,
        at: client.toMono(nowMs),
      }
      if (this.#dropping > 0) this.#dropping--
      else yield this.#corrupting > 0 ? this.#damaged(packet) : packet
      await client.clock.sleep(stepMs, { signal: run.signal })
      isKey = !isQuick || (sequence + 1) % PACKETS_A_GROUP === 0
    }
  }

  async *#frames(client: CameraClient, run: Run): AsyncGenerator<LumaFrame, void> {
    for (;;) {
      await this.#untilMoving(run)
      const nowMs = this.#world.mono()
      const isSeen = this.#looked.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)
      if (isSeen) yield { width: WIDTH, height: HEIGHT, luma: this.#look(nowMs), at: client.toMono(nowMs) }
      const next = this.#looked.reduce(
        (least, { fromMs }) => (fromMs > nowMs ? Math.min(least, fromMs) : least),
        Infinity,
      )
      await client.clock.sleep(isSeen ? QUICK_MS : Math.min(PAUSE_MS_MAX, next - nowMs), {
        signal: run.signal,
      })
    }
  }

  /** Waits out a stall, without an end if nobody ends it. Rejects with the run’s fault. */
  async #untilMoving({ signal }: Run): Promise<void> {
    while (this.#isStalled) {
      await new Promise<void>((resolve, reject) => {
        this.#wake.push(resolve)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    signal.throwIfAborted()
  }

  #wakeAll(): void {
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }

  #quicken(fromMs: number, toMs: number): void {
    this.#quick.push({ fromMs: fromMs - BEFORE_MS, toMs: toMs + AFTER_MS })
  }

  #isQuick(nowMs: number): boolean {
    return this.#quick.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)
  }

  /** Until something happens, or the usual pause. */
  #stillFor(nowMs: number): number {
    const next = this.#quick.reduce(
      (least, { fromMs }) => (fromMs > nowMs ? Math.min(least, fromMs) : least),
      Infinity,
    )
    return Math.min(STILL_MS, Math.max(1, next - nowMs))
  }

  #draw(what: { run: number; sequence: number; isKey: boolean; nowMs: number }): Uint8Array {
    const { run, sequence, isKey, nowMs } = what
    const text = utf8(`run ${run} packet ${sequence} at ${Math.round(nowMs)}`)
    const body = new Uint8Array(PACKET_BYTES * (isKey ? 3 : 1))
    body[0] = isKey ? 0x65 : 0x41 // NAL unit header: IDR slice, or a slice of another reference picture.
    body.set(this.canary, 1)
    body.set(text, 1 + this.canary.length)
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, body.length)
    return concatBytes([length, body])
  }

  /** Some bits are wrong: in half of all cases those that say how long the unit is. */
  #damaged(packet: Packet): Packet {
    this.#corrupting--
    const data = packet.data.slice()
    const at = this.#random.uniform() < 0.5 ? 0 : data.length - 1
    data[at] = (data[at] ?? 0) ^ 0x7f
    return { ...packet, data }
  }

  /** A grey front garden, and a bright figure that walks through it. */
  #look(nowMs: number): Uint8Array {
    const luma = this.#noise.slice()
    const visitor = this.#visitors.find(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)
    if (visitor === undefined) return luma
    const left = Math.floor(((nowMs - visitor.fromMs) / 120) % (WIDTH - 12))
    for (let y = 10; y < 32; y++) luma.fill(210, y * WIDTH + left, y * WIDTH + left + 10)
    return luma
  }
}

type Run = { readonly number: number; readonly signal: AbortSignal; readonly run: AbortController }

/** `avc1` with a configuration record that a parser accepts; no decoder ever sees it. */
function sampleEntry({ width, height }: { readonly width: number; readonly height: number }): Uint8Array {
  const avcC = boxOf('avcC', new Uint8Array([1, 66, 0, 30, 0xff, 0xe0, 0]))
  const fields = new Uint8Array(78)
  const view = new DataView(fields.buffer)
  view.setUint16(6, 1)
  view.setUint16(24, width)
  view.setUint16(26, height)
  view.setUint32(28, 0x480000)
  view.setUint32(32, 0x480000)
  view.setUint16(40, 1)
  view.setUint16(74, 24)
  view.setInt16(76, -1)
  return boxOf('avc1', concatBytes([fields, avcC]))
}

function boxOf(type: string, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(8)
  new DataView(head.buffer).setUint32(0, 8 + body.length)
  head.set(utf8(type), 4)
  return concatBytes([head, body])
}
