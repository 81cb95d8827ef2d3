import { Fault } from '../base/fault.ts'

/** ISO/IEC 14496-12, 4.2: what stands before the content of a box. */
export type BoxHead = { readonly type: string; readonly headerBytes: number; readonly bytes: number }

/** The head of the box at `at`, or undefined where its bytes have not all come yet. The size is not yet believed. */
export function boxHeadAt(bytes: Uint8Array, at: number): BoxHead | undefined {
  if (bytes.length - at < 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, Math.min(16, bytes.length - at))
  const type = String.fromCharCode(view.getUint8(4), view.getUint8(5), view.getUint8(6), view.getUint8(7))
  const short = view.getUint32(0)
  if (short !== 1) return { type, headerBytes: 8, bytes: short }
  if (view.byteLength < 16) return undefined
  return { type, headerBytes: 16, bytes: view.getUint32(8) * 2 ** 32 + view.getUint32(12) }
}

/**
 * The content of a box whose bytes nobody has checked: whatever would lie outside of it is `Fault('corrupt')`.
 * Offsets count from behind the box's size and type.
 */
export class BoxBody {
  readonly type: string
  readonly content: Uint8Array
  readonly #view: DataView

  constructor(type: string, content: Uint8Array) {
    this.type = type
    this.content = content
    this.#view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  }

  u8(at: number): number {
    this.#wantBytes(at, 1)
    return this.#view.getUint8(at)
  }

  u16(at: number): number {
    this.#wantBytes(at, 2)
    return this.#view.getUint16(at)
  }

  u32(at: number): number {
    this.#wantBytes(at, 4)
    return this.#view.getUint32(at)
  }

  i32(at: number): number {
    this.#wantBytes(at, 4)
    return this.#view.getInt32(at)
  }

  /** Signed 64 bits, as far as a number is exact. */
  i64(at: number): number {
    this.#wantBytes(at, 8)
    const value = this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4)
    if (Number.isSafeInteger(value)) return value
    throw new Fault('corrupt', `fragmented MP4: box “${this.type}”: a number beyond ±2^53`)
  }

  /** The boxes in it, from `at` on. */
  children(at = 0): readonly BoxBody[] {
    const found: BoxBody[] = []
    while (at < this.content.length) {
      const head = boxHeadAt(this.content, at)
      if (head === undefined || head.bytes < head.headerBytes || at + head.bytes > this.content.length)
        throw new Fault('corrupt', `fragmented MP4: box “${this.type}”: a box in it reaches beyond its end`)
      found.push(new BoxBody(head.type, this.content.subarray(at + head.headerBytes, at + head.bytes)))
      at += head.bytes
    }
    return found
  }

  /** The first box of this path in it. */
  child(...path: readonly string[]): BoxBody {
    const [type, ...rest] = path
    if (type === undefined) return this
    const found = this.children().find((child) => child.type === type)
    if (found !== undefined) return found.child(...rest)
    throw new Fault('corrupt', `fragmented MP4: box “${this.type}”: wanted a box “${type}” in it, found none`)
  }

  #wantBytes(at: number, bytes: number): void {
    if (at + bytes <= this.content.length) return
    throw new Fault(
      'corrupt',
      `fragmented MP4: box “${this.type}”: wanted at least ${at + bytes} bytes in it, got ${this.content.length}`,
    )
  }
}
