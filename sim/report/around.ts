/** The few things that happened before and after a failure: most often the reason is among them. */
import type { TraceEntry } from '../trace.ts'
import { entryText, keyOf, weightOf } from './entry-text.ts'
import type { Failure } from './failures.ts'
import { markup, shorten, type Markup } from './markup.ts'
import { momentText } from './moment-text.ts'

const TURNS_BEFORE = 9
const TURNS_AFTER = 3
/** Between two turns so many different refusals and warnings are told, those that came most often. */
const TROUBLES_BETWEEN = 3
const TEXT_LENGTH_MAX = 160

/** A turn of the story, or the same refusal so often. */
type Step = {
  readonly entry: TraceEntry
  readonly isTurn: boolean
  times: number
  untilMs: number
}

/** An ordered list with the failure in its place. */
export function aroundFailure(entries: readonly TraceEntry[], { atMs, sentence }: Failure): Markup {
  const steps = stepsOf(entries)
  const before = lastTurns(steps.filter(({ entry }) => entry.atMs <= atMs))
  const after = firstTurns(steps.filter(({ entry }) => entry.atMs > atMs))
  const here = markup`<li class="here"><time>${momentText(atMs)}</time><span>✗ ${sentence}</span></li>`
  return markup`<ol class="around">${before.map(drawStep)}${here}${after.map(drawStep)}</ol>`
}

function drawStep({ entry, isTurn, times, untilMs }: Step): Markup {
  const often = times === 1 ? '' : ` (${times} × until ${momentText(untilMs)})`
  return markup`<li class="${isTurn ? 'turn' : 'trouble'}"><time>${momentText(entry.atMs)}</time><span>${shorten(entryText(entry), TEXT_LENGTH_MAX)}${often}</span></li>`
}

function stepsOf(entries: readonly TraceEntry[]): readonly Step[] {
  const steps: Step[] = []
  let between = new Map<string, Step>()
  for (const entry of entries) {
    const weight = weightOf(entry)
    if (entry.kind === 'violation' || (weight !== 'turn' && weight !== 'trouble')) continue
    const known = weight === 'trouble' ? between.get(keyOf(entry)) : undefined
    if (known !== undefined) {
      known.times++
      known.untilMs = entry.atMs
      continue
    }
    const step = { entry, isTurn: weight === 'turn', times: 1, untilMs: entry.atMs }
    steps.push(step)
    if (step.isTurn) between = new Map()
    else between.set(keyOf(entry), step)
  }
  return steps
}

function lastTurns(steps: readonly Step[]): readonly Step[] {
  const turns = steps.flatMap(({ isTurn }, index) => (isTurn ? [index] : []))
  return withoutNoise(steps.slice(turns.at(-TURNS_BEFORE) ?? 0))
}

function firstTurns(steps: readonly Step[]): readonly Step[] {
  const turns = steps.flatMap(({ isTurn }, index) => (isTurn ? [index] : []))
  return withoutNoise(steps.slice(0, turns[TURNS_AFTER] ?? steps.length))
}

/** Between two turns only the troubles that came most often. */
function withoutNoise(steps: readonly Step[]): readonly Step[] {
  const kept: Step[] = []
  let between: Step[] = []
  const close = (): void => {
    const loudest = new Set(between.toSorted((a, b) => b.times - a.times).slice(0, TROUBLES_BETWEEN))
    kept.push(...between.filter((step) => loudest.has(step)))
    between = []
  }
  for (const step of steps) {
    if (!step.isTurn) between.push(step)
    else {
      close()
      kept.push(step)
    }
  }
  close()
  return kept
}
