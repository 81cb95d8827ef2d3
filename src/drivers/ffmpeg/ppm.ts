import { Fault } from '../../base/fault.ts'
import type { ColourPicture } from '../../ports/stills.ts'

/** No picture that a decoder hands over as PPM is larger. */
export const PICTURE_BYTES_MAX = 128 * 1024 * 1024

/** `P6 width height 255` and then three bytes a pixel; see ppm(5). Throws `Fault('corrupt')`. */
export function parsePpm(ppm: Uint8Array): ColourPicture {
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(Buffer.from(ppm.subarray(0, 64)).toString('latin1'))
  if (head === null)
    throw new Fault('corrupt', `wanted one decoded picture, got ${ppm.length} bytes that are none`)
  return { width: Number(head[1]), height: Number(head[2]), rgb: ppm.subarray(head[0].length) }
}
