/** Units as they came over the network → access units as a run of the camera wants them. Pure. */
import { concatBytes } from '../../base/bytes.ts'
import { isFault } from '../../base/fault.ts'
import type { MonoMs } from '../../base/time.ts'
import {
  pictureShape,
  sampleEntry,
  setKind,
  type PictureShape,
  type RtpUnits,
  type SetKind,
} from '../../media/index.ts'
import type { Track, VideoCodec } from '../../ports/camera.ts'

const SETS_MAX = 16

export type AccessUnit = {
  /** Units with their lengths before them; without the parameter sets that stand in the sample entry, and without delimiters. */
  readonly data: Uint8Array
  readonly isKey: boolean
  readonly isAfterLoss: boolean
  /** Ticks; unwrapped. */
  readonly pts: number
  readonly arrivedAt: MonoMs
  /** The units belong to the picture before, which was sent in several goes under one time stamp. */
  readonly isContinued: boolean
}

export type Unpacked =
  | { readonly kind: 'unit'; readonly unit: AccessUnit }
  /** From here on the stream is another one. */
  | { readonly kind: 'changed'; readonly why: string }

/** Ten hours in one step are no pause but another clock. */
const JUMP_S_MAX = 10

export class AccessUnits {
  readonly codec: VideoCodec
  readonly #timescale: number
  readonly #sets: Record<SetKind, Map<string, Uint8Array>> = {
    vps: new Map(),
    sps: new Map(),
    pps: new Map(),
  }
  #fixed: ReadonlySet<string> | undefined
  #ticks: number | undefined
  #stamp = 0

  constructor(codec: VideoCodec, timescale: number, described: readonly Uint8Array[]) {
    this.codec = codec
    this.#timescale = timescale
    for (const set of described) this.#learn(set)
  }

  /** What is known of the stream by now; undefined while parameter sets are missing, or cannot be read. From then on they must not change. */
  fixTrack(): { readonly track: Track; readonly shape: PictureShape } | undefined {
    const sets = {
      vps: [...this.#sets.vps.values()],
      sps: [...this.#sets.sps.values()],
      pps: [...this.#sets.pps.values()],
    }
    const [sps] = sets.sps
    if (sps === undefined) return undefined
    try {
      const entry = sampleEntry(this.codec, sets)
      const shape = pictureShape(sps, this.codec)
      const { width, height } = shape
      this.#fixed = new Set([...sets.vps, ...sets.sps, ...sets.pps].map(keyOf))
      return {
        track: { codec: this.codec, timescale: this.#timescale, width, height, sampleEntry: entry },
        shape,
      }
    } catch (error) {
      if (isFault(error, 'corrupt')) return undefined // Better ones may come with the next key frame.
      throw error
    }
  }

  take({ units, timestamp, isAfterLoss, isDamaged }: RtpUnits, arrivedAt: MonoMs): Unpacked | undefined {
    const pts = this.#unwrap(timestamp)
    if (pts === undefined) return { kind: 'changed', why: 'its time stamps jumped' }
    const isContinued =
      pts === this.#ticks &&
      this.#ticks !== undefined &&
      !units.some((unit) => beginsPicture(unit, this.codec))
    this.#ticks = pts
    const kept: Uint8Array[] = []
    for (const unit of units) {
      const kind = setKind(unit, this.codec)
      if (kind === undefined && isWorthKeeping(unit, this.codec)) kept.push(unit)
      if (kind === undefined || this.#fixed?.has(keyOf(unit)) === true) continue
      if (this.#fixed !== undefined && kind !== 'pps')
        return { kind: 'changed', why: this.#whatChanged(unit, kind) }
      if (this.#fixed === undefined) this.#learn(unit)
      else kept.push(unit) // Another picture parameter set may come in the stream, as in every decoder's book.
    }
    if (!kept.some((unit) => isSlice(unit, this.codec))) return undefined
    const isKey = !isDamaged && isKeyPicture(units, this.codec)
    return {
      kind: 'unit',
      unit: { data: withLengths(kept), isKey, isAfterLoss, pts, arrivedAt, isContinued },
    }
  }

  #learn(set: Uint8Array): void {
    const kind = setKind(set, this.codec)
    if (kind === undefined) return
    const sets = this.#sets[kind]
    const id = idOf(set, kind, this.codec)
    if (sets.size < SETS_MAX || sets.has(id)) sets.set(id, set)
  }

  #whatChanged(unit: Uint8Array, kind: SetKind): string {
    if (kind === 'sps') {
      try {
        const { width, height } = pictureShape(unit, this.codec)
        return `it now sends ${width}×${height}`
      } catch (error) {
        if (!isFault(error, 'corrupt')) throw error
      }
    }
    return 'its parameter sets changed'
  }

  /** RTP time stamps have 32 bits (RFC 3550, 5.1). */
  #unwrap(timestamp: number): number | undefined {
    if (this.#ticks === undefined) {
      this.#stamp = timestamp
      return 0
    }
    const step = (timestamp - this.#stamp) | 0
    if (Math.abs(step) > JUMP_S_MAX * this.#timescale) return undefined
    this.#stamp = timestamp
    return this.#ticks + step
  }
}

const keyOf = (unit: Uint8Array): string => Buffer.from(unit).toString('latin1')

/** Sets with one number replace each other. Of SPS and VPS one is usual, so that the newest counts. */
function idOf(set: Uint8Array, kind: SetKind, codec: VideoCodec): string {
  if (kind !== 'pps') return kind
  const first = set[codec === 'h264' ? 1 : 2] ?? 0
  return String(Math.clz32(first) === 24 ? 0 : first >> 3) // ue(v): small numbers stand in the first byte.
}

function withLengths(units: readonly Uint8Array[]): Uint8Array {
  const chunks = units.flatMap((unit) => {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, unit.length)
    return [length, unit]
  })
  return concatBytes(chunks)
}

const typeOf = (unit: Uint8Array, codec: VideoCodec): number =>
  codec === 'h264' ? (unit[0] ?? 0) & 0x1f : ((unit[0] ?? 0) >> 1) & 0x3f

/** Delimiters, ends of sequences and filler say nothing in a container. */
const USELESS: Readonly<Record<VideoCodec, readonly number[]>> = {
  h264: [9, 10, 11, 12],
  hevc: [35, 36, 37, 38],
}
const isWorthKeeping = (unit: Uint8Array, codec: VideoCodec): boolean =>
  unit.length > (codec === 'h264' ? 1 : 2) && !USELESS[codec].includes(typeOf(unit, codec))

function isSlice(unit: Uint8Array, codec: VideoCodec): boolean {
  const type = typeOf(unit, codec)
  return codec === 'h264' ? type >= 1 && type <= 5 : type < 32
}

/** `first_mb_in_slice` is 0, or `first_slice_segment_in_pic_flag` is set. */
const beginsPicture = (unit: Uint8Array, codec: VideoCodec): boolean =>
  isSlice(unit, codec) && ((unit[codec === 'h264' ? 1 : 2] ?? 0) & 0x80) !== 0

/** A picture that decoding may begin with, of which the beginning is there. */
function isKeyPicture(units: readonly Uint8Array[], codec: VideoCodec): boolean {
  const first = units.find((unit) => isSlice(unit, codec))
  if (first === undefined || !beginsPicture(first, codec)) return false
  const type = typeOf(first, codec)
  if (codec === 'hevc') return type >= 16 && type <= 21
  return type === 5 || units.some(isRecoveryPoint)
}

/** An SEI message that says: from this picture on all is right (ITU-T H.264, D.1.8, `recovery_frame_cnt` 0). */
function isRecoveryPoint(unit: Uint8Array): boolean {
  return ((unit[0] ?? 0) & 0x1f) === 6 && unit[1] === 6 && ((unit[3] ?? 0) & 0x80) !== 0
}
