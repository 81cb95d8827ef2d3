/** A story as a file: what `readStory` gives, written back so that it reads to the same. */
import { Document, isMap, isScalar, parse } from 'yaml'
import { lineWord } from './check.ts'
import { UNSAID, type Expected } from './schema.ts'
import type { Moment, Story } from './story.ts'
import { stepText, timeText } from './words.ts'

/** The first line of a story, by which an editor finds the schema beside it. */
export const SCHEMA_LINE = '# yaml-language-server: $schema=./story.schema.json'

/**
 * YAML that reads to the same story, but for the numbers of its lines. `story` is one that `storyProblem` lets through and
 * whose times are whole microseconds; bounds and deadlines are written as their `text` says.
 */
export function storyText(story: Story): string {
  const { camera, untilMs } = story
  const page = new Document({
    title: story.title,
    seed: story.seed,
    board: story.board,
    camera:
      camera.kind === 'drawn' ? 'drawn' : { [camera.kind === 'scene' ? 'scene' : 'video']: camera.name },
    ...unlessEmpty('timeline', story.timeline.map(momentEntry)),
    ...unlessEmpty('troubles', story.troubles),
    ...unlessEmpty('settings', Object.fromEntries(story.settings.map(settingOf))),
    ...(untilMs === undefined ? {} : { until: timeText(untilMs) }),
    ...unlessEmpty('expect', story.expect.map(expectationEntry)),
  })
  for (const section of ['camera', 'settings', 'troubles']) flow(page.get(section, true))
  for (const section of ['timeline', 'expect']) {
    const list: unknown = page.get(section, true)
    if (hasItems(list)) for (const entry of list.items) flow(entry)
  }
  return `${SCHEMA_LINE}\n${page.toString({ lineWidth: 0 })}`
}

const unlessEmpty = (key: string, value: object): Readonly<Record<string, object>> =>
  Object.keys(value).length === 0 ? {} : { [key]: value }

const hasItems = (node: unknown): node is { readonly items: readonly unknown[] } =>
  typeof node === 'object' && node !== null && 'items' in node && Array.isArray(node.items)

/** Puts a collection on one line. */
function flow(node: unknown): void {
  if (!hasItems(node)) return
  Object.assign(node, { flow: true })
  if (!isMap(node)) return
  for (const { value } of node.items) if (!isScalar(value)) flow(value)
}

function settingOf(set: string): readonly [string, unknown] {
  const equals = set.indexOf('=')
  return [set.slice(0, equals), parse(set.slice(equals + 1))]
}

type Entry = Readonly<Record<string, unknown>>

const momentEntry = (moment: Moment): Entry => ({ at: timeText(moment.atMs), ...doingEntry(moment) })

/** A time, unless it is what is meant anyway. */
const unless = (key: string, ms: number, unsaidMs: number): Entry =>
  ms === unsaidMs ? {} : { [key]: timeText(ms) }

function doingEntry(moment: Moment): Entry {
  switch (moment.do) {
    case 'press':
      return {
        button: 'press',
        ...unless('hold', moment.holdMs, UNSAID.pressHoldMs),
        ...unless('bounce', moment.bounceMs, 0),
      }
    case 'pulse':
      return { pir: 'pulse', ...unless('hold', moment.holdMs, UNSAID.pirHoldMs) }
    case 'line':
      return { [moment.input]: lineWord(moment), ...unless('bounce', moment.bounceMs, 0) }
    case 'glitch':
      return { [moment.input]: 'glitch', ...unless('for', moment.forMs, UNSAID.glitchMs) }
    case 'visitor':
      return { visitor: timeText(moment.forMs) }
    case 'brown-out':
      return { power: 'brown-out', ...unless('for', moment.forMs, UNSAID.brownOutMs) }
    case 'camera':
      return { camera: moment.what, ...packetsOf(moment) }
    case 'clock':
      return { clock: clockEntry(moment) }
    case 'temperature':
      return { temperature: moment.celsius }
    case 'doorbell':
    case 'recipients':
    case 'owner':
      return { [moment.do]: moment.what }
    case 'network':
    case 'store':
    case 'broker':
    case 'power':
    case 'disk':
    case 'index':
    case 'detector':
      return { [moment.do]: moment.state }
  }
}

function packetsOf({ what, packets }: Extract<Moment, { do: 'camera' }>): Entry {
  const isCounted = (what === 'drop' || what === 'corrupt') && packets !== UNSAID.packets
  return isCounted ? { packets } : {}
}

function clockEntry(moment: Extract<Moment, { do: 'clock' }>): unknown {
  if ('step' in moment) return { step: stepText(moment.step) }
  if ('driftPpm' in moment) return { drift: `${moment.driftPpm}ppm` }
  return moment.trusted ? 'trusted' : 'untrusted'
}

function expectationEntry(expectation: Expected): Entry {
  switch (expectation.about) {
    case 'press': {
      const { n, notified, chimed } = expectation
      return { press: n, ...texts({ notified, chimed }) }
    }
    case 'clip': {
      const { n, from, to, parts, complete, ended, uploaded } = expectation
      const plain = {
        ...(complete === undefined ? {} : { complete }),
        ...(ended === undefined ? {} : { ended }),
      }
      return { clip: n, ...texts({ from, to, parts }), ...plain, ...texts({ uploaded }) }
    }
    case 'count':
      return texts({ [expectation.what]: expectation.count })
  }
}

function texts(worded: Readonly<Record<string, { readonly text: string } | undefined>>): Entry {
  const entry: Record<string, unknown> = {}
  for (const [key, said] of Object.entries(worded)) if (said !== undefined) entry[key] = plainText(said.text)
  return entry
}

/** A number stands without quotes. */
const plainText = (text: string): string | number => (String(Number(text)) === text ? Number(text) : text)

/** An expectation in words, for whoever reads a result: `press 1: notified within 1s of network up`. */
export function expectationText(expectation: Expected): string {
  if (expectation.about === 'count') return `${expectation.what}: ${expectation.count.text}`
  const { [expectation.about]: n, ...rest } = expectationEntry(expectation)
  const words = Object.entries(rest).map(([key, value]) => wordsOf(key, value))
  return `${expectation.about} ${String(n)}: ${words.join(', ') || 'there is one'}`
}

function wordsOf(key: string, value: unknown): string {
  if (key === 'complete') return value === true ? 'complete' : 'not complete'
  return `${key} ${String(value)}`
}
