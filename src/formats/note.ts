/**
 * Signed notes (https://c2sp.org/signed-note) and the checkpoints written in them (https://c2sp.org/tlog-checkpoint).
 * Ed25519 only, one signature a note; signatures of others, of whatever kind, may stand beside it.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { concatBytes, equalBytes, fromUtf8, hex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { sha256 } from './merkle.ts'

const PUBLIC_DER = Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0])
const PRIVATE_DER = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20])
const ED25519 = Uint8Array.of(1)
const KEY_HASH_BYTES = 4
const SIGNATURE_LINE = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/

/** Who signs: the name that stands in notes, and 32 raw bytes. */
export type NoteKey = { readonly name: string; readonly publicKey: Uint8Array }
export type NoteSigner = NoteKey & { readonly secret: KeyObject }

/** Devices, owners, and whoever makes releases. */
type KeyPrefix = 'lintel' | 'lintel-owner' | 'lintel-release'

/** `prefix/` and the first 16 hexadecimal digits of the key's SHA-256. */
export const keyName = (prefix: KeyPrefix, publicKey: Uint8Array): string =>
  `${prefix}/${hex(sha256(publicKey)).slice(0, 16)}`

export function signerOf(prefix: KeyPrefix, secret: KeyObject): NoteSigner {
  const der = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(der.subarray(PUBLIC_DER.length))
  return { name: keyName(prefix, publicKey), publicKey, secret }
}

/** An Ed25519 key from its 32-byte seed. */
export const ed25519FromSeed = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(concatBytes([PRIVATE_DER, seed])), format: 'der', type: 'pkcs8' })

/** `body` must end with a newline. The complete note. */
export function signNote(body: string, signer: NoteSigner): string {
  if (!body.endsWith('\n')) throw new Fault('bug', 'the text of a note ends with a newline')
  const signature = sign(null, utf8(body), signer.secret)
  return `${body}\n— ${signer.name} ${Buffer.from(concatBytes([keyHash(signer), signature])).toString('base64')}\n`
}

const keyHash = ({ name, publicKey }: NoteKey): Uint8Array =>
  sha256(utf8(`${name}\n`), ED25519, publicKey).subarray(0, KEY_HASH_BYTES)

/** The text of a note, which this key has signed. Throws `Fault('corrupt')`; `what` names the note in the message. */
export function openNote(what: string, note: string, key: NoteKey): string {
  const { body, signatures } = splitNote(what, note)
  const mine = signatures.filter(
    ({ name, bytes }) => name === key.name && equalBytes(bytes.subarray(0, KEY_HASH_BYTES), keyHash(key)),
  )
  if (mine.length === 0)
    throw new Fault(
      'corrupt',
      `${what}: wanted the signature of ${key.name}, got ${signatures.map(({ name }) => name).join(', ')}`,
    )
  const publicKey = keyObjectOf(key.publicKey)
  if (!mine.every(({ bytes }) => verify(null, utf8(body), publicKey, bytes.subarray(KEY_HASH_BYTES))))
    throw new Fault('corrupt', `${what}: it was changed after ${key.name} signed it`)
  return body
}

const KEYS_KEPT_MAX = 16
const keysKept = new Map<string, KeyObject>()

/** The same few keys are asked for again and again, and making one takes as long as checking a signature. */
function keyObjectOf(publicKey: Uint8Array): KeyObject {
  const name = hex(publicKey)
  const kept = keysKept.get(name)
  if (kept !== undefined) return kept
  const made = createPublicKey({
    key: Buffer.from(concatBytes([PUBLIC_DER, publicKey])),
    format: 'der',
    type: 'spki',
  })
  if (keysKept.size >= KEYS_KEPT_MAX) keysKept.clear()
  keysKept.set(name, made)
  return made
}

type Signature = { readonly name: string; readonly bytes: Uint8Array }

function splitNote(
  what: string,
  note: string,
): { readonly body: string; readonly signatures: readonly Signature[] } {
  const at = note.lastIndexOf('\n\n')
  if (at < 0 || !note.endsWith('\n'))
    throw new Fault('corrupt', `${what}: wanted a signed note, got text without a signature`)
  const signatures = note
    .slice(at + 2, -1)
    .split('\n')
    .map((line) => {
      const [, name, text] = SIGNATURE_LINE.exec(line) ?? []
      const bytes = new Uint8Array(Buffer.from(text ?? '', 'base64'))
      // Base64 has several spellings of the same bytes; only one of them is what was signed.
      if (
        name === undefined ||
        bytes.length <= KEY_HASH_BYTES ||
        Buffer.from(bytes).toString('base64') !== text
      )
        throw new Fault('corrupt', `${what}: a line that is no signature`)
      return { name, bytes }
    })
  return { body: note.slice(0, at + 1), signatures }
}

/** Bytes that should be a note, as text. Throws `Fault('corrupt')` when they are none. */
export function noteText(what: string, bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw new Fault('corrupt', `${what}: wanted a signed note, got bytes that are no text`, { cause })
  }
}

/** The text above the signatures, believed by nobody yet. */
export const bodyOfNote = (what: string, note: string): string => splitNote(what, note).body

export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Uint8Array }

export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`

export function parseCheckpoint(body: string): Checkpoint {
  const [origin, size, root, ...rest] = body.split('\n')
  const bytes = new Uint8Array(Buffer.from(root ?? '', 'base64'))
  if (
    origin === undefined ||
    origin === '' ||
    !/^(0|[1-9]\d{0,14})$/.test(size ?? '') ||
    bytes.length !== 32 ||
    Buffer.from(bytes).toString('base64') !== root || // One spelling only, as in signatures.
    rest.length === 0
  )
    throw new Fault('corrupt', 'checkpoint: wanted origin, size and root hash, a line each')
  return { origin, size: Number(size), root: bytes }
}
