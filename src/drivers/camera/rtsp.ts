/** A camera in the network: RTSP or RTSPS over TCP, H.264 or HEVC. */
import { isFault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { laterBy, monoMs, type MonoMs } from '../../base/time.ts'
import type { Camera, CameraPath, CameraRun, LumaFrame, Track } from '../../ports/camera.ts'
import type { Clock } from '../../ports/clock.ts'
import { decodeLuma, FRAME_WIDTH_MAX, FRAMES_PER_S, whatToSkip } from '../ffmpeg/index.ts'
import type { Account } from './digest.ts'
import { openNetworkStream, type NetworkStream, type StreamHints } from './network-stream.ts'
import { placeOf } from './rtsp-client.ts'

/** Cameras lock an account after a few wrong passwords: whoever tries again too soon never gets in. */
const DENIED_MS = 60_000
const DECODER_PAUSE_MS = 1000
const DECODER_TRIES_MAX = 5

export type RtspCameraOptions = {
  readonly clock: Clock
  readonly log: Log
  /** Without user name and password. */
  readonly url: string
  /** The small stream of the same camera. */
  readonly detectUrl?: string | undefined
  readonly account?: Account | undefined
  readonly ca?: string | undefined
}

/** Each `open` is a session of its own. It never gives up: what is wrong with a camera in the network may be put right there. */
export function createRtspCamera(options: RtspCameraOptions): Camera {
  return new RtspCamera(options)
}

class RtspCamera implements Camera {
  readonly #options: RtspCameraOptions
  readonly #hints: StreamHints = { reorder: 0 }
  readonly #detectHints: StreamHints = { reorder: 0 }
  #deniedUntil: MonoMs | undefined
  #run: NetworkRun | undefined

  constructor(options: RtspCameraOptions) {
    this.#options = options
  }

  readonly path = (): CameraPath => {
    const where = `RTSP ${placeOf(this.#options.url)}`
    const { detectUrl } = this.#options
    const small =
      detectUrl === undefined ? 'camera.rtsp.detectUrl is not set' : 'its small stream was not asked for yet'
    return this.#run?.path(where) ?? { source: where, detection: 'decoded', why: small }
  }

  async open({ signal }: { readonly signal: AbortSignal }): Promise<CameraRun> {
    const { clock, log, url, detectUrl, account, ca } = this.#options
    if (this.#deniedUntil !== undefined) await clock.sleep(this.#deniedUntil - clock.mono(), { signal })
    this.#deniedUntil = undefined
    const say = (stream: string) => (why: string) => log.info('camera.run_over', { stream, why })
    try {
      const options = { clock, signal, hints: this.#hints, onEnd: say('main') }
      const main = await openNetworkStream({ url, account, ca }, options)
      const closed = new AbortController()
      const small =
        detectUrl === undefined
          ? undefined
          : openNetworkStream(
              { url: detectUrl, account, ca },
              { clock, signal: closed.signal, hints: this.#detectHints, onEnd: say('detection') },
            )
      this.#run = new NetworkRun({ clock, log, main, small, closed })
      return this.#run
    } catch (error) {
      if (isFault(error, 'denied')) this.#deniedUntil = laterBy(clock.mono(), DENIED_MS)
      throw error
    }
  }
}

type NetworkRunDeps = {
  readonly clock: Clock
  readonly log: Log
  readonly main: NetworkStream
  readonly small: Promise<NetworkStream> | undefined
  readonly closed: AbortController
}

class NetworkRun implements CameraRun {
  readonly track: Track
  readonly packets: CameraRun['packets']
  readonly frames: CameraRun['frames']
  readonly #deps: NetworkRunDeps
  #small: NetworkStream | undefined
  #whyDecoded: string

  constructor(deps: NetworkRunDeps) {
    const { main, small, closed } = deps
    this.#deps = deps
    this.track = main.track
    this.packets = main.reel.follow('oldest', closed.signal)
    this.frames = this.#pictures('oldest')
    this.#whyDecoded =
      small === undefined ? 'camera.rtsp.detectUrl is not set' : 'its small stream does not come yet'
    small?.then(
      (stream) => (this.#small = stream),
      (error: unknown) => this.#doWithoutSmall(error),
    )
  }

  readonly look = (from: MonoMs): AsyncIterable<LumaFrame> => this.#pictures(from)

  path(where: string): CameraPath {
    const source = `${where}: ${nameOf(this.track)}`
    return this.#small === undefined
      ? { source, detection: 'decoded', why: this.#whyDecoded }
      : { source, detection: 'small-stream', why: `${nameOf(this.#small.track)} is decoded instead` }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { main, small, closed } = this.#deps
    closed.abort()
    const opened = await small?.catch(() => undefined) // Why it did not open was said.
    await Promise.all([main[Symbol.asyncDispose](), opened?.[Symbol.asyncDispose]()])
  }

  #doWithoutSmall(error: unknown): void {
    if (this.#deps.closed.signal.aborted) return
    this.#small = undefined
    this.#whyDecoded = `its small stream cannot be had: ${messageOf(error)}`
    this.#deps.log.warn('camera.small_stream_lost', { problem: messageOf(error) })
  }

  /** From the small stream as long as there is one, else from what is recorded. A decoder that breaks is begun anew. */
  async *#pictures(from: MonoMs | 'oldest'): AsyncGenerator<LumaFrame, void> {
    const { clock, log, main, small, closed } = this.#deps
    const { signal } = closed
    let next = from
    await small?.catch(() => undefined) // Why it did not open was said.
    for (let tries = 1; !signal.aborted;) {
      const stream = this.#small ?? main
      try {
        for await (const frame of decoded(stream, next, signal)) {
          tries = 1
          next = monoMs(frame.at + 1)
          yield frame
        }
        if (stream === main || signal.aborted) return
        this.#doWithoutSmall(new Error('it ended'))
      } catch (error) {
        if (signal.aborted) return
        if (stream !== main) this.#doWithoutSmall(error)
        else if (!isFault(error, 'corrupt') || ++tries > DECODER_TRIES_MAX) throw error
        else log.warn('camera.decoder_lost', { problem: messageOf(error) })
        await clock.sleep(DECODER_PAUSE_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      }
    }
  }
}

function decoded(
  { track, reel }: NetworkStream,
  from: MonoMs | 'oldest',
  stop: AbortSignal,
): AsyncIterable<LumaFrame> {
  const skip = whatToSkip(reel.packets, track.codec, track.timescale)
  return decodeLuma(track, reel.follow(from, stop), {
    framesPerS: FRAMES_PER_S,
    widthMax: FRAME_WIDTH_MAX,
    ...skip,
  })
}

const nameOf = ({ codec, width, height }: Track): string =>
  `${codec === 'h264' ? 'H.264' : 'HEVC'} ${width}×${height}`
