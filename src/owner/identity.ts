import { randomBytes } from 'node:crypto'
import { bech32 } from '@scure/base'
import type * as Age from 'age-encryption'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { formatRecipient, pairOf, parseRecipient, parseSecret, type X25519Pair } from '../formats/index.ts'

/** The first key of an identity file is the owner's: it also signs. Further keys only open. */
export type OwnerIdentity = {
  /** `AGE-SECRET-KEY-1…` */
  readonly secret: string
  /** `age1…` */
  readonly recipient: string
  readonly allSecrets: readonly string[]
}

const SECRET_PREFIX = 'AGE-SECRET-KEY-'
const SECRET_BYTES = 32
const FILE_BYTES_MAX = 64 * 1024
const AGE_BINARY = utf8('age-encryption.org/v1')
const AGE_ARMOUR = utf8('-----BEGIN AGE ENCRYPTED FILE-----')

/** Loaded only for passphrases: it is large, and the bare keys need nothing of it. */
const ageTools = (): Promise<typeof Age> => import('age-encryption')

export const makeSecret = async (): Promise<string> =>
  secretFromBytes(new Uint8Array(randomBytes(SECRET_BYTES)))

const recipientOf = (secret: string): string => formatRecipient(pairOf(parseSecret(secret)).publicKey)

/** The bytes `age-keygen` would have written for this key; `created` as in RFC 3339. */
export async function formatIdentity(secret: string, created: string): Promise<string> {
  return `# created: ${created}
# public key: ${recipientOf(secret)}
${secret}
`
}

/** What `age -p` does to a file: opened by `age -d`, and accepted by `age -i`, which asks for the passphrase. */
export async function lockIdentity(
  text: string,
  passphrase: string,
  options?: { workFactor?: number },
): Promise<Uint8Array> {
  const { Encrypter } = await ageTools()
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  if (options?.workFactor !== undefined) encrypter.setScryptWorkFactor(options.workFactor)
  return encrypter.encrypt(text)
}

export const isLocked = (file: Uint8Array): boolean =>
  beginsWith(file, AGE_BINARY) || beginsWith(file, AGE_ARMOUR)

/** `name` is for messages; `passphrase` is asked for only when the file is locked. */
export async function readIdentity(
  file: { readonly name: string; readonly bytes: Uint8Array },
  passphrase: () => Promise<string>,
): Promise<OwnerIdentity> {
  if (file.bytes.length > FILE_BYTES_MAX)
    throw new Fault(
      'invalid',
      `${file.name}: an identity file has at most 64 KiB, got ${file.bytes.length} bytes`,
    )
  const text = isLocked(file.bytes) ? await unlock(file, await passphrase()) : textOf(file.name, file.bytes)
  return parseIdentity(file.name, text)
}

/** Reads the text of an identity file as `age-keygen` writes it: comments, blank lines and one key a line. */
export async function parseIdentity(name: string, text: string): Promise<OwnerIdentity> {
  const allSecrets = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const [secret] = allSecrets
  if (secret === undefined)
    throw new Fault(
      'invalid',
      `${name}: wanted a line AGE-SECRET-KEY-1…, got ${text.trim() === '' ? 'an empty file' : 'only comments'}`,
    )
  for (const each of allSecrets) checkSecret(name, each)
  return { secret, recipient: recipientOf(secret), allSecrets }
}

/** The keys of an identity file, ready to open with. */
export const pairsOf = (identity: OwnerIdentity): readonly X25519Pair[] =>
  identity.allSecrets.map((secret) => pairOf(secretBytes(secret)))

/** The 32 bytes behind `AGE-SECRET-KEY-1…`. */
export function secretBytes(secret: string): Uint8Array {
  checkSecret('key', secret)
  return bech32.decodeToBytes(secret).bytes
}

export function secretFromBytes(bytes: Uint8Array): string {
  if (bytes.length !== SECRET_BYTES)
    throw new Fault('bug', `a secret key has ${SECRET_BYTES} bytes, got ${bytes.length}`)
  return bech32.encodeFromBytes(SECRET_PREFIX, bytes).toUpperCase()
}

/** Throws `Fault('invalid')` unless `text` is an X25519 recipient; says what it is when it is something else of age's. */
export function checkRecipient(text: string): void {
  if (text.startsWith(SECRET_PREFIX))
    throw new Fault(
      'invalid',
      'wanted a recipient age1…, got a secret key: keep that to yourself and give its "public key"',
    )
  if (/^age1(pq|tag|tagpq)1/.test(text))
    throw new Fault(
      'invalid',
      `${shortened(text)}: only X25519 recipients (age1…, 62 characters) are supported`,
    )
  try {
    parseRecipient(text)
  } catch (cause) {
    throw new Fault(
      'invalid',
      `${shortened(text)}: wanted a recipient age1… of 62 characters; perhaps a letter is wrong or missing`,
      { cause },
    )
  }
}

function checkSecret(name: string, line: string): void {
  if (line.startsWith('AGE-SECRET-KEY-PQ-1') || line.startsWith('AGE-PLUGIN-'))
    throw new Fault(
      'invalid',
      `${name}: only X25519 keys (AGE-SECRET-KEY-1…) are supported, got ${line.slice(0, 18)}…`,
    )
  const decoded = line.startsWith(`${SECRET_PREFIX}1`) ? decodedBech32(line) : undefined
  if (
    decoded === undefined ||
    decoded.prefix !== SECRET_PREFIX.toLowerCase() ||
    decoded.bytes.length !== SECRET_BYTES
  )
    throw new Fault(
      'invalid',
      `${name}: wanted a line AGE-SECRET-KEY-1… as age-keygen writes it, got something else (a letter may be wrong or missing)`,
    )
}

function decodedBech32(text: string): { readonly prefix: string; readonly bytes: Uint8Array } | undefined {
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text)
    return { prefix: prefix.toLowerCase(), bytes }
  } catch {
    return undefined // Wrong letters, wrong checksum or mixed case: the callers say what was wanted.
  }
}

async function unlock(
  file: { readonly name: string; readonly bytes: Uint8Array },
  passphrase: string,
): Promise<string> {
  const { armor, Decrypter } = await ageTools()
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    const bytes = beginsWith(file.bytes, AGE_ARMOUR) ? armor.decode(fromUtf8(file.bytes)) : file.bytes
    return await decrypter.decrypt(bytes, 'text')
  } catch (cause) {
    throw new Fault('denied', `${file.name}: this passphrase does not open it`, { cause })
  }
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw new Fault('invalid', `${name}: wanted an identity file of text, got other bytes`, { cause })
  }
}

const beginsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  start.every((byte, i) => bytes[i] === byte)

const shortened = (text: string): string => (text.length > 70 ? `${text.slice(0, 70)}…` : text)
