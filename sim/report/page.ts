import { createHash } from 'node:crypto'
import type { Story } from '../story/story.ts'
import { storyText } from '../story/write.ts'
import type { StoryOutcome, Verdict } from '../trace.ts'
import { TROUBLE_TABLE } from '../world/troubles.ts'
import { aroundFailure } from './around.ts'
import { eventTable } from './event-table.ts'
import { clipLines, pressLines } from './fact-text.ts'
import { failuresOf, praiseOf, subjectOf, type Failure } from './failures.ts'
import type { Thumbnail } from './lane.ts'
import { markup, NOTHING, shorten, trusted, type Markup } from './markup.ts'
import { momentText } from './moment-text.ts'
import { PAGE_SCRIPT } from './page-script.ts'
import { PAGE_STYLE } from './page-style.ts'
import { closeUpOf, drawTimeline, MARKED_MAX } from './timeline.ts'

export type PageOf = {
  readonly story: Story
  readonly outcome: StoryOutcome
  /** Pictures of the video in any order; none: the lane says so. A few dozen are enough, more are left out. */
  readonly thumbnails: readonly Thumbnail[]
  /** What to type to see the same again. */
  readonly replayCommand: string
}

/** So many verdicts and complaints are listed. */
const LISTED_MAX = 200
/** What happens at the very end must not stick to the border. */
const MARGIN = 1.012
const TEXT_LENGTH_MAX = 600
const YAML_LENGTH_MAX = 200_000

/**
 * One HTML page that needs nothing else: no request leaves it, no script but its own runs in it, and it can be read without
 * that one. At most about 20,000 elements, however long the story was; what is left out is said.
 */
export function storyPage({ story, outcome, thumbnails, replayCommand }: PageOf): string {
  const failures = failuresOf(outcome)
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '${scriptHash()}'">
<title>${failures.length === 0 ? '✓' : '✗'} ${outcome.title}</title>
<style>${trusted(PAGE_STYLE)}</style>
</head>
<body class="${failures.length === 0 ? 'passed' : 'failed'}">
${drawVerdict(outcome, failures)}
${drawFacts(outcome, replayCommand)}
<main>
<div class="columns">${drawChecks(outcome, failures, story)}${drawAround(outcome, failures)}</div>
${drawTimelines({ outcome, thumbnails, failures })}
<section><h2 id="events">Events</h2>
${eventTable(outcome, failures)}</section>
<section><h2>The story</h2>
${drawStory(story, outcome.verdicts)}</section>
</main>
<script>${trusted(PAGE_SCRIPT)}</script>
</body>
</html>
`
  return page.text
}

const scriptHash = (): string => `sha256-${createHash('sha256').update(PAGE_SCRIPT).digest('base64')}`

function drawVerdict(outcome: StoryOutcome, failures: readonly Failure[]): Markup {
  const [first] = failures
  const reason =
    first === undefined ? markup`${praiseOf(outcome)}` : markup`${shorten(first.sentence, TEXT_LENGTH_MAX)}`
  const others = failures.length - 1
  const more =
    others > 0
      ? markup`<p class="more">${others === 1 ? 'One more thing' : `${others} more things`} failed later; see below.</p>`
      : NOTHING
  return markup`<header class="verdict"><h1>${shorten(outcome.title, TEXT_LENGTH_MAX)}</h1><div class="word">${first === undefined ? '✓ PASSED' : '✗ FAILED'}</div><p class="reason">${reason}</p>${more}</header>`
}

function drawFacts(outcome: StoryOutcome, replayCommand: string): Markup {
  const { seed, endMs, boots, presses, visits, clips, hash } = outcome
  const facts: readonly (readonly [string, string | number])[] = [
    ['seed', seed],
    ['length', momentText(endMs)],
    ['starts', boots],
    ['presses', presses.length],
    ['visits', visits.length],
    ['clips', clips.length],
  ]
  return markup`<div class="facts">${facts.map(([name, value]) => markup`<span>${name} <b>${value}</b></span>`)}<span>trace <code title="SHA-256 of the trace: ${hash}">${shorten(hash, 17)}</code></span></div>
<div class="replay"><span>again:</span> <code id="replay">${replayCommand}</code> <button type="button" data-copy="replay" hidden>copy</button></div>`
}

function drawChecks(
  outcome: StoryOutcome,
  failures: readonly Failure[],
  { troubles }: Pick<Story, 'troubles'>,
): Markup {
  const { verdicts, violations } = outcome
  const complaints = failures.filter(({ kind }) => kind === 'checker')
  const failed = verdicts.filter(({ holds }) => !holds)
  const shown = [...failed, ...verdicts.filter(({ holds }) => holds)].slice(0, LISTED_MAX)
  const expected = shown
    .toSorted((a, b) => a.line - b.line)
    .map((verdict) => drawCheck(verdict, failures, outcome))
  const broken =
    violations.length === 0
      ? markup`<li class="ok"><span class="sign">✓</span><span>no checker complained</span></li>`
      : markup`${complaints.slice(0, LISTED_MAX).map(drawComplaint)}`
  const left = Math.max(verdicts.length - LISTED_MAX, 0) + Math.max(complaints.length - LISTED_MAX, 0)
  return markup`<section><h2>Expected of this story</h2><ul class="checks">${expected}</ul>${verdicts.length === 0 ? markup`<p class="note">nothing</p>` : undefined}
<h2>Checked in every story</h2><ul class="checks">${broken}</ul>${left === 0 ? undefined : markup`<p class="note">${left} more are left out here.</p>`}
${drawWeather(troubles)}</section>`
}

/** What goes on all the time, in a sentence each. */
const drawWeather = (troubles: Story['troubles']): Markup =>
  troubles.length === 0
    ? NOTHING
    : markup`<h2>Weather of this story</h2><ul class="checks">${troubles.map((name) => markup`<li><span class="sign">~</span><span><b>${name}</b> ${TROUBLE_TABLE[name].about}</span></li>`)}</ul>`

function drawCheck(
  { line, text, holds, atMs }: Verdict,
  failures: readonly Failure[],
  outcome: StoryOutcome,
): Markup {
  const where = markup`<small> line ${line}</small>`
  if (holds)
    return markup`<li class="ok"><span class="sign">✓</span><span>${shorten(text, TEXT_LENGTH_MAX)}${where}</span></li>`
  const failure = failures.find((it) => it.line === line && (atMs === undefined || it.atMs === atMs))
  const why = failure === undefined ? '' : `${shorten(failure.why, TEXT_LENGTH_MAX)}`
  return markup`<li class="bad"><span class="sign">✗</span><span><b>${shorten(text, TEXT_LENGTH_MAX)}</b>${where}<span class="why">${why}${goTo(failure, failures)}</span>${drawFate(outcome, failure)}</span></li>`
}

/** What became of the press or clip that was spoken of. */
function drawFate(outcome: StoryOutcome, failure: Failure | undefined): Markup {
  const subject = failure && subjectOf(outcome, failure)
  if (subject === undefined) return NOTHING
  const lines =
    subject.kind === 'press'
      ? pressLines(subject.fact, subject.number)
      : clipLines(subject.fact, subject.number)
  return markup`<small class="fate">${lines.join(' · ')}</small>`
}

const drawComplaint = (failure: Failure, _index: number, among: readonly Failure[]): Markup =>
  markup`<li class="bad"><span class="sign">✗</span><span><b>${failure.what}</b>${failure.promise && markup`<small> ${failure.promise}</small>`}<span class="why">${shorten(failure.why, TEXT_LENGTH_MAX)}${goTo(failure, among)}</span></span></li>`

function goTo(failure: Failure | undefined, failures: readonly Failure[]): Markup {
  if (failure === undefined) return NOTHING
  const number = failures.indexOf(failure) + 1
  const at = momentText(failure.atMs)
  return number > MARKED_MAX
    ? markup` <small>at ${at}</small>`
    : markup` <small>(at <a href="#whole-failure-${number}">${at}</a>)</small>`
}

function drawAround(outcome: StoryOutcome, failures: readonly Failure[]): Markup {
  const [first] = failures
  if (first === undefined) return NOTHING
  return markup`<section><h2>What happened before it, and after</h2>${aroundFailure(outcome, first)}</section>`
}

function drawTimelines({
  outcome,
  thumbnails,
  failures,
}: {
  readonly outcome: StoryOutcome
  readonly thumbnails: readonly Thumbnail[]
  readonly failures: readonly Failure[]
}): Markup {
  const closeUp = closeUpOf(outcome, failures)
  const lastMs = failures.reduce((latest, { atMs }) => Math.max(latest, atMs), outcome.endMs)
  const near =
    closeUp === undefined
      ? NOTHING
      : markup`<section><h2>Close-up of the first failure, ${momentText(closeUp.fromMs)} to ${momentText(closeUp.toMs)}</h2>
${drawTimeline({ id: 'near', outcome, failures, thumbnails, stretch: closeUp })}</section>`
  return markup`${near}<section><h2>The whole story, drawn to scale</h2>
${drawTimeline({ id: 'whole', outcome, failures, thumbnails, stretch: { fromMs: 0, toMs: Math.max(lastMs * MARGIN, 1) } })}
${drawKey(failures.length)}</section>`
}

const KEY: readonly (readonly [string, string])[] = [
  ['hatched', 'the power is off'],
  ['①', 'a press (red: never told)'],
  ['clip bar', 'from its first to its last picture; ticks: its parts; line: it waits for its upload'],
  ['✓', 'uploaded'],
  ['R', 'recovered'],
  ['G', 'gap'],
  ['✗', 'something of it lost'],
  ['E', 'expired'],
  ['above the line', 'went well'],
  ['below', 'refused'],
  ['grey hill', 'clips that wait'],
  ['♪', 'the household is told of a press'],
  ['◆', 'happens once'],
  ['!', 'alarm'],
]

function drawKey(failures: number): Markup {
  const more = failures > MARKED_MAX ? ` The first ${MARKED_MAX} of ${failures} failures are marked.` : ''
  return markup`<ul class="key"><li><b class="red">red line</b> from here on it was certain that it fails</li>${KEY.map(([sign, says]) => markup`<li><b>${sign}</b> ${says}</li>`)}</ul>
<p class="note">Hover or tap for what a mark is. Marks that would lie on each other are drawn as one, which says how many it is.${more}</p>`
}

/** The YAML, each expectation that failed marked. */
function drawStory(story: Story, verdicts: readonly Verdict[]): Markup {
  const text = storyText(story)
  const lines = shorten(text, YAML_LENGTH_MAX).split('\n')
  const first = lines.indexOf('expect:') + 1
  const failed = new Set(
    verdicts.flatMap(({ holds }, index) => (holds || first === 0 ? [] : [first + index])),
  )
  const drawn = lines.map((line, index) =>
    failed.has(index) && line.startsWith('  - ') ? markup`<mark>${line}  # ✗</mark>\n` : markup`${line}\n`,
  )
  return markup`<pre>${drawn}</pre>${text.length > YAML_LENGTH_MAX ? markup`<p class="note">Cut after ${YAML_LENGTH_MAX} of ${text.length} letters.</p>` : undefined}`
}
