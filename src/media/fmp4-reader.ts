/**
 * Reads fragmented MP4 as it comes out of a pipe: bytes in, one `init`, then samples.
 *
 * Holds at most one top-level box, which may have at most `BOX_BYTES_MAX`; believes no size it has not checked.
 * Knows what ffmpeg's muxer writes: one track, `default-base-moof`, `mdat` right behind its `moof`, and a `tfdt` that
 * may be negative (ffmpeg writes decoding times before 0 as they are).
 */
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
/** Size, type, and the long size where there is one. */
const HEAD_BYTES_MAX = 16
/** Of one run whose samples need no bytes of their own in the table. */
const SAMPLES_MAX = 65_536

type Row = {
  readonly dts: number
  readonly pts: number
  readonly duration: number
  readonly isKey: boolean
  readonly bytes: number
}

/** A box of which only the beginning has come. `bytes` has its whole size, or 16 while that is not known. */
type Begun = { readonly bytes: Uint8Array; readonly head: BoxHead | undefined; held: number }

export class Fmp4Reader {
  #begun: Begun | undefined
  #rows: readonly Row[] = []

  /** What became complete with this chunk. Throws `Fault('corrupt')` on bytes that are no fragmented MP4. */
  push(chunk: Uint8Array): readonly FragmentOutput[] {
    const out: FragmentOutput[] = []
    for (let at = 0; at < chunk.length;)
      at +=
        this.#begun === undefined ? this.#takeNext(chunk, at, out) : this.#addTo(this.#begun, chunk, at, out)
    return out
  }

  /** Throws `Fault('corrupt')` when the stream ends inside a box, or before the samples that were announced. */
  end(): void {
    if (this.#begun !== undefined)
      throw new Fault(
        'corrupt',
        `fragmented MP4: ended inside a box, ${this.#begun.held} bytes of ${this.#begun.head?.bytes ?? 'its head'} came`,
      )
    if (this.#rows.length > 0)
      throw new Fault(
        'corrupt',
        `fragmented MP4: ended before the ${this.#rows.length} samples of its last moof`,
      )
  }

  /** Takes the box that begins here, or what there is of it. Returns how many bytes that was. */
  #takeNext(chunk: Uint8Array, at: number, out: FragmentOutput[]): number {
    const head = boxHeadAt(chunk, at)
    const bytes = head === undefined ? undefined : checkedBytes(head)
    const left = chunk.length - at
    if (head !== undefined && bytes !== undefined && bytes <= left) {
      this.#takeBox(head, chunk.subarray(at, at + bytes), 'borrowed', out)
      return bytes
    }
    this.#begun = { bytes: new Uint8Array(bytes ?? HEAD_BYTES_MAX), head, held: left }
    this.#begun.bytes.set(chunk.subarray(at))
    return left
  }

  /** Every byte is copied once, to where it stays. */
  #addTo(begun: Begun, chunk: Uint8Array, at: number, out: FragmentOutput[]): number {
    const wanted = begun.head?.bytes ?? (begun.held < 8 ? 8 : HEAD_BYTES_MAX)
    const taken = Math.min(wanted - begun.held, chunk.length - at)
    begun.bytes.set(chunk.subarray(at, at + taken), begun.held)
    begun.held += taken
    if (begun.held < wanted) return taken
    const head = begun.head ?? boxHeadAt(begun.bytes.subarray(0, begun.held), 0)
    if (head === undefined) return taken // It has one of the long sizes.
    const bytes = checkedBytes(head)
    if (begun.held === bytes) {
      this.#begun = undefined
      this.#takeBox(head, begun.bytes.subarray(0, bytes), 'owned', out)
    } else {
      this.#begun = { bytes: new Uint8Array(bytes), head, held: begun.held }
      this.#begun.bytes.set(begun.bytes.subarray(0, begun.held))
    }
    return taken
  }

  #takeBox(head: BoxHead, whole: Uint8Array, memory: Memory, out: FragmentOutput[]): void {
    if (head.type !== 'moov' && head.type !== 'moof' && head.type !== 'mdat') return
    const found = new BoxBody(head.type, whole.subarray(head.headerBytes))
    if (head.type === 'moov') out.push({ kind: 'init', ...initOf(found) })
    else if (head.type === 'moof') this.#rows = rowsOf(found)
    else this.#takeSamples(found.content, memory, out)
  }

  #takeSamples(content: Uint8Array, memory: Memory, out: FragmentOutput[]): void {
    let at = 0
    for (const { bytes, dts, pts, duration, isKey } of this.#rows) {
      const end = at + bytes
      if (end > content.length)
        throw new Fault('corrupt', `fragmented MP4: samples of ${end} bytes in an mdat of ${content.length}`)
      const data = content.subarray(at, end)
      // A copy, so that one small sample does not keep a whole chunk of the pipe in memory. (`slice` of a Buffer is none.)
      const isAlone = memory === 'owned' && this.#rows.length === 1
      out.push({ kind: 'sample', data: isAlone ? data : new Uint8Array(data), dts, pts, duration, isKey })
      at = end
    }
    this.#rows = []
  }
}

/** Whether the bytes of a box are part of somebody's chunk, or of nothing else. */
type Memory = 'borrowed' | 'owned'

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
