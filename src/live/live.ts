import { hex, utf8 } from '../base/bytes.ts'
import { Fault, isAbort, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { MonoMs } from '../base/time.ts'
import { isRandomAccessPicture, profileLevelId } from '../media/index.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import type { Peer, Peers } from '../ports/peers.ts'
import type { Random } from '../ports/random.ts'
import type { Reencoder } from '../ports/reencoder.ts'
import { fingerprintOf, signedText } from './fingerprint.ts'
import { Follower } from './follower.ts'
import { showFmp4 } from './fmp4-view.ts'
import { LIVE_LIMITS } from './limits.ts'
import { LiveRun } from './live-run.ts'
import { Mpeg1View } from './mpeg1-view.ts'
import type { LiveSink } from './sink.ts'
import { showToPeer } from './webrtc-view.ts'
import type { Talk } from '../talk/index.ts'

export type LiveTransport = 'webrtc' | 'fmp4' | 'mpeg1' | 'rtsp'

export type LiveDeps = {
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  /** The preroll's packets from the last key frame shown at or before then, in decoding order. */
  readonly prerollSince: (at: MonoMs) => readonly Packet[]
  /** An Ed25519 signature with the device's key. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  /** Left out: no WebRTC. */
  readonly peers?: Peers | undefined
  /** Brings sound to those who watch by WebRTC; left out: pictures only. */
  readonly talk?: Pick<Talk, 'join'> | undefined
  /** Left out: no MPEG-1 for old browsers. */
  readonly reencoder?: Reencoder | undefined
  /** Somebody began to watch, or ceased. */
  readonly onViewers?: (viewers: readonly LiveViewer[]) => void
}

export type LiveViewer = { readonly transport: LiveTransport }

/** `who` may listen and talk by `viewer`, as far as they may at all. */
export type WebrtcOffer = {
  readonly who: { readonly member: string; readonly name: string }
  readonly signal: AbortSignal
}
export type WebrtcAnswer = { readonly answer: string; readonly viewer: string; readonly signature: string }

export interface Live extends AsyncDisposable {
  /** Packets of this track follow. */
  beginRun(track: Track): void
  /** Never waits, whoever watches; never throws. */
  take(packet: Packet): void
  /** Viewers stay, and see the next run. */
  endRun(): void
  /** Resolves when the viewer has gone. Faults: `full` when too many watch. */
  fmp4(sink: LiveSink, signal: AbortSignal): Promise<void>
  /** Faults: also `missing` where there is no encoder. */
  mpeg1(sink: LiveSink, signal: AbortSignal): Promise<void>
  /** Faults: `full`, `invalid` (the offer, or a camera that browsers cannot show this way), `unavailable` (no picture now), `missing`. */
  webrtc(offer: string, options: WebrtcOffer): Promise<WebrtcAnswer>
  /** For whoever brings pictures to others in another way (`rtsp.ts`). */
  watch(transport: LiveTransport): Watching
  /** The run of now, once its first packet is there. */
  run(): LiveRun | undefined
  viewers(): readonly LiveViewer[]
}

/** Ends with its disposal. */
export interface Watching extends Disposable {
  readonly follower: Follower
  /** Begins anew with the newest key frame. */
  restart(): void
}

export function createLive(deps: LiveDeps): Live {
  return new LiveDesk(deps)
}

class LiveDesk implements Live {
  readonly #deps: LiveDeps
  readonly #followers = new Set<Follower>()
  readonly #viewers = new Set<LiveViewer>()
  readonly #stop = new AbortController()
  readonly #showing = new Set<Promise<void>>()
  readonly #mpeg1: Mpeg1View | undefined
  #track: Track | undefined
  #run: LiveRun | undefined
  #newestKey: Packet | undefined

  constructor(deps: LiveDeps) {
    this.#deps = deps
    this.#mpeg1 =
      deps.reencoder === undefined ? undefined : new Mpeg1View(deps.reencoder, () => this.#follow())
  }

  beginRun(track: Track): void {
    this.#track = track
    this.#run = undefined
  }

  take(packet: Packet): void {
    if (this.#track === undefined) return
    this.#run ??= new LiveRun(this.#track, packet)
    if (packet.isKey) this.#newestKey = packet
    for (const follower of this.#followers) follower.push({ run: this.#run, packet })
  }

  endRun(): void {
    this.#track = undefined
    this.#run = undefined
    this.#newestKey = undefined
  }

  run(): LiveRun | undefined {
    return this.#run
  }

  viewers(): readonly LiveViewer[] {
    return [...this.#viewers]
  }

  watch(transport: LiveTransport): Watching {
    const viewer = this.#admit(transport)
    const follower = this.#follow()
    return {
      follower,
      restart: () => this.#restart(follower),
      [Symbol.dispose]: () => {
        follower[Symbol.dispose]()
        this.#leave(viewer, follower.skipped)
      },
    }
  }

  async fmp4(sink: LiveSink, signal: AbortSignal): Promise<void> {
    using watching = this.watch('fmp4')
    await this.#until(signal, (either) => showFmp4(watching.follower, sink, either))
  }

  async mpeg1(sink: LiveSink, signal: AbortSignal): Promise<void> {
    const view = this.#mpeg1
    if (view === undefined)
      throw new Fault('missing', 'this doorbell has nothing to encode pictures for old browsers with')
    const viewer = this.#admit('mpeg1')
    try {
      await this.#until(signal, (either) => view.show(sink, either))
    } finally {
      this.#leave(viewer, 0)
    }
  }

  async webrtc(offer: string, { who, signal }: WebrtcOffer): Promise<WebrtcAnswer> {
    const { peers, random, sign, talk } = this.#deps
    if (peers === undefined) throw new Fault('missing', 'this doorbell has no WebRTC')
    const profile = this.#profileNow()
    const offered = fingerprintOf('the offer', offer)
    const watching = this.watch('webrtc')
    let peer: Peer | undefined
    try {
      peer = await peers.answer(offer, {
        profileLevelId: profile,
        withSound: talk !== undefined,
        signal: AbortSignal.any([signal, this.#stop.signal]),
      })
      const answered = fingerprintOf('the answer', peer.answer)
      const signature = base64url(sign(utf8(signedText({ offer: offered, answer: answered }))))
      const viewer = hex(random.bytes(8))
      if (peer.sound !== undefined && talk !== undefined) {
        const { sound } = peer
        const seat = talk.join({ viewer, ...who, sound })
        peer.signal.addEventListener('abort', () => seat[Symbol.dispose](), { once: true })
      }
      this.#keep(this.#showTo(peer, watching, signal))
      return { answer: peer.answer, viewer, signature }
    } catch (error) {
      watching[Symbol.dispose]()
      await peer?.[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled(this.#showing)
  }

  /** Waits for the end of what is shown; that somebody goes is no trouble. */
  async #until(signal: AbortSignal, show: (either: AbortSignal) => Promise<void>): Promise<void> {
    const either = AbortSignal.any([signal, this.#stop.signal])
    const shown = show(either).catch((error: unknown) => {
      if (!either.aborted) throw error
    })
    this.#keep(shown)
    await shown
  }

  async #showTo(peer: Peer, watching: Watching, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    const either = AbortSignal.any([signal, this.#stop.signal])
    const { follower } = watching
    try {
      await showToPeer(peer, { clock, follower, restart: () => watching.restart() }, either)
    } catch (error) {
      if (!isFault(error) && !isAbort(error)) throw error
      log.info('live.webrtc_ended', { problem: messageOf(error) })
    } finally {
      watching[Symbol.dispose]()
      await peer[Symbol.asyncDispose]()
    }
  }

  #keep(showing: Promise<void>): void {
    const told = showing.catch((error: unknown) => {
      this.#deps.log.warn('live.view_failed', { problem: messageOf(error) })
    })
    this.#showing.add(told)
    void told.then(() => this.#showing.delete(told))
  }

  /** What is sent by WebRTC now; throws in words where nothing can be. */
  #profileNow(): string {
    const run = this.#run
    if (run === undefined) throw new Fault('unavailable', 'the camera sends no pictures now')
    const profile = profileLevelId(run.track.sampleEntry)
    if (profile === undefined) throw notByWebrtc(`H.264, and this camera sends ${run.track.codec}`)
    // Browsers begin with an IDR picture and with nothing else.
    if (this.#newestKey === undefined || !isRandomAccessPicture(this.#newestKey.data, 'h264'))
      throw notByWebrtc(
        'key pictures that close what was before (IDR), and this camera sends open groups of pictures',
      )
    return profile
  }

  #admit(transport: LiveTransport): LiveViewer {
    const { viewersMax } = LIVE_LIMITS
    if (this.#viewers.size >= viewersMax)
      throw new Fault('full', `${viewersMax} watch already, which is as many as this doorbell serves`)
    const viewer: LiveViewer = { transport }
    this.#viewers.add(viewer)
    this.#deps.onViewers?.(this.viewers())
    return viewer
  }

  #leave(viewer: LiveViewer, skipped: number): void {
    if (!this.#viewers.delete(viewer)) return
    this.#deps.log.info('live.viewer_left', { transport: viewer.transport, skipped })
    this.#deps.onViewers?.(this.viewers())
  }

  #follow(): Follower & Disposable {
    const follower = new Follower()
    this.#restart(follower)
    this.#followers.add(follower)
    return Object.assign(follower, { [Symbol.dispose]: () => void this.#followers.delete(follower) })
  }

  #restart(follower: Follower): void {
    if (this.#run === undefined) return
    follower.restart(this.#run, this.#deps.prerollSince(this.#deps.clock.mono()))
  }
}

const notByWebrtc = (wanted: string): Fault =>
  new Fault('invalid', `for WebRTC browsers want ${wanted}; it is shown in another way`)

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
