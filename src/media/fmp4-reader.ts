/**
 * Reads fragmented MP4 as it comes out of a pipe: bytes in, one `init`, then samples.
 *
 * Holds at most one top-level box, which may have at most `BOX_BYTES_MAX`; believes no size it has not checked.
 * Knows what ffmpeg's muxer writes: one track, `default-base-moof`, `mdat` right behind its `moof`, and a `tfdt` that
 * may be negative (ffmpeg writes decoding times before 0 as they are).
 */
import { concatBytes } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { BoxBody, boxHeadAt, type BoxHead } from './box-body.ts'

export type FragmentInit = {
  readonly timescale: number
  readonly width: number
  readonly height: number
  /** The first sample entry, byte for byte. */
  readonly sampleEntry: Uint8Array
}

export type FragmentOutput =
  | ({ readonly kind: 'init' } & FragmentInit)
  | {
      readonly kind: 'sample'
      readonly data: Uint8Array
      readonly dts: number
      readonly pts: number
      readonly duration: number
      readonly isKey: boolean
    }

export const BOX_BYTES_MAX = 64 * 1024 * 1024
/** Of one run whose samples need no bytes of their own in the table. */
const SAMPLES_MAX = 65_536

type Row = {
  readonly dts: number
  readonly pts: number
  readonly duration: number
  readonly isKey: boolean
  readonly bytes: number
}

export class Fmp4Reader {
  #chunks: Uint8Array[] = []
  #held = 0
  #need = 8
  #rows: readonly Row[] = []

  /** What became complete with this chunk. Throws `Fault('corrupt')` on bytes that are no fragmented MP4. */
  push(chunk: Uint8Array): readonly FragmentOutput[] {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    // Joined only when a box is complete, so that no byte is copied again and again.
    if (this.#held < this.#need) return []
    const whole = this.#join()
    const out: FragmentOutput[] = []
    let at = 0
    for (;;) {
      const head = boxHeadAt(whole, at)
      this.#need = head === undefined ? needForHead(whole, at) : checkedBytes(head)
      if (head === undefined || whole.length - at < this.#need) break
      this.#takeBox(new BoxBody(head.type, whole.subarray(at + head.headerBytes, at + head.bytes)), out)
      at += head.bytes
    }
    this.#chunks = at === whole.length ? [] : [whole.subarray(at)]
    this.#held = whole.length - at
    return out
  }

  /** Throws `Fault('corrupt')` when the stream ends inside a box, or before the samples that were announced. */
  end(): void {
    if (this.#held > 0)
      throw new Fault(
        'corrupt',
        `fragmented MP4: ended inside a box, ${this.#held} bytes of ${this.#need} came`,
      )
    if (this.#rows.length > 0)
      throw new Fault(
        'corrupt',
        `fragmented MP4: ended before the ${this.#rows.length} samples of its last moof`,
      )
  }

  #join(): Uint8Array {
    const [only] = this.#chunks
    return this.#chunks.length === 1 && only !== undefined ? only : concatBytes(this.#chunks)
  }

  #takeBox(found: BoxBody, out: FragmentOutput[]): void {
    if (found.type === 'moov') out.push({ kind: 'init', ...initOf(found) })
    else if (found.type === 'moof') this.#rows = rowsOf(found)
    else if (found.type === 'mdat') this.#takeSamples(found.content, out)
  }

  #takeSamples(content: Uint8Array, out: FragmentOutput[]): void {
    let at = 0
    for (const { bytes, dts, pts, duration, isKey } of this.#rows) {
      const end = at + bytes
      if (end > content.length)
        throw new Fault('corrupt', `fragmented MP4: samples of ${end} bytes in an mdat of ${content.length}`)
      // A copy, so that one small sample does not keep a whole chunk of the pipe in memory. (`slice` of a Buffer is none.)
      const data = new Uint8Array(content.subarray(at, end))
      out.push({ kind: 'sample', data, dts, pts, duration, isKey })
      at = end
    }
    this.#rows = []
  }
}

/** How many bytes it takes to know the size of the next box: 16 where the short size says that a long one follows. */
const needForHead = (bytes: Uint8Array, at: number): number => (bytes.length - at < 8 ? 8 : 16)

function checkedBytes({ type, headerBytes, bytes }: BoxHead): number {
  if (bytes >= headerBytes && bytes <= BOX_BYTES_MAX) return bytes
  throw new Fault(
    'corrupt',
    `fragmented MP4: box “${type}”: wanted ${headerBytes} … ${BOX_BYTES_MAX} bytes, got ${bytes}`,
  )
}

function initOf(moov: BoxBody): FragmentInit {
  const mdia = moov.child('trak', 'mdia')
  const mdhd = mdia.child('mdhd')
  const timescale = mdhd.u32(mdhd.u8(0) === 1 ? 20 : 12)
  if (timescale === 0) throw new Fault('corrupt', 'fragmented MP4: wanted a time scale, got 0')
  const stsd = mdia.child('minf', 'stbl', 'stsd')
  stsd.u32(4) // There are as many bytes before the entries.
  const [entry] = stsd.children(8)
  if (entry === undefined) throw new Fault('corrupt', 'fragmented MP4: wanted a sample entry, got none')
  const end = entry.content.byteOffset - stsd.content.byteOffset + entry.content.length
  return {
    timescale,
    width: entry.u16(24),
    height: entry.u16(26),
    sampleEntry: new Uint8Array(stsd.content.subarray(8, end)),
  }
}

type Defaults = { readonly duration: number; readonly bytes: number; readonly flags: number }

function rowsOf(moof: BoxBody): readonly Row[] {
  const traf = moof.child('traf')
  const defaults = defaultsOf(traf.child('tfhd'))
  const tfdt = traf.child('tfdt')
  let dts = tfdt.u8(0) === 1 ? tfdt.i64(4) : tfdt.u32(4)
  const rows: Row[] = []
  for (const trun of traf.children()) if (trun.type === 'trun') dts = addRowsOfRun(trun, defaults, dts, rows)
  return rows
}

/** ISO/IEC 14496-12, 8.8.7. */
function defaultsOf(tfhd: BoxBody): Defaults {
  const flags = tfhd.u32(0) & 0xffffff
  let at = 8 + ((flags & 0x1) === 0 ? 0 : 8) + ((flags & 0x2) === 0 ? 0 : 4)
  const optional = (bit: number): number => ((flags & bit) === 0 ? 0 : tfhd.u32((at += 4) - 4))
  return { duration: optional(0x8), bytes: optional(0x10), flags: optional(0x20) }
}

/** ISO/IEC 14496-12, 8.8.8. Returns the decoding time of what follows the run. */
function addRowsOfRun(trun: BoxBody, defaults: Defaults, firstDts: number, rows: Row[]): number {
  const flags = trun.u32(0) & 0xffffff
  const count = trun.u32(4)
  let at = 8 + ((flags & 0x1) === 0 ? 0 : 4)
  const firstFlags = (flags & 0x4) === 0 ? defaults.flags : trun.u32((at += 4) - 4)
  checkCount(trun, flags, count, at)
  const next = (bit: number, otherwise: number): number =>
    (flags & bit) === 0 ? otherwise : trun.u32((at += 4) - 4)
  let dts = firstDts
  for (let i = 0; i < count; i++) {
    const duration = next(0x100, defaults.duration)
    const bytes = next(0x200, defaults.bytes)
    const sampleFlags = next(0x400, i === 0 ? firstFlags : defaults.flags)
    const offset = next(0x800, 0) | 0 // Version 0 says unsigned, but no picture waits 2^31 ticks.
    rows.push({ dts, pts: dts + offset, duration, isKey: (sampleFlags & 0x10000) === 0, bytes })
    dts += duration
  }
  return dts
}

function checkCount(trun: BoxBody, flags: number, count: number, at: number): void {
  const fields = [0x100, 0x200, 0x400, 0x800].filter((bit) => (flags & bit) !== 0).length
  const most = fields === 0 ? SAMPLES_MAX : (trun.content.length - at) / (fields * 4)
  if (count <= most) return
  throw new Fault(
    'corrupt',
    `fragmented MP4: box “trun”: ${count} samples, room for ${Math.max(0, Math.floor(most))}`,
  )
}
