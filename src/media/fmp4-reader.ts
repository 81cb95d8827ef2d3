/**
 * Reads fragmented MP4 as it comes out of a pipe: bytes in, one `init`, then samples.
 *
 * Holds at most one top-level box, which may have at most `BOX_BYTES_MAX`; believes no size it has not checked.
 * Knows what ffmpeg's muxer writes: one track, `default-base-moof`, `mdat` right behind its `moof`.
 */
import { Fault } from '../base/fault.ts'

export type FragmentInit = {
  readonly timescale: number
  readonly width: number
  readonly height: number
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
    if (this.#held < this.#need) return []
    const whole = this.#join()
    const out: FragmentOutput[] = []
    let at = 0
    for (;;) {
      const size = sizeOfBox(whole, at)
      if (size === undefined || whole.length - at < size.bytes) {
        this.#need = size?.bytes ?? 8
        break
      }
      this.#takeBox(whole.subarray(at + size.header, at + size.bytes), typeAt(whole, at + 4), out)
      at += size.bytes
    }
    this.#chunks = at === whole.length ? [] : [whole.subarray(at)]
    this.#held = whole.length - at
    return out
  }

  /** Throws `Fault('corrupt')` when the stream ends inside a box. */
  end(): void {
    if (this.#held > 0)
      throw new Fault(
        'corrupt',
        `fragmented MP4: ended inside a box, ${this.#held} bytes of ${this.#need} came`,
      )
  }

  #join(): Uint8Array {
    const [only] = this.#chunks
    if (this.#chunks.length === 1 && only !== undefined) return only
    return Buffer.concat(this.#chunks, this.#held)
  }

  #takeBox(body: Uint8Array, type: string, out: FragmentOutput[]): void {
    if (type === 'moov') out.push({ kind: 'init', ...initOf(body) })
    else if (type === 'moof') this.#rows = rowsOf(body)
    else if (type === 'mdat') this.#takeSamples(body, out)
  }

  #takeSamples(body: Uint8Array, out: FragmentOutput[]): void {
    let at = 0
    for (const { bytes, ...times } of this.#rows) {
      if (at + bytes > body.length)
        throw new Fault(
          'corrupt',
          `fragmented MP4: samples of ${at + bytes} bytes in an mdat of ${body.length}`,
        )
      // A copy, so that one small sample does not keep a whole chunk of the pipe in memory.
      out.push({ kind: 'sample', data: body.slice(at, at + bytes), ...times })
      at += bytes
    }
    this.#rows = []
  }
}

function sizeOfBox(
  bytes: Uint8Array,
  at: number,
): { readonly bytes: number; readonly header: number } | undefined {
  if (bytes.length - at < 8) return undefined
  const view = viewOf(bytes)
  const short = view.getUint32(at)
  if (short !== 1) return checkedSize(short, 8, typeAt(bytes, at + 4))
  if (bytes.length - at < 16) return undefined
  return checkedSize(view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12), 16, typeAt(bytes, at + 4))
}

function checkedSize(
  bytes: number,
  header: number,
  type: string,
): { readonly bytes: number; readonly header: number } {
  if (bytes >= header && bytes <= BOX_BYTES_MAX) return { bytes, header }
  throw new Fault(
    'corrupt',
    `fragmented MP4: box “${type}”: wanted ${header} … ${BOX_BYTES_MAX} bytes, got ${bytes}`,
  )
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const typeAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

/** The content of the first box with this type; a `Fault('corrupt')` where there is none. */
function inside(body: Uint8Array, ...path: readonly string[]): Uint8Array {
  const [type, ...rest] = path
  if (type === undefined) return body
  const found = children(body).find((child) => child.type === type)
  if (found === undefined) throw new Fault('corrupt', `fragmented MP4: no “${type}” box where one was wanted`)
  return inside(found.body, ...rest)
}

function children(
  body: Uint8Array,
): readonly { readonly type: string; readonly body: Uint8Array; readonly whole: Uint8Array }[] {
  const found = []
  for (let at = 0; at + 8 <= body.length;) {
    const size = sizeOfBox(body, at)
    if (size === undefined || at + size.bytes > body.length)
      throw new Fault('corrupt', `fragmented MP4: a box reaches beyond its parent`)
    found.push({
      type: typeAt(body, at + 4),
      body: body.subarray(at + size.header, at + size.bytes),
      whole: body.subarray(at, at + size.bytes),
    })
    at += size.bytes
  }
  return found
}

function initOf(moov: Uint8Array): FragmentInit {
  const mdia = inside(moov, 'trak', 'mdia')
  const mdhd = viewOf(inside(mdia, 'mdhd'))
  const timescale = mdhd.getUint32(mdhd.getUint8(0) === 1 ? 20 : 12)
  const stsd = inside(mdia, 'minf', 'stbl', 'stsd')
  const [entry] = children(stsd.subarray(8))
  if (entry === undefined || timescale === 0)
    throw new Fault('corrupt', 'fragmented MP4: wanted a sample entry and a time scale')
  const entryView = viewOf(entry.body)
  return {
    timescale,
    width: entryView.getUint16(24),
    height: entryView.getUint16(26),
    sampleEntry: entry.whole.slice(),
  }
}

type Defaults = { readonly duration: number; readonly bytes: number; readonly flags: number }

function rowsOf(moof: Uint8Array): readonly Row[] {
  const traf = inside(moof, 'traf')
  const defaults = defaultsOf(viewOf(inside(traf, 'tfhd')))
  const tfdt = viewOf(inside(traf, 'tfdt'))
  let dts = tfdt.getUint8(0) === 1 ? tfdt.getUint32(4) * 2 ** 32 + tfdt.getUint32(8) : tfdt.getUint32(4)
  return children(traf)
    .filter((child) => child.type === 'trun')
    .flatMap((child) => {
      const rows = rowsOfRun(viewOf(child.body), defaults, dts)
      dts = rows.reduce((sum, row) => sum + row.duration, dts)
      return rows
    })
}

/** ISO/IEC 14496-12, 8.8.7. */
function defaultsOf(tfhd: DataView): Defaults {
  const flags = tfhd.getUint32(0) & 0xffffff
  let at = 8
  const optional = (bit: number, bytes: number): number => {
    if ((flags & bit) === 0) return 0
    at += bytes
    return tfhd.getUint32(at - 4)
  }
  optional(0x1, 8)
  optional(0x2, 4)
  return { duration: optional(0x8, 4), bytes: optional(0x10, 4), flags: optional(0x20, 4) }
}

/** ISO/IEC 14496-12, 8.8.8. */
function rowsOfRun(trun: DataView, defaults: Defaults, firstDts: number): readonly Row[] {
  const flags = trun.getUint32(0) & 0xffffff
  const count = trun.getUint32(4)
  let at = 8 + ((flags & 0x1) === 0 ? 0 : 4)
  const firstFlags = (flags & 0x4) === 0 ? undefined : trun.getUint32((at += 4) - 4)
  const next = (bit: number, otherwise: number): number =>
    (flags & bit) === 0 ? otherwise : trun.getUint32((at += 4) - 4)
  const rows: Row[] = []
  let dts = firstDts
  for (let i = 0; i < count; i++) {
    const duration = next(0x100, defaults.duration)
    const bytes = next(0x200, defaults.bytes)
    const sampleFlags = next(0x400, i === 0 && firstFlags !== undefined ? firstFlags : defaults.flags)
    const offset = next(0x800, 0) | 0 // Version 0 says unsigned, but no picture waits 2^31 ticks.
    rows.push({ dts, pts: dts + offset, duration, isKey: (sampleFlags & 0x10000) === 0, bytes })
    dts += duration
  }
  return rows
}
