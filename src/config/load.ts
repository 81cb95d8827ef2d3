import { LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { nearestName } from '../base/nearest.ts'
import { configSchema, describeConfig, type Config } from './schema.ts'

const FILE_BYTES_MAX = 1024 * 1024

/** A configuration file's name (for messages) and text, and `--set key=value` arguments, which win. */
export type ConfigSource = {
  readonly file?: { readonly name: string; readonly text: string }
  readonly sets?: readonly string[]
}

/** Checks and completes the configuration. Throws `Fault('invalid')` with the first thing that is wrong. */
export function loadConfig(source: ConfigSource): Config {
  const file = source.file === undefined ? undefined : parseYaml(source.file)
  const wanted: Record<string, unknown> = file?.root ?? {}
  for (const set of source.sets ?? []) applySet(wanted, set)
  const result = configSchema.safeParse(wanted)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue === undefined)
    throw new Fault('bug', 'the configuration is wrong, but nothing says why', { cause: result.error })
  throw new Fault('invalid', sentenceOf(issue, wanted, file, source))
}

type Parsed = {
  readonly name: string
  readonly root: Record<string, unknown>
  readonly document: Document
  readonly lines: LineCounter
}

function parseYaml(file: { readonly name: string; readonly text: string }): Parsed {
  if (file.text.length > FILE_BYTES_MAX)
    throw new Fault(
      'invalid',
      `${file.name}: a configuration has at most 1 MiB, this has ${file.text.length} characters`,
    )
  const lines = new LineCounter()
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined)
    throw new Fault(
      'invalid',
      `${file.name}, line ${lines.linePos(error.pos[0]).line}: not YAML: ${error.message}`,
    )
  const root: unknown = toJs(document, file.name) ?? {}
  if (!isMapping(root))
    throw new Fault(
      'invalid',
      `${file.name}: wanted settings as \`section: {key: value}\`, got ${kindOf(root)}`,
    )
  return { name: file.name, root, document, lines }
}

function toJs(document: Document, name: string): unknown {
  try {
    const root: unknown = document.toJS({ maxAliasCount: 100 })
    JSON.stringify(root) // Throws on a circle, which YAML can say and no setting means.
    return root
  } catch (cause) {
    throw new Fault('invalid', `${name}: aliases in it refer to each other too often or in a circle`, {
      cause,
    })
  }
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `--set visit.quietAfterMs=5000`; the last part of the key is enough where only one setting ends so. */
function applySet(root: Record<string, unknown>, set: string): void {
  const equals = set.indexOf('=')
  if (equals < 1)
    throw new Fault('invalid', `--set ${set}: wanted key=value, for example visit.quietAfterMs=5000`)
  const path = fullKey(set.slice(0, equals)).split('.')
  const last = path.pop()
  let section = root
  for (const name of path) {
    const inner = section[name]
    const next: Record<string, unknown> = isMapping(inner) ? inner : {}
    section[name] = next
    section = next
  }
  if (last !== undefined) section[last] = valueOf(set.slice(equals + 1))
}

function fullKey(typed: string): string {
  const keys = describeConfig().map((row) => row.key)
  if (keys.includes(typed)) return typed
  const ending = keys.filter((key) => key.endsWith(`.${typed}`))
  if (ending.length === 1 && ending[0] !== undefined) return ending[0]
  if (ending.length > 1)
    throw new Fault('invalid', `--set ${typed}: could be ${ending.join(' or ')}; give the whole key`)
  throw new Fault('invalid', `--set ${typed}: there is no such setting${didYouMean(typed, keys)}`)
}

function valueOf(text: string): unknown {
  const document = parseDocument(text)
  return document.errors.length > 0 ? text : document.toJS()
}

function sentenceOf(
  issue: z.core.$ZodIssue,
  root: unknown,
  file: Parsed | undefined,
  source: ConfigSource,
): string {
  const key = issue.path.map(String).join('.')
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = unknown === undefined ? issue.path : [...issue.path, unknown]
  const where = placeOf(path, file, source)
  if (unknown !== undefined)
    return `${where}: there is no setting “${unknown}”${inSection(key)}${didYouMean(unknown, siblingsOf(key))}`
  const got = valueAt(root, issue.path)
  return `${where}: ${key === '' ? 'the configuration' : key}: ${wordsOf(issue)}, got ${got === undefined ? 'nothing' : JSON.stringify(got)}`
}

function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `wanted at least ${issue.minimum}`
        : `wanted at least ${issue.minimum} of them`
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `wanted at most ${issue.maximum}`
        : `wanted at most ${issue.maximum} of them`
    case 'invalid_type':
      return `wanted ${issue.expected}`
    case 'invalid_value':
      return `wanted ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`
    default:
      return issue.message
  }
}

const inSection = (key: string): string => (key === '' ? '' : ` in ${key}`)

function siblingsOf(section: string): readonly string[] {
  const prefix = section === '' ? '' : `${section.replace(/\.\d+$/, '[]')}.`
  const below = describeConfig().filter((row) => row.key.startsWith(prefix))
  return [...new Set(below.map((row) => row.key.slice(prefix.length).split('.')[0] ?? ''))]
}

function didYouMean(typed: string, names: readonly string[]): string {
  const near =
    nearestName(typed, names) ??
    nearestName(
      typed,
      names.map((name) => name.split('.').at(-1) ?? name),
    )
  return near === undefined ? ` (there are: ${names.join(', ')})` : ` (did you mean “${near}”?)`
}

function placeOf(path: readonly PropertyKey[], file: Parsed | undefined, source: ConfigSource): string {
  if (file === undefined)
    return source.sets === undefined || source.sets.length === 0 ? 'configuration' : '--set'
  for (let depth = path.length; depth > 0; depth--) {
    const offset = offsetOf(file.document, path.slice(0, depth))
    if (offset !== undefined) return `${file.name}, line ${file.lines.linePos(offset).line}`
  }
  return file.name
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const node: unknown = document.getIn(path, true)
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined
  const [start]: unknown[] = node.range
  return typeof start === 'number' ? start : undefined
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const name of path)
    value =
      isMapping(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[name] : undefined
  return value
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`)
