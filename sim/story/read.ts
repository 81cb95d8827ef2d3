/** A story's file, read strictly: what it returns can be played and judged; whatever else is one sentence with a line. */
import { parse } from 'yaml'
import { z } from 'zod'
import { Fault, isFault } from '../../src/base/fault.ts'
import { nearestName } from '../../src/base/nearest.ts'
import {
  check,
  didYouMean,
  isMapping,
  lineOf,
  loadConfig,
  readYaml,
  type Reading,
  type YamlText,
} from '../../src/config/index.ts'
import { storyProblem } from './check.ts'
import { CAMERAS, EXPECTATIONS, MOMENTS, storyFrame } from './schema.ts'
import type { Expectation, Moment, Story, StoryCamera } from './story.ts'
import { timeText } from './words.ts'
import { expectationText } from './write.ts'

export type ReadOptions = {
  /** Names of the fixtures there are, as in their manifest (`walk-up.mp4`). Left out: every name is taken as it is. */
  readonly fixtures?: readonly string[]
}

type Path = readonly PropertyKey[]

/**
 * Reads a story. Throws `Fault('invalid')` naming the file and the line, what was wanted and what came, and for a wrong
 * name the nearest one. Videos are not opened: whoever plays the story does that.
 */
export function readStory(file: YamlText, { fixtures }: ReadOptions = {}): Story {
  const reading = readYaml(file)
  const frame = checkPart(storyFrame, reading.root, {
    reading,
    path: [],
    names: Object.keys(storyFrame.shape),
  })
  const story: Story = {
    title: frame.title,
    seed: frame.seed,
    board: frame.board,
    camera: readCamera(frame.camera, { reading, fixtures }),
    timeline: frame.timeline.map((entry, index) => readMoment(entry, index, reading)),
    troubles: frame.troubles,
    expect: frame.expect.map((entry, index) => readExpectation(entry, index, reading)),
    settings: readSettings(frame.settings, reading),
    untilMs: frame.until,
  }
  refuseProblems(story, reading)
  return story
}

/** The manifest's name of a fixture that a story calls `walk-up` or `walk-up.mp4`; undefined when there is none. */
export const fixtureNamed = (name: string, fixtures: readonly string[]): string | undefined =>
  fixtures.find((fixture) => fixture === name || stemOf(fixture) === name)

const stemOf = (name: string): string => name.replace(/\.[^./]+$/, '')

function refuse(reading: Reading, path: Path, message: string): never {
  throw new Fault('invalid', `${reading.name}, line ${lineOf(reading, path)}: ${message}`)
}

type Part = { readonly reading: Reading; readonly path: Path; readonly names: readonly string[] }

const checkPart = <S extends z.ZodType>(schema: S, value: unknown, { reading, path, names }: Part) =>
  check(schema, value, { reading, elsewhere: reading.name, noun: 'key', namesIn: () => names, under: path })

function refuseProblems(story: Story, reading: Reading): void {
  const problem = storyProblem(story)
  if (problem?.line === 0) refuse(reading, ['troubles'], problem.message)
  if (problem !== undefined)
    throw new Fault('invalid', `${reading.name}, line ${problem.line}: ${problem.message}`)
  const last = story.timeline.at(-1)
  if (last !== undefined && story.untilMs !== undefined && story.untilMs < last.atMs)
    refuse(
      reading,
      ['until'],
      `until ${timeText(story.untilMs)}: the last moment is at ${timeText(last.atMs)}`,
    )
}

const CAMERA_WANTED = 'wanted { video: name }, { scene: name } or drawn'

function readCamera(
  value: unknown,
  { reading, fixtures }: { readonly reading: Reading; readonly fixtures: readonly string[] | undefined },
): StoryCamera {
  const part = { reading, path: ['camera'], names: Object.keys(CAMERAS) }
  if (value === 'drawn') return { kind: 'drawn' }
  if (typeof value === 'string')
    refuse(reading, ['camera'], `camera: ${CAMERA_WANTED}, got “${short(value)}”${meant(value, ['drawn'])}`)
  if (!isMapping(value))
    refuse(reading, ['camera'], `camera: ${CAMERA_WANTED}${value === undefined ? ', got nothing' : ''}`)
  const kind = theKind(value, { ...part, table: CAMERAS, besides: [], wanted: `camera: ${CAMERA_WANTED}` })
  if (kind === 'scene') return { kind: 'scene', name: checkPart(CAMERAS.scene, value, part).scene }
  return videoOf(checkPart(CAMERAS.video, value, part).video, { reading, fixtures })
}

/** What has an extension is a file, unless a fixture is called so. */
function videoOf(
  video: string,
  { reading, fixtures }: { readonly reading: Reading; readonly fixtures: readonly string[] | undefined },
): StoryCamera {
  const fixture = fixtures === undefined ? undefined : fixtureNamed(video, fixtures)
  if (fixture !== undefined) return { kind: 'fixture', name: stemOf(fixture) }
  if (stemOf(video) !== video || /^\.{0,2}\//.test(video)) return { kind: 'file', name: video }
  if (fixtures !== undefined)
    refuse(
      reading,
      ['camera', 'video'],
      `there is no fixture “${short(video)}”${didYouMean(video, fixtures.map(stemOf))}`,
    )
  return { kind: 'fixture', name: video }
}

function readMoment(entry: unknown, index: number, reading: Reading): Moment {
  const path = ['timeline', index]
  const wanted = 'wanted a time and what happens, such as { at: 4s, button: press }'
  if (!isMapping(entry)) refuse(reading, path, `${wanted}, got ${short(JSON.stringify(entry))}`)
  const device = theKind(entry, { reading, path, table: MOMENTS, besides: MOMENT_WORDS, wanted })
  const schema: z.ZodType<MomentRead> = MOMENTS[device]
  const moment = checkPart(schema, entry, { reading, path, names: keysOf(device, entry) })
  return { ...moment, line: lineOf(reading, path) }
}

type MomentRead = z.output<(typeof MOMENTS)[keyof typeof MOMENTS]>

/** Keys that say more about a moment, whichever device it is about. */
const MOMENT_WORDS = ['at', 'hold', 'bounce', 'for', 'packets']

/** The keys that go with what happens to the device; where that is not known either, with any of it. */
function keysOf(device: keyof typeof MOMENTS, entry: Readonly<Record<string, unknown>>): readonly string[] {
  const schema = MOMENTS[device].in
  const options: readonly z.ZodObject[] = schema instanceof z.ZodObject ? [schema] : schema.options
  const fitting = options.filter(({ shape }) => shape[device]?.safeParse(entry[device]).success === true)
  return [...new Set((fitting.length === 0 ? options : fitting).flatMap(({ shape }) => Object.keys(shape)))]
}

function readExpectation(entry: unknown, index: number, reading: Reading): Expectation {
  const path = ['expect', index]
  const wanted = 'wanted something to be true, such as { press: 1, notified: within 1s }'
  if (!isMapping(entry)) refuse(reading, path, `${wanted}, got ${short(JSON.stringify(entry))}`)
  const table = EXPECTATIONS
  // Every key of `press` and `clip` but their first may stand beside it.
  const besides = [...Object.keys(table.press.in.shape), ...Object.keys(table.clip.in.shape)]
  const kind = theKind(entry, { reading, path, table, besides, wanted })
  const schema: z.ZodType<z.output<(typeof table)[keyof typeof table]>> = table[kind]
  const names = Object.keys(table[kind].in.shape)
  const expected = checkPart(schema, entry, { reading, path, names })
  const line = lineOf(reading, path)
  return { ...expected, line, text: expectationText(expected) }
}

type Choice<T> = {
  readonly reading: Reading
  readonly path: Path
  readonly table: T
  /** Keys that say more about a choice, and choose nothing. */
  readonly besides: readonly string[]
  readonly wanted: string
}

/** Which of the table's names the entry has as its key; it must be one. */
function theKind<T extends object>(
  entry: Readonly<Record<string, unknown>>,
  choice: Choice<T>,
): keyof T & string {
  const { reading, path, table, besides, wanted } = choice
  const isName = (key: string): key is keyof T & string => Object.hasOwn(table, key)
  const keys = Object.keys(entry)
  const [kind, other] = keys.filter(isName)
  if (kind !== undefined && other === undefined) return kind
  if (kind !== undefined && other !== undefined)
    refuse(reading, [...path, other], `${wanted}; this has both ${kind} and ${other}`)
  const names = Object.keys(table)
  const strange = keys.find((key) => !besides.includes(key))
  if (strange === undefined) refuse(reading, path, `${wanted}; this has ${keys.join(' and ') || 'nothing'}`)
  refuse(reading, [...path, strange], strangerText(strange, { place: path[0], names }))
}

function strangerText(
  key: string,
  { place, names }: { readonly place: PropertyKey | undefined; readonly names: readonly string[] },
): string {
  const there = place === 'timeline' ? 'the board “sim” has no' : `there is no key`
  const list = `it has: ${names.join(', ')}`
  if (place === 'timeline' && key === 'chime')
    return 'the chime is rung by the doorbell, not by a story; expect { press: 1, chimed: within 20ms } of it'
  if (place === 'timeline') return `${there} “${short(key)}”${meant(key, names)}; ${list}`
  return `${there} “${short(key)}” in ${String(place)}${didYouMean(key, names)}`
}

function meant(typed: string, names: readonly string[]): string {
  const near = nearestName(typed, names)
  return near === undefined ? '' : ` (did you mean “${near}”?)`
}

const short = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80)}…`)

/** So that a story may say more about a store and a broker, which every world has. */
const WORLD_SETTINGS = ['store.bucket=sim', 'mqtt.url=mqtt://sim']

function readSettings(settings: Readonly<Record<string, unknown>>, reading: Reading): readonly string[] {
  const sets = Object.entries(settings).map(([key, value]) => `${key}=${settingText(value)}`)
  try {
    loadConfig({ sets: [...WORLD_SETTINGS, ...sets] })
  } catch (error) {
    if (!isFault(error, 'invalid')) throw error
    const message = error.message.replace(/^--set:? /, '')
    const culprit = Object.keys(settings).find((key) => message.includes(key.split('.').at(-1) ?? key))
    refuse(reading, culprit === undefined ? ['settings'] : ['settings', culprit], `settings: ${message}`)
  }
  return sets
}

/** As `--set` takes it: plain where that reads as the same value. */
function settingText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  try {
    return parse(value) === value ? value : JSON.stringify(value)
  } catch {
    return JSON.stringify(value) // It is no YAML by itself, so it needs its quotes.
  }
}
