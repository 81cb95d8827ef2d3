import { timingSafeEqual } from 'node:crypto'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import { noteText, openRecipientList, type RecipientList } from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import type { Change, Records } from '../ports/records.ts'
import type * as vault from '../vault/index.ts'
import { hashOf, listRows, newSecret } from './rows.ts'

/** The secret of the code on the sticker, as it has to be shown again until it is used. */
export const ENROL_FILE = 'enrol.secret'
const SECRET_BYTES = 20 // 160 bits: 27 letters in a link.
const SECRET = /^[A-Za-z0-9_-]{27}$/
const SECRET_MODE = 0o600
const LIST_MODE = 0o644
const USED_KEY = 'enrolled'

/** What of the vault the members need. */
export type RecipientsVault = Pick<typeof vault, 'acceptRecipients' | 'RECIPIENTS_FILE'>

/** The one-time secret: made once, good until it is used, also after a power cut at any moment in between. */
export class EnrolmentCode {
  readonly #disk: Disk
  readonly #records: Records
  /** Undefined: not looked yet. */
  #known: { readonly secret: string | undefined } | undefined

  constructor(disk: Disk, records: Records) {
    this.#disk = disk
    this.#records = records
  }

  /** A device that nobody has ever enrolled at has one; afterwards there is none until `renew`. */
  async current(): Promise<string | undefined> {
    this.#known ??= { secret: await this.#open() }
    return this.#known.secret
  }

  async isRight(secret: string): Promise<boolean> {
    const wanted = await this.current()
    if (wanted === undefined) return false
    return timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(hashOf(wanted)))
  }

  async renew(): Promise<string> {
    const secret = newSecret(SECRET_BYTES)
    await this.#disk.replace(ENROL_FILE, utf8(`${secret}\n`), { mode: SECRET_MODE })
    this.#known = { secret }
    return secret
  }

  /** To be written together with whoever has come in by it. */
  usedUp(secret: string): Change {
    return { put: 'device', key: USED_KEY, row: { sha256: hashOf(secret) } }
  }

  /** After `usedUp` was written. When the power goes before the file has, the row says that it is good no more. */
  async forget(): Promise<void> {
    this.#known = { secret: undefined }
    await this.#disk.remove(ENROL_FILE)
  }

  async #open(): Promise<string | undefined> {
    const [lies, used] = [await this.#read(), await this.#records.read('device', USED_KEY)]
    if (lies === undefined) return used === undefined ? this.renew() : undefined
    const isUsed = typeof used === 'object' && JSON.stringify(used).includes(hashOf(lies))
    return isUsed ? undefined : lies
  }

  async #read(): Promise<string | undefined> {
    try {
      const secret = fromUtf8(await this.#disk.read(ENROL_FILE)).trim()
      if (SECRET.test(secret)) return secret
    } catch (error) {
      if (isFault(error, 'missing')) return undefined
      throw error
    }
    throw new Fault(
      'corrupt',
      `${ENROL_FILE}: wanted 27 letters of base64url; remove it, and a new code is made`,
    )
  }
}

/** The list of recipients as it lies on the disk. */
export class OwnerList {
  readonly #disk: Disk
  readonly #records: Records
  readonly #vault: RecipientsVault

  constructor(disk: Disk, records: Records, theVault: RecipientsVault) {
    this.#disk = disk
    this.#records = records
    this.#vault = theVault
  }

  async read(): Promise<{ readonly note: string; readonly list: RecipientList } | undefined> {
    const file = this.#vault.RECIPIENTS_FILE
    try {
      const note = noteText(file, await this.#disk.read(file))
      return { note, list: openRecipientList(file, note) }
    } catch (error) {
      if (isFault(error, 'missing')) return undefined
      throw error
    }
  }

  /** Binds the device to the owner who signed this, if it has none. The same list once more is let be while nobody works with it. */
  async begin(note: string, recipient: string): Promise<RecipientList> {
    const list = openedList('recipients', note)
    if (list.version !== 1 || list.previous !== null)
      throw new Fault('invalid', `recipients: wanted a first list (version 1), got version ${list.version}`)
    if (!list.recipients.some(({ key }) => key === recipient))
      throw new Fault('invalid', 'recipients: wanted a list with `recipient` in it, got one without')
    const present = await this.read()
    const hadOne = (await this.#records.read('device', 'recipients')) !== undefined
    const isHalfDone = present?.note === note && !hadOne && !(await this.#hasOwnerAmongMembers())
    if (isHalfDone) return list
    if (present !== undefined || hadOne)
      throw new Fault('denied', 'recipients: this device belongs to an owner already; wanted their signature')
    await this.#disk.replace(this.#vault.RECIPIENTS_FILE, utf8(note), { mode: LIST_MODE })
    return list
  }

  async #hasOwnerAmongMembers(): Promise<boolean> {
    return (await listRows(this.#records, 'member')).some(({ row }) => row.ownerKey !== undefined)
  }

  async follow(note: string): Promise<void> {
    const present = await this.read()
    if (present === undefined) throw new Fault('missing', 'this device has no owner yet')
    if (present.note === note) return
    openedList('note', note)
    if (this.#vault.acceptRecipients(present, note) === undefined)
      throw new Fault(
        'invalid',
        `note: wanted a list by the same owner that follows version ${present.list.version}, got another`,
      )
    await this.#disk.replace(this.#vault.RECIPIENTS_FILE, utf8(note), { mode: LIST_MODE })
  }
}

function openedList(field: string, note: string): RecipientList {
  try {
    return openRecipientList(field, note)
  } catch (cause) {
    if (isFault(cause, 'corrupt')) throw new Fault('invalid', messageOf(cause), { cause })
    throw cause
  }
}
