import { parseDocument } from 'yaml'
import type { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { configSchema, describeConfig, parseWanted, type Config } from './schema.ts'
import { check, didYouMean, isMapping, readYaml, type YamlText } from './yaml.ts'

/** A configuration file's name (for messages) and text, and `--set key=value` arguments, which win. */
export type ConfigSource = {
  readonly file?: YamlText
  readonly sets?: readonly string[]
}

/** Checks and completes the configuration. Throws `Fault('invalid')` with the first thing that is wrong. */
export function loadConfig(source: ConfigSource): Config {
  const reading = source.file === undefined ? undefined : readYaml(source.file)
  const wanted: Record<string, unknown> = reading?.root ?? {}
  for (const set of source.sets ?? []) applySet(wanted, set)
  return check(wholeConfig, wanted, {
    reading,
    elsewhere: '--set',
    noun: 'setting',
    namesIn,
  })
}

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

const wholeConfig = configSchema.superRefine(checkZonesOfRules)

function valueOf(text: string): unknown {
  const document = parseDocument(text)
  return document.errors.length > 0 ? text : document.toJS()
}

function namesIn(section: string): readonly string[] {
  const prefix = section === '' ? '' : `${section}.`
  const below = describeConfig().filter((row) => row.key.startsWith(prefix))
  return [...new Set(below.map((row) => row.key.slice(prefix.length).split('.')[0] ?? ''))]
}
