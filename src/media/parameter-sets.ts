/** What H.264 and HEVC parameter sets say (ITU-T H.264, 7.3.2.1 and E.1; ITU-T H.265, 7.3.2.2), and sample entries made of them. */
import { concatBytes } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { BitReader } from './bit-reader.ts'
import { box, u16, u32, u8, zeros } from './boxes.ts'
import type { NalCodec } from './nal.ts'

const SIDE_MAX = 16_384

/** What a sequence parameter set says of the pictures. */
export type PictureShape = {
  readonly width: number
  readonly height: number
  /** How many pictures may be decoded before one that is shown earlier; undefined: it does not say. */
  readonly reorder: number | undefined
}

export type SetKind = 'vps' | 'sps' | 'pps'

/** Which kind of parameter set a NAL unit is; undefined: none. */
export function setKind(unit: Uint8Array, codec: NalCodec): SetKind | undefined {
  const head = unit[0] ?? 0
  if (codec === 'h264') return H264_KINDS[head & 0x1f]
  return HEVC_KINDS[(head >> 1) & 0x3f]
}

const H264_KINDS: Readonly<Record<number, SetKind>> = { 7: 'sps', 8: 'pps' }
const HEVC_KINDS: Readonly<Record<number, SetKind>> = { 32: 'vps', 33: 'sps', 34: 'pps' }

/** Throws `Fault('corrupt')` for a set that cannot be read. */
export function pictureShape(sps: Uint8Array, codec: NalCodec): PictureShape {
  const shape = codec === 'h264' ? h264Shape(sps) : hevcShape(sps)
  const { width, height } = shape
  if (width < 16 || height < 16 || width > SIDE_MAX || height > SIDE_MAX)
    throw new Fault(
      'corrupt',
      `a parameter set: wanted pictures of 16 … ${SIDE_MAX} pixels a side, got ${width}×${height}`,
    )
  return shape
}

const HIGH_PROFILES: readonly number[] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]

function h264Shape(sps: Uint8Array): PictureShape {
  const bits = new BitReader(sps, 1)
  const profile = bits.bits(8)
  const constraints = bits.bits(8)
  bits.skip(8) // Level.
  bits.ueMax(31)
  const chroma = HIGH_PROFILES.includes(profile) ? skipHighProfile(bits) : 1
  bits.ueMax(12) // log2_max_frame_num_minus4
  const orderType = bits.ueMax(2)
  if (orderType === 0) bits.ueMax(12)
  else if (orderType === 1) skipOrderCycle(bits)
  bits.ueMax(16) // max_num_ref_frames
  bits.skip(1)
  const widthMbs = bits.ueMax(1023) + 1
  const heightUnits = bits.ueMax(1023) + 1
  const isFrame = bits.bit()
  if (isFrame === 0) bits.skip(1)
  bits.skip(1) // direct_8x8_inference_flag
  const crop = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0]
  const [left = 0, right = 0, top = 0, bottom = 0] = crop
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1
  const unitY = (chroma === 1 ? 2 : 1) * (2 - isFrame)
  // Baseline has no pictures that are shown later than decoded; nor has an order that is that of decoding; nor intra-only.
  const isOrdered = orderType === 2 || profile === 66 || (profile !== 77 && (constraints & 0x10) !== 0)
  return {
    width: widthMbs * 16 - (left + right) * unitX,
    height: heightUnits * 16 * (2 - isFrame) - (top + bottom) * unitY,
    reorder: isOrdered ? 0 : reorderInVui(bits),
  }
}

function skipHighProfile(bits: BitReader): number {
  const chroma = bits.ueMax(3)
  if (chroma === 3) bits.skip(1)
  bits.ueMax(6)
  bits.ueMax(6)
  bits.skip(1)
  if (bits.flag())
    for (let i = 0; i < (chroma === 3 ? 12 : 8); i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64)
  return chroma
}

function skipScalingList(bits: BitReader, size: number): void {
  let [last, next] = [8, 8]
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + bits.se() + 256) % 256
    if (next !== 0) last = next
  }
}

function skipOrderCycle(bits: BitReader): void {
  bits.skip(1)
  bits.se()
  bits.se()
  for (let left = bits.ueMax(255); left > 0; left--) bits.se()
}

/** E.1.1; undefined where it does not say. */
function reorderInVui(bits: BitReader): number | undefined {
  if (!bits.flag()) return undefined
  if (bits.flag() && bits.bits(8) === 255) bits.skip(32)
  if (bits.flag()) bits.skip(1)
  if (bits.flag()) {
    bits.skip(4)
    if (bits.flag()) bits.skip(24)
  }
  if (bits.flag()) {
    bits.ue()
    bits.ue()
  }
  if (bits.flag()) bits.skip(65)
  const hasNalHrd = bits.flag()
  if (hasNalHrd) skipHrd(bits)
  const hasVclHrd = bits.flag()
  if (hasVclHrd) skipHrd(bits)
  if (hasNalHrd || hasVclHrd) bits.skip(1)
  bits.skip(1)
  if (!bits.flag()) return undefined
  bits.skip(1)
  for (let i = 0; i < 4; i++) bits.ue()
  return bits.ueMax(16)
}

function skipHrd(bits: BitReader): void {
  const count = bits.ueMax(31) + 1
  bits.skip(8)
  for (let i = 0; i < count; i++) {
    bits.ue()
    bits.ue()
    bits.skip(1)
  }
  bits.skip(20)
}

/** Profile, tier, level and more of an HEVC sequence, as its configuration record repeats them. */
type HevcFacts = PictureShape & {
  readonly profile: Uint8Array
  readonly layers: number
  readonly isNested: boolean
  readonly chroma: number
  readonly lumaBits: number
  readonly chromaBits: number
}

const hevcShape = (sps: Uint8Array): PictureShape => {
  const { width, height, reorder } = hevcFacts(sps)
  return { width, height, reorder }
}

function hevcFacts(sps: Uint8Array): HevcFacts {
  const bits = new BitReader(sps, 2)
  bits.skip(4)
  const layers = bits.bits(3) + 1
  const isNested = bits.flag()
  const profile = Uint8Array.from({ length: 12 }, () => bits.bits(8)) // general_profile_space … general_level_idc
  skipSubLayers(bits, layers - 1)
  bits.ueMax(15)
  const chroma = bits.ueMax(3)
  if (chroma === 3) bits.skip(1)
  const [width, height] = [bits.ueMax(SIDE_MAX), bits.ueMax(SIDE_MAX)]
  const [left = 0, right = 0, top = 0, bottom = 0] = bits.flag()
    ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()]
    : []
  const [lumaBits, chromaBits] = [bits.ueMax(8), bits.ueMax(8)]
  bits.ueMax(12)
  const hasEach = bits.flag()
  let reorder = 0
  for (let i = hasEach ? 0 : layers - 1; i < layers; i++) {
    bits.ue()
    reorder = bits.ueMax(16)
    bits.ue()
  }
  const [unitX, unitY] = [chroma === 1 || chroma === 2 ? 2 : 1, chroma === 1 ? 2 : 1]
  return {
    ...{ width: width - (left + right) * unitX, height: height - (top + bottom) * unitY, reorder },
    ...{ profile, layers, isNested, chroma, lumaBits, chromaBits },
  }
}

function skipSubLayers(bits: BitReader, count: number): void {
  const present = Array.from({ length: count }, () => [bits.flag(), bits.flag()] as const)
  if (count > 0) bits.skip(2 * (8 - count))
  for (const [hasProfile, hasLevel] of present) bits.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0))
}

/** Parameter sets of one stream, at least one of each kind that its codec needs. */
export type ParameterSets = Readonly<Record<SetKind, readonly Uint8Array[]>>

/**
 * A complete `avc1` or `hvc1` box (ISO/IEC 14496-15, 5.4.2 and 8.4.1) for units with four-byte lengths.
 * Throws `Fault('corrupt')` for sets that cannot be read, or that are not there.
 */
export function sampleEntry(codec: NalCodec, sets: ParameterSets): Uint8Array {
  const sps = sets.sps[0]
  if (sps === undefined || sets.pps.length === 0 || (codec === 'hevc' && sets.vps.length === 0))
    throw new Fault('corrupt', 'wanted the parameter sets of the stream, got only some of them')
  const { width, height } = pictureShape(sps, codec)
  const record =
    codec === 'h264' ? box('avcC', ...avcRecord(sps, sets)) : box('hvcC', ...hevcRecord(sps, sets))
  return box(
    codec === 'h264' ? 'avc1' : 'hvc1',
    ...[zeros(6), u16(1), zeros(16), u16(width), u16(height)],
    ...[u32(0x480000), u32(0x480000), u32(0), u16(1), zeros(32), u16(0x18), u16(0xffff)],
    record,
  )
}

const withLength = (set: Uint8Array): Uint8Array => concatBytes([u16(set.length), set])

function avcRecord(sps: Uint8Array, sets: ParameterSets): readonly Uint8Array[] {
  const profile = sps[1] ?? 0
  const bits = new BitReader(sps, 4)
  bits.ue()
  const isHigh = [100, 110, 122, 144].includes(profile)
  const [chroma, luma, chromaBits] = isHigh ? [bits.ueMax(3), bits.ueMax(6), bits.ueMax(6)] : [0, 0, 0]
  return [
    ...[u8(1), sps.subarray(1, 4), u8(0xff), u8(0xe0 | sets.sps.length), ...sets.sps.map(withLength)],
    ...[u8(sets.pps.length), ...sets.pps.map(withLength)],
    ...(isHigh ? [Uint8Array.of(0xfc | chroma, 0xf8 | luma, 0xf8 | chromaBits, 0)] : []),
  ]
}

function hevcRecord(sps: Uint8Array, sets: ParameterSets): readonly Uint8Array[] {
  const { profile, layers, isNested, chroma, lumaBits, chromaBits } = hevcFacts(sps)
  const arrays = (['vps', 'sps', 'pps'] as const).map((kind) =>
    concatBytes([u8(0x80 | HEVC_TYPES[kind]), u16(sets[kind].length), ...sets[kind].map(withLength)]),
  )
  return [
    ...[u8(1), profile, u16(0xf000), u8(0xfc), u8(0xfc | chroma), u8(0xf8 | lumaBits), u8(0xf8 | chromaBits)],
    ...[u16(0), u8((layers << 3) | (isNested ? 4 : 0) | 3), u8(arrays.length), ...arrays],
  ]
}

const HEVC_TYPES: Readonly<Record<SetKind, number>> = { vps: 32, sps: 33, pps: 34 }
