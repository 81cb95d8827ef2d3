/** Signed notes (https://c2sp.org/signed-note) by WebCrypto: the same text as `src/formats/note.ts` writes and reads. */
import { concatBytes, equalBytes, hex, utf8 } from '../../../base/bytes.ts'
import { Fault } from '../../../base/fault.ts'
import { base64, own, sha256, unbase64 } from './bytes.ts'
import { verifyEd25519 } from './ed25519.ts'

const ED25519 = Uint8Array.of(1)
const KEY_HASH_BYTES = 4
const SIGNATURE_LINE = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/

/** Whoever has a private Ed25519 key, and only signs with it. */
export type Signer = { readonly publicKey: Uint8Array; sign(message: Uint8Array): Promise<Uint8Array> }
export type KeyPrefix = 'lintel' | 'lintel-owner'

export const keyName = async (prefix: KeyPrefix, publicKey: Uint8Array): Promise<string> =>
  `${prefix}/${hex(await sha256(publicKey)).slice(0, 16)}`

const keyHash = async (name: string, publicKey: Uint8Array): Promise<Uint8Array> =>
  (await sha256(concatBytes([utf8(`${name}\n`), ED25519, publicKey]))).subarray(0, KEY_HASH_BYTES)

/** `body` ends with a newline. The complete note. */
export async function signNote(body: string, signer: Signer, prefix: KeyPrefix): Promise<string> {
  const name = await keyName(prefix, signer.publicKey)
  const signature = await signer.sign(own(utf8(body)))
  const line = base64(concatBytes([await keyHash(name, signer.publicKey), signature]))
  return `${body}\n— ${name} ${line}\n`
}

/** The text of a note, which this key has signed. Throws `Fault('corrupt')`; `what` names the note in the message. */
export async function openNote(
  what: string,
  note: string,
  { publicKey, prefix }: { readonly publicKey: Uint8Array; readonly prefix: KeyPrefix },
): Promise<string> {
  const { body, signatures } = splitNote(what, note)
  const name = await keyName(prefix, publicKey)
  const hash = await keyHash(name, publicKey)
  const mine = signatures.filter(
    (each) => each.name === name && equalBytes(each.bytes.subarray(0, KEY_HASH_BYTES), hash),
  )
  if (mine.length === 0)
    throw new Fault(
      'corrupt',
      `${what}: wanted the signature of ${name}, got ${signatures.map((each) => each.name).join(', ')}`,
    )
  for (const { bytes } of mine)
    if (!(await verifyEd25519(publicKey, bytes.subarray(KEY_HASH_BYTES), utf8(body))))
      throw new Fault('corrupt', `${what}: it was changed after ${name} signed it`)
  return body
}

/** The text above the signatures, believed by nobody yet. */
export const bodyOfNote = (what: string, note: string): string => splitNote(what, note).body

type Signature = { readonly name: string; readonly bytes: Uint8Array }

function splitNote(
  what: string,
  note: string,
): { readonly body: string; readonly signatures: readonly Signature[] } {
  const at = note.lastIndexOf('\n\n')
  if (at < 0 || !note.endsWith('\n'))
    throw new Fault('corrupt', `${what}: wanted a signed note, got text without a signature`)
  const lines = note.slice(at + 2, -1).split('\n')
  return { body: note.slice(0, at + 1), signatures: lines.map((line) => signatureIn(what, line)) }
}

function signatureIn(what: string, line: string): Signature {
  const [, name, text] = SIGNATURE_LINE.exec(line) ?? []
  const bytes = unbase64(text ?? '')
  if (name === undefined || bytes === undefined || bytes.length <= KEY_HASH_BYTES)
    throw new Fault('corrupt', `${what}: a line that is no signature`)
  return { name, bytes }
}
