import { isFault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { chimeSamples, opusSamples, OpusOggWriter } from '../../media/index.ts'
import type { Audio, AudioFacts, SoundPacket, Voice } from '../../ports/audio.ts'
import type { Clock } from '../../ports/clock.ts'
import { chunksOf, startTool, type Tool } from '../ffmpeg/run-tool.ts'
import { captureSound, tryMicrophone } from './capture.ts'
import { LiveSound, Mixer, ReadySound } from './mixer.ts'
import { nameOf, type SoundSink, type SoundSource } from './places.ts'
import { openSink, type Sink } from './sinks.ts'

export type FfmpegAudioDeps = { readonly clock: Clock; readonly log: Log }
export type FfmpegAudioOptions = { readonly microphone: SoundSource; readonly speaker: SoundSink }

/**
 * Sound through ffmpeg, which Debian builds with ALSA and libopus. What is heard is mixed here, so that the chime needs no program
 * to be started, and can ring while somebody speaks.
 */
export function openFfmpegAudio(deps: FfmpegAudioDeps, options: FfmpegAudioOptions): Audio & AsyncDisposable {
  return new FfmpegAudio(deps, options)
}

class FfmpegAudio implements Audio, AsyncDisposable {
  readonly #deps: FfmpegAudioDeps
  readonly #options: FfmpegAudioOptions
  readonly #sink: Sink
  readonly #mixer: Mixer
  /** Made at the start and kept: nothing has to be read to ring. */
  readonly #sounds = { chime: chimeSamples() }
  readonly #voices = new Set<AsyncDisposable>()
  #sounding: ReadySound | undefined
  #listeners = 0

  constructor(deps: FfmpegAudioDeps, options: FfmpegAudioOptions) {
    this.#deps = deps
    this.#options = options
    this.#sink = openSink(options.speaker, deps)
    this.#mixer = new Mixer({
      sink: this.#sink,
      clock: deps.clock,
      onCrash: (error) => deps.log.error('audio.mixer_failed', { problem: messageOf(error) }),
    })
  }

  async describe({ signal }: { readonly signal: AbortSignal }): Promise<AudioFacts> {
    const { microphone } = this.#options
    const [why, speaker] = await Promise.all([
      // Who listens holds the device; trying it then would say that it is taken.
      this.#listeners > 0 ? undefined : tryMicrophone(microphone, signal),
      this.#sink.state(signal),
    ])
    return {
      microphone:
        why === undefined ? { state: 'there', name: nameOf(microphone) } : { state: 'missing', why },
      speaker,
    }
  }

  async *capture({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<SoundPacket, void> {
    this.#listeners++
    try {
      yield* captureSound(this.#options.microphone, { clock: this.#deps.clock, signal })
    } finally {
      this.#listeners--
    }
  }

  speak({ volume }: { readonly volume: number }): Voice {
    const voice: Voice = new DecodedVoice(this.#mixer, this.#sink, {
      volume,
      log: this.#deps.log,
      onOver: () => this.#voices.delete(voice),
    })
    this.#voices.add(voice)
    return voice
  }

  play(sound: 'chime', { volume }: { readonly volume: number }): boolean {
    if (!this.#sink.isThere()) return false
    if (this.#sounding !== undefined) this.#mixer.remove(this.#sounding)
    this.#sounding = new ReadySound(this.#sounds[sound], volume)
    this.#mixer.add(this.#sounding)
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#voices].map((voice) => voice[Symbol.asyncDispose]()))
    await this.#mixer[Symbol.asyncDispose]()
    await this.#sink[Symbol.asyncDispose]()
  }
}

/** What the decoder has not read; more than that and it hangs. */
const WAITING_BYTES_MAX = 16 * 1024
const DECODE = [
  ...['-v', 'error', '-probesize', '32', '-analyzeduration', '0', '-fflags', 'nobuffer'],
  ...[
    '-f',
    'ogg',
    '-i',
    'pipe:0',
    '-ac',
    '1',
    '-ar',
    '48000',
    '-flush_packets',
    '1',
    '-f',
    's16le',
    'pipe:1',
  ],
] as const

class DecodedVoice implements Voice {
  readonly #mixer: Mixer
  readonly #sink: Sink
  readonly #sound: LiveSound
  readonly #tool: Tool
  readonly #onOver: () => void
  readonly #writer = new OpusOggWriter(1)
  readonly #decoding: Promise<void>
  #isOver = false

  constructor(
    mixer: Mixer,
    sink: Sink,
    { volume, log, onOver }: { readonly volume: number; readonly log: Log; readonly onOver: () => void },
  ) {
    this.#onOver = onOver
    this.#mixer = mixer
    this.#sink = sink
    this.#sound = new LiveSound(volume)
    this.#tool = startTool('ffmpeg', DECODE, { failure: 'corrupt' })
    this.#tool.stdin.write(this.#writer.head())
    this.#decoding = this.#decode().catch((error: unknown) => {
      if (!this.#isOver && !isFault(error, 'aborted'))
        log.warn('audio.voice_failed', { problem: messageOf(error) })
      this.#isOver = true
    })
  }

  send(opus: Uint8Array): boolean {
    const { stdin } = this.#tool
    if (this.#isOver || !this.#sink.isThere() || opusSamples(opus) === undefined) return false
    if (stdin.writableLength > WAITING_BYTES_MAX) return false
    stdin.write(this.#writer.packet(opus))
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#mixer.remove(this.#sound)
    await this.#tool[Symbol.asyncDispose]()
    await this.#decoding
    this.#onOver()
  }

  async #decode(): Promise<void> {
    let odd: Uint8Array = new Uint8Array()
    for await (const chunk of chunksOf(this.#tool)) {
      const bytes = Buffer.concat([odd, chunk])
      const whole = bytes.length - (bytes.length % 2)
      odd = bytes.subarray(whole)
      const samples = new Int16Array(whole / 2)
      for (let n = 0; n < samples.length; n++) samples[n] = bytes.readInt16LE(n * 2)
      if (this.#isOver) return
      this.#sound.push(samples)
      this.#mixer.add(this.#sound)
    }
  }
}
