/** RTP packets (RFC 3550) in, access units out: H.264 (RFC 6184, all but interleaved mode) and HEVC (RFC 7798, without DON). Pure bytes. */
import type { NalCodec } from './nal.ts'
import { concatBytes } from '../base/bytes.ts'

/** A key picture of 8K at the best quality is smaller. */
export const UNIT_BYTES_MAX = 8 * 1024 * 1024
const UNITS_MAX = 1024

export type RtpPacket = {
  readonly payloadType: number
  readonly sequence: number
  readonly timestamp: number
  /** The last packet of a picture. */
  readonly marker: boolean
  readonly payload: Uint8Array
}

/** Undefined for what is no RTP. */
export function parseRtp(bytes: Uint8Array): RtpPacket | undefined {
  if (bytes.length < 12 || (bytes[0] ?? 0) >> 6 !== 2) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const first = view.getUint8(0)
  let from = 12 + (first & 0x0f) * 4
  if ((first & 0x10) !== 0) {
    if (from + 4 > bytes.length) return undefined
    from += 4 + view.getUint16(from + 2) * 4
  }
  const padding = (first & 0x20) === 0 ? 0 : (bytes.at(-1) ?? 0)
  if (from + padding > bytes.length) return undefined
  return {
    payloadType: view.getUint8(1) & 0x7f,
    marker: (view.getUint8(1) & 0x80) !== 0,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    payload: bytes.subarray(from, bytes.length - padding),
  }
}

/** What was sent under one time stamp. `units` are copies, without lengths. */
export type RtpUnits = {
  readonly units: readonly Uint8Array[]
  /** 32 bits: wraps. */
  readonly timestamp: number
  /** Something before it, or of it, did not arrive. */
  readonly isAfterLoss: boolean
  /** Something of it did not arrive. */
  readonly isDamaged: boolean
}

/** Puts pictures together again. Holds at most one, of at most 8 MiB; what is larger counts as lost. */
export class RtpDepacketiser {
  readonly #codec: NalCodec
  #next: number | undefined
  #timestamp = 0
  #units: Uint8Array[] = []
  #pieces: Uint8Array[] = []
  #bytes = 0
  #isAfterLoss = false
  #isDamaged = false
  #hasPicture = false

  constructor(codec: NalCodec) {
    this.#codec = codec
  }

  push({ sequence, timestamp, marker, payload }: RtpPacket): readonly RtpUnits[] {
    const whole: RtpUnits[] = []
    if (this.#units.length > 0 && timestamp !== this.#timestamp) this.#timeMovesOn(whole)
    if (this.#next !== undefined && sequence !== this.#next) this.#missPackets()
    this.#next = (sequence + 1) & 0xffff
    this.#timestamp = timestamp
    this.#take(payload)
    if (marker && this.#hasPicture) whole.push(this.#flush())
    return whole
  }

  /** Cameras that set no marker, and parameter sets under a time stamp of their own, which belong to what follows. */
  #timeMovesOn(whole: RtpUnits[]): void {
    if (this.#pieces.length > 0) this.#lose()
    if (this.#hasPicture) whole.push(this.#flush())
  }

  #flush(): RtpUnits {
    const done = {
      ...{ units: this.#units, timestamp: this.#timestamp },
      ...{ isAfterLoss: this.#isAfterLoss, isDamaged: this.#isDamaged },
    }
    this.#units = []
    this.#pieces = []
    this.#bytes = 0
    this.#isAfterLoss = false
    this.#isDamaged = false
    this.#hasPicture = false
    return done
  }

  /** Between two pictures that is no harm to the one that begins, if its beginning is there: whoever takes it can tell. */
  #missPackets(): void {
    if (this.#units.length > 0 || this.#pieces.length > 0) this.#lose()
    this.#isAfterLoss = true
  }

  #lose(): void {
    this.#isAfterLoss = true
    this.#isDamaged = true
    this.#pieces = []
  }

  /** Of a picture that is too large nothing is kept. */
  #giveUp(): void {
    this.#flush()
    this.#lose()
  }

  #take(payload: Uint8Array): void {
    const form = RECEIVED[this.#codec]
    const type = form.typeOf(payload)
    if (payload.length <= form.headBytes) return
    if (type === form.together) this.#takeTogether(payload, form)
    else if (type === form.piece) this.#takePiece(payload, form)
    else if (form.isUnit(type)) this.#add(payload)
    else this.#lose() // Interleaved mode, or nothing that the standard knows.
  }

  #takeTogether(payload: Uint8Array, form: Received): void {
    let at = form.headBytes
    while (at + 2 <= payload.length) {
      const bytes = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0)
      at += 2
      if (bytes === 0 || at + bytes > payload.length) return this.#lose()
      this.#add(payload.subarray(at, at + bytes))
      at += bytes
    }
  }

  #takePiece(payload: Uint8Array, form: Received): void {
    const flags = payload[form.headBytes] ?? 0
    const content = payload.subarray(form.headBytes + 1)
    if ((flags & 0x80) !== 0) {
      if (this.#pieces.length > 0) this.#lose() // The one before has no end.
      this.#pieces = [form.headOf(payload, flags)]
    } else if (this.#pieces.length === 0) return this.#lose() // Its beginning did not come.
    this.#bytes += content.length
    if (this.#isTooMuch()) return this.#giveUp()
    this.#pieces.push(new Uint8Array(content))
    if ((flags & 0x40) === 0) return
    const unit = concatBytes(this.#pieces)
    this.#pieces = []
    this.#keep(unit)
  }

  #add(unit: Uint8Array): void {
    if (this.#pieces.length > 0) this.#lose()
    this.#bytes += unit.length
    if (this.#isTooMuch()) return this.#giveUp()
    this.#keep(new Uint8Array(unit))
  }

  #keep(unit: Uint8Array): void {
    this.#units.push(unit)
    this.#hasPicture ||= RECEIVED[this.#codec].isSlice(RECEIVED[this.#codec].typeOf(unit))
  }

  #isTooMuch(): boolean {
    return this.#bytes > UNIT_BYTES_MAX || this.#units.length >= UNITS_MAX || this.#pieces.length >= 65_536
  }
}

type Received = {
  readonly headBytes: number
  /** STAP-A, AP. */
  readonly together: number
  /** FU-A, FU. */
  readonly piece: number
  readonly typeOf: (bytes: Uint8Array) => number
  readonly isUnit: (type: number) => boolean
  readonly isSlice: (type: number) => boolean
  /** The head of a unit whose pieces begin here. */
  readonly headOf: (payload: Uint8Array, flags: number) => Uint8Array
}

const RECEIVED: Readonly<Record<NalCodec, Received>> = {
  h264: {
    headBytes: 1,
    together: 24,
    piece: 28,
    typeOf: (bytes) => (bytes[0] ?? 0) & 0x1f,
    isUnit: (type) => type >= 1 && type <= 23,
    isSlice: (type) => type >= 1 && type <= 5,
    headOf: (payload, flags) => Uint8Array.of(((payload[0] ?? 0) & 0xe0) | (flags & 0x1f)),
  },
  hevc: {
    headBytes: 2,
    together: 48,
    piece: 49,
    typeOf: (bytes) => ((bytes[0] ?? 0) >> 1) & 0x3f,
    isUnit: (type) => type < 48,
    isSlice: (type) => type < 32,
    headOf: (payload, flags) =>
      Uint8Array.of(((payload[0] ?? 0) & 0x81) | ((flags & 0x3f) << 1), payload[1] ?? 1),
  },
}
