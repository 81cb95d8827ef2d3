/** For browsers that can show nothing else: MPEG-1 video of 640×360 (with bars where the camera has another shape) with 24 pictures a second, in an MPEG transport stream. Costs processor time while it runs. */
export interface Reencoder {
  /** Faults of `output`: `missing` when the encoder is not installed, `corrupt` when it could not read what it was given, `aborted`. */
  start(): Reencoding
}

export interface Reencoding extends AsyncDisposable {
  /** Fragmented MP4, from its `ftyp` and `moov` on. False: it has to wait for `drained`; nothing was taken. */
  send(fmp4: Uint8Array): boolean
  /** Resolves when there is room again; rejects when the encoder has ended or `signal` is aborted. */
  drained(signal: AbortSignal): Promise<void>
  /** Whole transport packets of 188 bytes. Ends when the encoder does. */
  readonly output: AsyncIterable<Uint8Array>
}
