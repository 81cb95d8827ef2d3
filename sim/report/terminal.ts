/** What a person reads in the terminal. No colours: whoever prints it may add some. */
import type { ClipFact, PressFact, StoryOutcome, VisitFact } from '../trace.ts'
import { failuresOf, hasPassed, praiseOf, type Failure } from './failures.ts'
import { oneLine, shorten } from './markup.ts'
import { bytesText, momentText, spanText } from './moment-text.ts'

/** So many of a kind are told one by one. */
const TOLD_MAX = 20
const TEXT_LENGTH_MAX = 400

/**
 * Several lines without a line feed at the end: the verdict, then visits, presses and clips, then what failed, with its time
 * and its line in the story. Control characters of a story's texts never reach the terminal.
 */
export function describeOutcome(outcome: StoryOutcome): string {
  const { visits, presses, clips } = outcome
  const failures = failuresOf(outcome)
  return [
    headOf(outcome),
    ...listOf('visit', visits.map(visitText)),
    ...listOf('press', presses.map(pressText)),
    ...listOf('clip', clips.map(clipText)),
    ...(failures.length === 0 ? [`  ${praiseOf(outcome)}`] : failureLines(failures)),
  ].join('\n')
}

export type StoryResult = {
  /** The story's file, as it was named. */
  readonly file: string
  readonly outcome: StoryOutcome
  /** How long it took to play, seconds of real time. */
  readonly durationS: number
}

/** A line for each story, those that failed with their reason; then one line about all of them. */
export function describeOutcomes(results: readonly StoryResult[]): string {
  const failed = results.filter(({ outcome }) => !hasPassed(outcome))
  const playedMs = results.reduce((sum, { outcome }) => sum + outcome.endMs, 0)
  const tookS = results.reduce((sum, { durationS }) => sum + durationS, 0)
  const stories = results.length === 1 ? '1 story' : `${results.length} stories`
  const verdict =
    failed.length === 0 ? 'all passed' : `${results.length - failed.length} passed, ${failed.length} failed`
  return [
    ...results.map(resultLine),
    `${stories}: ${verdict}; ${spanText(playedMs)} of virtual time in ${tookS.toFixed(1)} s`,
  ].join('\n')
}

function resultLine({ file, outcome, durationS }: StoryResult): string {
  const [first] = failuresOf(outcome)
  const why =
    first === undefined
      ? ''
      : `\n        ${momentText(first.atMs)}  ${shorten(first.sentence, TEXT_LENGTH_MAX)}`
  return `${first === undefined ? 'passed' : 'FAILED'}  ${oneLine(file)}  (${durationS.toFixed(1)} s)${why}`
}

function headOf(outcome: StoryOutcome): string {
  const { title, seed, endMs, boots, hash } = outcome
  const starts = boots === 1 ? '1 start' : `${boots} starts`
  const facts = `seed ${seed}, ${momentText(endMs)}, ${starts}, trace ${oneLine(hash).slice(0, 12)}`
  return `${hasPassed(outcome) ? 'passed' : 'FAILED'}  ${shorten(oneLine(title), TEXT_LENGTH_MAX)}  (${facts})`
}

function listOf(what: string, texts: readonly string[]): readonly string[] {
  const told = texts.slice(0, TOLD_MAX).map((text, index) => `  ${what} ${index + 1}  ${oneLine(text)}`)
  const left = texts.length - told.length
  return left === 0 ? told : [...told, `  … and ${left} more of these`]
}

const at = (what: string, atMs: number | undefined, sinceMs: number | undefined): string => {
  if (atMs === undefined) return `never ${what}`
  if (sinceMs === undefined) return `${what} ${momentText(atMs)}`
  const span = `${spanText(Math.abs(atMs - sinceMs))} ${atMs < sinceMs ? 'earlier' : 'later'}`
  return `${what} ${momentText(atMs)} (${span})`
}

const visitText = ({ fromMs, toMs, signs }: VisitFact): string =>
  `${momentText(fromMs)} to ${toMs === undefined ? 'never' : momentText(toMs)}: ${signs.join(', ')}`

const pressText = ({ pressedAtMs, chimedAtMs, notifiedAtMs }: PressFact): string =>
  `${momentText(pressedAtMs)}, ${at('chimed', chimedAtMs, pressedAtMs)}, ${at('notified', notifiedAtMs, pressedAtMs)}`

function clipText(clip: ClipFact): string {
  const { fromMs, toMs, parts, bytes, complete, ended, uploadedAtMs, expired } = clip
  const whole = complete ? 'complete' : 'NOT complete'
  const extent = `${momentText(fromMs)} to ${toMs === undefined ? 'never' : momentText(toMs)}`
  const size = `${parts} ${parts === 1 ? 'part' : 'parts'}, ${bytesText(bytes)}`
  const fate = expired ? 'expired' : at('uploaded', uploadedAtMs, toMs)
  return `${extent}, ${size}, ${whole}, ended ${ended ?? 'never'}, ${fate}`
}

function failureLines(failures: readonly Failure[]): readonly string[] {
  const told = failures.slice(0, TOLD_MAX).flatMap(({ kind, atMs, line, what, why }) => {
    const where = kind === 'checker' ? 'checker' : `line ${line ?? 0}`
    return [
      `  ✗ ${momentText(atMs)}  ${where}  ${shorten(what, TEXT_LENGTH_MAX)}`,
      `      ${shorten(why, TEXT_LENGTH_MAX)}`,
    ]
  })
  const left = failures.length - TOLD_MAX
  return left > 0 ? [...told, `  … and ${left} more failures`] : told
}
