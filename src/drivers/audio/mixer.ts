/** Everything that is to be heard now, as one stream of samples in real time. */
import { mixSamples, SAMPLES_PER_S } from '../../media/index.ts'
import { AUDIO_LIMITS } from '../../ports/audio.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Sink } from './sinks.ts'

const BLOCK_MS = 20
const BLOCK_SAMPLES = (SAMPLES_PER_S * BLOCK_MS) / 1000
/** Written ahead, so that a moment's delay of this process, or of the network, is not heard. */
const AHEAD_BLOCKS = 3
/** After a longer delay what was missed is left out. */
const BEHIND_BLOCKS_MAX = 10
/** So long it goes on with silence when nothing is left: a voice may only have paused. */
const LINGER_BLOCKS = 25

/** Something that is heard: gives its next samples into the block; false when it is over. */
export interface Source {
  mixInto(block: Int16Array): boolean
}

export type MixerDeps = {
  readonly sink: Sink
  readonly clock: Clock
  readonly onCrash: (error: unknown) => void
}

export class Mixer implements AsyncDisposable {
  readonly #deps: MixerDeps
  readonly #sources = new Set<Source>()
  readonly #stop = new AbortController()
  #playing: Promise<void> | undefined

  constructor(deps: MixerDeps) {
    this.#deps = deps
  }

  /** Its first samples are with the sink when this returns, unless others are being heard: then with the next block. */
  add(source: Source): void {
    this.#sources.add(source)
    if (this.#stop.signal.aborted) return
    this.#playing ??= this.#play().then(() => {
      this.#playing = undefined
    }, this.#deps.onCrash)
  }

  remove(source: Source): void {
    this.#sources.delete(source)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#playing
  }

  async #play(): Promise<void> {
    const { clock, sink } = this.#deps
    const { signal } = this.#stop
    let startMs = clock.mono()
    let written = 0
    for (let idle = 0; idle < LINGER_BLOCKS && !signal.aborted;) {
      const due = Math.floor((clock.mono() - startMs) / BLOCK_MS) + AHEAD_BLOCKS
      if (due - written > BEHIND_BLOCKS_MAX) {
        startMs = clock.mono()
        written = 0
        continue
      }
      for (; written < due; written++) {
        const block = new Int16Array(BLOCK_SAMPLES)
        idle = this.#mix(block) ? 0 : idle + 1
        sink.write(block)
      }
      await clock.sleep(BLOCK_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
    }
  }

  #mix(block: Int16Array): boolean {
    for (const source of this.#sources) if (!source.mixInto(block)) this.#sources.delete(source)
    return this.#sources.size > 0
  }
}

/** Samples that were made ready before. */
export class ReadySound implements Source {
  readonly #samples: Int16Array
  readonly #volume: number
  #from = 0

  constructor(samples: Int16Array, volume: number) {
    this.#samples = samples
    this.#volume = volume
  }

  mixInto(block: Int16Array): boolean {
    mixSamples(block, { samples: this.#samples, from: this.#from, volume: this.#volume })
    this.#from += block.length
    return this.#from < this.#samples.length
  }
}

const VOICE_SAMPLES_MAX = (SAMPLES_PER_S * AUDIO_LIMITS.voiceMsMax) / 1000
const VOICE_SAMPLES_KEPT = (SAMPLES_PER_S * AUDIO_LIMITS.voiceMsKept) / 1000

/** Samples that somebody sends while they are heard. It is over when it is taken out. */
export class LiveSound implements Source {
  readonly #volume: number
  #waiting = new Int16Array()

  constructor(volume: number) {
    this.#volume = volume
  }

  push(samples: Int16Array): void {
    const all = new Int16Array(this.#waiting.length + samples.length)
    all.set(this.#waiting)
    all.set(samples, this.#waiting.length)
    this.#waiting = all.length > VOICE_SAMPLES_MAX ? all.slice(-VOICE_SAMPLES_KEPT) : all
  }

  mixInto(block: Int16Array): boolean {
    mixSamples(block, { samples: this.#waiting, from: 0, volume: this.#volume })
    this.#waiting = this.#waiting.slice(block.length)
    return true
  }
}
