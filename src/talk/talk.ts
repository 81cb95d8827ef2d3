import { Bell } from '../base/bell.ts'
import { Fault, isAbort, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { MonoMs } from '../base/time.ts'
import { OPUS_HZ } from '../media/index.ts'
import type { Audio, AudioFacts, SoundPacket, Voice } from '../ports/audio.ts'
import type { Clock } from '../ports/clock.ts'
import type { PeerSound } from '../ports/peers.ts'
import { TALK_LIMITS } from './limits.ts'

export type TalkDeps = {
  readonly clock: Clock
  readonly log: Log
  /** Absent: nothing is heard or said. */
  readonly audio?: Audio | undefined
}

export type TalkRules = {
  readonly duplex: 'half' | 'full'
  /** Of voices at the door, in percent. */
  readonly volume: number
}

/** Who watches, with a way for sound to and fro. */
export type Watcher = {
  readonly viewer: string
  readonly member: string
  /** For the others. */
  readonly name: string
  readonly sound: PeerSound
}

export type TalkState = {
  readonly canHear: boolean
  readonly canTalk: boolean
  readonly duplex: 'half' | 'full'
  readonly talker?: { readonly viewer: string; readonly name: string }
}

type Asking = { readonly viewer: string; readonly member: string; readonly on: boolean }

export interface Talk {
  /** Until disposed. */
  join(watcher: Watcher): Disposable
  /** Faults: `missing` (nobody of this member watches by this name), `unavailable` (no microphone). */
  listen(asking: Asking): void
  /** Faults: as `listen`, for the speaker; `unavailable` also while somebody else talks. */
  talk(asking: Asking): void
  state(): TalkState
  facts(): AudioFacts
  subscribe(take: (state: TalkState) => void): Disposable
  run(signal: AbortSignal): Promise<void>
}

const LOOK_AGAIN_MS = 60_000
const WATCH_EVERY_MS = 500
const AGAIN_MS_MIN = 1000
const AGAIN_MS_MAX = 30_000
const NONE: AudioFacts = {
  microphone: { state: 'missing', why: 'This doorbell has no sound.' },
  speaker: { state: 'missing', why: 'This doorbell has no sound.' },
}

export function createTalk(deps: TalkDeps, rules: TalkRules): Talk {
  return new TalkDesk(deps, rules)
}

type Talking = { readonly watcher: Watcher; readonly voice: Voice; readonly sinceMs: MonoMs; heardMs: MonoMs }

class TalkDesk implements Talk {
  readonly #deps: TalkDeps
  readonly #rules: TalkRules
  readonly #watchers = new Map<string, Watcher>()
  readonly #listeners = new Set<Watcher>()
  readonly #takers = new Set<(state: TalkState) => void>()
  readonly #ears = new Bell()
  readonly #mouth = new Bell()
  /** Something that was there may not be any more. */
  readonly #doubt = new Bell()
  #facts = NONE
  #talking: Talking | undefined
  #hushedUntilMs = -Infinity
  #closing: PromiseLike<unknown> = Promise.resolve()
  /** Ends the microphone when nobody listens any more. */
  #capturing: AbortController | undefined

  constructor(deps: TalkDeps, rules: TalkRules) {
    this.#deps = deps
    this.#rules = rules
  }

  join(watcher: Watcher): Disposable {
    this.#watchers.set(watcher.viewer, watcher)
    watcher.sound.onPacket((opus) => this.#hear(watcher, opus))
    return {
      [Symbol.dispose]: () => {
        this.#watchers.delete(watcher.viewer)
        this.#cease(watcher)
        if (this.#talking?.watcher === watcher) this.#hangUp()
      },
    }
  }

  listen({ viewer, member, on }: Asking): void {
    const watcher = this.#find(viewer, member)
    if (!on) return this.#cease(watcher)
    const { microphone } = this.#facts
    if (microphone.state === 'missing') throw new Fault('unavailable', microphone.why)
    this.#listeners.add(watcher)
    this.#ears.ring()
  }

  talk({ viewer, member, on }: Asking): void {
    const watcher = this.#find(viewer, member)
    const now = this.#talking
    if (!on) {
      if (now?.watcher === watcher) this.#hangUp()
      return
    }
    const { audio, clock } = this.#deps
    const { speaker } = this.#facts
    if (speaker.state === 'missing' || audio === undefined)
      throw new Fault('unavailable', 'why' in speaker ? speaker.why : NONE.speaker.state)
    if (now?.watcher === watcher) return
    if (now !== undefined)
      throw new Fault('unavailable', `${now.watcher.name} is talking at the door just now.`)
    const voice = audio.speak({ volume: this.#rules.volume / 100 })
    this.#talking = { watcher, voice, sinceMs: clock.mono(), heardMs: clock.mono() }
    this.#mouth.ring()
    this.#tell()
  }

  state(): TalkState {
    const { microphone, speaker } = this.#facts
    const talker = this.#talking?.watcher
    return {
      canHear: microphone.state === 'there',
      canTalk: speaker.state === 'there',
      duplex: this.#rules.duplex,
      ...(talker === undefined ? {} : { talker: { viewer: talker.viewer, name: talker.name } }),
    }
  }

  facts(): AudioFacts {
    return this.#facts
  }

  subscribe(take: (state: TalkState) => void): Disposable {
    this.#takers.add(take)
    return { [Symbol.dispose]: () => void this.#takers.delete(take) }
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#deps.audio === undefined) return
    const { audio } = this.#deps
    await Promise.all([
      this.#keepLooking(audio, signal),
      this.#keepHearing(audio, signal),
      this.#keepWatching(signal),
    ])
    this.#hangUp()
    await this.#closing
  }

  #find(viewer: string, member: string): Watcher {
    const watcher = this.#watchers.get(viewer)
    if (watcher?.member !== member)
      throw new Fault('missing', 'viewer: wanted a live view of yours by WebRTC, got none of that name')
    return watcher
  }

  #hear(watcher: Watcher, opus: Uint8Array): void {
    const talking = this.#talking
    if (talking?.watcher !== watcher) return
    talking.heardMs = this.#deps.clock.mono()
    if (!talking.voice.send(opus)) this.#doubt.ring()
  }

  #cease(watcher: Watcher): void {
    this.#listeners.delete(watcher)
    if (this.#listeners.size === 0) this.#capturing?.abort()
  }

  #hangUp(): void {
    const talking = this.#talking
    if (talking === undefined) return
    this.#talking = undefined
    this.#hushedUntilMs = this.#deps.clock.mono() + TALK_LIMITS.echoMs
    this.#closing = talking.voice[Symbol.asyncDispose]()
    this.#tell()
  }

  #tell(): void {
    const state = this.state()
    for (const take of this.#takers) take(state)
  }

  /**
   * What is there: at the start, when something did not work, and now and then while something is missing, which may be plugged in.
   * Not oftener: to look is to open the microphone for a moment.
   */
  async #keepLooking(audio: Audio, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      const facts = await audio.describe({ signal })
      if (signal.aborted) return
      const before = JSON.stringify(this.#facts)
      this.#facts = facts
      if (JSON.stringify(facts) !== before) {
        for (const [part, { state, ...said }] of Object.entries(facts))
          log[state === 'there' ? 'info' : 'warn'](`sound.${part}_${state}`, said)
        this.#tell()
      }
      const isWhole = facts.microphone.state === 'there' && facts.speaker.state === 'there'
      if (isWhole) await this.#doubt.untilRung(signal)
      await clock.sleep(isWhole ? AGAIN_MS_MIN : LOOK_AGAIN_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
    }
  }

  async #keepHearing(audio: Audio, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    let againMs = AGAIN_MS_MIN
    while (!signal.aborted) {
      if (this.#listeners.size === 0) {
        await this.#ears.untilRung(signal)
        continue
      }
      this.#capturing = new AbortController()
      const both = AbortSignal.any([signal, this.#capturing.signal])
      try {
        for await (const packet of audio.capture({ signal: both })) {
          againMs = AGAIN_MS_MIN
          this.#handOn(packet)
        }
      } catch (error) {
        if (signal.aborted || isAbort(error)) continue
        if (!isFault(error)) throw error
        this.#doubt.ring()
        log.warn('sound.microphone_failed', { againInMs: againMs, problem: messageOf(error) })
        await clock.sleep(againMs, { signal: both }).catch(() => {}) // Aborted: nobody listens any more.
        againMs = Math.min(AGAIN_MS_MAX, againMs * 2)
      }
    }
  }

  #handOn({ opus, at }: SoundPacket): void {
    const isHushed = this.#talking !== undefined || this.#deps.clock.mono() < this.#hushedUntilMs
    if (isHushed && this.#rules.duplex === 'half') return
    const timestamp = Math.round((at / 1000) * OPUS_HZ)
    for (const { sound } of this.#listeners) sound.send({ opus, timestamp })
  }

  /** Ends what somebody has forgotten, or could not end any more. */
  async #keepWatching(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      const talking = this.#talking
      if (talking === undefined) {
        await this.#mouth.untilRung(signal)
        continue
      }
      const now = clock.mono()
      const isSilent = now - talking.heardMs > TALK_LIMITS.silentMsMax
      const isLong = now - talking.sinceMs > TALK_LIMITS.talkMsMax
      if (isSilent || isLong) {
        log.info('sound.talk_ended', { because: isSilent ? 'nothing was said' : 'it was long enough' })
        this.#hangUp()
        continue
      }
      await clock.sleep(WATCH_EVERY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
    }
  }
}
