/**
 * What a decrypted part says about its own place in the film. Needed only for a clip whose manifest never came
 * (the doorbell was stolen while it was recording): nothing else tells in which order its parts belong.
 * ISO/IEC 14496-12 and nothing of ours, so it also reads what another recorder wrote.
 */
export type FragmentFacts = {
  /** Of the first `moof`; parts of one clip sort by it. */
  readonly sequence: number
  /** Of the whole part, where it can be told. */
  readonly fromTicks: number
  readonly toTicks: number
  /** Only in the first part, which carries `moov`. */
  readonly timescale?: number
}

/** Undefined when these bytes are no film fragment. May be given only the beginning of a part: then `toTicks` covers what is whole. */
export function fragmentFacts(part: Uint8Array): FragmentFacts | undefined {
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
  let facts: FragmentFacts | undefined
  for (const box of boxesIn(view, 0, view.byteLength)) {
    if (box.type === 'moof' && box.isWhole) facts = joined(facts, moofFacts(view, box))
    if (box.type === 'moov' && box.isWhole) facts = joined(facts, moovFacts(view, box))
  }
  return facts !== undefined && facts.sequence >= 0 ? facts : undefined
}

type Box = { readonly type: string; readonly from: number; readonly to: number; readonly isWhole: boolean }

const NOT_SEEN: FragmentFacts = { sequence: -1, fromTicks: Infinity, toTicks: 0 }

function joined(a: FragmentFacts = NOT_SEEN, b: FragmentFacts): FragmentFacts {
  const timescale = a.timescale ?? b.timescale
  return {
    sequence: a.sequence < 0 ? b.sequence : a.sequence,
    fromTicks: Math.min(a.fromTicks, b.fromTicks),
    toTicks: Math.max(a.toTicks, b.toTicks),
    ...(timescale === undefined ? {} : { timescale }),
  }
}

function moovFacts(view: DataView, moov: Box): FragmentFacts {
  const mdhd = descend(view, moov, ['trak', 'mdia', 'mdhd'])
  if (mdhd === undefined) return NOT_SEEN
  const isLong = u8(view, mdhd.from) === 1
  return { ...NOT_SEEN, timescale: u32(view, mdhd.from + (isLong ? 20 : 12)) }
}

function moofFacts(view: DataView, moof: Box): FragmentFacts {
  const mfhd = descend(view, moof, ['mfhd'])
  const traf = descend(view, moof, ['traf'])
  if (mfhd === undefined || traf === undefined) return NOT_SEEN
  const fromTicks = decodeTime(view, descend(view, traf, ['tfdt']))
  return {
    sequence: u32(view, mfhd.from + 4),
    fromTicks,
    toTicks: fromTicks + runTicks(view, traf),
  }
}

function decodeTime(view: DataView, tfdt: Box | undefined): number {
  if (tfdt === undefined) return 0
  if (u8(view, tfdt.from) === 0) return u32(view, tfdt.from + 4)
  return u32(view, tfdt.from + 4) * 2 ** 32 + u32(view, tfdt.from + 8)
}

const TFHD_BASE_OFFSET = 0x1
const TFHD_DESCRIPTION = 0x2
const TFHD_DURATION = 0x8
const TRUN_DATA_OFFSET = 0x1
const TRUN_FIRST_FLAGS = 0x4
const TRUN_DURATION = 0x100
const TRUN_FIELDS = [0x100, 0x200, 0x400, 0x800] as const

/** The durations of all samples of a track fragment, added up. */
function runTicks(view: DataView, traf: Box): number {
  const usual = usualDuration(view, descend(view, traf, ['tfhd']))
  let sum = 0
  for (const trun of boxesIn(view, traf.from, traf.to)) {
    if (trun.type !== 'trun' || !trun.isWhole) continue
    const flags = u32(view, trun.from) & 0xffffff
    const samples = u32(view, trun.from + 4)
    if ((flags & TRUN_DURATION) === 0) {
      sum += samples * usual
      continue
    }
    const stride = 4 * TRUN_FIELDS.filter((field) => (flags & field) !== 0).length
    let at =
      trun.from + 8 + ((flags & TRUN_DATA_OFFSET) === 0 ? 0 : 4) + ((flags & TRUN_FIRST_FLAGS) === 0 ? 0 : 4)
    for (; at + stride <= trun.to; at += stride) sum += u32(view, at)
  }
  return sum
}

function usualDuration(view: DataView, tfhd: Box | undefined): number {
  if (tfhd === undefined) return 0
  const flags = u32(view, tfhd.from) & 0xffffff
  if ((flags & TFHD_DURATION) === 0) return 0
  const skipped = ((flags & TFHD_BASE_OFFSET) === 0 ? 0 : 8) + ((flags & TFHD_DESCRIPTION) === 0 ? 0 : 4)
  return u32(view, tfhd.from + 8 + skipped)
}

function descend(view: DataView, box: Box, path: readonly string[]): Box | undefined {
  let found: Box | undefined = box
  for (const type of path) {
    if (found === undefined) return undefined
    found = [...boxesIn(view, found.from, found.to)].find((inner) => inner.type === type && inner.isWhole)
  }
  return found
}

/** Stops at the first thing that cannot be a box; a box that is cut off is told with `isWhole: false`. */
function* boxesIn(view: DataView, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to;) {
    const short = view.getUint32(at)
    const header = short === 1 ? 16 : 8
    if (at + header > to) return
    const size = short === 0 ? to - at : short === 1 ? Number(view.getBigUint64(at + 8)) : short
    if (size < header) return
    yield {
      type: String.fromCharCode(u8(view, at + 4), u8(view, at + 5), u8(view, at + 6), u8(view, at + 7)),
      from: at + header,
      to: Math.min(at + size, to),
      isWhole: at + size <= to,
    }
    at += size
  }
}

/** Past the end reads as zero: the bytes are authentic, but nothing promises they are a well-made film. */
const u8 = (view: DataView, at: number): number => (at < view.byteLength ? view.getUint8(at) : 0)
const u32 = (view: DataView, at: number): number => (at + 4 <= view.byteLength ? view.getUint32(at) : 0)
