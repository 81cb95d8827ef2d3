import type { MonoMs, Ticks } from '../base/time.ts'

export type VideoCodec = 'h264' | 'hevc'

/** What stays the same during one run. */
export type Track = {
  readonly codec: VideoCodec
  /** Ticks per second of this run's `pts` and `dts`: the source's own time base or an exact multiple of it. */
  readonly timescale: number
  readonly width: number
  readonly height: number
  /** The complete ISO BMFF sample entry box (`avc1`/`hvc1` with its configuration record), as it goes into `stsd`. */
  readonly sampleEntry: Uint8Array
}

/** One encoded access unit: length-prefixed NAL units as in MP4, exactly as the camera made them. */
export type Packet = {
  readonly data: Uint8Array
  readonly pts: Ticks
  readonly dts: Ticks
  /** Ticks until the next packet in decoding order, or of this picture where nothing follows. */
  readonly duration: Ticks
  /** Decoding may start here (IDR, CRA, or an open-GOP recovery point that the container marks as a sync sample). */
  readonly isKey: boolean
  /** When the light hit the sensor: `pts` on the monotonic clock. */
  readonly at: MonoMs
  /** Packets before this one, which is a key frame, did not arrive: what came before ends with a gap. */
  readonly isAfterLoss?: boolean
}

/** One decoded low-resolution luma picture: 8-bit, row by row, `width × height` bytes. */
export type LumaFrame = {
  readonly width: number
  readonly height: number
  readonly luma: Uint8Array
  readonly at: MonoMs
}

/** One unbroken stretch of a camera session. `packets` and `frames` may each be iterated once, side by side; not `frames` and `look`. */
export interface CameraRun extends AsyncDisposable {
  readonly track: Track
  /** A recording is played: it may pause for as long as it likes without having hung. */
  readonly isRecording?: boolean
  /** Ends when the camera goes away in an orderly manner (end of file); throws `Fault` when it breaks. */
  readonly packets: AsyncIterable<Packet>
  /** Low-rate luma pictures: the camera's own small stream where it has one, else decoded. */
  readonly frames: AsyncIterable<LumaFrame>
  /**
   * Where pictures have to be decoded, and that can be left for later: the same pictures from the newest key frame taken at or
   * before `from` on, as fast as the decoder can up to now, then as they come. Costs nothing but while it is iterated;
   * one at a time. Not there where `frames` come for nothing.
   */
  readonly look?: (from: MonoMs) => AsyncIterable<LumaFrame>
}

/** What a camera can do, for the owner: which path its pictures take, and why. */
export type CameraPath = {
  /** What it is and what it sends, without secrets: `RTSP camera 192.168.1.20: H.264 1920×1080`. */
  readonly source: string
  /**
   * Where the pictures for detection come from, cheapest first. `raw`: the camera gives small ones beside, nothing is decoded; `small-stream`: decoded
   * from its own small stream; `decoded`: from what is recorded; `none`: there are none.
   */
  readonly detection: 'raw' | 'small-stream' | 'decoded' | 'none'
  /** Why not a cheaper one, or what it spares; the end of a sentence. */
  readonly why: string
}

export interface Camera {
  /** What is known of it now; more once it was opened. */
  readonly path?: () => CameraPath
  /** The private zones are filled in before anything is encoded. Left out: the pictures come as somebody else encoded them. */
  readonly hidesPrivate?: boolean
  /** Waits for the camera and begins a run. Faults: `unavailable` (try again), `invalid` (never will). */
  open(options: { signal: AbortSignal }): Promise<CameraRun>
}
