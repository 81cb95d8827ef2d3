import { concatBytes } from '../base/bytes.ts'
import { fragment, initSegment, type SegmentTrack } from './fmp4-writer.ts'

/** An access unit with its times, in ticks of its track. */
export type FilmPacket = {
  readonly data: Uint8Array
  readonly pts: number
  readonly dts: number
  readonly duration: number
  readonly isKey: boolean
}

/** A playable film of these packets, which begin with a key frame and stand in decoding order. */
export function filmOf(track: SegmentTrack, packets: readonly FilmPacket[]): Uint8Array {
  const [first] = packets
  const samples = packets.map((packet, index) => ({
    data: packet.data,
    duration: (packets[index + 1]?.dts ?? packet.dts + packet.duration) - packet.dts,
    compositionOffset: packet.pts - packet.dts,
    isKey: packet.isKey,
  }))
  const presentationOffset = first === undefined ? 0 : first.pts - first.dts
  return concatBytes([
    initSegment(track, { presentationOffset }),
    fragment({ sequence: 1, baseDts: 0, samples }),
  ])
}
