import { parseDocument } from 'yaml'
import type { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { checkCamera } from './camera.ts'
import { configSchema, describeConfig, parseWanted, type Config } from './schema.ts'
import { check, didYouMean, isMapping, readYaml, type YamlText } from './yaml.ts'

/** A configuration file's name (for messages) and text, what was changed on the owner's page, and `--set key=value` arguments, which win. */
export type ConfigSource = {
  /** What the board says, under everything else: a configuration file like any other. */
  readonly board?: YamlText | undefined
  readonly file?: YamlText
  /** By dotted keys. */
  readonly changed?: Changes
  readonly sets?: readonly string[]
}

export type Changes = Readonly<Record<string, unknown>>

/** In the data folder: what was changed on the owner's page. */
export const SETTINGS_FILE = 'settings.yaml'

/** Checks and completes the configuration. Throws `Fault('invalid')` with the first thing that is wrong. */
export function loadConfig(source: ConfigSource): Config {
  const reading = source.file === undefined ? undefined : readYaml(source.file)
  const wanted = mergeUnder(boardOf(source.board), reading?.root ?? {})
  checkChanges(source.changed ?? {})
  for (const [key, value] of Object.entries(source.changed ?? {})) place(wanted, key, value)
  for (const set of source.sets ?? []) applySet(wanted, set)
  return check(wholeConfig, wanted, {
    reading,
    elsewhere: '--set',
    noun: 'setting',
    namesIn,
  })
}

/** Checked by itself first: then it is clear whose mistake it is. */
function boardOf(board: YamlText | undefined): Record<string, unknown> {
  if (board === undefined) return {}
  const reading = readYaml(board)
  check(configSchema, reading.root, { reading, elsewhere: board.name, noun: 'setting', namesIn })
  return reading.root
}

/** `null` takes away what lies under it; everything else wins over it, mapping by mapping. */
function mergeUnder(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...under }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    if (value === null && Object.hasOwn(under, key)) delete merged[key]
    else merged[key] = isMapping(below) && isMapping(value) ? mergeUnder(below, value) : value
  }
  return merged
}

/** By themselves first: then it is clear whose mistake it is. */
function checkChanges(changed: Changes): void {
  const keys = keysOf()
  const alone: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(changed)) {
    if (!keys.includes(key))
      throw new Fault('invalid', `${key}: there is no such setting${didYouMean(key, keys)}`)
    place(alone, key, value)
  }
  for (const section of ['store', 'mqtt'] as const) delete alone[section] // What they need beside may stand in the file.
  check(configSchema, alone, { reading: undefined, elsewhere: 'settings', noun: 'setting', namesIn })
}

/** The text of `settings.yaml`: one setting a line. */
export const writeChanges = (changed: Changes): string =>
  Object.entries(changed)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('')

/** What `writeChanges` wrote, or somebody with an editor. */
export const readChanges = (text: string): Changes => readYaml({ name: SETTINGS_FILE, text }).root

/** A rule for a zone that does not exist would never apply, and nobody would notice. */
function checkZonesOfRules({ visit, detect }: Config, context: z.RefinementCtx): void {
  const zones = detect.zones.filter(({ mode }) => mode === 'watch').map(({ name }) => name)
  for (const list of ['record', 'notify'] as const) {
    visit[list].forEach((text, index) => {
      const { zone } = parseWanted(text)
      if (zone === undefined || zones.includes(zone)) return
      const message = `wanted the name of a zone with the mode watch${didYouMean(zone, zones)}`
      context.addIssue({ code: 'custom', path: ['visit', list, index], message, input: text })
    })
  }
}

/** A wrong guess would ring at night. */
function checkTimesHaveZone({ device, quietHours, night }: Config, context: z.RefinementCtx): void {
  if (device.timeZone !== undefined) return
  const message = 'wanted device.timeZone beside it, such as Europe/Berlin'
  if (night.mode === 'schedule')
    context.addIssue({ code: 'custom', path: ['night', 'mode'], message, input: night.mode })
  if (quietHours.times.length > 0)
    context.addIssue({ code: 'custom', path: ['quietHours', 'times'], message, input: quietHours.times })
}

/** `--set visit.quietAfterMs=5000`; the last part of the key is enough where only one setting ends so. */
function applySet(root: Record<string, unknown>, set: string): void {
  const equals = set.indexOf('=')
  if (equals < 1)
    throw new Fault('invalid', `--set ${set}: wanted key=value, for example visit.quietAfterMs=5000`)
  place(root, fullKey(set.slice(0, equals)), valueOf(set.slice(equals + 1)))
}

function place(root: Record<string, unknown>, key: string, value: unknown): void {
  const path = key.split('.')
  const last = path.pop()
  let section = root
  for (const name of path) {
    const inner = section[name]
    const next: Record<string, unknown> = isMapping(inner) ? inner : {}
    section[name] = next
    section = next
  }
  if (last !== undefined) section[last] = value
}

/** Those that can be set: not what stands in the items of a list. */
const keysOf = (): readonly string[] =>
  describeConfig().flatMap(({ key }) => (key.includes('[]') ? [] : [key]))

/** The whole keys that such arguments set. */
export const keysSet = (sets: readonly string[]): readonly string[] =>
  sets.map((set) => fullKey(set.slice(0, Math.max(0, set.indexOf('=')))))

function fullKey(typed: string): string {
  const keys = describeConfig().map((row) => row.key)
  if (keys.includes(typed)) return typed
  const ending = keys.filter((key) => key.endsWith(`.${typed}`))
  if (ending.length === 1 && ending[0] !== undefined) return ending[0]
  if (ending.length > 1)
    throw new Fault('invalid', `--set ${typed}: could be ${ending.join(' or ')}; give the whole key`)
  throw new Fault('invalid', `--set ${typed}: there is no such setting${didYouMean(typed, keys)}`)
}

const wholeConfig = configSchema
  .superRefine(checkZonesOfRules)
  .superRefine(checkTimesHaveZone)
  .superRefine(checkCamera)

function valueOf(text: string): unknown {
  const document = parseDocument(text)
  return document.errors.length > 0 ? text : document.toJS()
}

function namesIn(section: string): readonly string[] {
  const prefix = section === '' ? '' : `${section}.`
  const below = describeConfig().filter((row) => row.key.startsWith(prefix))
  return [...new Set(below.map((row) => row.key.slice(prefix.length).split('.')[0] ?? ''))]
}
