/**
 * The documents that page and device write for each other, exactly as `src/formats/documents.ts` has them: manifests of clips, their sealed
 * metadata, the list of recipients, grants.
 */
import { hex, utf8 } from '../../../base/bytes.ts'
import { Fault } from '../../../base/fault.ts'
import { canonicalJson, type Json } from '../../../base/json.ts'
import { base64, sha256, unbase64, unbase64url } from './bytes.ts'
import { bodyOfNote, keyName, openNote, signNote, type KeyPrefix, type Signer } from './notes.ts'
import {
  count,
  list,
  members,
  nullOr,
  number,
  oneOf,
  parse,
  text,
  whole,
  yesNo,
  type Shape,
  type Shaped,
} from './shape.ts'

const sha = text(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal')
const clipId = text(/^[0-9a-f]{16,64}$/, 'a clip id')
const objectName = text(/^[0-9a-f]{32}$/, 'an object name of 32 hexadecimal digits')
const rawKey = text(/^[A-Za-z0-9+/]{43}=$/, 'a key of 32 bytes in base64')
const recipient = text(/^age1[0-9a-z]{58}$/, 'a recipient age1…')
const share = number('a share from 0 to 1', (n) => n >= 0 && n <= 1)

const boundObject = members({ name: objectName, bytes: count, sha256: sha })

const manifest = members(
  {
    format: oneOf('lintel-clip-manifest/1'),
    clip: clipId,
    device: text(),
    deviceKey: rawKey,
    header: sha,
    parts: list(boundObject),
    meta: boundObject,
    ended: oneOf('quiet', 'max-length', 'camera-lost', 'stopped', 'recovered'),
    previous: nullOr(sha),
  },
  { poster: boundObject },
)

/** Ids in the sealed metadata are base64url, everywhere else hexadecimal. */
const sealedId: Shape<string> = (value, where) => {
  const id = text(/^[A-Za-z0-9_-]{11,43}$/, 'an id in base64url')(value, where)
  const bytes = unbase64url(id)
  if (bytes === undefined) throw new Error(`${where}: wanted an id in base64url`)
  return hex(bytes)
}

const label = members(
  { label: text(), score: number(), atMs: count },
  { box: members({ x: share, y: share, width: share, height: share }), zones: list(text()) },
)

const meta = members(
  {
    format: oneOf('sealed-clip-meta/1'),
    clip: sealedId,
    visit: sealedId,
    device: text(),
    fromUnixMs: whole,
    clockTrusted: yesNo,
    durationMs: count,
    codec: oneOf('h264', 'hevc'),
    width: count,
    height: count,
    presses: list(count),
    signs: list(text()),
    labels: list(label),
    complete: yesNo,
  },
  {
    boot: count,
    fromMonoMs: whole,
    continues: sealedId,
    edges: list(members({ line: text(), active: yesNo, atMs: number() })),
  },
)

const recipients = members({
  format: oneOf('lintel-recipients/1'),
  version: number('a version from 1', (n) => Number.isSafeInteger(n) && n >= 1),
  recipients: list(members({ key: recipient, name: text(/^[^]{0,60}$/, 'at most 60 letters') }), {
    least: 1,
    most: 32,
  }),
  owner: rawKey,
  previous: nullOr(sha),
})

const grant = members(
  {
    format: oneOf('lintel-grant/1'),
    clip: clipId,
    to: recipient,
    header: text(/^[A-Za-z0-9+/]+={0,2}$/, 'a header in base64'),
    manifest: sha,
    manifestNote: text(),
    owner: rawKey,
  },
  { fromUnixMs: whole },
)

export type BoundObject = Shaped<typeof boundObject>
export type ClipManifest = Shaped<typeof manifest>
export type ClipMeta = Shaped<typeof meta>
export type ClipLabel = Shaped<typeof label>
export type RecipientList = Shaped<typeof recipients>
export type ClipGrant = Shaped<typeof grant>

const lineOf = (document: RecipientList | ClipGrant): string => `${canonicalJson(document as Json)}\n` // Texts, numbers and lists.

export const parseMeta = (what: string, json: string): ClipMeta => parse(what, meta, json)

/**
 * The manifest in a note, signed by this device's key and no other. Without a key: by the one that it names; whether that is *the* device, the
 * caller finds out.
 */
export async function openManifest(
  what: string,
  note: string,
  deviceKey?: Uint8Array,
): Promise<ClipManifest> {
  const document = parse(what, manifest, bodyOfNote(what, note))
  if (deviceKey !== undefined && document.deviceKey !== base64(deviceKey))
    throw new Fault('corrupt', `${what}: it is signed by ${document.device}, which is not this doorbell`)
  return signedBy(what, note, { document, key: document.deviceKey, prefix: 'lintel', name: document.device })
}

export async function openRecipientList(what: string, note: string): Promise<RecipientList> {
  const document = parse(what, recipients, bodyOfNote(what, note))
  return signedBy(what, note, { document, key: document.owner, prefix: 'lintel-owner' })
}

export async function openGrant(what: string, note: string): Promise<ClipGrant> {
  const document = parse(what, grant, bodyOfNote(what, note))
  return signedBy(what, note, { document, key: document.owner, prefix: 'lintel-owner' })
}

async function signedBy<T>(
  what: string,
  note: string,
  given: { readonly document: T; readonly key: string; readonly prefix: KeyPrefix; readonly name?: string },
): Promise<T> {
  const publicKey = unbase64(given.key) ?? new Uint8Array(0)
  const name = await keyName(given.prefix, publicKey)
  if (given.name !== undefined && given.name !== name)
    throw new Fault('corrupt', `${what}: wanted the name ${name} for its key, got ${given.name}`)
  await openNote(what, note, { publicKey, prefix: given.prefix })
  return given.document
}

export type Recipient = RecipientList['recipients'][number]

/** The next list after `before` (a note), or the first one. */
export async function signRecipients(
  entries: readonly Recipient[],
  signer: Signer,
  before?: string,
): Promise<string> {
  const known = before === undefined ? undefined : await openRecipientList('list of recipients', before)
  const owner = base64(signer.publicKey)
  if (known !== undefined && known.owner !== owner)
    throw new Fault('denied', 'this doorbell’s list is signed with another key than yours')
  const document: RecipientList = {
    format: 'lintel-recipients/1',
    version: (known?.version ?? 0) + 1,
    recipients: entries.map(({ key, name }) => ({ key, name })),
    owner,
    previous: before === undefined ? null : hex(await sha256(utf8(before))),
  }
  return signNote(lineOf(document), signer, 'lintel-owner')
}

/** Lets `to` open one clip, and nothing else. */
export async function signGrant(
  given: {
    readonly clip: string
    readonly to: string
    readonly header: Uint8Array
    readonly manifestNote: string
    readonly fromUnixMs?: number
  },
  signer: Signer,
): Promise<string> {
  const { clip, to, header, manifestNote, fromUnixMs } = given
  const document: ClipGrant = {
    format: 'lintel-grant/1',
    clip,
    to,
    header: base64(header),
    manifest: hex(await sha256(utf8(manifestNote))),
    manifestNote,
    ...(fromUnixMs === undefined ? {} : { fromUnixMs }),
    owner: base64(signer.publicKey),
  }
  return signNote(lineOf(document), signer, 'lintel-owner')
}
