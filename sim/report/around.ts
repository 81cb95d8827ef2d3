/** The few things that happened before and after a failure: most often the reason is among them. */
import type { StoryOutcome, TraceEntry } from '../trace.ts'
import { entryText, keyOf, weightOf, type Weight } from './entry-text.ts'
import { subjectOf, type Failure } from './failures.ts'
import { markup, shorten, type Markup } from './markup.ts'
import { momentText } from './moment-text.ts'

/** So many turns are told before the failure and after it, and beside them so many different refusals and warnings. */
const BEFORE = { turns: 14, troubles: 5 }
const AFTER = { turns: 3, troubles: 2 }
const TEXT_LENGTH_MAX = 130

/** A turn of the story, or a refusal; the same again is counted. */
type Step = { readonly entry: TraceEntry; readonly weight: Weight; times: number; untilMs: number }

/** An ordered list with the failure in its place. It begins with the press or clip that the failure is about. */
export function aroundFailure(outcome: StoryOutcome, failure: Failure): Markup {
  const { atMs, sentence } = failure
  const told = outcome.entries.filter((entry) => entry.kind !== 'violation')
  const turns = told.filter((entry) => weightOf(entry) === 'turn')
  const troubles = told.filter((entry) => weightOf(entry) === 'trouble')
  const last = runsOf(turns.filter((entry) => entry.atMs <= atMs)).slice(-BEFORE.turns)
  const next = runsOf(turns.filter((entry) => entry.atMs > atMs)).slice(0, AFTER.turns)
  const sinceMs = last[0]?.entry.atMs ?? 0
  const untilMs = next.at(-1)?.entry.atMs ?? Infinity
  const before = inOrder(last, loudest(troubles, { afterMs: sinceMs, untilMs: atMs }, BEFORE.troubles))
  const after = inOrder(next, loudest(troubles, { afterMs: atMs, untilMs }, AFTER.troubles))
  const here = markup`<li class="here"><time>${momentText(atMs)}</time><span>✗ ${sentence}</span></li>`
  return markup`<ol class="around">${drawBeginning(outcome, failure, sinceMs)}${before.map(drawStep)}${here}${after.map(drawStep)}</ol>`
}

/** What the failure is about, where it lies before everything that is told. */
function drawBeginning(outcome: StoryOutcome, failure: Failure, sinceMs: number): Markup | undefined {
  const subject = subjectOf(outcome, failure)
  if (subject === undefined || subject.fromMs >= sinceMs) return undefined
  const begins = subject.kind === 'press' ? 'is made' : 'begins'
  return markup`<li class="turn"><time>${momentText(subject.fromMs)}</time><span>${subject.kind} ${subject.number} ${begins}</span></li><li class="skipped"><time>⋮</time><span>more, see the table</span></li>`
}

const stepOf = (entry: TraceEntry): Step => ({
  entry,
  weight: weightOf(entry),
  times: 1,
  untilMs: entry.atMs,
})

/** The same turn several times without another between is one step. */
function runsOf(turns: readonly TraceEntry[]): readonly Step[] {
  const steps: Step[] = []
  for (const entry of turns) {
    const last = steps.at(-1)
    if (last === undefined || keyOf(last.entry) !== keyOf(entry)) steps.push(stepOf(entry))
    else count(last, entry)
  }
  return steps
}

/** The refusals and warnings that came most often in that time. */
function loudest(
  troubles: readonly TraceEntry[],
  { afterMs, untilMs }: { readonly afterMs: number; readonly untilMs: number },
  countMax: number,
): readonly Step[] {
  const steps = new Map<string, Step>()
  for (const entry of troubles) {
    if (entry.atMs <= afterMs || entry.atMs > untilMs) continue
    const step = steps.get(keyOf(entry))
    if (step === undefined) steps.set(keyOf(entry), stepOf(entry))
    else count(step, entry)
  }
  return [...steps.values()].toSorted((a, b) => b.times - a.times).slice(0, countMax)
}

function count(step: Step, entry: TraceEntry): void {
  step.times++
  step.untilMs = entry.atMs
}

const inOrder = (turns: readonly Step[], troubles: readonly Step[]): readonly Step[] =>
  [...turns, ...troubles].toSorted((a, b) => a.entry.atMs - b.entry.atMs)

function drawStep({ entry, weight, times, untilMs }: Step): Markup {
  const often = times === 1 ? undefined : markup` <b>(${times} × until ${momentText(untilMs)})</b>`
  return markup`<li class="${weight}"><time>${momentText(entry.atMs)}</time><span>${shorten(entryText(entry), TEXT_LENGTH_MAX)}${often}</span></li>`
}
