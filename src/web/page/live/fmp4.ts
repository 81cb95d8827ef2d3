import type { LiveHello } from '../../api.ts'
import type { LiveStage, Show } from './types.ts'
import { listenTo, onNextPicture, playMuted } from './waiting.ts'

/**
 * Whoever is behind the newest picture catches up: faster the more it is. Jumping would begin to decode in the middle, where the
 * pictures before an open group's key picture lack what they need, and some browsers give up; so only when it is hopeless.
 */
const CATCH_UP = [
  { behindS: 1, rate: 8 },
  { behindS: 0.4, rate: 1.1 },
] as const
const JUMP_S = 15
const EDGE_S = 0.1
const KEPT_S = 10
/** Of what has come and could not be taken yet; with more, the browser is too slow for it. */
const QUEUE_BYTES_MAX = 16 * 1024 * 1024

type SourceClass = (new () => MediaSource) & Pick<typeof MediaSource, 'isTypeSupported'>

/** iPhones have a class of their own for this. */
function sourceClass(): SourceClass | undefined {
  const scope: { ManagedMediaSource?: SourceClass; MediaSource?: SourceClass } = globalThis
  return scope.ManagedMediaSource ?? scope.MediaSource
}

export const showFmp4: Show = async ({ video }, { onPicture, signal }) => {
  const Source = sourceClass()
  if (Source === undefined) throw new Error('this browser has no Media Source')
  let player: Player | undefined
  const begin = (text: string): void => {
    const hello = JSON.parse(text) as LiveHello // Our own device says it.
    if (!Source.isTypeSupported(hello.mime)) throw new Error(`this browser does not play ${hello.mime}`)
    player?.close()
    player = new Player(video, new Source(), hello.mime)
  }
  onNextPicture(video, onPicture, signal)
  try {
    return await listenTo(
      '/api/live/fmp4',
      { onText: begin, onBytes: (bytes) => player?.take(bytes) },
      signal,
    )
  } finally {
    player?.close()
  }
}

/** One run of the camera. */
class Player {
  readonly #video: LiveStage['video']
  readonly #source: MediaSource
  readonly #url: string
  #buffer: SourceBuffer | undefined
  #queue: Uint8Array<ArrayBuffer>[] = []
  #queuedBytes = 0
  #problem: Error | undefined

  constructor(video: HTMLVideoElement, source: MediaSource, mime: string) {
    this.#video = video
    this.#source = source
    this.#url = URL.createObjectURL(source)
    source.addEventListener(
      'sourceopen',
      () => {
        const buffer = source.addSourceBuffer(mime)
        buffer.addEventListener('updateend', () => this.#next())
        buffer.addEventListener(
          'error',
          () => (this.#problem = new Error('the browser could not read the pictures')),
        )
        this.#buffer = buffer
        this.#next()
      },
      { once: true },
    )
    video.disableRemotePlayback = true // Without it, iPhones refuse.
    video.src = this.#url
    playMuted(video)
  }

  /** Throws when the browser cannot go on. */
  take(bytes: Uint8Array<ArrayBuffer>): void {
    const problem =
      this.#problem ?? (this.#video.error === null ? undefined : new Error(this.#video.error.message))
    if (problem !== undefined) throw problem
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    if (this.#queuedBytes > QUEUE_BYTES_MAX) throw new Error('this browser is too slow for the pictures')
    this.#next()
  }

  close(): void {
    this.#queue = []
    this.#buffer = undefined
    this.#video.removeAttribute('src')
    this.#video.load()
    URL.revokeObjectURL(this.#url)
  }

  #next(): void {
    const buffer = this.#buffer
    if (buffer === undefined || buffer.updating || this.#source.readyState !== 'open') return
    this.#keepToEdge(buffer.buffered)
    const oldS = this.#video.currentTime - KEPT_S
    const { buffered } = buffer
    if (buffered.length > 0 && buffered.start(0) < oldS - KEPT_S) return buffer.remove(0, oldS)
    const bytes = joined(this.#queue)
    this.#queue = []
    this.#queuedBytes = 0
    if (bytes.length > 0) buffer.appendBuffer(bytes)
  }

  #keepToEdge(buffered: TimeRanges): void {
    const last = buffered.length - 1
    if (last < 0) return
    const video = this.#video
    const [from, to] = [buffered.start(last), buffered.end(last)]
    const behindS = to - video.currentTime
    if (video.currentTime < from || behindS > JUMP_S)
      video.currentTime = behindS > JUMP_S ? to - EDGE_S : from
    video.playbackRate = CATCH_UP.find((step) => behindS > step.behindS)?.rate ?? 1
    if (video.paused) playMuted(video)
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
