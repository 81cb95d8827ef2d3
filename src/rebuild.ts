/**
 * *Rebuild the index* of clips/DESIGN.md: an index that is empty although the disk is not was lost, and is written again
 * from what lies there, in one transaction.
 */
import { utf8 } from './base/bytes.ts'
import { Fault } from './base/fault.ts'
import { findClips, type FoundClips } from './clips/index.ts'
import { encodeEntry, type LedgerEntry } from './formats/index.ts'
import { rebuiltLedger, restoreLedger, type RestoredLedger } from './ledger/index.ts'
import type { Ports } from './ports/ports.ts'
import type { Change, Records } from './ports/records.ts'
import { rebuiltQueue } from './upload/index.ts'
import { rebuiltPin, type DeviceKey } from './vault/index.ts'

/** How often the device was started: a row of `device`. */
export const BOOT_KEY = 'boot'

export type IndexRebuilt = {
  readonly kind: 'index-rebuilt'
  /** Clips that were found finished, and that the start closes as recovered. */
  readonly sealed: number
  readonly growing: number
  /** Clips of the ledger of which nothing lies here. */
  readonly absent: number
  readonly entriesKept: number
  readonly entriesLost: number
}

export type RebuildPorts = Pick<Ports, 'disk' | 'records' | 'random' | 'clock' | 'log' | 'store'>

/**
 * Writes the index again if it was lost; undefined if it was not, or if this is the first start. To be called before
 * anything else reads the index. Throws `Fault('corrupt')` when nothing vouches for any entry of a ledger that there was:
 * a ledger never begins anew under the same key.
 */
export async function rebuildIndex(ports: RebuildPorts, key: DeviceKey): Promise<IndexRebuilt | undefined> {
  const { disk, records, log } = ports
  if (!(await isEmpty(records)) || (await isFirstStart(ports))) return undefined
  const ledger = await restoreLedger({ disk, key })
  const clips = await findClips({ ...ports, deviceKey: key }, ledger.entries)
  checkLedger(ledger, clips)
  await records.write(await rowsOf(ports, key, { ledger, clips }))
  const { sealed, growing, absent } = clips
  const counts = { sealed, growing, absent, entriesKept: ledger.texts.length, entriesLost: ledger.lost }
  // Presses that the broker had not acknowledged stood nowhere else.
  log.error('index.rebuilt', { ...counts, untoldPresses: 'lost, if there were any' })
  return { kind: 'index-rebuilt', ...counts }
}

/** How often the device was started before, also when the index that counted it was lost. */
export async function bootsBefore(
  { disk, records }: Pick<Ports, 'disk' | 'records'>,
  openKey: () => Promise<DeviceKey>,
): Promise<number> {
  const row = await records.read('device', BOOT_KEY)
  if (typeof row === 'number') return row
  if ((await disk.list('ledger')).length === 0) return 0
  return bootsIn(await restoreLedger({ disk, key: await openKey() }))
}

/** Every start writes to the ledger and counts itself in the same transaction. */
async function isEmpty(records: Records): Promise<boolean> {
  if ((await records.read('device', BOOT_KEY)) !== undefined) return false
  const rows = [
    ...(await records.list('ledger', { limit: 1 })),
    ...(await records.list('clip', { limit: 1 })),
  ]
  return rows.length === 0
}

const isFirstStart = async ({ disk }: Pick<Ports, 'disk'>): Promise<boolean> =>
  (await disk.list('ledger')).length === 0 && (await disk.list('clips')).length === 0

function checkLedger({ texts, lost }: RestoredLedger, clips: FoundClips): void {
  if (texts.length > 0 || (lost === 0 && clips.entries.length === 0)) return
  const had = lost > 0 ? `of at least ${lost} entries` : `with at least ${clips.entries.length} clips`
  throw new Fault(
    'corrupt',
    `the index is lost, and with it the ledger ${had}: nothing in ledger/ that this device signed vouches for its beginning. ` +
      'Put the folder ledger/ back from a copy; or move device.key away, and the doorbell begins as another device, ' +
      'with the clips of this one in quarantine/',
  )
}

type Found = { readonly ledger: RestoredLedger; readonly clips: FoundClips }

async function rowsOf(
  { disk, store }: RebuildPorts,
  key: DeviceKey,
  { ledger, clips }: Found,
): Promise<readonly Change[]> {
  const { entries, lost } = ledger
  const { absent } = clips
  const added: readonly LedgerEntry[] = [
    { type: 'index-rebuilt', lost, clips: clips.sealed + clips.growing, absent },
    ...clips.entries,
  ]
  const written = rebuiltLedger([...ledger.texts, ...added.map((entry) => utf8(encodeEntry(entry)))], key)
  const list = entries.findLast((entry) => entry.type === 'recipients')
  return [
    ...written.changes,
    ...clips.changes,
    ...(await rebuiltPin(disk, list)),
    { put: 'device', key: BOOT_KEY, row: bootsIn(ledger) },
    // The checkpoint comes last: it commits to everything before it.
    ...(store === undefined ? [] : rebuiltQueue([...clips.jobs, ...written.jobs])),
  ]
}

/** Never fewer than there were: each of the lost entries may have been a start. */
function bootsIn({ entries, lost }: RestoredLedger): number {
  const boots = entries.flatMap((entry) => (entry.type === 'started' ? [entry.boot + 1] : []))
  return Math.max(0, ...boots) + lost
}
