/** H.264 (ITU-T H.264, 7.3.1) and HEVC (ITU-T H.265, 7.3.1.2) NAL units inside length-prefixed access units. */

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

/** True when other pictures may be predicted from this one, so a decoder that skips the others still decodes right. */
export function isReferencePicture(data: Uint8Array, codec: 'h264' | 'hevc'): boolean {
  for (const unit of nalUnits(data)) {
    const [head = 0] = unit
    if (codec === 'h264') {
      const type = head & 0x1f
      if (type === 1 || type === 5) return (head & 0x60) !== 0 // nal_ref_idc
      continue
    }
    const type = (head >> 1) & 0x3f
    if (type <= 31) return type > 14 || type % 2 === 1 // Even types below 16 are sub-layer non-reference pictures.
  }
  return true
}
