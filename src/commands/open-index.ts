import { join } from 'node:path'
import { Fault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { isDamagedIndex } from '../drivers/sqlite-fault.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import { problemOfIndex } from '../ledger/index.ts'
import type { Disk } from '../ports/disk.ts'
import { TABLES, type Records } from '../ports/records.ts'
import { openDeviceKey, type DeviceKey } from '../vault/index.ts'

/** The index of a data folder: the file, and what SQLite keeps beside it. In the order in which they are put aside. */
const INDEX_FILES = ['index.sqlite', 'index.sqlite-wal', 'index.sqlite-shm'] as const
const QUARANTINE = 'quarantine'

export type IndexPlace = {
  /** Full path of the data folder, in which `disk` is. */
  readonly folder: string
  readonly disk: Disk
  readonly log: Log
}

/**
 * Opens the index for a doorbell that starts. One that is damaged, or older than the ledger beside it, is moved to
 * `quarantine/index-<n>/` with its companions, and an empty one takes its place: `startDoorbell` builds it again.
 * Throws what `openSqliteRecords` throws for anything but damage: a disk that refuses, a newer version.
 */
export async function openIndex(place: IndexPlace): Promise<Records> {
  const path = join(place.folder, INDEX_FILES[0])
  const key = (await hasKey(place)) ? await openDeviceKey(place) : undefined
  try {
    await checkFiles(place)
    return await openSound(place, path, key)
  } catch (error) {
    if (!isDamagedIndex(error)) throw error
    await putAside(place, messageOf(error))
  }
  return openSqliteRecords(path)
}

/** SQLite removes a log whose file is gone or empty; it may hold all there is. */
async function checkFiles({ disk }: IndexPlace): Promise<void> {
  const sizes = new Map((await disk.list('')).map(({ name, bytes }) => [name, bytes]))
  const [main, log] = INDEX_FILES
  if ((sizes.get(main) ?? 0) === 0 && (sizes.get(log) ?? 0) > 0)
    throw new Fault('corrupt', `${main} is ${sizes.has(main) ? 'empty' : 'gone'}, and ${log} is there`)
}

async function openSound({ disk }: IndexPlace, path: string, key: DeviceKey | undefined): Promise<Records> {
  const records = await openSqliteRecords(path)
  try {
    for (const table of TABLES) await records.list(table) // Reads every row, as the pages alone say little.
    const problem = key === undefined ? undefined : await problemOfIndex({ disk, records, key })
    if (problem !== undefined) throw new Fault('corrupt', `index ${path}: ${problem}`)
    return records
  } catch (error) {
    await records[Symbol.asyncDispose]()
    throw error
  }
}

/** Before the first start there is none, and it is not made here. */
const hasKey = async ({ disk }: IndexPlace): Promise<boolean> =>
  (await disk.list('')).some(({ name }) => name === 'device.key')

/** The file itself first: what is left beside it after a power cut is put aside at the next start. */
async function putAside({ disk, log }: IndexPlace, problem: string): Promise<void> {
  const there = new Set((await disk.list('')).map(({ name }) => name))
  const to = await makeFreshFolder(disk)
  log.error('index.put_aside', { to, problem })
  for (const name of INDEX_FILES) if (there.has(name)) await disk.rename({ from: name, to: `${to}/${name}` })
  await disk.syncFolder(to)
  await disk.syncFolder('')
}

async function makeFreshFolder(disk: Disk): Promise<string> {
  const taken = new Set((await disk.list(QUARANTINE)).map(({ name }) => name))
  let n = 1
  while (taken.has(`index-${n}`)) n++
  const folder = `${QUARANTINE}/index-${n}`
  await disk.makeFolder(folder)
  await disk.syncFolder('')
  await disk.syncFolder(QUARANTINE)
  return folder
}
