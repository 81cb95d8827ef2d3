/** How live pictures come, the best first. */
export type LiveTransport = 'webrtc' | 'fmp4' | 'mpeg1'
export const LIVE_TRANSPORTS: readonly LiveTransport[] = ['webrtc', 'fmp4', 'mpeg1']

/** Where they are shown: MPEG-1 on the canvas, the others in the video. Whoever calls shows the one that `onState` names. */
export type LiveStage = { readonly video: HTMLVideoElement; readonly canvas: HTMLCanvasElement }

/** The way for sound that a view by WebRTC has, beside its pictures. */
export type PageSound = {
  /** As the device knows this view. */
  readonly viewer: string
  /** What the door sounds like, once the device is asked for it. */
  readonly stream: MediaStream
  /** What is said at the door, once the device lets us; null: nothing. */
  say(track: MediaStreamTrack | null): Promise<void>
}

/** Why another transport than the best is used; one sentence. */
export type LiveRefusal = { readonly transport: LiveTransport; readonly why: string }

export type LiveState =
  | {
      readonly phase: 'connecting'
      readonly transport: LiveTransport
      readonly refused: readonly LiveRefusal[]
    }
  /** The first picture is there. */
  | {
      readonly phase: 'showing'
      readonly transport: LiveTransport
      readonly refused: readonly LiveRefusal[]
      readonly firstPictureMs: number
    }
  /** It was there and has gone, or nothing worked: it is tried again after `againInMs`. */
  | { readonly phase: 'waiting'; readonly refused: readonly LiveRefusal[]; readonly againInMs: number }
  /** Whoever carried the answer is not our device: nothing is shown, and nothing is tried again. */
  | { readonly phase: 'forged'; readonly why: string }
  | { readonly phase: 'ended' }

/** One way of watching, until `signal` is aborted or it breaks (rejects). `onPicture` is called with the first picture. */
export type Show = (
  stage: LiveStage,
  options: {
    readonly onPicture: () => void
    /** Undefined: there is none any more. Ways without sound never call it. */
    readonly onSound?: ((sound: PageSound | undefined) => void) | undefined
    readonly signal: AbortSignal
    readonly devicePublicKey: string
  },
) => Promise<never>

/** Somebody between us and the device changed what it said. */
export class ForgedAnswer extends Error {
  override readonly name = 'ForgedAnswer'
}

/** The doorbell is starting, or has no room: no other way would do better, so the best is tried again soon. */
export class NotNow extends Error {
  override readonly name = 'NotNow'
}
