/** What a story failed by, and the one sentence that says so. */
import type { ClipFact, PressFact, StoryOutcome } from '../trace.ts'
import { oneLine } from './markup.ts'
import { withClocks } from './moment-text.ts'

export type Failure = {
  readonly kind: 'expectation' | 'checker'
  /** When it was certain, milliseconds of the world. */
  readonly atMs: number
  /** Of the story's file; undefined for a checker, which holds in every story. */
  readonly line: number | undefined
  /** What should be: the expectation's text, the checker's name. */
  readonly what: string
  /** What was wanted and what came. */
  readonly why: string
  /** Of a checker: what it promises. */
  readonly promise: string | undefined
  /** One sentence that stands by itself. */
  readonly sentence: string
}

/** In order of time: what came first is most often the reason for the rest. Empty: the story has passed. */
export function failuresOf(outcome: StoryOutcome): readonly Failure[] {
  const expected = outcome.verdicts
    .filter(({ holds }) => !holds)
    .map(({ line, text, atMs, why }) => ({
      kind: 'expectation' as const,
      atMs: atMs ?? outcome.endMs,
      line,
      what: oneLine(text),
      why: withClocks(oneLine(why)),
      promise: undefined,
      sentence: withClocks(sentenceOf(oneLine(text), oneLine(why))),
    }))
  const broken = outcome.violations.map(({ checker, promise, atMs, message }) => ({
    kind: 'checker' as const,
    atMs,
    line: undefined,
    what: oneLine(checker),
    why: withClocks(oneLine(message)),
    promise,
    sentence: withClocks(`${oneLine(checker)}: ${oneLine(message)}`),
  }))
  return [...expected, ...broken].toSorted((a, b) => a.atMs - b.atMs)
}

export const hasPassed = ({ verdicts, violations }: StoryOutcome): boolean =>
  violations.length === 0 && verdicts.every(({ holds }) => holds)

/** `press 1: wanted notified by 61.0 s, was notified at 63.2 s`. Counts say already what they speak of. */
function sentenceOf(text: string, why: string): string {
  const [subject] = /^(?:press|clip) \d+/.exec(text) ?? []
  if (why === '') return `${text}: did not come true`
  return subject === undefined ? why : `${subject}: ${why}`
}

/** `all 3 expectations came true, no checker complained`. */
export function praiseOf({ verdicts }: StoryOutcome): string {
  const count = verdicts.length
  if (count === 0) return 'nothing was expected, and no checker complained'
  return `${count === 1 ? 'what was expected' : `all ${count} expectations`} came true, no checker complained`
}

/** The press or clip that an expectation is about, as it happened. */
export type Subject =
  | { readonly kind: 'press'; readonly fact: PressFact; readonly number: number; readonly fromMs: number }
  | { readonly kind: 'clip'; readonly fact: ClipFact; readonly number: number; readonly fromMs: number }

export function subjectOf({ presses, clips }: StoryOutcome, { what }: Failure): Subject | undefined {
  const [, kind, digits] = /^(press|clip) (\d+)/.exec(what) ?? []
  const number = Number(digits)
  // As the expectations count: in order of time.
  const press = presses.toSorted((a, b) => a.pressedAtMs - b.pressedAtMs)[number - 1]
  if (kind === 'press') return press && { kind, fact: press, number, fromMs: press.pressedAtMs }
  const clip = clips.toSorted((a, b) => a.fromMs - b.fromMs)[number - 1]
  return kind === 'clip' && clip !== undefined ? { kind, fact: clip, number, fromMs: clip.fromMs } : undefined
}
