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
      describe: (options) => audio.describe(options),
      capture: (options) => audio.capture(options),
      speak: (options) => audio.speak(options),
      play: (sound, options) => {
        this.onPlay()
        return audio.play(sound, options)
      },
    }
  }
}

export function createSimAudio(clock: Clock, { has = true }: { readonly has?: boolean } = {}): SimAudio {
  return new SimBoardAudio(clock, has)
}

type Played = { readonly sound: 'chime'; readonly volume: number; readonly atMs: number }

class SimBoardAudio implements SimAudio {
  hasMicrophone: boolean
  hasSpeaker: boolean
  listeners = 0
  readonly played: Played[] = []
  readonly spoken: Uint8Array[] = []
  readonly #clock: Clock
  readonly #heard = new Bell()
  readonly #voices = new Set<Voice>()

  constructor(clock: Clock, has: boolean) {
    this.#clock = clock
    this.hasMicrophone = has
    this.hasSpeaker = has
  }

  get voices(): number {
    return this.#voices.size
  }

  untilHeard(signal: AbortSignal): Promise<void> {
    return this.#heard.untilRung(signal)
  }

  async describe(): Promise<AudioFacts> {
    return {
      microphone: partOf('microphone', this.hasMicrophone),
      speaker: partOf('speaker', this.hasSpeaker),
    }
  }

  async *capture({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<SoundPacket, void> {
    if (!this.hasMicrophone) throw new Fault('missing', 'The simulated board has no microphone.')
    this.listeners++
    try {
      const startMs = this.#clock.mono()
      for (let n = 0; !signal.aborted; n++) {
        const waitMs = Math.max(0, startMs + (n + 1) * PACKET_MS - this.#clock.mono())
        await this.#clock.sleep(waitMs, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
        if (signal.aborted) return
        if (!this.hasMicrophone) throw new Fault('unavailable', 'The simulated microphone was unplugged.')
        yield { opus: Uint8Array.of(TOC, n & 0xff, n >> 8), at: monoMs(startMs + n * PACKET_MS) }
      }
    } finally {
      this.listeners--
    }
  }

  speak(): Voice {
    let isOver = false
    const voice: Voice = {
      send: (opus) => {
        if (isOver || !this.hasSpeaker || opusSamples(opus) === undefined) return false
        this.spoken.push(opus)
        this.#heard.ring()
        return true
      },
      [Symbol.asyncDispose]: async () => {
        isOver = true
        this.#voices.delete(voice)
      },
    }
    this.#voices.add(voice)
    return voice
  }

  play(sound: 'chime', { volume }: { readonly volume: number }): boolean {
    if (!this.hasSpeaker) return false
    this.played.push({ sound, volume, atMs: this.#clock.mono() })
    this.#heard.ring()
    return true
  }
}

const partOf = (name: string, isThere: boolean): AudioPart =>
  isThere
    ? { state: 'there', name: `simulated ${name}` }
    : { state: 'missing', why: `The simulated board has no ${name}.` }
