import type { MonoMs } from '../base/time.ts'

/** One Opus packet (RFC 6716) of 20 ms, one channel at 48 kHz. */
export type SoundPacket = {
  readonly opus: Uint8Array
  /** When its first sample reached the microphone. */
  readonly at: MonoMs
}

export type AudioPart =
  | { readonly state: 'there'; readonly name: string }
  /** `why`: one sentence for people, with what to do where that is known. */
  | { readonly state: 'missing'; readonly why: string }

export type AudioFacts = { readonly microphone: AudioPart; readonly speaker: AudioPart }

/** A microphone and a loudspeaker. Either may be missing, and may come and go. */
export interface Audio {
  /** What there is now; tries what is not in use. */
  describe(options: { readonly signal: AbortSignal }): Promise<AudioFacts>
  /**
   * What the microphone hears, until aborted. The microphone is open only meanwhile. Faults: `missing` when there is none,
   * `unavailable` when it is taken or was unplugged.
   */
  capture(options: { readonly signal: AbortSignal }): AsyncIterable<SoundPacket>
  /** Somebody speaks through the loudspeaker. `volume`: 0 … 1. */
  speak(options: { readonly volume: number }): Voice
  /**
   * Orders a sound that was made ready at the start; needs no disk. Neither waits nor throws. False: there is no loudspeaker now.
   * While it sounds, another order begins it anew.
   */
  play(sound: 'chime', options: { readonly volume: number }): boolean
}

/** Ends with its disposal, which drops what waits. */
export interface Voice extends AsyncDisposable {
  /** An Opus packet of any length. False: nothing was taken, because it is none, or too much waits, or there is no loudspeaker. */
  send(opus: Uint8Array): boolean
}

export const AUDIO_LIMITS = {
  /** Of somebody's voice, between the network and the loudspeaker. When there is more, it goes on with the newest: rather a gap than a delay. */
  voiceMsMax: 200,
  voiceMsKept: 80,
} as const
