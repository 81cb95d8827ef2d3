/**
 * Ledger: the append-only record of what happened.
 *
 * Owns: the table `ledger` (entries in order), and the rows `checkpoint` and `stored-checkpoint` of `device`.
 * Promises: an entry, the signed checkpoint over it and the caller's own changes become durable together or not at all;
 *   what was appended is never changed; the store's checkpoint is queued after everything it commits to.
 * When full: it grows by one small row a clip; nothing is dropped.
 * When it fails: rows that do not give the signed root are `Fault('corrupt')`: somebody, or a broken disk, changed them.
 * Stopping: nothing runs.
 * Not its job: what the entries mean, verifying others' ledgers (`owner/`), sending (`upload/`).
 * See: RFC 6962, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-tiles; `../formats/`.
 */
import { equalBytes, fromUtf8, hex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import {
  CHECKPOINT_NAME,
  encodeEntry,
  formatCheckpoint,
  leafHash,
  MerkleEdge,
  objectsAfterAppend,
  openNote,
  parseCheckpoint,
  parseEntry,
  sha256,
  type LedgerEntry,
} from '../formats/index.ts'
import { orderKey, type Change, type Records } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import type { DeviceKey } from '../vault/index.ts'

export const CHECKPOINT_KEY = 'checkpoint'
/** The newest checkpoint that the store has acknowledged: should it show an older one, it shows a past state. */
export const STORED_CHECKPOINT_KEY = 'stored-checkpoint'

export interface Ledger {
  readonly size: number
  /** One transaction: `alongside`, the entry, the checkpoint and what has to be uploaded. */
  append(entry: LedgerEntry, alongside: readonly Change[]): Promise<void>
  /** What becomes true when the store has an object of the ledger; to be written in one transaction with the end of the upload. */
  uploaded(job: UploadJob): readonly Change[]
}

export type LedgerDeps = {
  readonly records: Records
  readonly key: DeviceKey
  readonly queueUpload: (job: UploadJob) => readonly Change[]
}

/** Reads the entries and holds them against the signed checkpoint. Throws `Fault('corrupt')` where they differ. */
export async function openLedger({ records, key, queueUpload }: LedgerDeps): Promise<Ledger> {
  const entries = await readEntries(records)
  const leaves = entries.map(leafHash)
  let edge = new MerkleEdge()
  for (const leaf of leaves) edge.add(leaf)
  checkAgainst(await readCheckpoint(records), key, edge)
  let turn: Promise<void> = Promise.resolve()

  const appendNow = async (entry: LedgerEntry, alongside: readonly Change[]): Promise<void> => {
    const bytes = utf8(encodeEntry(entry))
    const leaf = leafHash(bytes)
    const grown = edge.copy()
    grown.add(leaf)
    const note = key.signNote(formatCheckpoint({ origin: key.name, size: grown.size, root: grown.root() }))
    const objects = objectsAfterAppend([...entries, bytes], [...leaves, leaf])
    await records.write([
      ...alongside,
      { put: 'ledger', key: orderKey(entries.length), row: fromUtf8(bytes) },
      { put: 'device', key: CHECKPOINT_KEY, row: note },
      ...objects.flatMap((object) => queueUpload(jobOf(object.name, object.bytes, false))),
      ...queueUpload(jobOf(CHECKPOINT_NAME, utf8(note), true)),
    ])
    // Only now: what was not written has not happened.
    edge = grown
    entries.push(bytes)
    leaves.push(leaf)
  }
  return {
    get size() {
      return entries.length
    },
    append(entry, alongside) {
      const mine = turn.then(() => appendNow(entry, alongside))
      turn = mine.catch(() => {}) // Whoever appended hears of it; the next entry is not to blame.
      return mine
    },
    uploaded: ({ name, source }) =>
      name === CHECKPOINT_NAME && 'inline' in source
        ? [{ put: 'device', key: STORED_CHECKPOINT_KEY, row: fromUtf8(Buffer.from(source.inline, 'base64')) }]
        : [],
  }
}

const jobOf = (name: string, bytes: Uint8Array, replace: boolean): UploadJob => ({
  name,
  source: { inline: Buffer.from(bytes).toString('base64') },
  sha256: hex(sha256(bytes)),
  bytes: bytes.length,
  replace,
  what: 'ledger',
})

async function readEntries(records: Records): Promise<Uint8Array[]> {
  const rows = await records.list('ledger')
  return rows.map(({ key, row }, index) => {
    if (key !== orderKey(index) || typeof row !== 'string')
      throw new Fault('corrupt', `ledger: wanted entry ${index}, got ${key}`)
    parseEntry(`ledger entry ${index}`, row)
    return utf8(row)
  })
}

async function readCheckpoint(records: Records): Promise<string | undefined> {
  const row = await records.read('device', CHECKPOINT_KEY)
  if (row === undefined || typeof row === 'string') return row
  throw new Fault('corrupt', 'ledger: the checkpoint is no text')
}

function checkAgainst(note: string | undefined, key: DeviceKey, edge: MerkleEdge): void {
  if (note === undefined) {
    if (edge.size > 0)
      throw new Fault('corrupt', `ledger: ${edge.size} entries, and no checkpoint that vouches for them`)
    return
  }
  const { size, root } = parseCheckpoint(openNote('ledger checkpoint', note, key))
  if (size !== edge.size)
    throw new Fault('corrupt', `ledger: the checkpoint is for ${size} entries, there are ${edge.size}`)
  if (!equalBytes(root, edge.root()))
    throw new Fault('corrupt', 'ledger: its entries are not those that were signed for')
}
