/**
 * What a decrypted part says of itself: codec and time scale (in the first one), where it begins and ends, at which pictures one may begin to
 * decode. ISO/IEC 14496-12 (boxes) and 14496-15 (configuration records); RFC 6381 for the codec's name.
 */
export type InitFacts = {
  readonly timescale: number
  readonly mime: string
  /** Ticks from the first sample to the first picture that is shown. */
  readonly skipTicks: number
  /** `ftyp` and `moov` together. */
  readonly bytes: number
}

export type PartFacts = {
  readonly fromTicks: number
  readonly toTicks: number
  readonly keyTicks: readonly number[]
}

type Box = { readonly type: string; readonly from: number; readonly to: number; readonly isWhole: boolean }

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Undefined: these bytes do not begin with `ftyp` and `moov`. */
export function initFacts(part: Uint8Array): InitFacts | undefined {
  const view = viewOf(part)
  const moov = [...boxesIn(view, 0, view.byteLength)].find(({ type }) => type === 'moov')
  if (moov?.isWhole !== true) return undefined
  const mdhd = descend(view, moov, ['trak', 'mdia', 'mdhd'])
  const stsd = descend(view, moov, ['trak', 'mdia', 'minf', 'stbl', 'stsd'])
  const entry = stsd && [...boxesIn(view, stsd.from + 8, stsd.to)][0]
  const codec = entry && codecOf(view, entry)
  if (mdhd === undefined || codec === undefined) return undefined
  const timescale = u32(view, mdhd.from + (u8(view, mdhd.from) === 1 ? 20 : 12))
  return { timescale, mime: `video/mp4; codecs="${codec}"`, skipTicks: skipOf(view, moov), bytes: moov.to }
}

function skipOf(view: DataView, moov: Box): number {
  const elst = descend(view, moov, ['trak', 'edts', 'elst'])
  if (elst === undefined || u32(view, elst.from + 4) !== 1) return 0
  return u8(view, elst.from) === 1 ? Math.max(0, u64(view, elst.from + 16)) : u32(view, elst.from + 12)
}

const VISUAL_ENTRY_BYTES = 78

function codecOf(view: DataView, entry: Box): string | undefined {
  const inner = [...boxesIn(view, entry.from + VISUAL_ENTRY_BYTES, entry.to)]
  const avcC = inner.find(({ type }) => type === 'avcC')
  if (avcC !== undefined)
    return `${entry.type}.${[1, 2, 3].map((n) => hex2(u8(view, avcC.from + n))).join('')}`
  const hvcC = inner.find(({ type }) => type === 'hvcC')
  return hvcC === undefined ? undefined : hevcCodec(view, entry.type, hvcC.from)
}

/** ISO/IEC 14496-15, annex E: profile, compatibility with its bits reversed, tier and level, constraints without the last zeros. */
function hevcCodec(view: DataView, entry: string, at: number): string {
  const first = u8(view, at + 1)
  let reversed = 0
  for (let bit = 0; bit < 32; bit++) if (((u32(view, at + 2) >>> bit) & 1) === 1) reversed |= 1 << (31 - bit)
  const constraints = Array.from({ length: 6 }, (_, n) => u8(view, at + 6 + n))
  while (constraints.at(-1) === 0) constraints.pop()
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? ''
  const tier = (first & 0x20) === 0 ? 'L' : 'H'
  return [
    entry,
    `${space}${first & 0x1f}`,
    (reversed >>> 0).toString(16),
    `${tier}${u8(view, at + 12)}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join('.')
}

const hex2 = (byte: number): string => byte.toString(16).padStart(2, '0')

/** Of the whole `moof`s in these bytes, which may be only the beginning of a part. Undefined when there is none. */
export function partFacts(part: Uint8Array): PartFacts | undefined {
  const view = viewOf(part)
  let facts: PartFacts | undefined
  for (const moof of boxesIn(view, 0, view.byteLength)) {
    if (moof.type !== 'moof' || !moof.isWhole) continue
    const run = runFacts(view, moof)
    if (run === undefined) continue
    facts = {
      fromTicks: Math.min(facts?.fromTicks ?? Infinity, run.fromTicks),
      toTicks: Math.max(facts?.toTicks ?? 0, run.toTicks),
      keyTicks: [...(facts?.keyTicks ?? []), ...run.keyTicks],
    }
  }
  return facts
}

const NOT_SYNC = 0x10000
const FIELDS = { duration: 0x100, size: 0x200, flags: 0x400, offset: 0x800 } as const

function runFacts(view: DataView, moof: Box): PartFacts | undefined {
  const [tfdt, trun] = [descend(view, moof, ['traf', 'tfdt']), descend(view, moof, ['traf', 'trun'])]
  if (tfdt === undefined || trun === undefined) return undefined
  const fromTicks = u8(view, tfdt.from) === 0 ? u32(view, tfdt.from + 4) : u64(view, tfdt.from + 4)
  const flags = u32(view, trun.from) & 0xffffff
  // Our device writes every field of every sample.
  if ((flags & (FIELDS.duration | FIELDS.flags)) !== (FIELDS.duration | FIELDS.flags)) return undefined
  const stride = 4 * Object.values(FIELDS).filter((field) => (flags & field) !== 0).length
  const flagsAt = 4 + ((flags & FIELDS.size) === 0 ? 0 : 4)
  const keyTicks: number[] = []
  let [at, ticks] = [trun.from + 8 + ((flags & 0x1) === 0 ? 0 : 4) + ((flags & 0x4) === 0 ? 0 : 4), fromTicks]
  for (; at + stride <= trun.to; at += stride) {
    if ((u32(view, at + flagsAt) & NOT_SYNC) === 0) keyTicks.push(ticks)
    ticks += u32(view, at)
  }
  return { fromTicks, toTicks: ticks, keyTicks }
}

function descend(view: DataView, box: Box, path: readonly string[]): Box | undefined {
  let found: Box | undefined = box
  for (const type of path) {
    if (found === undefined) return undefined
    found = [...boxesIn(view, found.from, found.to)].find((inner) => inner.type === type && inner.isWhole)
  }
  return found
}

/** Stops at the first thing that cannot be a box; one that is cut off is told with `isWhole: false`. */
function* boxesIn(view: DataView, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to;) {
    const short = view.getUint32(at)
    const header = short === 1 ? 16 : 8
    if (at + header > to) return
    const size = short === 0 ? to - at : short === 1 ? u64(view, at + 8) : short
    if (size < header) return
    const type = String.fromCharCode(...[4, 5, 6, 7].map((n) => u8(view, at + n)))
    yield { type, from: at + header, to: Math.min(at + size, to), isWhole: at + size <= to }
    at += size
  }
}

/** Past the end reads as zero: the bytes are authentic, but nothing promises that they are a well-made film. */
const u8 = (view: DataView, at: number): number => (at < view.byteLength ? view.getUint8(at) : 0)
const u32 = (view: DataView, at: number): number => (at + 4 <= view.byteLength ? view.getUint32(at) : 0)
const u64 = (view: DataView, at: number): number => u32(view, at) * 2 ** 32 + u32(view, at + 4)
