/** Entries of the ledger, exactly as `src/formats/documents.ts` has them. */
import { fromUtf8 } from '../../../base/bytes.ts'
import { Fault } from '../../../base/fault.ts'
import { count, members, oneOf, parse, text, whole, type Shape } from '../crypto/shape.ts'

const sha = text(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal')
const clip = text(/^[0-9a-f]{16,64}$/, 'a clip id')
const name = text(/^[0-9a-f]{32}$/, 'an object name of 32 hexadecimal digits')

export type ClipEntry = {
  readonly type: 'clip'
  readonly clip: string
  readonly manifest: string
  readonly name: string
}
export type ClockEntry = {
  readonly type: 'clock'
  readonly boot: number
  readonly monoMs: number
  readonly unixMs: number
}
export type LedgerEntry =
  | ClipEntry
  | ClockEntry
  | { readonly type: 'expired' | 'deleted'; readonly clip: string }
  /** Says nothing of clips and their times. */
  | { readonly type: 'other' }
  /** Of a newer doorbell than this page. */
  | { readonly type: 'unknown' }

const OTHERS = ['activity', 'recipients', 'grant', 'started', 'index-rebuilt']

const SHAPES: Readonly<Record<'clip' | 'expired' | 'deleted' | 'clock', Shape<LedgerEntry>>> = {
  clip: members({ type: oneOf('clip'), clip, manifest: sha, name }),
  expired: members({ type: oneOf('expired'), clip }),
  deleted: members({ type: oneOf('deleted'), clip }),
  clock: members({ type: oneOf('clock'), boot: count, monoMs: whole, unixMs: whole }),
}

/** Throws `Fault('corrupt')` when it is no entry. Kinds that are not known do not speak of clips: the tree vouches for them all the same. */
export function parseEntry(what: string, bytes: Uint8Array): LedgerEntry {
  const json = textIn(what, bytes)
  const type = typeIn(what, json)
  if (isShaped(type)) return parse(what, SHAPES[type], json)
  return { type: OTHERS.includes(type) ? 'other' : 'unknown' }
}

const isShaped = (type: string): type is keyof typeof SHAPES => Object.hasOwn(SHAPES, type)

function typeIn(what: string, json: string): string {
  const any: Shape<string> = (value) => {
    if (typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string')
      return value.type
    throw new Error('wanted an entry with a type')
  }
  return parse(what, any, json)
}

function textIn(what: string, bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw new Fault('corrupt', `${what}: wanted text, got bytes that are none`, { cause })
  }
}
