import { isFault } from '../../base/fault.ts'
import type { Json } from '../../base/json.ts'
import { bodyOfNote, parseCheckpoint } from '../../formats/index.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Records } from '../../ports/records.ts'
import { localSource, objectsIn } from '../local-source.ts'
import type { KnownObject } from '../source.ts'

/** What the doorbell itself can say about what should be in its store. */
export type DoorbellFacts = {
  /** Absent when its key or its ledger is not there; its own copy then shows it. */
  readonly ledger?: DoorbellLedger
  /** What it knows of the objects of its clips, finished or not. */
  readonly objects: readonly KnownObject[]
  /** Names of everything it put, or is about to put, into the store: those are no strangers there. */
  readonly names: ReadonlySet<string>
  /** Names of what waits to be uploaded: not missing in the store yet. */
  readonly waiting: ReadonlySet<string>
}

export type DoorbellLedger = {
  readonly key: Uint8Array
  readonly entries: readonly Uint8Array[]
  /** How many entries there were in the newest checkpoint that the store has acknowledged. */
  readonly acknowledged: number
}

export async function doorbellFacts(place: {
  readonly disk: Disk
  readonly records: Records
}): Promise<DoorbellFacts> {
  const ledger = await ledgerOf(place)
  const objects = (await place.records.list('part')).flatMap(({ key, row }) => objectsIn(key, row))
  return {
    ...(ledger === undefined ? {} : { ledger }),
    objects,
    names: new Set([...objects.map(({ ref }) => ref.name), ...(await namesOfClips(place.records))]),
    waiting: await localSource(place).waiting(),
  }
}

async function ledgerOf(place: {
  readonly disk: Disk
  readonly records: Records
}): Promise<DoorbellLedger | undefined> {
  const source = localSource(place)
  try {
    const key = await source.deviceKey()
    const entries = await source.entries(Number.MAX_SAFE_INTEGER)
    if (key === undefined || (await source.checkpoint()) === undefined) return undefined
    const stored = await place.records.read('device', 'stored-checkpoint')
    return { key, entries, acknowledged: stored === undefined ? 0 : sizeIn(stored, entries.length) }
  } catch (error) {
    if (isFault(error, 'corrupt')) return undefined // Told where the doorbell's own copy is verified.
    throw error
  }
}

/** A row that somebody spoilt excuses nothing: then all counts as acknowledged. */
function sizeIn(row: Json, all: number): number {
  try {
    return typeof row === 'string' ? parseCheckpoint(bodyOfNote('stored checkpoint', row)).size : all
  } catch {
    return all
  }
}

async function namesOfClips(records: Records): Promise<readonly string[]> {
  return (await records.list('clip')).flatMap(({ row }) => {
    const names = memberOf(row, 'names')
    return ['meta', 'poster', 'manifest'].flatMap((what) => {
      const name = memberOf(names, what)
      return typeof name === 'string' ? [name] : []
    })
  })
}

function memberOf(row: Json | undefined, name: string): Json | undefined {
  return typeof row === 'object' && row !== null && !Array.isArray(row)
    ? (row as Readonly<Record<string, Json | undefined>>)[name] // An object of JSON has such members.
    : undefined
}
