import { fromUtf8, hex, utf8 } from '../base/bytes.ts'
import { isFault, messageOf } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import { parseEntry, sha256, type LedgerEntry } from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import type { Records } from '../ports/records.ts'
import { readRecipients } from './recipients.ts'
import type { Finding } from './verify.ts'

/** Whether the list of recipients is the one the doorbell entered in its ledger: to whom it seals is what matters most. */
export async function verifyRecipients(
  disk: Disk,
  entries: readonly Uint8Array[],
): Promise<readonly Finding[]> {
  const find = (verdict: Finding['verdict'], detail: string): readonly Finding[] => [
    { verdict, where: 'the device', what: 'recipients.note', detail },
  ]
  const last = lastListIn(entries)
  try {
    const signed = await readRecipients(disk)
    if (signed === undefined)
      return last === undefined ? [] : find('missing', 'the list of recipients is not there')
    const { version, recipients } = signed.list
    const names = recipients.map(({ name }) => name).join(', ')
    if (last === undefined || version > last.version)
      return find(
        'note',
        `version ${version} (${names}) is signed by the owner; the doorbell takes it up with its next clip`,
      )
    if (version === last.version && hex(sha256(utf8(signed.note))) === last.sha256)
      return find('genuine', `clips are sealed to ${names} (version ${version})`)
    return find('changed', `version ${version} is not the version ${last.version} that the ledger has`)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return find('changed', messageOf(error))
  }
}

type ListEntry = Extract<LedgerEntry, { type: 'recipients' }>

function lastListIn(entries: readonly Uint8Array[]): ListEntry | undefined {
  return entries
    .flatMap((bytes) => {
      try {
        return [parseEntry('entry', fromUtf8(bytes))]
      } catch {
        return [] // Reported where the ledger is verified.
      }
    })
    .findLast((entry) => entry.type === 'recipients')
}

/** Names of everything the doorbell itself put, or is about to put, into the store: those are not strangers there. */
export async function namesOfDoorbell(records: Records): Promise<ReadonlySet<string>> {
  const parts = (await records.list('part')).map(({ row }) => memberOf(row, 'name'))
  const clips = (await records.list('clip')).flatMap(({ row }) => {
    const names = memberOf(row, 'names')
    return ['meta', 'poster', 'manifest'].map((what) => memberOf(names, what))
  })
  return new Set([...parts, ...clips].filter((name) => typeof name === 'string'))
}

function memberOf(row: Json | undefined, name: string): Json | undefined {
  return typeof row === 'object' && row !== null && !Array.isArray(row)
    ? (row as Readonly<Record<string, Json | undefined>>)[name] // An object of JSON has such members.
    : undefined
}
