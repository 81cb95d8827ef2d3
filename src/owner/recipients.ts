import { hex, utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import {
  noteText,
  openRecipientList,
  ownerSigner,
  sha256,
  signRecipients,
  type NoteSigner,
  type RecipientList,
} from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import { checkRecipient, parseIdentity, secretBytes, type OwnerIdentity } from './identity.ts'

const FILE = 'recipients.note'
const RECIPIENTS_MAX = 32
const NAME_LETTERS_MAX = 60
const LIST_MODE = 0o644

export type SignedRecipients = { readonly note: string; readonly list: RecipientList }

/** Undefined when the folder has no owner yet; `Fault('corrupt')` when the list was changed by somebody else. */
export async function readRecipients(disk: Disk): Promise<SignedRecipients | undefined> {
  try {
    const note = noteText(FILE, await disk.read(FILE))
    return { note, list: openRecipientList(FILE, note) }
  } catch (error) {
    if (isFault(error, 'missing')) return undefined
    throw error
  }
}

/** Makes this key the owner of a doorbell that has none. Throws `Fault('denied')` when it belongs to another. */
export async function enrolOwner(options: {
  readonly disk: Disk
  /** The text of an identity file. */
  readonly identityText: string
  readonly name: string
}): Promise<'enrolled' | 'already'> {
  const identity = await parseIdentity('owner key', options.identityText)
  const signer = signerOf(identity)
  const present = await readRecipients(options.disk)
  if (present !== undefined) {
    checkOwner(present.list, signer)
    return 'already'
  }
  const first = { key: identity.recipient, name: checkedName(options.name) }
  await writeList(options.disk, signer, undefined, [first])
  return 'enrolled'
}

/** What future clips are sealed to; clips recorded before keep the headers they have. */
export async function addRecipient(
  disk: Disk,
  identity: OwnerIdentity,
  added: { readonly key: string; readonly name: string },
): Promise<RecipientList> {
  checkRecipient(added.key)
  const name = checkedName(added.name)
  const signer = signerOf(identity)
  const present = await ownList(disk, signer)
  const { recipients } = present.list
  const same = recipients.find((each) => each.key === added.key)
  if (same !== undefined) throw new Fault('invalid', `${added.key} is in the list already, as “${same.name}”`)
  if (recipients.some((each) => each.name === name))
    throw new Fault('invalid', `there is a recipient “${name}” already; give another name with --name`)
  if (recipients.length >= RECIPIENTS_MAX)
    throw new Fault('invalid', `a list has at most ${RECIPIENTS_MAX} recipients; remove one first`)
  return writeList(disk, signer, present, [...recipients, { key: added.key, name }])
}

/** `which` is a key or a name. */
export async function removeRecipient(
  disk: Disk,
  identity: OwnerIdentity,
  which: string,
): Promise<RecipientList> {
  const signer = signerOf(identity)
  const present = await ownList(disk, signer)
  const { recipients } = present.list
  const kept = recipients.filter((each) => each.key !== which && each.name !== which)
  if (kept.length === recipients.length)
    throw new Fault(
      'invalid',
      `there is no recipient “${which}”; the list has ${recipients.map((each) => each.name).join(', ')}`,
    )
  if (kept.length === 0)
    throw new Fault(
      'invalid',
      `“${which}” is the last recipient: nobody could open new clips; add another first`,
    )
  return writeList(disk, signer, present, kept)
}

export const signerOf = (identity: OwnerIdentity): NoteSigner => ownerSigner(secretBytes(identity.secret))

async function ownList(disk: Disk, signer: NoteSigner): Promise<SignedRecipients> {
  const present = await readRecipients(disk)
  if (present === undefined)
    throw new Fault('missing', 'this doorbell has no owner yet; begin with: lintel owner enrol --data DIR')
  checkOwner(present.list, signer)
  return present
}

function checkOwner(list: RecipientList, signer: NoteSigner): void {
  if (list.owner === base64(signer.publicKey)) return
  const names = list.recipients.map((each) => each.name).join(', ')
  throw new Fault('denied', `this doorbell belongs to another owner (it seals to ${names}), not to this key`)
}

async function writeList(
  disk: Disk,
  signer: NoteSigner,
  before: SignedRecipients | undefined,
  recipients: RecipientList['recipients'],
): Promise<RecipientList> {
  const list: RecipientList = {
    format: 'lintel-recipients/1',
    version: (before?.list.version ?? 0) + 1,
    recipients,
    owner: base64(signer.publicKey),
    previous: before === undefined ? null : hex(sha256(utf8(before.note))),
  }
  await disk.replace(FILE, utf8(signRecipients(list, signer)), { mode: LIST_MODE })
  return list
}

function checkedName(name: string): string {
  const trimmed = name.trim()
  if (trimmed === '' || trimmed.length > NAME_LETTERS_MAX || /\p{Cc}/u.test(trimmed))
    throw new Fault(
      'invalid',
      `name: wanted 1 to ${NAME_LETTERS_MAX} letters, got ${JSON.stringify(name.slice(0, 80))}`,
    )
  return trimmed
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
