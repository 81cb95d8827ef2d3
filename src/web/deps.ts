/** What the page's server needs of its siblings: each is a feature of its own, introduced by `household.ts`. */
import type { Log } from '../base/log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { SocketPeer, WebServer } from '../ports/web-server.ts'
import type {
  Activity,
  ActivityReply,
  ClipsReply,
  DeviceEvent,
  DeviceFacts,
  PushBody,
  SettingsReply,
  SoundBody,
  SoundFacts,
  StatusReply,
  TestBody,
  TestReply,
  ToldBody,
} from './api.ts'
import type { Members } from '../members/index.ts'

export type WebDeps = {
  readonly server: WebServer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly device: () => DeviceFacts
  readonly members: Members
  /** Undefined while there is no owner, and so no doorbell. */
  readonly doorbell: () => DoorbellForWeb | undefined
  readonly activity: Activities
  readonly settings: SettingsDesk
  readonly push: PushDesk
  readonly page: PageFiles
  /** Only in the simulator. */
  readonly simulate?: { press(): Promise<void> }
}

/** What of the running doorbell the page may use. */
export type DoorbellForWeb = {
  readonly clips: ClipShelf
  readonly live: LiveView
  readonly talk: TalkView
  readonly presses: PressDesk
  readonly status: () => Promise<StatusReply>
}

/** Sealed bytes only: nothing here can be opened by the device. */
export interface ClipShelf {
  list(options: { readonly beforeOrder?: number; readonly limit: number }): Promise<ClipsReply>
  /** Undefined: no such clip or file. `range` in bytes, `to` inclusive, as in HTTP. */
  read(
    clip: string,
    file: string,
    range?: { readonly from: number; readonly to: number },
  ): Promise<{ readonly bytes: Uint8Array; readonly totalBytes: number } | undefined>
  /** A held clip is exempt from retention. False: no such clip. */
  hold(clip: string, held: boolean): Promise<boolean>
  /** From device and store; an entry in the ledger comes first. False: no such clip, or it is growing or held. */
  remove(clip: string): Promise<'removed' | 'missing' | 'growing' | 'held'>
  /** Keeps a grant for the member with this recipient, after checking that the owner signed it and that it is for this clip. */
  keepGrant(clip: string, note: string): Promise<{ readonly to: string }>
  grants(clip: string, to: string): Promise<readonly string[]>
}

/** One who watches; text or bytes go to their page. Never buffers without bound: `send` says false when it is time to wait for `drained`. */
export type LiveSink = Pick<SocketPeer, 'send' | 'drained'>

export interface LiveView {
  /** Resolves when the viewer has gone or `signal` is aborted. */
  fmp4(sink: LiveSink, signal: AbortSignal): Promise<void>
  mpeg1(sink: LiveSink, signal: AbortSignal): Promise<void>
  /** `viewer` ends when its connection does, or with `signal`. */
  webrtc(
    offer: string,
    options: { readonly who: Doer; readonly signal: AbortSignal },
  ): Promise<{ readonly answer: string; readonly viewer: string; readonly signature: string }>
  viewers(): readonly { readonly transport: 'webrtc' | 'fmp4' | 'mpeg1' | 'rtsp' }[]
}

/** Throws `Fault('missing')` where this member has no such view, `Fault('unavailable')` in words where there is no sound, or somebody else talks. */
export interface TalkView {
  listen(asking: SoundBody & { readonly member: string }): void
  talk(asking: SoundBody & { readonly member: string }): void
  state(): SoundFacts
  subscribe(take: (state: SoundFacts) => void): Disposable
}

export interface PressDesk {
  /** The picture of a press, sealed to the household (an age file); undefined: unknown or not made yet. Kept in memory for the last few presses. */
  picture(press: string): Uint8Array | undefined
  over(press: string, how: 'answered' | 'ignored', by: string): void
  subscribe(take: (event: DeviceEvent) => void): Disposable
  /** While anybody asked for it, `look` events are sent to `take`. */
  subscribeLooks(take: (event: DeviceEvent) => void): Disposable
}

export type Doer = { readonly member: string; readonly name: string }

export interface Activities {
  note(
    doer: Doer,
    what: Activity['what'],
    about?: { readonly clip?: string; readonly detail?: string },
  ): Promise<void>
  list(options: { readonly before?: string; readonly limit: number }): Promise<ActivityReply>
}

export interface SettingsDesk {
  read(): Promise<SettingsReply>
  /** Throws `Fault('invalid')` that names the setting, what was wanted and what came; then nothing has changed. */
  change(set: Readonly<Record<string, unknown>>): Promise<SettingsReply>
  test(what: TestBody['what']): Promise<TestReply>
}

export interface PushDesk {
  readonly publicKey: string
  subscribe(member: string, body: PushBody): Promise<void>
  unsubscribe(member: string, endpoint: string): Promise<void>
  /** When a member is removed or signs out everywhere. */
  forget(member: string): Promise<void>
}

/** The built page: `path` without the leading slash; `''` is the page itself. */
export interface PageFiles {
  read(
    path: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly type: string; readonly etag: string } | undefined>
}

export type Told = ToldBody
