/** H.264 (ITU-T H.264, 7.3.1) and HEVC (ITU-T H.265, 7.3.1.2) NAL units inside length-prefixed access units. */

export type NalCodec = 'h264' | 'hevc'

/** The bytes of each NAL unit of a packet whose units are prefixed with four-byte lengths. Stops at the first that is cut short. */
export function* nalUnits(data: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  for (let at = 0; at + 4 <= data.length;) {
    const bytes = view.getUint32(at)
    if (at + 4 + bytes > data.length) return
    yield data.subarray(at + 4, at + 4 + bytes)
    at += 4 + bytes
  }
}

/**
 * How many bytes the length before each unit has, as the configuration record in the sample entry says (ISO/IEC 14496-15,
 * 5.3.3.1 and 8.3.3.1); undefined when there is no such record in it.
 */
export function unitLengthBytes(sampleEntry: Uint8Array): number | undefined {
  const text = Buffer.from(sampleEntry).toString('latin1')
  const [avcC, hvcC] = [text.indexOf('avcC'), text.indexOf('hvcC')]
  const at = avcC >= 0 ? avcC + 8 : hvcC + 25
  const flags = avcC < 0 && hvcC < 0 ? undefined : sampleEntry[at]
  return flags === undefined ? undefined : (flags & 3) + 1
}

/** True when the four-byte lengths that stand before the units are those of the units, to the last byte. */
export function isWholePacket(data: Uint8Array): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  let at = 0
  while (at + 4 <= data.length) at += 4 + view.getUint32(at)
  return data.length > 0 && at === data.length
}

/** True when other pictures may be predicted from this one, so that a decoder which skips the others still decodes right. */
export function isReferencePicture(data: Uint8Array, codec: NalCodec): boolean {
  const head = firstSliceHead(data, codec)
  if (head === undefined) return true
  if (codec === 'h264') return (head & 0x60) !== 0 // nal_ref_idc
  const type = hevcType(head)
  return type > 14 || type % 2 === 1 // Even types below 16 are sub-layer non-reference pictures.
}

/** True when no picture decoded later refers past this one, other than those shown before it: IDR; in HEVC also BLA and CRA. */
export function isRandomAccessPicture(data: Uint8Array, codec: NalCodec): boolean {
  const head = firstSliceHead(data, codec)
  if (head === undefined) return false
  if (codec === 'h264') return (head & 0x1f) === 5
  const type = hevcType(head)
  return type >= 16 && type <= 21
}

/** The first byte of the first NAL unit that holds a picture's slice. */
function firstSliceHead(data: Uint8Array, codec: NalCodec): number | undefined {
  for (const unit of nalUnits(data)) {
    const [head] = unit
    if (head !== undefined && isSlice(head, codec)) return head
  }
  return undefined
}

function isSlice(head: number, codec: NalCodec): boolean {
  if (codec === 'hevc') return hevcType(head) <= 31
  const type = head & 0x1f
  return type === 1 || type === 2 || type === 5 // Coded slice, data partition A, IDR slice.
}

const hevcType = (head: number): number => (head >> 1) & 0x3f
