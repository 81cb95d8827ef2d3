import { isAbort } from '../base/fault.ts'
import type { Members, SignedIn } from '../members/index.ts'
import type { Clock } from '../ports/clock.ts'

const SOCKETS_PER_SESSION_MAX = 6
const VIEWERS_PER_SESSION_MAX = 4
/** Clocks may be put right at any time: nobody is believed to be good for longer without asking. */
const LOOK_MS = 30_000

type Kind = 'socket' | 'viewer'
/** `again`: come again at once, it is another doorbell; `too-many`: the same session has opened others. */
export type Leaving = 'signed-out' | 'too-many' | 'again' | 'left'
type Seat = { readonly session: string; readonly kind: Kind; readonly stop: AbortController }

export type PresenceDeps = { readonly clock: Clock; readonly members: Members }

/**
 * Who is connected, and for how long they may be: a socket or viewer ends when its session does, when the guest's time is over, or when
 * the same session has opened too many others since.
 */
export class Presence implements Disposable {
  readonly #deps: PresenceDeps
  readonly #seats = new Set<Seat>()
  readonly #subscription: Disposable

  constructor(deps: PresenceDeps) {
    this.#deps = deps
    this.#subscription = deps.members.subscribe((event) => {
      if (event.type !== 'session-over') return
      for (const seat of this.#seats) if (seat.session === event.session) this.#leave(seat, 'signed-out')
    })
  }

  get count(): number {
    return this.#seats.size
  }

  /** A signal that is aborted, with a `Leaving` as its reason, when it has to end; to be left when it has. */
  enter(who: SignedIn, token: string, kind: Kind): Disposable & { readonly signal: AbortSignal } {
    const seat: Seat = { session: who.session, kind, stop: new AbortController() }
    this.#makeRoom(seat)
    this.#seats.add(seat)
    const watching = this.#watch(seat, who, token)
    void watching.catch(() => this.#leave(seat, 'signed-out')) // It cannot be asked whether they still may: so they may not.
    return { signal: seat.stop.signal, [Symbol.dispose]: () => this.#leave(seat, 'left') }
  }

  endAll(): void {
    for (const seat of this.#seats) this.#leave(seat, 'again')
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]()
    this.endAll()
  }

  #makeRoom({ session, kind }: Seat): void {
    const most = kind === 'socket' ? SOCKETS_PER_SESSION_MAX : VIEWERS_PER_SESSION_MAX
    const theirs = [...this.#seats].filter((seat) => seat.session === session && seat.kind === kind)
    for (const seat of theirs.slice(0, Math.max(0, theirs.length - most + 1))) this.#leave(seat, 'too-many')
  }

  async #watch(seat: Seat, who: SignedIn, token: string): Promise<void> {
    const { signal } = seat.stop
    let now: SignedIn | undefined = who
    while (now !== undefined && !signal.aborted) {
      const left = now.role === 'guest' ? (now.untilUnixMs ?? 0) - this.#deps.clock.wall().at : LOOK_MS
      try {
        await this.#deps.clock.sleep(Math.max(0, Math.min(left, LOOK_MS)), { signal })
      } catch (error) {
        if (isAbort(error) || signal.aborted) return
        throw error
      }
      now = await this.#deps.members.signedIn(token)
    }
    this.#leave(seat, 'signed-out')
  }

  #leave(seat: Seat, why: Leaving): void {
    this.#seats.delete(seat)
    seat.stop.abort(why)
  }
}
