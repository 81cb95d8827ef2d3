import { isMap, isNode, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml'
import type { z } from 'zod'
import { Fault, messageOf } from '../base/fault.ts'
import { nearestName } from '../base/nearest.ts'

const FILE_BYTES_MAX = 1024 * 1024
/** So many characters of a wrong value are said again. */
const SHOWN_MAX = 120
/** A longer choice is not listed when one of it is near. */
const NAMES_MAX = 9

export type YamlText = { readonly name: string; readonly text: string }

/** A parsed file that still knows on which line each thing stands. */
export type Reading = {
  readonly name: string
  readonly root: Record<string, unknown>
  readonly document: Document
  readonly lines: LineCounter
}

/** What messages need beside the schema. */
export type Checking = {
  readonly reading: Reading | undefined
  /** Said instead of a file and line where there is no file. */
  readonly elsewhere: string
  /** What a key is called: “setting”, “key”. */
  readonly noun: string
  /** The valid names below a dotted section; indices are written `[]`. */
  readonly namesIn: (section: string) => readonly string[]
  /** Where in the file the checked value stands; left out: it is all of the file. */
  readonly under?: readonly PropertyKey[]
}

/** Reads one YAML mapping. Throws `Fault('invalid')` with the line when it is none. */
export function readYaml(file: YamlText): Reading {
  if (file.text.length > FILE_BYTES_MAX)
    throw new Fault('invalid', `${file.name}: wanted at most 1 MiB, this has ${file.text.length} characters`)
  const lines = new LineCounter()
  const document = parseDocument(file.text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error', // Its warnings would go to the terminal past us.
    uniqueKeys: false, // yaml compares every key with every other: minutes for a long mapping. `findTwin` does it.
  })
  const error = document.errors[0] ?? findTwin(document)
  if (error !== undefined)
    throw new Fault(
      'invalid',
      `${file.name}, line ${lines.linePos(error.pos[0]).line}: not YAML: ${error.message}`,
    )
  const root: unknown = toJs(document, { name: file.name, lines }) ?? {}
  if (!isMapping(root))
    throw new Fault(
      'invalid',
      `${file.name}, line 1: wanted settings as \`section: {key: value}\`, got ${kindOf(root)}`,
    )
  return { name: file.name, root, document, lines }
}

type Misspelling = { readonly pos: readonly [number, ...unknown[]]; readonly message: string }

/** A key that its mapping has already. */
function findTwin(document: Document): Misspelling | undefined {
  let twin: Misspelling | undefined
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<string>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (seen.has(name)) {
          twin = { pos: [key.range?.[0] ?? 0], message: `the key “${name}” stands there twice` }
          return visit.BREAK
        }
        seen.add(name)
      }
      return undefined
    },
  })
  return twin
}

function toJs(document: Document, file: { readonly name: string; readonly lines: LineCounter }): unknown {
  try {
    const root: unknown = document.toJS({ maxAliasCount: 100 })
    JSON.stringify(root) // Throws on a circle, which YAML can say and no setting means.
    return root
  } catch (cause) {
    const why =
      messageOf(cause).startsWith('Unresolved') || cause instanceof RangeError
        ? messageOf(cause)
        : 'aliases in it refer to each other too often or in a circle'
    throw new Fault('invalid', `${file.name}, line ${firstAliasLine(document, file.lines)}: ${why}`, {
      cause,
    })
  }
}

function firstAliasLine(document: Document, lines: LineCounter): number {
  let offset = 0
  visit(document, {
    Alias: (_key, { range }) => {
      offset = range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return lines.linePos(offset).line
}

export const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Parses `root` with `schema`. Throws `Fault('invalid')` with a sentence about the first thing that is wrong. */
export function check<S extends z.ZodType>(schema: S, root: unknown, checking: Checking): z.output<S> {
  const result = schema.safeParse(root)
  if (result.success) return result.data
  const { issues } = result.error
  // A misspelt key is also a missing one; the misspelling is what helps.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  if (issue === undefined)
    throw new Fault('bug', 'a check failed and nothing says why', { cause: result.error })
  throw new Fault('invalid', sentenceOf(issue, root, checking))
}

function sentenceOf(issue: z.core.$ZodIssue, root: unknown, checking: Checking): string {
  const key = issue.path.map(String).join('.')
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const where = placeOf(unknown === undefined ? issue.path : [...issue.path, unknown], checking)
  if (unknown !== undefined) {
    const names = checking.namesIn(key.replace(/(^|\.)\d+/g, '[]'))
    return `${where}: there is no ${checking.noun} “${unknown}”${inSection(key)}${didYouMean(unknown, names)}`
  }
  const got = valueAt(root, issue.path)
  const names = namesOf(issue)
  const helps = typeof got === 'string' && (names.length > NAMES_MAX || nearestName(got, names) !== undefined)
  const meant = helps ? didYouMean(got, names) : ''
  return `${where}: ${key === '' ? 'all of it' : key}: ${wordsOf(issue)}, got ${shown(got)}${meant}`
}

/** Where the issue is about a choice of names, those names. */
function namesOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  return issue.code === 'invalid_union' && issue.inclusive !== false ? (issue.options ?? []).map(String) : []
}

/** Messages end up in logs. */
const SECRET_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]*@/gi

function shown(value: unknown): string {
  const text = (value === undefined ? 'nothing' : JSON.stringify(value)).replace(SECRET_IN_URL, '$1…@')
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`
}

function wordsOf(issue: z.core.$ZodIssue): string {
  const names = namesOf(issue)
  if (names.length > NAMES_MAX) return `wanted one of ${names.length} names`
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
    case 'invalid_union':
      return names.length === 0 ? issue.message : `wanted ${names.join(' or ')}`
    default:
      return issue.message
  }
}

const inSection = (key: string): string => (key === '' ? '' : ` in ${key}`)

export function didYouMean(typed: string, names: readonly string[]): string {
  const near =
    nearestName(typed, names) ??
    nearestName(
      typed,
      names.map((name) => name.split('.').at(-1) ?? name),
    )
  return near === undefined ? ` (there are: ${names.join(', ')})` : ` (did you mean “${near}”?)`
}

function placeOf(path: readonly PropertyKey[], { reading, elsewhere, under = [] }: Checking): string {
  return reading === undefined ? elsewhere : `${reading.name}, line ${lineOf(reading, [...under, ...path])}`
}

/** The line of what stands at `path`, or of the nearest thing around it that is there. */
export function lineOf(reading: Reading, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const offset = offsetOf(reading.document, path.slice(0, depth))
    if (offset !== undefined) return reading.lines.linePos(offset).line
  }
  return 1
}

/** Where the key stands; for an item of a list, where the item begins. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined
  }
  const node: unknown = document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const name of path)
    value =
      isMapping(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[name] : undefined
  return value
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'a list' : `a ${typeof value}`)
