/**
 * Clock trust: whatever happened before the time was known gets its time later.
 *
 * Owns: watching for the moment from which the time of day is known, and the entries `clock` of the ledger.
 * Promises: no recording is rewritten. In a start in which something was recorded before the time was known, one entry of the
 *   ledger says how that start's own clock and the time of day belong together, and another whenever that has changed by
 *   more than two seconds; other starts leave no entry. Messages that wait hear of it too.
 * When full: an entry that finds no room on the disk is tried again until it does.
 * When it fails: any other fault of the index is logged, and the recordings of this start keep a time that nobody trusts.
 * Stopping: `run` ends when its signal is aborted, after one last look.
 * Not its job: setting a clock; deciding whether it is trusted (the port); what the owner makes of the entries (`owner/`).
 * See: `../ports/clock.ts`, `../owner/time.ts`.
 */
import { Bell } from '../base/bell.ts'
import { isFault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { MonoMs, UnixMs } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'

export interface ClockTrust {
  /** Something got a time that nobody should believe: a clip was begun, or a message is to be told. */
  noteUntimed(what: 'clip' | 'message'): void
  run(signal: AbortSignal): Promise<void>
}

/** One moment by both clocks: milliseconds since this start, and since 1970. */
export type KnownTime = { readonly monoMs: number; readonly unixMs: number }

export type ClockTrustDeps = {
  readonly clock: Clock
  readonly log: Log
  /** Enters into the ledger how this start's clocks belong together. Throws `Fault('full')` while there is no room. */
  readonly append: (known: KnownTime) => Promise<void>
  /** The time is known now: what waits to be told can be put right. */
  readonly onKnown: () => void
}

/** While the time is not known, and something lacks it. */
const LOOK_EVERY_MS = 10_000
/** Once it is known, for steps. */
const WATCH_EVERY_MS = 60_000
/** Less than that is drift, or a clock that is being put right slowly. */
const STEP_MS = 2000
const SECOND_MS = 1000

/** The whole second that begins now or next. */
function knownTime(mono: MonoMs, at: UnixMs): KnownTime {
  const second = Math.ceil(at / SECOND_MS) * SECOND_MS
  return { monoMs: Math.round(mono + (second - at)), unixMs: second }
}

/** Costs nothing as long as everything has its time. */
export function createClockTrust(deps: ClockTrustDeps): ClockTrust {
  const { clock } = deps
  const bell = new Bell()
  const book = createBook(deps)
  let hasMessages = false
  const look = async (): Promise<void> => {
    if (!clock.wall().trusted) return
    if (hasMessages) deps.onKnown()
    hasMessages = false
    await book.look()
  }
  return {
    noteUntimed(what) {
      if (what === 'clip') book.hasClips = true
      else hasMessages = true
      bell.ring()
    },
    async run(signal) {
      while (!signal.aborted) {
        if (!hasMessages && !book.isOpen()) {
          await bell.untilRung(signal)
          continue
        }
        await look()
        const everyMs = book.isKept() && !hasMessages ? WATCH_EVERY_MS : LOOK_EVERY_MS
        await clock.sleep(everyMs, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
      }
      await look()
    },
  }
}

/** What of this start has to stand in the ledger. */
type Book = {
  hasClips: boolean
  /** There is, or may come to be, something to enter. */
  isOpen(): boolean
  /** What is entered is true as of the last look. */
  isKept(): boolean
  /** To be called while the time is known. */
  look(): Promise<void>
}

function createBook({ clock, log, append }: ClockTrustDeps): Book {
  /** How far the two clocks were apart at the last look; undefined as long as no entry says it. */
  let apartMs: number | undefined
  let isBroken = false
  const enter = async (known: KnownTime): Promise<boolean> => {
    try {
      await append(known)
      log.info('clock.known', known)
      return true
    } catch (error) {
      if (!isFault(error) || error.kind === 'bug') throw error
      isBroken = error.kind !== 'full'
      log[isBroken ? 'error' : 'warn']('clock.not_entered', { kind: error.kind, problem: error.message })
      return false
    }
  }
  const book: Book = {
    hasClips: false,
    isOpen: () => book.hasClips && !isBroken,
    isKept: () => apartMs !== undefined,
    async look() {
      if (!book.isOpen()) return
      const [{ at }, mono] = [clock.wall(), clock.mono()]
      const isNew = apartMs === undefined || Math.abs(at - mono - apartMs) > STEP_MS
      if (!isNew || (await enter(knownTime(mono, at)))) apartMs = at - mono
    },
  }
  return book
}
