/** What no schema can see: whether the moments of a story fit together, and whether its expectations can be judged at all. */
import { nearestName } from '../../src/base/nearest.ts'
import type { Deadline, Expectation, Moment, Story } from './story.ts'
import { timeText } from './words.ts'

export type StoryProblem = { readonly line: number; readonly message: string }

/**
 * The first thing in a story that could never happen or never be judged; undefined when there is none. For whoever makes
 * stories up or shrinks them: what this lets through, `storyText` writes and `readStory` reads.
 */
export function storyProblem(story: Story): StoryProblem | undefined {
  return (
    orderProblem(story.timeline) ??
    powerProblem(story.timeline) ??
    visitorProblem(story) ??
    troubleProblem(story) ??
    first(story.expect, (expectation) => expectationProblem(expectation, story.timeline))
  )
}

/** What a moment is called after `within … of`: `network up`, `power on`, `button press`. */
export function momentName(moment: Moment): string {
  switch (moment.do) {
    case 'press':
      return 'button press'
    case 'pulse':
      return 'pir pulse'
    case 'line':
      return `${moment.input} ${lineWord(moment)}`
    case 'glitch':
      return `${moment.input} glitch`
    case 'brown-out':
      return 'power brown-out'
    case 'clock':
      return `clock ${clockWord(moment)}`
    case 'visitor':
    case 'temperature':
      return moment.do
    case 'doorbell':
    case 'camera':
    case 'recipients':
    case 'owner':
      return `${moment.do} ${moment.what}`
    case 'network':
    case 'store':
    case 'broker':
    case 'power':
    case 'disk':
    case 'index':
    case 'detector':
      return `${moment.do} ${moment.state}`
  }
}

/** A line that moves, in the words of the story. */
export function lineWord({
  input,
  active,
}: Extract<Moment, { do: 'line' }>): 'down' | 'up' | 'rise' | 'fall' {
  if (input === 'button') return active ? 'down' : 'up'
  return active ? 'rise' : 'fall'
}

function clockWord(moment: Extract<Moment, { do: 'clock' }>): string {
  if ('step' in moment) return 'step'
  if ('driftPpm' in moment) return 'drift'
  return moment.trusted ? 'trusted' : 'untrusted'
}

/** What `within … of` that name counts from: the last moment called so, or of `press 2` the second press; or undefined. */
export function momentNamed(timeline: readonly Moment[], name: string): Moment | undefined {
  const [, n] = /^press (\d+)$/.exec(name) ?? []
  if (n !== undefined) return timeline.filter(isFinger)[Number(n) - 1]
  return timeline.findLast((moment) => momentName(moment) === name)
}

function orderProblem(timeline: readonly Moment[]): StoryProblem | undefined {
  return first(timeline, ({ atMs, line }, index) => {
    if (atMs < 0) return { line, message: `wanted a time of 0s or later, got ${timeText(atMs)}` }
    const before = timeline[index - 1]
    return before === undefined || before.atMs <= atMs
      ? undefined
      : { line, message: `${timeText(atMs)} stands after ${timeText(before.atMs)}; wanted times in order` }
  })
}

/** When the power is off: until somebody switches it on (Infinity), or the voltage is back. */
type Dark = { readonly sinceMs: number; readonly untilMs: number }

function powerProblem(timeline: readonly Moment[]): StoryProblem | undefined {
  let dark: Dark = { sinceMs: 0, untilMs: 0 }
  for (const moment of timeline) {
    const isDark = moment.atMs < dark.untilMs
    const message = powerFault(moment, isDark ? dark : undefined)
    if (message !== undefined) return { line: moment.line, message }
    dark = darkAfter(moment, dark)
  }
  return undefined
}

/** Without the moments that the power makes impossible; for whoever throws moments together. */
export function possibleMoments(timeline: readonly Moment[]): readonly Moment[] {
  let dark: Dark = { sinceMs: 0, untilMs: 0 }
  return timeline.filter((moment) => {
    if (powerFault(moment, moment.atMs < dark.untilMs ? dark : undefined) !== undefined) return false
    dark = darkAfter(moment, dark)
    return true
  })
}

function darkAfter(moment: Moment, dark: Dark): Dark {
  const { atMs } = moment
  if (moment.do === 'brown-out') return { sinceMs: atMs, untilMs: atMs + moment.forMs }
  if (moment.do !== 'power') return dark
  return { sinceMs: atMs, untilMs: moment.state === 'cut' ? Infinity : atMs }
}

function powerFault(moment: Moment, dark: Dark | undefined): string | undefined {
  const off = dark === undefined ? '' : `the power is off since ${timeText(dark.sinceMs)}`
  switch (moment.do) {
    case 'power':
      if (moment.state === 'cut') return dark === undefined ? undefined : `power: cut, but ${off} already`
      return dark?.untilMs === Infinity ? undefined : 'power: on, but no `power: cut` stands before it'
    case 'brown-out':
    case 'doorbell':
      return dark === undefined ? undefined : `${moment.do}, but ${off}`
    case 'index':
      return dark === undefined
        ? `index: ${moment.state} happens while the power is off; wanted it after a \`power: cut\``
        : undefined
    default:
      return undefined
  }
}

function visitorProblem({ camera, timeline }: Story): StoryProblem | undefined {
  const visitor = timeline.find((moment) => moment.do === 'visitor')
  if (visitor === undefined || camera.kind === 'drawn') return undefined
  return {
    line: visitor.line,
    message: `visitor needs \`camera: drawn\`; a ${camera.kind === 'scene' ? 'scene' : 'video'} shows whom it shows`,
  }
}

function troubleProblem({ troubles }: Story): StoryProblem | undefined {
  const twice = troubles.find((name, index) => troubles.indexOf(name) !== index)
  return twice === undefined ? undefined : { line: 0, message: `troubles: ${twice} stands there twice` }
}

function expectationProblem(expectation: Expectation, timeline: readonly Moment[]): StoryProblem | undefined {
  const message = faultOf(expectation, timeline)
  return message === undefined
    ? undefined
    : { line: expectation.line, message: `this expectation cannot be judged: ${message}` }
}

function faultOf(expectation: Expectation, timeline: readonly Moment[]): string | undefined {
  switch (expectation.about) {
    case 'press':
      return pressFault(expectation, timeline)
    case 'clip':
      return (
        deadlineFault(expectation.uploaded, timeline) ??
        emptyFault('from', expectation.from) ??
        emptyFault('to', expectation.to) ??
        emptyFault('parts', expectation.parts) ??
        backwardsFault(expectation)
      )
    case 'count':
      return emptyFault(expectation.what, expectation.count)
  }
}

function pressFault(
  { n, notified, chimed }: Extract<Expectation, { about: 'press' }>,
  timeline: readonly Moment[],
): string | undefined {
  const fingers = timeline.filter(isFinger)
  const finger = fingers[n - 1]
  if (finger === undefined)
    return `press ${n} is wanted, and the timeline presses the button ${timesText(fingers.length)}`
  for (const due of [notified, chimed]) {
    const fault = deadlineFault(due, timeline)
    if (fault !== undefined) return fault
    if (due?.kind === 'by' && due.atMs < finger.atMs)
      return `${due.text} is before press ${n}, which is at ${timeText(finger.atMs)}`
  }
  return undefined
}

const isFinger = (moment: Moment): boolean =>
  moment.do === 'press' || (moment.do === 'line' && moment.input === 'button' && moment.active)

const timesText = (count: number): string => (count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`)

function deadlineFault(due: Deadline | undefined, timeline: readonly Moment[]): string | undefined {
  if (due?.kind !== 'within' || due.of === undefined) return undefined
  if (momentNamed(timeline, due.of) !== undefined) return undefined
  const names = [...new Set(timeline.map(momentName))]
  const near = nearestName(due.of, names)
  if (near !== undefined) return `nothing in the timeline is “${due.of}” (did you mean “${near}”?)`
  return `nothing in the timeline is “${due.of}” (there are: ${names.slice(0, 12).join(', ') || 'none'})`
}

type Ends = { readonly least?: number; readonly most?: number; readonly text: string }

function emptyFault(what: string, bound: Ends | undefined): string | undefined {
  const { least = 0, most = Infinity, text = '' } = bound ?? {}
  return least > most ? `${what}: ${text} begins behind its end` : undefined
}

function backwardsFault({ from, to }: Extract<Expectation, { about: 'clip' }>): string | undefined {
  if (from?.least === undefined || to?.most === undefined || from.least <= to.most) return undefined
  return `from ${from.text} and to ${to.text}: no clip ends before it begins`
}

function first<T>(
  list: readonly T[],
  find: (item: T, index: number) => StoryProblem | undefined,
): StoryProblem | undefined {
  for (const [index, item] of list.entries()) {
    const problem = find(item, index)
    if (problem !== undefined) return problem
  }
  return undefined
}
