import { hex, utf8 } from '../../base/bytes.ts'
import { isFault, messageOf } from '../../base/fault.ts'
import type { Json } from '../../base/json.ts'
import { keyName, sha256, type LedgerEntry } from '../../formats/index.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Records } from '../../ports/records.ts'
import { readRecipients, type SignedRecipients } from '../recipients.ts'
import type { Finding, Verdict } from './findings.ts'
import { entryIn } from './ledger.ts'

type ListEntry = Extract<LedgerEntry, { type: 'recipients' }>

/** Whether the list of recipients is the one the doorbell entered in its ledger: to whom it seals is what matters most. */
export async function verifyRecipients({
  disk,
  records,
}: {
  readonly disk: Disk
  readonly records: Records
}): Promise<readonly Finding[]> {
  const last = lastListIn(await records.list('ledger'))
  const pin = pinIn(await records.read('device', 'recipients'))
  const find = (verdict: Verdict, detail: string): readonly Finding[] => [
    { verdict, where: 'the device', what: 'recipients.note', detail },
  ]
  if (pin?.sha256 !== last?.sha256)
    return find('changed', 'the index remembers another list than the ledger has')
  try {
    const signed = await readRecipients(disk)
    if (signed !== undefined) return find(...judge(signed, last, pin?.owner))
    return last === undefined ? [] : find('missing', 'the list of recipients is not there')
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return find('changed', messageOf(error))
  }
}

/** The same rules by which the doorbell takes up a list. */
function judge(
  { note, list: { version, recipients, owner, previous } }: SignedRecipients,
  last: ListEntry | undefined,
  ownerBefore: string | undefined,
): readonly [Verdict, string] {
  const names = recipients.map(({ name }) => name).join(', ')
  const signer = keyName('lintel-owner', new Uint8Array(Buffer.from(owner, 'base64')))
  if (last === undefined)
    return ['note', `version ${version} (${names}) is signed by ${signer}; nothing is sealed to it yet`]
  if (owner !== ownerBefore)
    return ['changed', `version ${version} (${names}) is signed by ${signer}, who is not the owner`]
  if (version === last.version && hex(sha256(utf8(note))) === last.sha256)
    return ['genuine', `clips are sealed to ${names} (version ${version})`]
  if (version <= last.version)
    return ['changed', `version ${version} is not the version ${last.version} that the ledger has`]
  if (version === last.version + 1 && previous !== last.sha256)
    return ['changed', `version ${version} does not follow the version ${last.version} that the ledger has`]
  return [
    'note',
    `version ${version} (${names}) is signed by the owner; the doorbell takes it up with its next clip`,
  ]
}

function lastListIn(rows: readonly { readonly row: Json }[]): ListEntry | undefined {
  return rows
    .flatMap(({ row }, index) => {
      const entry = typeof row === 'string' ? entryIn(index, utf8(row)) : undefined
      return entry === undefined || entry instanceof Error ? [] : [entry] // Told where the ledger is verified.
    })
    .findLast((entry) => entry.type === 'recipients')
}

/** What the doorbell remembers of the list it has worked with. */
function pinIn(row: Json | undefined): { readonly owner: string; readonly sha256: string } | undefined {
  if (typeof row !== 'object' || row === null || !('owner' in row) || !('sha256' in row)) return undefined
  const { owner, sha256: hash } = row
  return typeof owner === 'string' && typeof hash === 'string' ? { owner, sha256: hash } : undefined
}
