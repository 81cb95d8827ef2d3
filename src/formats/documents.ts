/**
 * What the device and the owner write down for each other. Each is canonical JSON in one line; those that are signed
 * are the text of a signed note. Unknown members are refused: what is not understood cannot be vouched for.
 */
import { hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson, type Json } from '../base/json.ts'
import { Fault, messageOf } from '../base/fault.ts'
import {
  bodyOfNote,
  ed25519FromSeed,
  keyName,
  openNote,
  signerOf,
  signNote,
  type NoteKey,
  type NoteSigner,
} from './note.ts'

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'wanted a SHA-256 in hexadecimal')
const clipId = z.string().regex(/^[0-9a-f]{16,64}$/, 'wanted a clip id')
const objectName = z.string().regex(/^[0-9a-f]{32}$/, 'wanted an object name of 32 hexadecimal digits')
const rawKey = z.base64().length(44)
const count = z.number().int().min(0)
const share = z.number().min(0).max(1)

const boundObject = z.strictObject({ name: objectName, bytes: count, sha256: sha256Hex })

const manifest = z.strictObject({
  format: z.literal('lintel-clip-manifest/1'),
  clip: clipId,
  /** Name of the device's signing key. */
  device: z.string(),
  /** Base64 of the raw Ed25519 public key. */
  deviceKey: rawKey,
  /** SHA-256 of the age header that every object of the clip begins with. */
  header: sha256Hex,
  parts: z.array(boundObject).max(100_000),
  meta: boundObject,
  poster: boundObject.optional(),
  ended: z.enum(['quiet', 'max-length', 'camera-lost', 'stopped', 'recovered']),
  /** SHA-256 of the manifest note of the clip sealed before this one. */
  previous: sha256Hex.nullable(),
})

/**
 * An id in the sealed metadata: base64url of its bytes, not hexadecimal as everywhere else, so that a search of the disk and
 * the store for any run of the metadata finds nothing, not even an id.
 */
const sealedId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{11,43}$/, 'wanted an id in base64url')
  .transform((text) => Buffer.from(text, 'base64url').toString('hex'))

const meta = z.strictObject({
  format: z.literal('sealed-clip-meta/1'),
  clip: sealedId,
  visit: sealedId,
  device: z.string(),
  fromUnixMs: z.number().int(),
  clockTrusted: z.boolean(),
  /** How often the device was started before. Left out by older versions, as is the next. */
  boot: count.optional(),
  /** The same moment as `fromUnixMs`, by a clock that began with that start and never jumps. */
  fromMonoMs: z.number().int().optional(),
  durationMs: count,
  codec: z.enum(['h264', 'hevc']),
  width: count,
  height: count,
  /** Milliseconds from the beginning of the clip. */
  presses: z.array(count),
  /** What happened on the lines in the half second before and after each press. Left out by older versions, and without a press. */
  edges: z.array(z.strictObject({ line: z.string(), active: z.boolean(), atMs: z.number() })).optional(),
  signs: z.array(z.string()),
  labels: z.array(
    z.strictObject({
      label: z.string(),
      score: z.number(),
      atMs: count,
      /** Shares of the picture. Left out by older versions, as are the zones. */
      box: z.strictObject({ x: share, y: share, width: share, height: share }).optional(),
      zones: z.array(z.string()).optional(),
    }),
  ),
  /** The clip of the same visit that came before. */
  continues: sealedId.optional(),
  complete: z.boolean(),
})

const recipients = z.strictObject({
  format: z.literal('lintel-recipients/1'),
  version: z.number().int().min(1),
  recipients: z
    .array(z.strictObject({ key: z.string().regex(/^age1[0-9a-z]{58}$/), name: z.string().max(60) }))
    .min(1)
    .max(32),
  /** Base64 of the owner's raw Ed25519 public key. */
  owner: rawKey,
  previous: sha256Hex.nullable(),
})

const grant = z.strictObject({
  format: z.literal('lintel-grant/1'),
  clip: clipId,
  to: z.string().regex(/^age1[0-9a-z]{58}$/),
  /** Base64 of the new age header. */
  header: z.base64(),
  manifest: sha256Hex,
  /** The clip's manifest, whole and signed by the device. */
  manifestNote: z.string(),
  /** When the clip began, where its own metadata does not know and the owner has learnt it. */
  fromUnixMs: z.number().int().optional(),
  owner: rawKey,
})

const entry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('clip'), clip: clipId, manifest: sha256Hex, name: objectName }),
  z.strictObject({ type: z.literal('expired'), clip: clipId }),
  /** By its owner: from the device, and then from the store. */
  z.strictObject({ type: z.literal('deleted'), clip: clipId }),
  /** Somebody of the household did something: SHA-256 of the row that says who and what, with its salt, which only the device has. */
  z.strictObject({ type: z.literal('activity'), sha256: sha256Hex }),
  z.strictObject({ type: z.literal('recipients'), version: count, sha256: sha256Hex }),
  z.strictObject({ type: z.literal('grant'), clip: clipId, sha256: sha256Hex }),
  z.strictObject({ type: z.literal('started'), boot: count }),
  /** In that start, whose clock counted `monoMs` then, it was `unixMs`, a whole second: what was recorded before gets its time. */
  z.strictObject({
    type: z.literal('clock'),
    boot: count,
    monoMs: z.number().int(),
    unixMs: z.number().int(),
  }),
  /** The index was damaged or gone, and was built again from what lay on the disk. */
  z.strictObject({
    type: z.literal('index-rebuilt'),
    /** Entries that the ledger had at this place and behind it, as far as that is known. */
    lost: count,
    /** Clips that were found. */
    clips: count,
    /** Clips of the ledger that were not: expired, or gone. */
    absent: count,
  }),
])

const ledgerPage = z.strictObject({ entry: z.string(), checkpoint: z.string() })

type Frozen<T> = T extends (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T

export type BoundObject = Frozen<z.output<typeof boundObject>>
export type ClipManifest = Frozen<z.output<typeof manifest>>
export type ClipMeta = Frozen<z.output<typeof meta>>
export type RecipientList = Frozen<z.output<typeof recipients>>
export type ClipGrant = Frozen<z.output<typeof grant>>
export type LedgerEntry = Frozen<z.output<typeof entry>>
/** An entry as its text, and the signed checkpoint over it and all before it: what the device keeps beside its index. */
export type LedgerPage = Frozen<z.output<typeof ledgerPage>>

/** One line of canonical JSON, with its newline: the text of a note. */
export const lineOf = (document: ClipManifest | RecipientList | ClipGrant): string =>
  `${canonicalJson(document as Json)}\n` // Its members are text, numbers and lists.

export const encodeEntry = (document: LedgerEntry): string => canonicalJson(document as Json) // As above.

export const parseEntry = (what: string, text: string): LedgerEntry => parse(what, entry, text)

export const encodePage = (page: LedgerPage): string => `${canonicalJson(page)}\n`

export const parsePage = (what: string, text: string): LedgerPage => parse(what, ledgerPage, text)

/** What is sealed: canonical JSON. */
export function encodeMeta(document: ClipMeta): string {
  const sealed = (id: string): string => Buffer.from(id, 'hex').toString('base64url')
  const { clip, visit, continues } = document
  const ids = {
    clip: sealed(clip),
    visit: sealed(visit),
    ...(continues === undefined ? {} : { continues: sealed(continues) }),
  }
  return canonicalJson({ ...document, ...ids } as Json) // Its members are text, numbers and lists.
}

export const parseMeta = (what: string, text: string): ClipMeta => parse(what, meta, text)

/** The manifest in a note, and that the device whose key it names has signed it. Whether that is *the* device, the caller knows. */
export function openManifest(what: string, note: string): ClipManifest {
  const document = parse(what, manifest, bodyOfNote(what, note))
  openNote(what, note, keyOf(what, 'lintel', document.deviceKey, document.device))
  return document
}

export function openRecipientList(what: string, note: string): RecipientList {
  const document = parse(what, recipients, bodyOfNote(what, note))
  openNote(what, note, keyOf(what, 'lintel-owner', document.owner))
  return document
}

export function openGrant(what: string, note: string): ClipGrant {
  const document = parse(what, grant, bodyOfNote(what, note))
  openNote(what, note, keyOf(what, 'lintel-owner', document.owner))
  return document
}

function keyOf(what: string, prefix: 'lintel' | 'lintel-owner', key: string, name?: string): NoteKey {
  const publicKey = new Uint8Array(Buffer.from(key, 'base64'))
  const wanted = keyName(prefix, publicKey)
  if (name !== undefined && name !== wanted)
    throw new Fault('corrupt', `${what}: wanted the name ${wanted} for its key, got ${name}`)
  return { name: wanted, publicKey }
}

function parse<S extends z.ZodType>(what: string, schema: S, text: string): z.output<S> {
  const result = schema.safeParse(jsonOf(what, text))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Fault('corrupt', `${what}: ${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'wrong'}`)
}

function jsonOf(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault('corrupt', `${what}: no JSON: ${messageOf(cause)}`, { cause })
  }
}

/** The owner signs with a key derived from the age identity, so that one file, or 24 words, is all there is to keep. */
export function ownerSigner(x25519Secret: Uint8Array): NoteSigner {
  const seed = new Uint8Array(
    hkdfSync('sha256', x25519Secret, new Uint8Array(0), 'lintel owner signing key v1', 32),
  )
  return signerOf('lintel-owner', ed25519FromSeed(seed))
}

export const signRecipients = (list: RecipientList, signer: NoteSigner): string =>
  signNote(lineOf(list), signer)
export const signGrant = (document: ClipGrant, signer: NoteSigner): string =>
  signNote(lineOf(document), signer)
