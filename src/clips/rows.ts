import { Fault } from '../base/fault.ts'
import type { ClipId, ObjectName, VisitId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Ended } from './cutter.ts'

/** What the index knows of a clip: nothing that its household would mind a thief to read. See DESIGN.md. */
export type ClipRow = ClipFacts &
  (
    | { readonly phase: 'growing' }
    /** `manifest`: SHA-256 of the signed manifest. */
    | { readonly phase: 'sealed' | 'uploaded'; readonly ended: Ended; readonly manifest: string }
    | { readonly phase: 'expiring' | 'expired'; readonly why: ExpiryReason }
  )

type ClipFacts = {
  /** Counts clips in the order they were begun. */
  readonly order: number
  readonly visit: VisitId
  /** SHA-256 of the age header that all objects of the clip share. */
  readonly header: string
  /** Hours since 1970 when the clip was begun; undefined when the clock was not trusted. */
  readonly hour: number | undefined
  /** Exempt from retention, as somebody of the household wants. */
  readonly held: boolean
  /** Names in the cloud. */
  readonly names: { readonly meta: ObjectName; readonly poster: ObjectName; readonly manifest: ObjectName }
}

/** `unknown`: it was not there any more when the index was built again. `owner`: deleted, by whom it belongs to. */
export type ExpiryReason = 'age' | 'room' | 'empty' | 'unknown' | 'owner'

/** One object: a file of the clip and its copy in the cloud. */
export type ObjectRow = {
  readonly what: ObjectKind
  /** Number of the part; 0 for the other objects, of which there is one each. */
  readonly part: number
  readonly name: ObjectName
  readonly bytes: number
  readonly sha256: string
  readonly uploaded: boolean
  /** It was acknowledged and is gone from the disk, before it was uploaded. */
  readonly lost: boolean
}

export type ObjectKind = 'part' | 'meta' | 'poster' | 'manifest'

export const CLIPS = 'clips'
export const QUARANTINE = 'quarantine'

export const clipFolder = (clip: ClipId): string => `${CLIPS}/${clip}`

export function fileOf({ what, part }: { what: ObjectKind; part: number }): string {
  if (what === 'part') return `${String(part).padStart(4, '0')}.age`
  return what === 'manifest' ? 'manifest.note' : `${what}.age`
}

export const pathOf = (clip: ClipId, object: { what: ObjectKind; part: number }): string =>
  `${clipFolder(clip)}/${fileOf(object)}`

/** Key of an object's row: all of a clip stand together. */
export const objectKey = (clip: ClipId, object: { what: ObjectKind; part: number }): string =>
  `${clip}/${fileOf(object)}`

export function readClipRow(key: string, row: Json): ClipRow {
  const at = fieldsOf(`clip ${key}`, row)
  const names = fieldsOf(`clip ${key}: names`, at.json('names'))
  const facts: ClipFacts = {
    order: at.number('order'),
    visit: at.text('visit') as VisitId, // Only we write this table.
    header: at.text('header'),
    hour: at.json('hour') === null ? undefined : at.number('hour'),
    held: at.json('held') === true, // Rows of older versions do not say.
    names: { meta: names.name('meta'), poster: names.name('poster'), manifest: names.name('manifest') },
  }
  const phase = at.oneOf('phase', PHASES)
  switch (phase) {
    case 'growing':
      return { ...facts, phase }
    case 'sealed':
    case 'uploaded':
      return { ...facts, phase, ended: at.oneOf('ended', ENDINGS), manifest: at.text('manifest') }
    default:
      return { ...facts, phase, why: at.oneOf('why', REASONS) }
  }
}

/** JSON has no `undefined`. */
export const clipRowJson = (row: ClipRow): Json => ({ ...row, hour: row.hour ?? null })

export function readObjectRow(key: string, row: Json): { clip: ClipId; object: ObjectRow } {
  const at = fieldsOf(`part ${key}`, row)
  const object: ObjectRow = {
    what: at.oneOf('what', KINDS),
    part: at.number('part'),
    name: at.name('name'),
    bytes: at.number('bytes'),
    sha256: at.text('sha256'),
    uploaded: at.json('uploaded') === true,
    lost: at.json('lost') === true,
  }
  return { clip: key.slice(0, key.indexOf('/')) as ClipId, object } // The key is `<clip>/<file>`.
}

const PHASES = ['growing', 'sealed', 'uploaded', 'expiring', 'expired'] as const
const ENDINGS: readonly Ended[] = ['quiet', 'max-length', 'camera-lost', 'stopped', 'recovered']
const REASONS: readonly ExpiryReason[] = ['age', 'room', 'empty', 'unknown', 'owner']
const KINDS: readonly ObjectKind[] = ['part', 'meta', 'poster', 'manifest']

type Fields = {
  json(name: string): Json
  text(name: string): string
  name(name: string): ObjectName
  number(name: string): number
  oneOf<T extends string>(name: string, words: readonly T[]): T
}

/** Takes a row apart; whatever is not as we write it is damage. */
function fieldsOf(where: string, row: Json): Fields {
  if (typeof row !== 'object' || row === null) throw wrong(where, 'an object', row)
  const members = new Map(Object.entries(row))
  const json = (name: string): Json => members.get(name) ?? null
  const text = (name: string): string => {
    const got = json(name)
    if (typeof got !== 'string') throw wrong(`${where}: ${name}`, 'text', got)
    return got
  }
  return {
    json,
    text,
    name: (name) => text(name) as ObjectName, // Only we write these tables.
    number(name) {
      const got = json(name)
      if (typeof got !== 'number') throw wrong(`${where}: ${name}`, 'a number', got)
      return got
    },
    oneOf(name, words) {
      const got = words.find((word) => word === json(name))
      if (got === undefined) throw wrong(`${where}: ${name}`, words.join(', '), json(name))
      return got
    },
  }
}

const wrong = (where: string, wanted: string, got: Json): Fault =>
  new Fault('corrupt', `index: ${where}: wanted ${wanted}, got ${JSON.stringify(got)}`)
