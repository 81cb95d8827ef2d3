import { Bell } from '../../src/base/bell.ts'
import { Fault } from '../../src/base/fault.ts'
import { monoMs } from '../../src/base/time.ts'
import { opusSamples } from '../../src/media/index.ts'
import type { Audio, AudioFacts, AudioPart, SoundPacket, Voice } from '../../src/ports/audio.ts'
import type { Clock } from '../../src/ports/clock.ts'

const PACKET_MS = 20
/** CELT, full band, 20 ms, one frame (RFC 6716, table 2): its length is told by this alone. */
const TOC = 0xf8

/** Two faces: the port for the product; for the story, what was heard, and whether there is anything to hear it with. */
export interface SimAudio extends Audio {
  hasMicrophone: boolean
  hasSpeaker: boolean
  /** How many listen to the microphone now. */
  readonly listeners: number
  /** Orders to play, with their times. */
  readonly played: readonly { readonly sound: 'chime'; readonly volume: number; readonly atMs: number }[]
  /** What somebody said through the loudspeaker. */
  readonly spoken: readonly Uint8Array[]
  /** Who speaks now. */
  readonly voices: number
  /** Resolves at the next order to play, or the next packet that was spoken. */
  untilHeard(signal: AbortSignal): Promise<void>
}

/** Plugged into whatever runs in a simulated world; tells of each order to play. */
export class SimSpeaker {
  onPlay: () => void = () => {}

  openClient(clock: Clock): Audio {
    const audio = createSimAudio(clock)
    return {
      ...audio,
      play: (sound, options) => {
        this.onPlay()
        return audio.play(sound, options)
      },
    }
  }
}

export function createSimAudio(clock: Clock, { has = true }: { readonly has?: boolean } = {}): SimAudio {
  const played: { sound: 'chime'; volume: number; atMs: number }[] = []
  const spoken: Uint8Array[] = []
  const heard = new Bell()
  const voices = new Set<Voice>()
  let listeners = 0
  const part = (isThere: boolean, name: string): AudioPart =>
    isThere
      ? { state: 'there', name: `simulated ${name}` }
      : { state: 'missing', why: `The simulated board has no ${name}.` }
  const audio: SimAudio = {
    hasMicrophone: has,
    hasSpeaker: has,
    played,
    spoken,
    get listeners() {
      return listeners
    },
    get voices() {
      return voices.size
    },
    untilHeard: (signal) => heard.untilRung(signal),
    async describe(): Promise<AudioFacts> {
      return {
        microphone: part(audio.hasMicrophone, 'microphone'),
        speaker: part(audio.hasSpeaker, 'speaker'),
      }
    },
    async *capture({ signal }): AsyncGenerator<SoundPacket, void> {
      if (!audio.hasMicrophone) throw new Fault('missing', 'The simulated board has no microphone.')
      listeners++
      try {
        for (let n = 0, startMs = clock.mono(); !signal.aborted; n++) {
          const endMs = startMs + (n + 1) * PACKET_MS
          await clock.sleep(Math.max(0, endMs - clock.mono()), { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
          if (signal.aborted) return
          if (!audio.hasMicrophone) throw new Fault('unavailable', 'The simulated microphone was unplugged.')
          yield { opus: Uint8Array.of(TOC, n & 0xff, n >> 8), at: monoMs(startMs + n * PACKET_MS) }
        }
      } finally {
        listeners--
      }
    },
    speak() {
      let isOver = false
      const voice: Voice = {
        send(opus) {
          if (isOver || !audio.hasSpeaker || opusSamples(opus) === undefined) return false
          spoken.push(opus)
          heard.ring()
          return true
        },
        async [Symbol.asyncDispose]() {
          isOver = true
          voices.delete(voice)
        },
      }
      voices.add(voice)
      return voice
    },
    play(sound, { volume }) {
      if (!audio.hasSpeaker) return false
      played.push({ sound, volume, atMs: clock.mono() })
      heard.ring()
      return true
    },
  }
  return audio
}
