import { assert } from '../base/assert.ts'
import { codecName, fragment, initSegment, parameterSets, rtpPayloads } from '../media/index.ts'
import type { Packet, Track } from '../ports/camera.ts'

const RTP_HZ = 90_000

/** What a page hears before the first picture of a run (`web/api.ts`). */
export type LiveHello = {
  readonly type: 'run'
  readonly mime: string
  readonly width: number
  readonly height: number
}

/**
 * One run of the camera, as those who watch it get it. Whatever is made of a packet is made once, however many watch; it is
 * forgotten together with the packet.
 */
export class LiveRun {
  readonly track: Track
  readonly #first: Packet
  readonly #parameterSets: readonly Uint8Array[]
  readonly #fragments = new WeakMap<Packet, Uint8Array>()
  readonly #payloads = new WeakMap<Packet, readonly Uint8Array[]>()
  #sequence = 0

  /** `first`: the first packet of the run; all others are decoded later. */
  constructor(track: Track, first: Packet) {
    this.track = track
    this.#first = first
    this.#parameterSets = parameterSets(track.sampleEntry)
  }

  get hello(): LiveHello {
    const { width, height, sampleEntry, codec } = this.track
    const name = codecName(sampleEntry) ?? (codec === 'h264' ? 'avc1' : 'hvc1')
    return { type: 'run', mime: `video/mp4; codecs="${name}"`, width, height }
  }

  get init(): Uint8Array {
    return initSegment(this.track, { presentationOffset: this.#first.pts - this.#first.dts })
  }

  /** One picture as `moof`+`mdat`, on the time line of the run. */
  fragmentOf(packet: Packet): Uint8Array {
    return remembered(this.#fragments, packet, () => {
      const { data, pts, dts, duration, isKey } = packet
      assert(dts >= this.#first.dts, 'no packet of a run is decoded before its first')
      const sample = { data, duration, compositionOffset: pts - dts, isKey }
      return fragment({ sequence: ++this.#sequence, baseDts: dts - this.#first.dts, samples: [sample] })
    })
  }

  /** One picture as RTP payloads. */
  payloadsOf(packet: Packet): readonly Uint8Array[] {
    const { codec } = this.track
    return remembered(this.#payloads, packet, () =>
      rtpPayloads({ ...packet, codec, parameterSets: this.#parameterSets }),
    )
  }

  /** When it is shown, in ticks of 90 kHz on the monotonic clock: goes on over several runs. Whole, without end. */
  stampOf({ pts }: Packet): number {
    const { timescale } = this.track
    return Math.round((this.#first.at * RTP_HZ) / 1000 + ((pts - this.#first.pts) * RTP_HZ) / timescale)
  }
}

function remembered<T>(made: WeakMap<Packet, T>, packet: Packet, make: () => T): T {
  const before = made.get(packet)
  if (before !== undefined) return before
  const now = make()
  made.set(packet, now)
  return now
}
