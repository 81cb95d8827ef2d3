import { Fault } from '../../src/base/fault.ts'
import { ticks } from '../../src/base/time.ts'
import {
  openLumaFrames,
  openPackets,
  type Sample,
  type SampleSource,
} from '../../src/drivers/ffmpeg/index.ts'
import type { LumaFrame, Packet, Track } from '../../src/ports/camera.ts'
import type { Stills } from '../../src/ports/stills.ts'
import { codecOf, type ReplayVideo } from '../../src/drivers/ffmpeg/index.ts'
import type { Show, Showing } from './stage-camera.ts'

/** A short video, read into memory once: a story is played several times. */
export type Film = {
  readonly name: string
  readonly track: Track
  readonly packets: readonly Sample[]
  readonly frames: {
    readonly samples: readonly Sample[]
    readonly width: number
    readonly height: number
    readonly timescale: number
  }
}

const FILM_S_MAX = 600
const FRAMES_PER_S = 5
const FRAME_WIDTH_MAX = 320
/** After its end the film stands still: its last key picture comes again and again. */
const STILL_MS = 10_000
const CANARY_BYTES = 16
/** A picture is there a little later than its packet, so that the order of the two is never left to chance. */
const DECODING_MS = 0.001

/** Throws `Fault('invalid')` for a film that is too long to be held. */
export async function loadFilm({ name, facts }: ReplayVideo): Promise<Film> {
  if (facts.durationS > FILM_S_MAX)
    throw new Fault(
      'invalid',
      `${name}: wanted a video of at most ${FILM_S_MAX} s in a story, got ${facts.durationS.toFixed(0)} s`,
    )
  const codec = codecOf(facts)
  await using packets = await openPackets(facts, { name })
  await using pictures = await openLumaFrames(facts, {
    name,
    framesPerS: FRAMES_PER_S,
    widthMax: FRAME_WIDTH_MAX,
    referenceOnly: false,
    skipLoopFilter: false,
  })
  const { width, height, timescale } = pictures.init
  return {
    name,
    track: { codec, ...packets.init },
    packets: await allOf(packets),
    frames: { samples: await allOf(pictures), width, height, timescale },
  }
}

async function allOf(source: SampleSource): Promise<readonly Sample[]> {
  const all: Sample[] = []
  for (let some = await source.read(); some.length > 0; some = await source.read()) all.push(...some)
  return all
}

/** Shows what the film shows at that time of the world, from the next key picture on. */
export class FilmShow implements Show {
  readonly tracks: readonly Track[]
  readonly canary: Uint8Array
  readonly durationMs: number
  readonly stills: Stills
  readonly #film: Film

  constructor(film: Film, stills: Stills) {
    this.#film = film
    this.tracks = [film.track]
    this.stills = stills
    const last = film.packets.at(-1)
    this.durationMs = last === undefined ? 0 : this.#msOf(last.dts + last.duration)
    // From the middle of a packet: what stands at its beginning stands in every film.
    const data = film.packets.find(({ isKey }) => isKey)?.data ?? new Uint8Array(CANARY_BYTES)
    this.canary = data.slice(data.length >> 1, (data.length >> 1) + CANARY_BYTES)
  }

  visitor(): void {
    throw new Fault('invalid', `visitor: ${this.#film.name} shows what it shows; wanted camera: drawn`)
  }

  lively(): void {}

  async *packets(showing: Showing): AsyncGenerator<Packet, void> {
    const { packets } = this.#film
    let isDecodable = false
    for (const sample of packets) {
      const dueMs = this.#msOf(sample.dts)
      if (dueMs < showing.now() - 1 || (!isDecodable && !sample.isKey)) {
        isDecodable = false
        continue
      }
      isDecodable = true
      if (dueMs > showing.now()) await showing.sleep(dueMs - showing.now())
      await showing.untilMoving()
      yield this.#packet(sample, showing)
    }
    yield* this.#still(showing)
  }

  async *frames(showing: Showing): AsyncGenerator<LumaFrame, void> {
    const { samples, width, height, timescale } = this.#film.frames
    for (const sample of samples) {
      const atMs = (sample.pts / timescale) * 1000
      if (atMs < showing.now() - 1) continue
      await showing.sleep(atMs + DECODING_MS - showing.now())
      await showing.untilMoving()
      yield { width, height, luma: sample.data, at: showing.client.toMono(atMs) }
    }
  }

  async *#still(showing: Showing): AsyncGenerator<Packet, void> {
    const key = this.#film.packets.findLast(({ isKey }) => isKey)
    if (key === undefined) return
    for (;;) {
      await showing.sleep(STILL_MS)
      await showing.untilMoving()
      const at = ticks(Math.round((showing.now() / 1000) * this.#film.track.timescale))
      const duration = ticks(Math.round((STILL_MS / 1000) * this.#film.track.timescale))
      yield { ...key, pts: at, dts: at, duration, at: showing.client.toMono(showing.now()) }
    }
  }

  #packet(sample: Sample, showing: Showing): Packet {
    const pace = 1 + showing.ppm() / 1e6
    return {
      ...sample,
      pts: ticks(Math.round(sample.pts * pace)),
      dts: ticks(Math.round(sample.dts * pace)),
      at: showing.client.toMono(this.#msOf(sample.pts)),
    }
  }

  #msOf(atTicks: number): number {
    return (atTicks / this.#film.track.timescale) * 1000
  }
}
