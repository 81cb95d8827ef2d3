import type { Track } from './camera.ts'

/** For browsers that can show nothing else: MPEG-1 video, 640 wide, 24 pictures a second, in an MPEG transport stream. Costs processor time while it runs. */
export interface Reencoder {
  /** Faults of `output`: `missing` when the encoder is not installed, `corrupt` when it could not read what it was given, `aborted`. */
  start(track: Pick<Track, 'width' | 'height'>): Reencoding
}

export interface Reencoding extends AsyncDisposable {
  /** Fragmented MP4, from its `ftyp` and `moov` on. False: it has to wait for `drained`; nothing was taken. */
  send(fmp4: Uint8Array): boolean
  /** Resolves when there is room again; rejects when the encoder has ended or `signal` is aborted. */
  drained(signal: AbortSignal): Promise<void>
  /** Whole transport packets of 188 bytes. Ends when the encoder does. */
  readonly output: AsyncIterable<Uint8Array>
}
