/** Opus in Ogg (RFC 3533 and 7845), one logical stream of one channel, to hand packets to a program and to take them from it. */
import { concatBytes, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { opusSamples } from './opus.ts'

const HEADER_BYTES = 27
const SEGMENT_BYTES = 255
/** RFC 3533, 6: what follows a packet's beginning, the first page, the last. */
const [CONTINUED, FIRST, LAST] = [1, 2, 4]
const SIGNATURE = utf8('OggS')
/** Of a packet; no header and no sound of ours is larger. */
const PACKET_BYTES_MAX = 64 * 1024
/** What a decoder throws away at the beginning (RFC 7845, 4.2): libopus looks ahead by 312 samples. */
const PRE_SKIP = 312
const STREAM_VERSION = 1

/** One stream, page by page: `head` first, then one page for each packet, so that nothing waits for the next. */
export class OpusOggWriter {
  readonly #serial: number
  #sequence = 0
  #position = 0n

  constructor(serial: number) {
    this.#serial = serial
  }

  /** The two pages with which a stream begins. */
  head(): Uint8Array {
    return concatBytes([this.#page(opusHead(), FIRST, 0n), this.#page(opusTags(), 0, 0n)])
  }

  /** Throws `Fault('invalid')` when it is no Opus packet. */
  packet(opus: Uint8Array): Uint8Array {
    const samples = opusSamples(opus)
    if (samples === undefined)
      throw new Fault('invalid', `wanted an Opus packet, got ${opus.length} bytes that are none`)
    this.#position += BigInt(samples)
    return this.#page(opus, 0, this.#position)
  }

  end(): Uint8Array {
    return this.#page(new Uint8Array(), LAST, this.#position)
  }

  #page(packet: Uint8Array, flags: number, position: bigint): Uint8Array {
    const lacing = lacingOf(packet.length)
    const page = new Uint8Array(HEADER_BYTES + lacing.length + packet.length)
    const view = new DataView(page.buffer)
    page.set(SIGNATURE)
    page[5] = flags
    view.setBigInt64(6, position, true)
    view.setUint32(14, this.#serial, true)
    view.setUint32(18, this.#sequence++, true)
    page[26] = lacing.length
    page.set(lacing, HEADER_BYTES)
    page.set(packet, HEADER_BYTES + lacing.length)
    view.setUint32(22, oggChecksum(page), true)
    return page
  }
}

/** A packet's length in segments; one that fills its last segment is ended by an empty one. */
function lacingOf(bytes: number): Uint8Array {
  const lacing = new Uint8Array(Math.floor(bytes / SEGMENT_BYTES) + 1).fill(SEGMENT_BYTES)
  lacing[lacing.length - 1] = bytes % SEGMENT_BYTES
  return lacing
}

/** RFC 7845, 5.1: version, channels, pre-skip, rate of the source, gain, mapping family. */
function opusHead(): Uint8Array {
  const head = new Uint8Array(19)
  const view = new DataView(head.buffer)
  head.set(utf8('OpusHead'))
  head.set([STREAM_VERSION, 1], 8)
  view.setUint16(10, PRE_SKIP, true)
  view.setUint32(12, 48_000, true)
  return head
}

/** RFC 7845, 5.2: a vendor, and no comments. */
function opusTags(): Uint8Array {
  const vendor = utf8('lintel')
  const tags = new Uint8Array(8 + 4 + vendor.length + 4)
  tags.set(utf8('OpusTags'))
  new DataView(tags.buffer).setUint32(8, vendor.length, true)
  tags.set(vendor, 12)
  return tags
}

/** Takes bytes as they come and gives the Opus packets that are whole. Throws `Fault('corrupt')`: then nothing more can be told of it. */
export class OpusOggReader {
  #rest: Uint8Array = new Uint8Array()
  #packet: Uint8Array[] = []
  #headers = 0
  #sequence = 0
  #serial: number | undefined

  push(bytes: Uint8Array): readonly Uint8Array[] {
    this.#rest = concatBytes([this.#rest, bytes]) // A copy: a Buffer's parts would share its memory.
    const found: Uint8Array[] = []
    for (let page = pageIn(this.#rest); page !== undefined; page = pageIn(this.#rest)) {
      this.#checkOrder(page)
      this.#take(page, found)
      this.#rest = this.#rest.subarray(page.bytes)
    }
    this.#rest = this.#rest.slice() // What was read is not held by what is left.
    return found
  }

  #checkOrder({ serial, sequence, flags }: Page): void {
    this.#serial ??= serial
    if (serial !== this.#serial)
      throw corrupt(`wanted pages of the stream ${this.#serial}, got one of ${serial}`)
    if (sequence !== this.#sequence) throw corrupt(`wanted page ${this.#sequence}, got ${sequence}`)
    this.#sequence++
    const isContinued = (flags & CONTINUED) !== 0
    if (isContinued !== this.#packet.length > 0)
      throw corrupt(
        isContinued
          ? 'wanted a new packet, got the rest of another'
          : 'wanted the rest of a packet, got a new one',
      )
  }

  #take({ lacing, body }: Page, found: Uint8Array[]): void {
    let at = 0
    for (const length of lacing) {
      this.#packet.push(body.slice(at, at + length))
      at += length
      if (length === SEGMENT_BYTES) continue
      const packet = concatBytes(this.#packet)
      this.#packet = []
      if (this.#headers < 2) checkHeader(packet, this.#headers++)
      else if (packet.length > 0) found.push(packet)
    }
    if (this.#packet.length * SEGMENT_BYTES > PACKET_BYTES_MAX)
      throw corrupt(`wanted packets of at most ${PACKET_BYTES_MAX} bytes, got a larger one`)
  }
}

function checkHeader(packet: Uint8Array, nth: number): void {
  const wanted = nth === 0 ? 'OpusHead' : 'OpusTags'
  const got = Buffer.from(packet.subarray(0, wanted.length)).toString('latin1')
  if (got !== wanted) throw corrupt(`wanted ${wanted}, got ${JSON.stringify(got)}`)
  // RFC 7845, 5.1: the upper half of the version says what cannot be read any more; the channels follow it.
  if (nth === 0 && ((packet[8] ?? 255) >> 4 !== 0 || packet[9] !== 1))
    throw corrupt(`wanted version 1 with one channel, got version ${packet[8]} with ${packet[9]}`)
}

type Page = {
  readonly flags: number
  readonly serial: number
  readonly sequence: number
  readonly lacing: Uint8Array
  readonly body: Uint8Array
  /** Of the whole page. */
  readonly bytes: number
}

/** The page that these bytes begin with, once it is whole. */
function pageIn(bytes: Uint8Array): Page | undefined {
  const begins = bytes.subarray(0, SIGNATURE.length)
  if (begins.some((byte, index) => byte !== SIGNATURE[index]))
    throw corrupt(`wanted OggS, got ${JSON.stringify(Buffer.from(begins).toString('latin1'))}`)
  if (bytes.length < HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const segments = view.getUint8(26)
  const bodyAt = HEADER_BYTES + segments
  if (bytes.length < bodyAt) return undefined
  const lacing = bytes.subarray(HEADER_BYTES, bodyAt)
  const end = bodyAt + lacing.reduce((sum, length) => sum + length, 0)
  if (bytes.length < end) return undefined
  if (bytes[4] !== 0) throw corrupt(`wanted version 0 of a page, got ${bytes[4]}`)
  const sum = view.getUint32(22, true)
  const whole = bytes.slice(0, end)
  whole.fill(0, 22, 26) // RFC 3533, 6: the sum is made while its own place is empty.
  const expected = oggChecksum(whole)
  if (sum !== expected) throw corrupt(`a page: wanted the checksum ${expected}, got ${sum}`)
  return {
    flags: view.getUint8(5),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    lacing,
    body: bytes.subarray(bodyAt, end),
    bytes: end,
  }
}

const corrupt = (what: string): Fault => new Fault('corrupt', `Ogg: ${what}`)

/** CRC-32 with the polynomial 0x04c11db7, neither reflected nor inverted (RFC 3533, 6). */
export function oggChecksum(bytes: Uint8Array): number {
  let sum = 0
  for (const byte of bytes) sum = ((sum << 8) ^ (SUMS[(sum >>> 24) ^ byte] ?? 0)) >>> 0
  return sum
}

const SUMS: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24
  for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1
  return sum >>> 0
})
