/**
 * Ledger: the append-only record of what happened.
 *
 * Owns: the table `ledger` (entries in order), the rows `checkpoint` and `stored-checkpoint` of `device`, and the folder
 *   `ledger/`: a mirror of the entries for the day when the index is lost.
 * Promises: an entry, the signed checkpoint over it and the caller's own changes become durable together or not at all;
 *   what was appended is never changed; the store's checkpoint is queued after everything it commits to;
 *   an entry gets into the mirror right after it was written, and at the latest at the next start.
 * When full: it grows by one small row and one small file a clip; nothing is dropped; without room the mirror waits.
 * When it fails: rows that do not give the signed root are `Fault('corrupt')`: somebody, or a broken disk, changed them. A mirror that
 *   cannot be written is logged, and stops nothing.
 * Stopping: nothing runs.
 * Not its job: what the entries mean, verifying others' ledgers (`owner/`), sending (`upload/`).
 * See: RFC 6962, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-tiles; `../formats/`; `mirror.ts`, `restore.ts`.
 */
import { equalBytes, fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import {
  CHECKPOINT_NAME,
  encodeEntry,
  encodePage,
  formatCheckpoint,
  leafHash,
  MerkleEdge,
  objectsAfterAppend,
  openNote,
  parseCheckpoint,
  parseEntry,
  type LedgerEntry,
} from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import { orderKey, type Change, type Records } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import type { DeviceKey } from '../vault/index.ts'
import { hasPage, LedgerMirror, pagesOf, type MirrorDeps } from './mirror.ts'
import { jobOf, ledgerOf, restoreLedger } from './restore.ts'

export { restoreLedger, type RestoredLedger } from './restore.ts'

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
  /** What was queued could not be written after all. */
  readonly cancelUploads?: (changes: readonly Change[]) => void
  /** After each append: what it queued may be sent. */
  readonly wakeUploads: () => void
  /** Left out where the entries need not outlive the index. */
  readonly mirror?: MirrorDeps
}

/** Reads the entries and holds them against the signed checkpoint. Throws `Fault('corrupt')` where they differ. */
export async function openLedger(deps: LedgerDeps): Promise<Ledger> {
  const { records, key, queueUpload, cancelUploads, wakeUploads } = deps
  const entries = await readEntries(records)
  const leaves = entries.map(leafHash)
  let edge = new MerkleEdge()
  for (const leaf of leaves) edge.add(leaf)
  const newest = await readCheckpoint(records)
  checkAgainst(newest, key, edge)
  const mirror = deps.mirror === undefined ? undefined : new LedgerMirror(deps.mirror)
  await mirror?.open(entries.length, pagesOf([...entries], key, newest))
  let turn: Promise<void> = Promise.resolve()

  const appendNow = async (entry: LedgerEntry, alongside: readonly Change[]): Promise<void> => {
    const bytes = utf8(encodeEntry(entry))
    const leaf = leafHash(bytes)
    const grown = edge.copy()
    grown.add(leaf)
    const note = key.signNote(formatCheckpoint({ origin: key.name, size: grown.size, root: grown.root() }))
    const objects = objectsAfterAppend([...entries, bytes], [...leaves, leaf])
    const uploads = [
      ...objects.flatMap((object) => queueUpload(jobOf(object.name, object.bytes, false))),
      ...queueUpload(jobOf(CHECKPOINT_NAME, utf8(note), true)),
    ]
    try {
      await records.write([
        ...alongside,
        { put: 'ledger', key: orderKey(entries.length), row: fromUtf8(bytes) },
        { put: 'device', key: CHECKPOINT_KEY, row: note },
        ...uploads,
      ])
    } catch (error) {
      cancelUploads?.(uploads)
      throw error
    }
    // Only now: what was not written has not happened.
    edge = grown
    entries.push(bytes)
    leaves.push(leaf)
    await mirror?.append(entries.length - 1, encodePage({ entry: fromUtf8(bytes), checkpoint: note }))
    wakeUploads()
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

/** For an index that is built again: the rows of a ledger of these entries, and what the store needs of it. */
export const rebuiltLedger = (texts: readonly Uint8Array[], key: DeviceKey): ReturnType<typeof ledgerOf> =>
  ledgerOf(texts, { key, checkpointKey: CHECKPOINT_KEY })

/**
 * What is wrong with the ledger in the index, as a sentence, when the mirror knows better: rows that are not what was signed
 * for, or fewer than there were because the index was set back. Changes nothing.
 */
export async function problemOfIndex({
  records,
  key,
  disk,
}: Pick<LedgerDeps, 'records' | 'key'> & { readonly disk: Disk }): Promise<string | undefined> {
  const problem = await problemOfRows({ records, key })
  if (problem !== undefined)
    return (await restoreLedger({ disk, key })).texts.length > 0 ? problem : undefined
  const entries = await readEntries(records)
  if (!(await hasPage(disk, entries.length))) return undefined
  const { texts } = await restoreLedger({ disk, key })
  const isBeginning = entries.every((entry, n) => equalBytes(entry, texts[n] ?? new Uint8Array()))
  return isBeginning && texts.length > entries.length
    ? `ledger: the index has ${entries.length} entries, the mirror beside it ${texts.length}`
    : undefined
}

async function problemOfRows(rows: Pick<LedgerDeps, 'records' | 'key'>): Promise<string | undefined> {
  try {
    await openLedger({ ...rows, queueUpload: () => [], wakeUploads: () => {} })
    return undefined
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return error.message
  }
}

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
