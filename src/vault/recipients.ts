import { hex, utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import {
  noteText,
  openRecipientList,
  sha256,
  type LedgerEntry,
  type RecipientList,
} from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import type { Change, Records } from '../ports/records.ts'

export const RECIPIENTS_FILE = 'recipients.note'

const HOW_TO_BEGIN =
  'no owner key is configured, so nobody could open what would be recorded; make one with `lintel owner init --owner owner.txt` and give it with `--owner owner.txt`'

/** The list the device works with; asked for at the beginning of every clip. */
export interface Recipients {
  /** `age1…`, at least one. Takes up a newer list that the owner has put there since. */
  current(): Promise<readonly string[]>
  /** Base64 of the key that signed the list. */
  owner(): string
  /** What has to be written down because the list is new: an entry of the ledger, and the row that pins it. */
  unrecorded(): { readonly entry: LedgerEntry; readonly pin: Change } | undefined
  /** To be called when `unrecorded` was written. */
  recorded(): void
}

type Known = { readonly note: string; readonly list: RecipientList }
type Pin = { readonly owner: string; readonly version: number; readonly sha256: string }

const PIN_KEY = 'recipients'

/**
 * Throws `Fault('missing')` with the command that makes a key when there is no list, `Fault('corrupt')` when it was changed,
 * `Fault('denied')` when it is another owner's or older than one the device has already worked with.
 */
export async function openRecipients({
  disk,
  records,
}: {
  readonly disk: Disk
  readonly records: Records
}): Promise<Recipients> {
  const first = await readNote(disk)
  if (first === undefined) throw new Fault('missing', HOW_TO_BEGIN)
  let known: Known = { note: first, list: openRecipientList(RECIPIENTS_FILE, first) }
  let pin = parsePin(await records.read('device', PIN_KEY))
  if (pin !== undefined) checkPin(pin, known)
  return {
    async current() {
      const note = await rereadNote(disk)
      if (note !== undefined && note !== known.note) known = acceptRecipients(known, note) ?? known
      return known.list.recipients.map(({ key }) => key)
    },
    owner: () => known.list.owner,
    unrecorded() {
      const wanted = pinOf(known)
      if (pin?.sha256 === wanted.sha256) return undefined
      const { version, sha256: hash } = wanted
      return {
        entry: { type: 'recipients', version, sha256: hash },
        pin: { put: 'device', key: PIN_KEY, row: wanted },
      }
    },
    recorded() {
      pin = pinOf(known)
    },
  }
}

/**
 * For an index that is built again: the pin of the list that the ledger names last. The ledger does not say whose list that
 * was, so the owner of the list that lies here is believed; version and history are held against it as ever. Throws
 * what `openRecipients` throws.
 */
export async function rebuiltPin(
  disk: Disk,
  last: Extract<LedgerEntry, { type: 'recipients' }> | undefined,
): Promise<readonly Change[]> {
  if (last === undefined) return []
  const note = await readNote(disk)
  if (note === undefined) throw new Fault('missing', HOW_TO_BEGIN)
  const { owner } = openRecipientList(RECIPIENTS_FILE, note)
  const pin: Pin = { owner, version: last.version, sha256: last.sha256 }
  return [{ put: 'device', key: PIN_KEY, row: pin }]
}

const hashOf = (note: string): string => hex(sha256(utf8(note)))

const pinOf = ({ note, list }: Known): Pin => ({
  owner: list.owner,
  version: list.version,
  sha256: hashOf(note),
})

function parsePin(row: Json | undefined): Pin | undefined {
  if (row === undefined) return undefined
  if (typeof row === 'object' && row !== null && 'owner' in row && 'version' in row && 'sha256' in row) {
    const { owner, version, sha256: hash } = row
    if (typeof owner === 'string' && typeof version === 'number' && typeof hash === 'string')
      return { owner, version, sha256: hash }
  }
  throw new Fault('corrupt', 'index: the row that pins the recipient list is not one')
}

function checkPin(pin: Pin, { note, list }: Known): void {
  if (list.owner !== pin.owner)
    throw new Fault(
      'denied',
      `${RECIPIENTS_FILE}: signed by another owner than the one this device belongs to`,
    )
  const isOlder = list.version < pin.version || (list.version === pin.version && hashOf(note) !== pin.sha256)
  if (isOlder)
    throw new Fault(
      'denied',
      `${RECIPIENTS_FILE}: version ${list.version}, but this device has already worked with version ${pin.version}`,
    )
  if (list.version === pin.version + 1 && list.previous !== pin.sha256)
    throw new Fault(
      'denied',
      `${RECIPIENTS_FILE}: version ${list.version} does not follow the version ${pin.version} that this device has worked with`,
    )
}

/** The newer list, or undefined when it is none that may follow: other owner, older version, other history. */
export function acceptRecipients(known: Known, note: string): Known | undefined {
  try {
    const list = openRecipientList(RECIPIENTS_FILE, note)
    const follows =
      list.owner === known.list.owner &&
      list.version > known.list.version &&
      (list.version > known.list.version + 1 || list.previous === hashOf(known.note))
    return follows ? { note, list } : undefined
  } catch (error) {
    if (isFault(error, 'corrupt')) return undefined
    throw error
  }
}

async function readNote(disk: Disk): Promise<string | undefined> {
  try {
    return noteText(RECIPIENTS_FILE, await disk.read(RECIPIENTS_FILE))
  } catch (error) {
    if (isFault(error, 'missing')) return undefined
    throw error
  }
}

/** A list that vanished, was damaged or cannot be read while we run changes nothing: the one we know was good. */
async function rereadNote(disk: Disk): Promise<string | undefined> {
  try {
    return await readNote(disk)
  } catch (error) {
    if (isFault(error) && error.kind !== 'bug') return undefined
    throw error
  }
}
