/** Turning compressed video into a still picture; slow and outside the process, so it is a port. */
export interface Stills {
  /**
   * The first picture of a playable piece of MP4 (`ftyp`+`moov`+fragments) as JPEG.
   * Faults: `corrupt` when nothing could be decoded, `missing` when the decoder is not installed.
   */
  jpegOf(mp4: Uint8Array, options: { widthMax: number; signal: AbortSignal }): Promise<Uint8Array>
}
