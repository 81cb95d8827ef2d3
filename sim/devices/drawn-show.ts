import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { Fault } from '../../src/base/fault.ts'
import { ticks } from '../../src/base/time.ts'
import type { LumaFrame, Packet, Track } from '../../src/ports/camera.ts'
import type { Random } from '../../src/ports/random.ts'
import type { ColourPicture, Stills } from '../../src/ports/stills.ts'
import type { Show, Showing } from './stage-camera.ts'

const TIMESCALE = 90_000
const QUICK_MS = 400
/** Nothing moves: a key picture now and then, so that nobody takes the camera for dead. */
const STILL_MS = 13_000
const PACKETS_A_GROUP = 3
/** Packets come quickly so long before and after what happens. */
const BEFORE_MS = 8500
const AFTER_MS = 12_000
/** The detector has to know the garden before somebody walks through it, and to see that he has left. */
const LOOK_BEFORE_MS = 5000
const LOOK_AFTER_MS = 3000
const PAUSE_MS_MAX = 86_400_000
const [WIDTH, HEIGHT] = [64, 36]
const PACKET_BYTES = 300
const SIZES = [
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
] as const

type Span = { readonly fromMs: number; readonly toMs: number }

/** Small packets that no decoder needs, and pictures only while there is something to see: quick enough for days. */
export class DrawnShow implements Show {
  readonly canary: Uint8Array
  readonly durationMs = 0
  readonly stills: Stills
  readonly tracks: readonly Track[] = SIZES.map((size) => ({
    codec: 'h264',
    timescale: TIMESCALE,
    ...size,
    sampleEntry: sampleEntry(size),
  }))
  readonly #visitors: Span[] = []
  readonly #quick: Span[] = []
  /** When pictures are looked at: where nothing moves, there is nothing to see in them. */
  readonly #looked: Span[] = []
  readonly #grain: readonly [number, number]
  /** Made when it is first looked at. */
  #noise: Uint8Array | undefined

  constructor(random: Random) {
    this.canary = random.bytes(16)
    const [low = 0, high = 0] = random.bytes(2)
    this.#grain = [low, high]
    const picture = concatBytes([new Uint8Array([0xff, 0xd8]), this.canary, new Uint8Array([0xff, 0xd9])])
    this.stills = {
      jpegOf: async () => picture,
      pictureOf: async (mp4) => this.#pictureOf(mp4),
      encodeJpeg: async () => picture,
    }
  }

  visitor(fromMs: number, toMs: number): void {
    this.#visitors.push({ fromMs, toMs })
    this.#looked.push({ fromMs: fromMs - LOOK_BEFORE_MS, toMs: toMs + LOOK_AFTER_MS })
    this.#quicken(fromMs, toMs)
  }

  lively(atMs: number): void {
    this.#quicken(atMs, atMs)
  }

  async *packets(showing: Showing): AsyncGenerator<Packet, void> {
    const startMs = showing.now()
    for (let sequence = 0, isKey = true; ; sequence++) {
      await showing.untilMoving()
      const nowMs = showing.now()
      const isQuick = this.#isQuick(nowMs)
      const stepMs = isQuick ? QUICK_MS : stillFor(this.#quick, nowMs, STILL_MS)
      const at = ticks(Math.round((nowMs - startMs) * (1 + showing.ppm() / 1e6) * (TIMESCALE / 1000)))
      yield {
        data: this.#draw({ run: showing.number, sequence, isKey, nowMs }),
        pts: at,
        dts: at,
        duration: ticks(Math.round(stepMs * (TIMESCALE / 1000))),
        isKey,
        at: showing.client.toMono(nowMs),
      }
      await showing.sleep(stepMs)
      isKey = !isQuick || (sequence + 1) % PACKETS_A_GROUP === 0
    }
  }

  async *frames(showing: Showing): AsyncGenerator<LumaFrame, void> {
    for (;;) {
      await showing.untilMoving()
      const nowMs = showing.now()
      const isSeen = this.#looked.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)
      if (isSeen)
        yield { width: WIDTH, height: HEIGHT, luma: this.#look(nowMs), at: showing.client.toMono(nowMs) }
      await showing.sleep(isSeen ? QUICK_MS : stillFor(this.#looked, nowMs, PAUSE_MS_MAX))
    }
  }

  #quicken(fromMs: number, toMs: number): void {
    this.#quick.push({ fromMs: fromMs - BEFORE_MS, toMs: toMs + AFTER_MS })
  }

  #isQuick(nowMs: number): boolean {
    return this.#quick.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)
  }

  #draw(what: { run: number; sequence: number; isKey: boolean; nowMs: number }): Uint8Array {
    const { run, sequence, isKey, nowMs } = what
    const unitBytes = PACKET_BYTES * (isKey ? 3 : 1)
    const packet = Buffer.alloc(4 + unitBytes)
    packet.writeUInt32BE(unitBytes)
    packet[4] = isKey ? 0x65 : 0x41 // NAL unit header: IDR slice, or a slice of another reference picture.
    packet.set(this.canary, 5)
    packet.write(`run ${run} packet ${sequence} at ${Math.round(nowMs)}`, 5 + this.canary.length, 'latin1')
    return new Uint8Array(packet.buffer, packet.byteOffset, packet.length)
  }

  /** What a decoder would make of the last of these packets. */
  #pictureOf(mp4: Uint8Array): ColourPicture {
    const times = [
      ...Buffer.from(mp4)
        .toString('latin1')
        .matchAll(/packet \d+ at (\d+)/g),
    ]
    const [, atMs] = times.at(-1) ?? []
    if (atMs === undefined) throw new Fault('corrupt', 'wanted packets that were drawn here')
    const luma = this.#look(Number(atMs))
    const rgb = new Uint8Array(luma.length * 3)
    luma.forEach((grey, at) => {
      rgb[at * 3] = rgb[at * 3 + 1] = rgb[at * 3 + 2] = grey
    })
    rgb.set(this.canary)
    return { width: WIDTH, height: HEIGHT, rgb }
  }

  /** A grey front garden, and a bright figure that walks through it. */
  #look(nowMs: number): Uint8Array {
    this.#noise ??= grainOf(this.#grain)
    const luma = this.#noise.slice()
    const visitor = this.#visitors.find(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)
    if (visitor === undefined) return luma
    const left = Math.floor(((nowMs - visitor.fromMs) / 120) % (WIDTH - 12))
    for (let y = 10; y < 32; y++) luma.fill(210, y * WIDTH + left, y * WIDTH + left + 10)
    return luma
  }
}

const grainOf = ([low, high]: readonly [number, number]): Uint8Array =>
  Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => 90 + ((low + at * 7 + (high ^ (at >> 3))) & 3))

/** Until the next of the spans begins, or the usual pause. */
function stillFor(spans: readonly Span[], nowMs: number, mostMs: number): number {
  const next = spans.reduce(
    (least, { fromMs }) => (fromMs > nowMs ? Math.min(least, fromMs) : least),
    Infinity,
  )
  return Math.min(mostMs, Math.max(1, next - nowMs))
}

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
