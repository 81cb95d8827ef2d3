/**
 * Hearing the door and talking there, for whatever screen shows it: one state for the page, as there is one live view at a time.
 * The browser's microphone is asked for when somebody wants to talk, and let go of when they have.
 */
import { messageOf } from '../../../base/fault.ts'
import type { SoundBody, SoundFacts } from '../../api.ts'
import type { PageSound } from '../live/types.ts'
import { texts } from '../texts.ts'
import { ask } from './api-client.ts'
import { createStore, type Store } from './store.ts'

export type DoorSoundState = {
  /** Somebody wants to hear; it may be that there is no way just now. */
  readonly isHearing: boolean
  readonly talk: 'off' | 'starting' | 'on'
  readonly problem?: string | undefined
}

const NO_SOUND: SoundFacts = { canHear: false, canTalk: false, duplex: 'half' }
const QUIET: DoorSoundState = { isHearing: false, talk: 'off' }
const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true } as const

export class DoorSound {
  readonly state: Store<DoorSoundState> = createStore(QUIET)
  readonly facts: Store<SoundFacts> = createStore(NO_SOUND)
  /** The way for sound, while pictures come by WebRTC. */
  readonly line: Store<PageSound | undefined> = createStore<PageSound | undefined>(undefined)
  #player: HTMLAudioElement | undefined
  #microphone: MediaStreamTrack | undefined
  /** Whoever lets go while it is starting ends it. */
  #wantsToTalk = false

  learn(facts: SoundFacts): void {
    this.facts.set(facts)
    const isOurs = facts.talker !== undefined && facts.talker.viewer === this.line.get()?.viewer
    // The device ended it: it was long, or silent.
    if (this.state.get().talk === 'on' && !isOurs) this.#letGo()
  }

  /** The line to the device is down, or nobody is signed in. */
  forget(): void {
    this.facts.set(NO_SOUND)
    this.#letGo()
  }

  setLine(line: PageSound | undefined): void {
    this.line.set(line)
    this.#letGo()
    if (line !== undefined && this.state.get().isHearing) void this.#hear(line)
  }

  /** Has to follow on a touch: browsers play nothing before. */
  hear(isOn: boolean): void {
    this.#say({ isHearing: isOn, problem: undefined })
    const line = this.line.get()
    if (isOn && line !== undefined) void this.#hear(line)
    if (!isOn) this.#mute()
  }

  async talk(isOn: boolean): Promise<void> {
    this.#wantsToTalk = isOn
    if (!isOn) return this.#stop()
    if (this.state.get().talk !== 'off') return undefined
    this.#say({ talk: 'starting', problem: undefined })
    const line = this.line.get()
    try {
      if (line === undefined) throw new Error(texts.sound.noLine)
      this.#microphone = await openMicrophone()
      if (this.#wantsToTalk) await this.#put('talk', line, true)
      if (!this.#wantsToTalk || this.line.get() !== line) return this.#stop()
      await line.say(this.#microphone)
      this.#say({ talk: 'on' })
    } catch (error) {
      this.#letGo()
      this.#say({ problem: messageOf(error) })
    }
    return undefined
  }

  async #hear(line: PageSound): Promise<void> {
    try {
      this.#player ??= new Audio()
      this.#player.srcObject = line.stream
      await Promise.all([this.#put('listen', line, true), this.#player.play()])
    } catch (error) {
      if (this.line.get() === line) this.#say({ isHearing: false, problem: messageOf(error) })
    }
  }

  #mute(): void {
    const line = this.line.get()
    this.#player?.pause()
    if (line !== undefined) this.#put('listen', line, false).catch(() => {}) // Whoever has gone listens no more.
  }

  async #stop(): Promise<void> {
    const line = this.line.get()
    this.#letGo()
    if (line !== undefined) await this.#put('talk', line, false).catch(() => {}) // Silence ends it, too.
  }

  #letGo(): void {
    this.#wantsToTalk = false
    this.#microphone?.stop()
    this.#microphone = undefined
    this.line
      .get()
      ?.say(null)
      .catch(() => {}) // The line has gone.
    if (this.state.get().talk !== 'off') this.#say({ talk: 'off' })
  }

  #put(what: 'listen' | 'talk', { viewer }: PageSound, on: boolean): Promise<undefined> {
    const body: SoundBody = { viewer, on }
    return ask<undefined>('PUT', `/api/live/${what}`, { body })
  }

  #say(change: Partial<DoorSoundState>): void {
    this.state.change((now) => ({ ...now, ...change }))
  }
}

async function openMicrophone(): Promise<MediaStreamTrack> {
  // Missing where the page came over plain HTTP.
  const devices: MediaDevices | undefined = navigator.mediaDevices
  if (devices === undefined) throw new Error(texts.sound.noMicrophone)
  try {
    const [track] = (await devices.getUserMedia({ audio: CONSTRAINTS })).getAudioTracks()
    if (track !== undefined) return track
  } catch (cause) {
    const isDenied = cause instanceof DOMException && cause.name === 'NotAllowedError'
    throw new Error(isDenied ? texts.sound.denied : texts.sound.noMicrophone, { cause })
  }
  throw new Error(texts.sound.noMicrophone)
}
