import { z } from 'zod'
import { Fault } from '../src/base/fault.ts'
import { check, readYaml, type YamlText } from '../src/config/index.ts'
import { pirAt, pressAt, type ScriptedEdge } from './script.ts'

/** A scripted scenario: a video and what happens to the lines while it plays. */
export type Story = {
  readonly title: string
  readonly seed: number
  readonly video: string
  readonly edges: readonly ScriptedEdge[]
}

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/
const SECONDS_PER: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }

const time = z.union([z.number().min(0), z.string().regex(DURATION, 'wanted a time such as 4.5s or 500ms')])

const moment = z.union([
  z.strictObject({ at: time, button: z.enum(['press', 'down', 'up']) }),
  z.strictObject({ at: time, pir: z.enum(['pulse', 'rise', 'fall']) }),
])

const storySchema = z.strictObject({
  title: z.string().min(1),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
  board: z.enum(['sim']).default('sim'),
  camera: z.strictObject({ video: z.string().min(1) }),
  timeline: z
    .array(z.looseObject({ at: time }))
    .max(10_000)
    .default([]),
})

const NAMES: Readonly<Record<string, readonly string[]>> = {
  '': ['title', 'seed', 'board', 'camera', 'timeline'],
  camera: ['video'],
}

/** Throws `Fault('invalid')` with file, line and what was wanted. */
export function readStory(file: YamlText): Story {
  const reading = readYaml(file)
  const checking = {
    reading,
    elsewhere: file.name,
    noun: 'key',
    namesIn: (section: string) => NAMES[section] ?? [],
  }
  const story = check(storySchema, reading.root, checking)
  const edges = story.timeline.flatMap((entry, index) => {
    const line = lineOf(reading, index)
    return edgesOf(entry, `${file.name}, line ${line}`)
  })
  checkOrder(story.timeline, (index) => `${file.name}, line ${lineOf(reading, index)}`)
  return { title: story.title, seed: story.seed, video: story.camera.video, edges }
}

function lineOf(reading: ReturnType<typeof readYaml>, index: number): number {
  const node: unknown = reading.document.getIn(['timeline', index], true)
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined
  return Array.isArray(range) && typeof range[0] === 'number' ? reading.lines.linePos(range[0]).line : 1
}

function edgesOf(entry: unknown, where: string): readonly ScriptedEdge[] {
  const parsed = moment.safeParse(entry)
  if (!parsed.success)
    throw new Fault(
      'invalid',
      `${where}: wanted { at, button: press|down|up } or { at, pir: pulse|rise|fall }, got ${JSON.stringify(entry)}`,
    )
  const atS = secondsOf(parsed.data.at)
  if ('button' in parsed.data)
    return parsed.data.button === 'press'
      ? pressAt(atS)
      : [{ atS, line: 'button', active: parsed.data.button === 'down' }]
  return parsed.data.pir === 'pulse' ? pirAt(atS) : [{ atS, line: 'pir', active: parsed.data.pir === 'rise' }]
}

function checkOrder(
  timeline: readonly { readonly at: string | number }[],
  where: (index: number) => string,
): void {
  for (const [index, { at }] of timeline.entries()) {
    const before = timeline[index - 1]
    if (before !== undefined && secondsOf(before.at) > secondsOf(at))
      throw new Fault('invalid', `${where(index)}: ${at} comes after ${before.at}; wanted times in order`)
  }
}

function secondsOf(text: string | number): number {
  if (typeof text === 'number') return text
  const [, amount, unit] = DURATION.exec(text) ?? []
  return Number(amount) * (SECONDS_PER[unit ?? 's'] ?? 1)
}
