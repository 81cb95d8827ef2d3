/** What takes samples: a device of ALSA by a program that stands ready, or a file. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { isFault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { startLoop } from '../../base/scope.ts'
import { SAMPLES_PER_S } from '../../media/index.ts'
import type { AudioPart } from '../../ports/audio.ts'
import type { Clock } from '../../ports/clock.ts'
import { startTool, type Tool } from '../ffmpeg/run-tool.ts'
import { nameOf, whyMissing, type SoundSink } from './places.ts'

export interface Sink extends AsyncDisposable {
  /** Never waits. False: it cannot take any now. */
  write(samples: Int16Array): boolean
  /** Waits until it is known. */
  state(signal: AbortSignal): Promise<AudioPart>
  isThere(): boolean
}

export type SinkDeps = { readonly clock: Clock; readonly log: Log }

export function openSink(sink: SoundSink, deps: SinkDeps): Sink {
  switch (sink.kind) {
    case 'none':
      return new Nowhere()
    case 'alsa':
      return new AlsaSink(sink, deps)
    case 'file':
      return new WavSink(sink.path, deps)
  }
}

class Nowhere implements Sink {
  write(): boolean {
    return false
  }
  async state(): Promise<AudioPart> {
    return { state: 'missing', why: whyMissing('speaker', { kind: 'none' }) }
  }
  isThere(): boolean {
    return false
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

const bytesOf = (samples: Int16Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)

const AGAIN_MS_MIN = 1000
const AGAIN_MS_MAX = 60_000
/** What the player has not taken; when it hangs, sound is lost rather than late. */
const WAITING_BYTES_MAX = 64 * 1024
const PLAY = [
  ...['-v', 'error', '-probesize', '32', '-analyzeduration', '0', '-fflags', 'nobuffer'],
  ...['-f', 's16le', '-ar', String(SAMPLES_PER_S), '-ac', '1', '-i', 'pipe:0'],
] as const
/** The player opens the device when it has samples, and says nothing of it: so it is tried before. */
const TRY = ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=mono', '-t', '0.1'] as const

type Known = AudioPart | { readonly state: 'opening' }

/**
 * A player that runs all the time and waits for samples: a chime that had to start a program first would come a tenth of a second
 * late, and much later on a small board. One that ends (the device was unplugged) is started again, later each time.
 */
class AlsaSink implements Sink {
  readonly #sink: Extract<SoundSink, { kind: 'alsa' }>
  readonly #deps: SinkDeps
  readonly #loop: AsyncDisposable
  #known: Known = { state: 'opening' }
  #wake: (() => void)[] = []
  #tool: Tool | undefined

  constructor(sink: Extract<SoundSink, { kind: 'alsa' }>, deps: SinkDeps) {
    this.#sink = sink
    this.#deps = deps
    this.#loop = startLoop(
      (signal) => this.#keepPlaying(signal),
      (error) => deps.log.error('audio.player_failed', { problem: messageOf(error) }),
    )
  }

  write(samples: Int16Array): boolean {
    const tool = this.#tool
    if (tool === undefined || tool.stdin.writableLength > WAITING_BYTES_MAX) return false
    tool.stdin.write(bytesOf(samples))
    return true
  }

  async state(signal: AbortSignal): Promise<AudioPart> {
    while (this.#known.state === 'opening' && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    if (this.#known.state !== 'opening') return this.#known
    return { state: 'missing', why: 'Nobody waited until the speaker was opened.' }
  }

  isThere(): boolean {
    return this.#known.state === 'there'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]()
  }

  async #keepPlaying(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    let againMs = AGAIN_MS_MIN
    while (!signal.aborted) {
      const problem = await this.#play(signal)
      this.#tool = undefined
      if (signal.aborted) return
      const isNews = this.isThere() || this.#known.state === 'opening'
      if (isNews) againMs = AGAIN_MS_MIN
      this.#lose(problem)
      if (isNews) log.info('audio.player_ended', { againInMs: againMs, problem: messageOf(problem) })
      await clock.sleep(againMs, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      againMs = Math.min(AGAIN_MS_MAX, againMs * 2)
    }
  }

  /** Gives why it ended. */
  async #play(signal: AbortSignal): Promise<unknown> {
    const { device } = this.#sink
    const options = { failure: 'unavailable', signal } as const
    try {
      {
        await using trial = startTool('ffmpeg', [...TRY, '-f', 'alsa', device], options)
        await trial.ended
      }
      await using tool = startTool('ffmpeg', [...PLAY, '-f', 'alsa', device], options)
      tool.stdout.resume()
      this.#tool = tool
      this.#say({ state: 'there', name: nameOf(this.#sink) })
      await tool.ended
      return 'it has ended'
    } catch (error) {
      return error
    }
  }

  #lose(problem: unknown): void {
    const why = isFault(problem, 'missing')
      ? problem.message
      : whyMissing('speaker', this.#sink, messageOf(problem))
    this.#say({ state: 'missing', why })
  }

  #say(known: AudioPart): void {
    this.#known = known
    const wake = this.#wake
    this.#wake = []
    for (const each of wake) each()
  }
}

/** Ten minutes. */
const WAV_BYTES_MAX = 600 * SAMPLES_PER_S * 2
const WAV_HEAD_BYTES = 44

/** What would have been heard, without the silence between. */
class WavSink implements Sink {
  readonly #path: string
  readonly #log: Log
  readonly #file: number | undefined
  readonly #problem: string = ''
  #bytes = 0

  constructor(path: string, { log }: SinkDeps) {
    this.#path = path
    this.#log = log
    try {
      this.#file = openSync(path, 'w', 0o600)
      writeSync(this.#file, wavHead(0), 0, WAV_HEAD_BYTES, 0)
    } catch (error) {
      this.#problem = messageOf(error)
      log.error('audio.file_failed', { problem: this.#problem })
    }
  }

  write(samples: Int16Array): boolean {
    if (this.#file === undefined || this.#bytes >= WAV_BYTES_MAX) return false
    try {
      writeSync(this.#file, bytesOf(samples), 0, samples.byteLength, WAV_HEAD_BYTES + this.#bytes)
      this.#bytes += samples.byteLength
      writeSync(this.#file, wavHead(this.#bytes), 0, WAV_HEAD_BYTES, 0)
      return true
    } catch (error) {
      this.#log.error('audio.file_failed', { problem: messageOf(error) })
      return false
    }
  }

  async state(): Promise<AudioPart> {
    return this.isThere()
      ? { state: 'there', name: this.#path }
      : {
          state: 'missing',
          why: whyMissing('speaker', { kind: 'file', path: this.#path }, this.#problem),
        }
  }

  isThere(): boolean {
    return this.#file !== undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#file !== undefined) closeSync(this.#file)
  }
}

/** RIFF WAVE, PCM: http://soundfile.sapp.org/doc/WaveFormat/ */
function wavHead(bytes: number): Uint8Array {
  const head = Buffer.alloc(WAV_HEAD_BYTES)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(WAV_HEAD_BYTES - 8 + bytes, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(SAMPLES_PER_S, 24)
  head.writeUInt32LE(SAMPLES_PER_S * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(bytes, 40)
  return head
}
