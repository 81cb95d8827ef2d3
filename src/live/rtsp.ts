import { hex } from '../base/bytes.ts'
import { isAbort, isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { startLoop } from '../base/scope.ts'
import { encodeReply, interleaved, RtspReader, type RtspReply, type RtspRequest } from '../media/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { TcpConnection, TcpListening, TcpServer } from '../ports/tcp-server.ts'
import { DigestDesk, type Account } from './digest.ts'
import type { Live } from './live.ts'
import { stepRtsp, type RtspState } from './rtsp-session.ts'
import { sendWhole } from './sink.ts'

/** Whoever guesses waits after each guess, and is cut off after a few. */
const WRONG_MS = 1000
const WRONG_MAX = 3

export type RtspDeps = {
  readonly live: Pick<Live, 'watch' | 'run'>
  readonly server: TcpServer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export type RtspOptions = Account & { readonly host: string; readonly port: number }

/** For VLC, ffmpeg and recorders: RTSP over TCP with the camera's own pictures. Whoever has the password sees; nobody else. */
export function serveRtsp(deps: RtspDeps, { host, port, ...account }: RtspOptions): Promise<TcpListening> {
  return deps.server.listen((connection) => new Client(deps, account, connection).serve(), { host, port })
}

class Client {
  readonly #deps: RtspDeps
  readonly #connection: TcpConnection
  readonly #desk: DigestDesk
  #state: RtspState = { phase: 'begun' }
  #wrong = 0
  #playing: AsyncDisposable | undefined

  constructor(deps: RtspDeps, account: Account, connection: TcpConnection) {
    this.#deps = deps
    this.#desk = new DigestDesk(account)
    this.#connection = connection
  }

  async serve(): Promise<void> {
    const reader = new RtspReader()
    try {
      for await (const chunk of this.#connection.chunks) {
        for (const item of reader.push(chunk)) if (item.kind === 'request') await this.#answer(item)
        if (this.#state.phase === 'over') return
      }
    } catch (error) {
      if (!isFault(error) && !isAbort(error)) throw error
      if (!this.#connection.signal.aborted)
        this.#deps.log.info('live.rtsp_refused', { peer: this.#connection.peer, problem: messageOf(error) })
    } finally {
      await this.#playing?.[Symbol.asyncDispose]()
    }
  }

  async #answer(request: RtspRequest): Promise<void> {
    const { clock, live, random, log } = this.#deps
    const { peer, local, signal } = this.#connection
    const now = clock.mono()
    const verdict = this.#desk.judge(request.headers.get('authorization'), { method: request.method, now })
    if (verdict === 'wrong') {
      this.#wrong++
      log.warn('live.rtsp_wrong_password', { peer, times: this.#wrong })
      await clock.sleep(WRONG_MS, { signal })
    }
    const { reply, state } = stepRtsp(this.#state, request, {
      verdict,
      challenges: this.#desk.challenges({ now, isStale: verdict === 'stale' }),
      track: live.run()?.track,
      address: local,
      session: hex(random.bytes(8)),
    })
    const before = this.#state.phase
    this.#state = this.#wrong >= WRONG_MAX ? { phase: 'over' } : state
    await this.#reply(
      this.#state.phase === 'playing' && before !== 'playing' ? this.#play(reply) : reply,
      request,
    )
  }

  async #reply(reply: RtspReply, { headers }: RtspRequest): Promise<void> {
    await sendWhole(this.#connection, encodeReply(reply, headers.get('cseq')), this.#connection.signal)
  }

  /** The reply to `PLAY`: too many watch, or the pictures begin behind it. */
  #play(reply: RtspReply): RtspReply {
    if (this.#state.phase !== 'playing') return reply
    const { channel, session } = this.#state
    try {
      const watching = this.#deps.live.watch('rtsp')
      this.#playing = startLoop(
        async (signal) => {
          using _watched = watching
          await sendPictures(
            watching.follower,
            this.#connection,
            { channel, source: sourceOf(session) },
            signal,
          )
        },
        () => this.#connection.close(), // It has gone, or is broken: either way there is nobody to play to.
      )
      return reply
    } catch (error) {
      if (!isFault(error, 'full')) throw error
      this.#state = { phase: 'over' }
      return { status: 453, reason: 'Not Enough Bandwidth (too many watch)' }
    }
  }
}

const sourceOf = (session: string): number => Number.parseInt(session.slice(0, 8), 16)

async function sendPictures(
  follower: ReturnType<Live['watch']>['follower'],
  connection: TcpConnection,
  { channel, source }: { readonly channel: number; readonly source: number },
  stop: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([stop, connection.signal])
  let sequence = 0
  for (let item = await follower.next(signal); item !== undefined; item = await follower.next(signal)) {
    const payloads = item.run.payloadsOf(item.packet)
    const timestamp = item.run.stampOf(item.packet)
    for (const [index, payload] of payloads.entries()) {
      const isLast = index === payloads.length - 1
      const bytes = interleaved({ channel, payload, sequence: sequence++, timestamp, source, isLast })
      await sendWhole(connection, bytes, signal)
    }
  }
}
