/** Whether what a story expects came true, and when that was certain. Looks at facts only; asks no clock. */
import type { ClipFact, PressFact, StoryOutcome, TraceEntry, Verdict } from '../trace.ts'
import { momentNamed } from './check.ts'
import type { Bound, Deadline, Expectation, Moment, Story } from './story.ts'
import { timeText } from './words.ts'

export type JudgedFacts = Pick<StoryOutcome, 'presses' | 'visits' | 'clips' | 'entries' | 'endMs'>

/** One thing that is not as wanted. `atMs`: from when on nothing could have mended it. */
type Miss = { readonly atMs: number; readonly why: string }

type Bench = { readonly timeline: readonly Moment[]; readonly facts: JudgedFacts }

/** Times that differ by less are the same: what sums of fractions leave over. Milliseconds. */
const SLACK_MS = 1e-6

/** One verdict for each expectation, in their order. The story is one that `storyProblem` lets through. */
export function judge(story: Story, facts: JudgedFacts): Verdict[] {
  const bench: Bench = {
    timeline: story.timeline,
    facts: {
      ...facts,
      presses: facts.presses.toSorted((a, b) => a.pressedAtMs - b.pressedAtMs),
      visits: facts.visits.toSorted((a, b) => a.fromMs - b.fromMs),
      clips: facts.clips.toSorted((a, b) => a.fromMs - b.fromMs),
    },
  }
  return story.expect.map((expectation) => verdictOf(expectation, bench))
}

/** The latest moment that a story speaks of: before it, its world must not end. Milliseconds. */
export function lastWordMs(story: Story): number {
  const dues = story.expect.flatMap((it) =>
    it.about === 'press' ? [it.notified, it.chimed] : it.about === 'clip' ? [it.uploaded] : [],
  )
  const moments = story.timeline.map((moment) => moment.atMs + lengthMs(moment))
  const limits = dues.map((due) => (due === undefined ? 0 : namedLimitMs(due, story.timeline)))
  return [...moments, ...limits, story.untilMs ?? 0].reduce((latest, ms) => Math.max(latest, ms), 0)
}

function lengthMs(moment: Moment): number {
  if ('forMs' in moment) return moment.forMs
  return 'holdMs' in moment ? moment.holdMs : 0
}

function namedLimitMs(due: Deadline, timeline: readonly Moment[]): number {
  if (due.kind === 'never') return 0
  if (due.kind === 'by') return due.atMs
  return due.of === undefined ? 0 : (momentNamed(timeline, due.of)?.atMs ?? 0) + due.ms
}

function verdictOf(expectation: Expectation, bench: Bench): Verdict {
  const { line, text } = expectation
  const misses = missesOf(expectation, bench).toSorted((a, b) => a.atMs - b.atMs)
  return {
    line,
    text,
    holds: misses.length === 0,
    atMs: misses[0]?.atMs,
    why: misses.map(({ why }) => why).join('; '),
  }
}

function missesOf(expectation: Expectation, bench: Bench): readonly Miss[] {
  switch (expectation.about) {
    case 'press':
      return missesOfPress(expectation, bench)
    case 'clip':
      return missesOfClip(expectation, bench)
    case 'count':
      return missesOfCount(expectation, bench)
  }
}

function missesOfPress(
  { n, notified, chimed }: Extract<Expectation, { about: 'press' }>,
  bench: Bench,
): readonly Miss[] {
  const press: PressFact | undefined = bench.facts.presses[n - 1]
  if (press === undefined) return [noSuch('press', { n, among: bench.facts.presses, bench })]
  const { pressedAtMs, notifiedAtMs, chimedAtMs } = press
  return [
    ...missOfDue(
      notified,
      { deed: 'notified', cause: 'the press', atMs: notifiedAtMs, causeMs: pressedAtMs },
      bench,
    ),
    ...missOfDue(
      chimed,
      { deed: 'chimed', cause: 'the press', atMs: chimedAtMs, causeMs: pressedAtMs },
      bench,
    ),
  ]
}

function missesOfClip(
  { n, from, to, parts, complete, ended, uploaded }: Extract<Expectation, { about: 'clip' }>,
  bench: Bench,
): readonly Miss[] {
  const clip = bench.facts.clips[n - 1]
  if (clip === undefined) return [noSuch('clip', { n, among: bench.facts.clips, bench })]
  const overMs = clip.sealedAtMs ?? clip.toMs ?? bench.facts.endMs
  const upload = { deed: 'uploaded', cause: 'its end', atMs: clip.uploadedAtMs, causeMs: clip.toMs }
  return [
    ...missOfTime(from, { edge: 'from', atMs: clip.fromMs }, bench),
    ...missOfTime(to, { edge: 'to', atMs: clip.toMs }, bench),
    ...missOfParts(parts, clip, { overMs, entries: bench.facts.entries }),
    ...(complete === undefined || complete === clip.complete
      ? []
      : [
          { atMs: overMs, why: complete ? 'wanted it complete, it is not' : 'wanted it not complete, it is' },
        ]),
    ...(ended === undefined || ended === clip.ended
      ? []
      : [{ atMs: overMs, why: `wanted ended ${ended}, ${endText(clip)}` }]),
    ...missOfDue(uploaded, upload, bench),
  ]
}

const endText = ({ ended }: ClipFact): string => (ended === undefined ? 'it never ended' : `ended ${ended}`)

function missesOfCount(
  { what, count }: Extract<Expectation, { about: 'count' }>,
  { facts }: Bench,
): readonly Miss[] {
  const times = timesOf(what, facts)
  const isTooMany = count.most !== undefined && times.length > count.most
  if (!isTooMany && times.length >= (count.least ?? 0)) return []
  const extraMs = isTooMany ? times[count.most ?? 0] : undefined
  const extra = extraMs === undefined ? '' : ` (one too many at ${secondsText(extraMs)})`
  const came = times.length === 0 ? 'none' : String(times.length)
  return [{ atMs: extraMs ?? facts.endMs, why: `wanted ${what}: ${count.text}, got ${came}${extra}` }]
}

type Counted = Extract<Expectation, { about: 'count' }>['what']

/** When each of them came, in order. */
function timesOf(what: Counted, facts: JudgedFacts): readonly number[] {
  const entryTimes = (fits: (entry: TraceEntry) => boolean) =>
    facts.entries.filter(fits).map(({ atMs }) => atMs)
  switch (what) {
    case 'presses':
      return facts.presses.map(({ pressedAtMs }) => pressedAtMs)
    case 'visits':
      return facts.visits.map(({ fromMs }) => fromMs)
    case 'recognised':
      return facts.visits.flatMap(({ fromMs, labels }) => (labels?.length ? [fromMs] : []))
    case 'clips':
      return facts.clips.map(({ fromMs }) => fromMs)
    case 'alarms':
      return entryTimes(({ kind }) => kind === 'alarm')
    case 'boots':
      return entryTimes(({ kind }) => kind === 'boot')
    case 'motions':
      return entryTimes((entry) => entry.kind === 'motion' && entry.state === 'on')
  }
}

function noSuch(
  what: 'press' | 'clip',
  { n, among, bench }: { readonly n: number; readonly among: readonly unknown[]; readonly bench: Bench },
): Miss {
  const there = among.length === 0 ? 'there was none' : `the last one was ${what} ${among.length}`
  return { atMs: bench.facts.endMs, why: `wanted ${what} ${n}, ${there}` }
}

/** Something that was to be done, when it was, and when what it is done for happened. */
type Deed = {
  readonly deed: string
  readonly cause: string
  readonly atMs: number | undefined
  readonly causeMs: number | undefined
}

function missOfDue(due: Deadline | undefined, deed: Deed, bench: Bench): readonly Miss[] {
  if (due === undefined) return []
  const { atMs } = deed
  if (due.kind === 'never')
    return atMs === undefined
      ? []
      : [{ atMs, why: `wanted never ${deed.deed}, was ${deed.deed} at ${secondsText(atMs)}` }]
  const limit = limitOf(due, deed, bench)
  const { endMs } = bench.facts
  if (limit === undefined)
    return [
      { atMs: endMs, why: `wanted ${deed.deed} ${due.text}, but ${causeOf(due) ?? deed.cause} never came` },
    ]
  if (atMs !== undefined && atMs <= limit.ms + SLACK_MS) return []
  const isCutShort = atMs === undefined && endMs < limit.ms
  const came = atMs === undefined ? `was never ${deed.deed}` : `was ${deed.deed} at ${secondsText(atMs)}`
  const over = isCutShort ? ` until the end at ${secondsText(endMs)}` : ''
  const why = `wanted ${deed.deed} by ${secondsText(limit.ms)}${limit.words}, ${came}${over}`
  return [{ atMs: isCutShort ? endMs : limit.ms, why }]
}

const causeOf = (due: Deadline): string | undefined => (due.kind === 'within' ? due.of : undefined)

type Limit = { readonly ms: number; readonly words: string }

function limitOf(
  due: Exclude<Deadline, { kind: 'never' }>,
  { cause, causeMs }: Deed,
  { timeline }: Bench,
): Limit | undefined {
  if (due.kind === 'by') return { ms: due.atMs, words: '' }
  const startMs = due.of === undefined ? causeMs : momentNamed(timeline, due.of)?.atMs
  if (startMs === undefined) return undefined
  return { ms: startMs + due.ms, words: ` (${spanText(due.ms)} after ${due.of ?? cause})` }
}

function missOfTime(
  bound: Bound | undefined,
  { edge, atMs }: { readonly edge: 'from' | 'to'; readonly atMs: number | undefined },
  { facts }: Bench,
): readonly Miss[] {
  if (bound === undefined) return []
  const wanted = `wanted ${edge} ${bound.text}`
  if (atMs === undefined) return [{ atMs: facts.endMs, why: `${wanted}, it never ended` }]
  const why = `${wanted}, was ${edge} ${secondsText(atMs)}`
  if (bound.most !== undefined && atMs > bound.most + SLACK_MS) return [{ atMs: bound.most, why }]
  return bound.least !== undefined && atMs < bound.least - SLACK_MS ? [{ atMs, why }] : []
}

function missOfParts(
  bound: Bound | undefined,
  clip: ClipFact,
  { overMs, entries }: { readonly overMs: number; readonly entries: readonly TraceEntry[] },
): readonly Miss[] {
  if (bound === undefined) return []
  const { least = 0, most = Infinity } = bound
  if (clip.parts >= least && clip.parts <= most) return []
  const written = entries.filter((entry) => entry.kind === 'part' && entry.clip === clip.id)
  const extra = clip.parts > most ? written[most] : undefined
  return [{ atMs: extra?.atMs ?? overMs, why: `wanted parts ${bound.text}, has ${clip.parts}` }]
}

/** `61.0 s`, `6.520 s`. */
const secondsText = (ms: number): string => {
  const tenths = Math.abs(ms / 100 - Math.round(ms / 100)) < SLACK_MS
  return `${(ms / 1000).toFixed(tenths ? 1 : 3)} s`
}

/** `1 s`, `20 ms`. */
const spanText = (ms: number): string => timeText(ms).replace(/(\d)([a-z])/, '$1 $2')
