import { isAbort } from '../base/fault.ts'
import type { Clock } from '../ports/clock.ts'
import type { Peer } from '../ports/peers.ts'
import type { Follower, LiveItem } from './follower.ts'

/** A receiver's socket has room for some 64 kB; a key frame, or two seconds of preroll, is more. */
const BURST_BYTES = 24 * 1024
const BURST_PAUSE_MS = 4
/** The past is shown at this multiple of its speed, so that a new viewer sees now at once, and not two seconds late for ever. */
const CATCH_UP_SPEED = 40
const FRAME_STAMPS = 3000

/** Whoever loses pictures asks for a key frame, again and again until it comes. */
const RESTART_MS_MIN = 1000

export type WebrtcViewDeps = {
  readonly clock: Clock
  readonly follower: Follower
  /** Fills the follower anew with the newest key frame and what came after. */
  readonly restart: () => void
}

/** Packets untouched and in decoding order, with the times at which they are shown, until the peer or `signal` ends. */
export async function showToPeer(peer: Peer, deps: WebrtcViewDeps, signal: AbortSignal): Promise<void> {
  const { clock, follower } = deps
  await peer.connected()
  let restartedMs = clock.mono()
  deps.restart()
  peer.onKeyWanted(() => {
    if (clock.mono() - restartedMs < RESTART_MS_MIN) return
    restartedMs = clock.mono()
    deps.restart()
  })
  const either = AbortSignal.any([signal, peer.signal])
  const stamps = new Stamps()
  const pace = new Pace(clock, either)
  for (let item = await follower.next(either); item !== undefined; item = await follower.next(either)) {
    const payloads = item.run.payloadsOf(item.packet)
    const timestamp = stamps.of(item)
    for (const [index, payload] of payloads.entries()) {
      await pace.before(payload.length)
      // What finds no room is lost, as on any network; the browser then asks for a key frame.
      peer.send({ payload, timestamp, isLast: index === payloads.length - 1 })
    }
  }
}

/** Spreads what comes at once. */
class Pace {
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #left = BURST_BYTES
  #sinceMs = 0

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
  }

  async before(bytes: number): Promise<void> {
    const now = this.#clock.mono()
    if (now - this.#sinceMs >= BURST_PAUSE_MS) this.#refill(now)
    if (this.#left < bytes) {
      await this.#clock.sleep(BURST_PAUSE_MS, { signal: this.#signal }).catch((error: unknown) => {
        if (!this.#signal.aborted && !isAbort(error)) throw error
      })
      this.#refill(this.#clock.mono())
    }
    this.#left -= bytes
  }

  #refill(now: number): void {
    this.#left = BURST_BYTES
    this.#sinceMs = now
  }
}

/** RTP times: as they are, but the past pressed together, and never back behind what was sent before a restart. */
export class Stamps {
  #catchUp: LiveItem['catchUp']
  #nowStamp = -Infinity
  #offset = 0
  #highest: number | undefined

  of({ run, packet, catchUp }: LiveItem): number {
    const isRestart = catchUp !== undefined && catchUp !== this.#catchUp
    if (isRestart) this.#nowStamp = run.stampOf(catchUp.newest)
    this.#catchUp = catchUp ?? this.#catchUp
    const real = run.stampOf(packet)
    const agoTicks = Math.max(0, this.#nowStamp - real)
    const stamp = Math.round(real + agoTicks - agoTicks / CATCH_UP_SPEED)
    if (isRestart && this.#highest !== undefined && stamp + this.#offset <= this.#highest)
      this.#offset = this.#highest + FRAME_STAMPS - stamp
    this.#highest = Math.max(this.#highest ?? -Infinity, stamp + this.#offset)
    return stamp + this.#offset
  }
}
