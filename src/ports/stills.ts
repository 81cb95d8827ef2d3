/** Three bytes a pixel (red, green, blue), row by row. */
export type ColourPicture = { readonly width: number; readonly height: number; readonly rgb: Uint8Array }

/** Turning compressed video into still pictures; slow and outside the process, so it is a port. */
export interface Stills {
  /**
   * The first picture of a playable piece of MP4 (`ftyp`+`moov`+fragments) as JPEG.
   * Faults: `corrupt` when nothing could be decoded, `missing` when the decoder is not installed.
   */
  jpegOf(mp4: Uint8Array, options: { widthMax: number; signal: AbortSignal }): Promise<Uint8Array>
  /** The `nth` picture of such a piece, in the order they are shown, from 0. Enlarges nothing. Faults: as `jpegOf`. */
  pictureOf(
    mp4: Uint8Array,
    options: { nth: number; widthMax: number; signal: AbortSignal },
  ): Promise<ColourPicture>
  /** A picture as JPEG, no wider than wanted. */
  encodeJpeg(picture: ColourPicture, options: { widthMax: number }): Promise<Uint8Array>
}
