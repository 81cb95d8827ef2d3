import {
  fieldsOf,
  idOf,
  parsed,
  type AcceptedPress,
  type Evidence,
  type FingerFact,
} from '../world/evidence.ts'
import type { Broken, Checker } from './checker.ts'

/** A finger has to be on the button for so long while the doorbell is up. */
const HEARD_AFTER_MS = 60
/** A spike so short before the finger cannot be told from its first bounce. */
const SPIKE_MS = 25
/** From when the contact was closed for good. */
export const CHIME_MS_MAX = 20
/** A ring and the pause behind it: who presses meanwhile hears the next one when it is over. */
const CHIME_BUSY_MS = 1000
/** Rounding, and the milliseconds between a press and its first look at the clock. */
const TIME_ERROR_MS_MAX = 50
/** 2026-01-01T08:00:00Z, when every world begins. */
export const WORLD_BEGAN_UNIX_MS = 1_767_254_400_000

/** Every finger on the button is one press, and nothing else is. */
export const pressesHeard: Checker = {
  name: 'press-heard',
  promise: 'a finger on the button while the doorbell is up is one press, and nothing else is',
  check({ fingers: all, presses, lives }) {
    const fingers = touchesOf(all)
    const unheard = fingers
      .filter(
        ({ downMs, upMs }) => upMs - downMs >= HEARD_AFTER_MS && isUp(lives, downMs, downMs + HEARD_AFTER_MS),
      )
      .filter(({ downMs, upMs, most }) => {
        const heard = count(presses, downMs, upMs)
        return heard < 1 || heard > most
      })
      .map(({ downMs, upMs }) => ({
        atMs: downMs,
        message: `the finger at ${seconds(downMs)} became ${count(presses, downMs, upMs)} presses`,
      }))
    const phantoms = presses
      .filter(
        ({ pressedAtMs: at }) =>
          !fingers.some(({ downMs, upMs }) => at >= downMs - SPIKE_MS && at <= upMs + 50),
      )
      .map(({ pressedAtMs }) => ({ atMs: pressedAtMs, message: 'a press that nobody made' }))
    return [...unheard, ...phantoms]
  },
}

/** The household hears of every acknowledged press exactly once, with its original time. */
export const pressesNotified: Checker = {
  name: 'press-notified-once',
  promise: 'every acknowledged press is notified exactly once, with its original time',
  check(evidence) {
    if (!evidence.hasBroker) return []
    const heard = heardPresses(evidence)
    return [
      ...missedPresses(evidence, heard),
      ...unwrittenPresses(evidence),
      ...repeatedPresses(heard),
      ...toldAgain(evidence),
      ...wrongTimes(evidence, heard),
    ]
  },
}

/** A press during anything chimes soon. */
export const pressesChime: Checker = {
  name: 'press-chimes',
  promise: `a press chimes within ${CHIME_MS_MAX} ms of when the button stopped bouncing, whatever else is going on, but for quiet hours`,
  check: (evidence) => unheard(evidence, evidence.chimes, 'did not chime in time'),
}

/** So does the loudspeaker, by itself. */
export const pressesSound: Checker = {
  name: 'press-sounds',
  promise: `the speaker is told to sound within ${CHIME_MS_MAX} ms of a press, whatever else is going on, but for quiet hours`,
  check: (evidence) => unheard(evidence, evidence.sounds, 'did not sound in time'),
}

/** Presses of a doorbell that was up for which nothing of the kind happened in time. */
const unheard = (
  { presses, lives }: Evidence,
  heard: readonly number[],
  what: string,
): ReturnType<Checker['check']> =>
  presses
    .filter(({ isQuiet }) => !isQuiet)
    .filter(({ acceptedAtMs: at }) => isUp(lives, at, at + CHIME_MS_MAX))
    .filter(
      ({ acceptedAtMs: at, closedAtMs }) =>
        !heard.some((atMs) => atMs >= at - CHIME_BUSY_MS && atMs <= closedAtMs + CHIME_MS_MAX),
    )
    .map(({ acceptedAtMs: atMs }) => ({ atMs, message: `the press at ${seconds(atMs)} ${what}` }))

/** Nobody is woken: the chime sounds for no press of quiet hours. */
export const quietKept: Checker = {
  name: 'quiet-kept',
  promise: 'the chime sounds for presses outside of quiet hours, and for nothing else',
  check: ({ presses, chimes }) => {
    const loud = presses.filter(({ isQuiet }) => !isQuiet)
    // Who presses quickly is heard one ring after the other; more than eight do not wait.
    const isDue = (chime: number): boolean =>
      loud.some(({ acceptedAtMs: at }) => chime >= at && chime <= at + CHIME_BUSY_MS * 10)
    return chimes
      .filter((chime) => !isDue(chime))
      .map((atMs) => ({
        atMs,
        message: 'the chime sounded, and nobody had rung whom the household wants to hear',
      }))
  },
}

/** With less air than this between two fingers the contact never counts as open, with more than that it always does. */
const AIR_MS = { least: 30, most: 80 }

/** Fingers that are one to the button, or may be: how many presses they are at most. */
type Touch = FingerFact & { readonly most: number }

function touchesOf(fingers: readonly FingerFact[]): readonly Touch[] {
  const whole: Touch[] = []
  for (const finger of fingers.toSorted((a, b) => a.downMs - b.downMs)) {
    const last = whole.at(-1)
    const airMs = finger.downMs - (last?.upMs ?? -Infinity)
    if (last === undefined || airMs > AIR_MS.most) whole.push({ ...finger, most: 1 })
    else {
      const most = last.most + (airMs > AIR_MS.least ? 1 : 0)
      whole.splice(-1, 1, { downMs: last.downMs, upMs: Math.max(last.upMs, finger.upMs), most })
    }
  }
  return whole
}

type Heard = ReadonlyMap<string, readonly { readonly atMs: number; readonly payload: string }[]>

/** By id: a message that comes again after a lost acknowledgement is the same press to the household. */
function heardPresses({ told }: Evidence): Heard {
  const heard = new Map<string, { atMs: number; payload: string }[]>()
  for (const { topic, payload, atMs } of told) {
    if (!topic.endsWith('/press')) continue
    const id = idOf(payload) ?? `without an id at ${atMs}`
    heard.set(id, [...(heard.get(id) ?? []), { atMs, payload }])
  }
  return heard
}

function missedPresses(evidence: Evidence, heard: Heard): readonly Broken[] {
  const owed = evidence.presses.filter((press) => isOwed(evidence, press))
  return owed
    .filter(({ id }) => !heard.has(id))
    .map(({ acceptedAtMs }) => ({
      atMs: acceptedAtMs,
      message: `the press at ${seconds(acceptedAtMs)} was never notified`,
    }))
}

/** So long after a press, a disk that works has it, however slow it is. */
const WRITTEN_AFTER_MS = 5000

/** A press that chimed is written down: the household may be told much later, by another start. */
function unwrittenPresses({ presses, journalled, lives, excuses }: Evidence): readonly Broken[] {
  if (excuses.brokenDisk || excuses.fullDisk) return []
  return presses
    .filter(({ id }) => !journalled.has(id))
    .filter(({ acceptedAtMs: at, life }) => (lives[life]?.toMs ?? Infinity) > at + WRITTEN_AFTER_MS)
    .map(({ acceptedAtMs: atMs }) => ({
      atMs,
      message: `the press at ${seconds(atMs)} was never written down`,
    }))
}

/** Acknowledged, or never forgotten because the doorbell lived on. */
function isOwed({ journalled, lives, excuses }: Evidence, { id, life }: AcceptedPress): boolean {
  const its = lives[life]
  if (its?.end === undefined) return true
  return journalled.has(id) && !excuses.lyingDisk && !excuses.spoiltIndex
}

function repeatedPresses(heard: Heard): readonly Broken[] {
  return [...heard].flatMap(([id, times]) => {
    const texts = new Set(times.map(({ payload }) => withoutTime(payload)))
    if (texts.size === 1 && !id.startsWith('without')) return []
    return [
      { atMs: times.at(-1)?.atMs ?? 0, message: `press ${id} was told as ${texts.size} different ones` },
    ]
  })
}

/** So long after an acknowledgement, the outbox has forgotten the press for good. */
const FORGOTTEN_AFTER_MS = 2000

/** What the broker has acknowledged is not told again, unless the doorbell ended before it could write that down. */
function toldAgain({ published, lives, excuses }: Evidence): readonly Broken[] {
  if (excuses.lyingDisk || excuses.brokenDisk || excuses.spoiltIndex || excuses.fullDisk) return []
  const firstAt = new Map<string, number>()
  return published.flatMap(({ atMs, payload, outcome }) => {
    const id = outcome === 'acknowledged' ? idOf(payload) : undefined
    if (id === undefined) return []
    const first = firstAt.get(id)
    firstAt.set(id, atMs)
    if (first === undefined || endedSoonAfter(lives, first)) return []
    return [
      { atMs, message: `press ${id} was told again, ${seconds(atMs - first)} after it was acknowledged` },
    ]
  })
}

const endedSoonAfter = (lives: Evidence['lives'], atMs: number): boolean =>
  lives.some(({ toMs }) => toMs !== undefined && toMs >= atMs && toMs <= atMs + FORGOTTEN_AFTER_MS)

/** The time may be put right between two tellings; nothing else may change. */
function withoutTime(payload: string): string {
  const { id, visit } = fieldsOf(parsed(payload))
  return JSON.stringify({ id, visit })
}

function wrongTimes({ presses, believedOffsMs }: Evidence, heard: Heard): readonly Broken[] {
  return [...heard].flatMap(([id, times]) => {
    const press = presses.find((each) => each.id === id)
    if (press === undefined)
      return [{ atMs: times[0]?.atMs ?? 0, message: `press ${id} was told; nobody made it` }]
    return times.flatMap(({ atMs, payload }) => {
      const { at } = fieldsOf(parsed(payload))
      const trueAt = WORLD_BEGAN_UNIX_MS + press.pressedAtMs
      const right = [press.wallAt, trueAt, ...believedOffsMs.map((offMs) => trueAt + offMs)]
      const isRight = typeof at === 'number' && right.some((it) => Math.abs(at - it) <= TIME_ERROR_MS_MAX)
      if (isRight) return []
      return [
        { atMs, message: `the press at ${seconds(press.pressedAtMs)} was told with the time ${String(at)}` },
      ]
    })
  })
}

const count = (presses: readonly AcceptedPress[], fromMs: number, toMs: number): number =>
  presses.filter(({ pressedAtMs: at }) => at >= fromMs - SPIKE_MS && at <= toMs + 50).length

/** One life of the doorbell lasted from the one moment to the other. */
const isUp = (lives: Evidence['lives'], fromMs: number, toMs: number): boolean =>
  lives.some(
    ({ upMs, toMs: end }) => upMs !== undefined && upMs <= fromMs && (end === undefined || end > toMs),
  )

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`
