/**
 * Writes fragmented MP4 (ISO/IEC 14496-12): one `ftyp`+`moov`, then `moof`+`mdat` pairs.
 * Samples go in as the camera made them; only boxes around them are ours.
 */
import { concatBytes, utf8 } from '../base/bytes.ts'
import { box, fullBox, u16, u32, u64, zeros } from './boxes.ts'

export type SegmentTrack = {
  readonly timescale: number
  readonly width: number
  readonly height: number
  /** The complete sample entry box, with its configuration record. */
  readonly sampleEntry: Uint8Array
}

export type FragmentSample = {
  readonly data: Uint8Array
  /** Ticks. */
  readonly duration: number
  /** pts − dts, in ticks; may be negative. */
  readonly compositionOffset: number
  readonly isKey: boolean
}

const TRACK_ID = 1
const UNITY_MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(u32)
const SYNC_SAMPLE = 0x02000000 // sample_depends_on = 2: on no other
const OTHER_SAMPLE = 0x01010000 // sample_depends_on = 1, sample_is_non_sync_sample

/** `ftyp`+`moov`. `presentationOffset`: ticks from the first sample's dts to the first shown picture, which is shown at 0. */
export function initSegment(
  track: SegmentTrack,
  options: { readonly presentationOffset: number },
): Uint8Array {
  const brands = ['isom', 'iso6', 'mp41'].map(utf8)
  const ftyp = box('ftyp', utf8('iso6'), u32(512), ...brands)
  return concatBytes([ftyp, box('moov', mvhd(track), trak(track, options.presentationOffset), mvex())])
}

const mvhd = (track: SegmentTrack): Uint8Array =>
  fullBox(
    'mvhd',
    0,
    0,
    u32(0),
    u32(0),
    u32(track.timescale),
    u32(0),
    u32(0x10000),
    u16(0x100),
    zeros(10),
    ...UNITY_MATRIX,
    zeros(24),
    u32(TRACK_ID + 1),
  )

function trak(track: SegmentTrack, presentationOffset: number): Uint8Array {
  return box('trak', tkhd(track), edts(presentationOffset), mdia(track))
}

const tkhd = (track: SegmentTrack): Uint8Array =>
  fullBox(
    'tkhd',
    0,
    3,
    u32(0),
    u32(0),
    u32(TRACK_ID),
    u32(0),
    u32(0),
    zeros(8),
    u16(0),
    u16(0),
    u16(0),
    u16(0),
    ...UNITY_MATRIX,
    u32(track.width * 0x10000),
    u32(track.height * 0x10000),
  )

/** One edit of unknown length that begins at the first shown picture. */
const edts = (presentationOffset: number): Uint8Array =>
  box('edts', fullBox('elst', 1, 0, u32(1), u64(0), u64(presentationOffset), u16(1), u16(0)))

function mdia(track: SegmentTrack): Uint8Array {
  const mdhd = fullBox('mdhd', 0, 0, u32(0), u32(0), u32(track.timescale), u32(0), u16(0x55c4), u16(0)) // 'und'
  const hdlr = fullBox('hdlr', 0, 0, u32(0), utf8('vide'), zeros(12), utf8('VideoHandler\0'))
  return box('mdia', mdhd, hdlr, minf(track))
}

function minf(track: SegmentTrack): Uint8Array {
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)))
  const empty = [
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0), u32(0)),
    fullBox('stco', 0, 0, u32(0)),
  ]
  const stbl = box('stbl', fullBox('stsd', 0, 0, u32(1), track.sampleEntry), ...empty)
  return box('minf', fullBox('vmhd', 0, 1, zeros(8)), dinf, stbl)
}

const mvex = (): Uint8Array =>
  box('mvex', fullBox('trex', 0, 0, u32(TRACK_ID), u32(1), u32(0), u32(0), u32(0)))

/** `moof`+`mdat`. `baseDts`: ticks of the first sample on the clip's own time line, which begins at 0. */
export function fragment(given: {
  readonly sequence: number
  readonly baseDts: number
  readonly samples: readonly FragmentSample[]
}): Uint8Array {
  const { sequence, baseDts, samples } = given
  const traf = (dataOffset: number): Uint8Array =>
    box(
      'traf',
      fullBox('tfhd', 0, 0x020000, u32(TRACK_ID)),
      fullBox('tfdt', 1, 0, u64(baseDts)),
      trun(samples, dataOffset),
    )
  const moofOf = (dataOffset: number): Uint8Array =>
    box('moof', fullBox('mfhd', 0, 0, u32(sequence)), traf(dataOffset))
  const moof = moofOf(moofOf(0).length + 8)
  return concatBytes([moof, box('mdat', ...samples.map((sample) => sample.data))])
}

/** Every sample with its duration, size, flags and composition offset (version 1: signed). */
function trun(samples: readonly FragmentSample[], dataOffset: number): Uint8Array {
  const rows = new Uint8Array(samples.length * 16)
  const view = new DataView(rows.buffer)
  samples.forEach((sample, index) => {
    view.setUint32(index * 16, sample.duration)
    view.setUint32(index * 16 + 4, sample.data.length)
    view.setUint32(index * 16 + 8, sample.isKey ? SYNC_SAMPLE : OTHER_SAMPLE)
    view.setInt32(index * 16 + 12, sample.compositionOffset)
  })
  return fullBox('trun', 1, 0x000f01, u32(samples.length), u32(dataOffset), rows)
}
