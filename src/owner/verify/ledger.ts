import { equalBytes, fromUtf8 } from '../../base/bytes.ts'
import { isFault, messageOf } from '../../base/fault.ts'
import { isoOf, unixMs } from '../../base/time.ts'
import {
  bodyOfNote,
  keyName,
  leafHash,
  namesInLedger,
  objectsOfLedger,
  openManifest,
  openNote,
  parseCheckpoint,
  parseEntry,
  rootOf,
  sizeAtTile,
  type Checkpoint,
  type LedgerEntry,
} from '../../formats/index.ts'
import type { ClipSource, ObjectRef } from '../source.ts'
import type { DoorbellFacts, DoorbellLedger } from './doorbell.ts'
import type { Report } from './findings.ts'

/** Why there may be nothing of it any more. */
export type Gone = 'expired' | 'deleted' | undefined

export type ClipEntry = {
  readonly entry: Extract<LedgerEntry, { type: 'clip' }>
  /** SHA-256 of the manifest of the clip before it. */
  readonly previous: string | null
  readonly gone: Gone
}

export type LedgerFacts = {
  readonly clips: readonly ClipEntry[]
  readonly deviceName: string | undefined
}

const NO_LEDGER: LedgerFacts = { clips: [], deviceName: undefined }

/** What the ledger says of clips, as far as it can be read; whatever is wrong with it is told. */
export async function checkLedger(
  source: ClipSource,
  doorbell: DoorbellFacts | undefined,
  report: Report,
): Promise<LedgerFacts> {
  const note = await source.checkpoint()
  if (note === undefined) {
    await reportNoCheckpoint(source, doorbell, report)
    return NO_LEDGER
  }
  const checkpoint = readCheckpoint(note, report)
  if (checkpoint === undefined) return NO_LEDGER
  const entries = await readEntries(source, checkpoint, report)
  await checkSurplus(source, { note, size: checkpoint.size }, report)
  await checkSignature(source, { note, checkpoint, entries, key: doorbell?.ledger?.key }, report)
  if (doorbell?.ledger !== undefined) checkHistory(checkpoint, doorbell.ledger, report)
  await checkTiles(source, truest(entries, doorbell?.ledger), entries.length, report)
  return factsOf(entries, checkpoint, await source.expired(), report)
}

async function reportNoCheckpoint(
  source: ClipSource,
  doorbell: DoorbellFacts | undefined,
  report: Report,
): Promise<void> {
  const surplus = await source.entriesBeyond(0)
  const isOnItsWay = doorbell?.ledger?.acknowledged === 0
  if (surplus > 0)
    report.add('missing', 'checkpoint', `${surplus} entries, and no checkpoint that vouches for them`)
  else if (doorbell?.ledger !== undefined && !isOnItsWay)
    report.add('missing', 'checkpoint', 'the ledger’s checkpoint is not there, although the store had it')
  else if (!isOnItsWay && ((await source.tiles()) ?? []).length > 0)
    report.add('missing', 'checkpoint', 'there are pieces of a ledger, and no checkpoint')
  else report.add('note', 'checkpoint', 'there is no ledger yet')
}

function readCheckpoint(note: string, report: Report): Checkpoint | undefined {
  try {
    return parseCheckpoint(bodyOfNote('checkpoint', note))
  } catch (error) {
    report.add('changed', 'checkpoint', messageOf(error))
    return undefined
  }
}

async function readEntries(
  source: ClipSource,
  { size, root }: Checkpoint,
  report: Report,
): Promise<readonly Uint8Array[]> {
  let entries: readonly Uint8Array[]
  try {
    entries = await source.entries(size)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    report.add('changed', 'ledger', messageOf(error))
    return []
  }
  if (entries.length < size)
    report.add('missing', 'ledger', `the checkpoint is for ${size} entries, ${entries.length} are there`)
  else if (!equalBytes(rootOf(entries.map(leafHash)), root))
    report.add('changed', 'ledger', 'its entries are not those that the device signed for')
  return entries
}

/** Entry and checkpoint are written together: who sees a newer entry sees a newer checkpoint too. */
async function checkSurplus(
  source: ClipSource,
  { note, size }: { readonly note: string; readonly size: number },
  report: Report,
): Promise<void> {
  const surplus = await source.entriesBeyond(size)
  if (surplus > 0 && (await source.checkpoint()) === note)
    report.add('changed', 'ledger', `the checkpoint is for ${size} entries, there are ${surplus} more`)
}

type Signed = {
  readonly note: string
  readonly checkpoint: Checkpoint
  readonly entries: readonly Uint8Array[]
  readonly key: Uint8Array | undefined
}

/** Without the device at hand its key is the one a manifest names, if its name is the one in the checkpoint. */
async function checkSignature(
  source: ClipSource,
  { note, checkpoint, entries, key }: Signed,
  report: Report,
): Promise<void> {
  const publicKey =
    key ?? (await ownKey(source, report)) ?? (await keyInManifests(source, checkpoint, entries))
  if (publicKey === undefined) {
    report.add('note', 'checkpoint', 'no clip names the device’s key yet, so its signature cannot be checked')
    return
  }
  try {
    openNote('checkpoint', note, { name: keyName('lintel', publicKey), publicKey })
    if (checkpoint.origin !== keyName('lintel', publicKey))
      report.add('changed', 'checkpoint', `it is the ledger of ${checkpoint.origin}`)
  } catch (error) {
    report.add('changed', 'checkpoint', messageOf(error))
  }
}

async function ownKey(source: ClipSource, report: Report): Promise<Uint8Array | undefined> {
  try {
    return await source.deviceKey()
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    report.add('changed', 'device.key', messageOf(error))
    return undefined
  }
}

async function keyInManifests(
  source: ClipSource,
  { origin }: Checkpoint,
  entries: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  for (const [index, bytes] of entries.entries()) {
    const entry = entryIn(index, bytes)
    if (entry instanceof Error || entry.type !== 'clip') continue
    const key = await keyInManifest(source, entry, origin)
    if (key !== undefined) return key
  }
  return undefined
}

async function keyInManifest(
  source: ClipSource,
  entry: ClipEntry['entry'],
  origin: string,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await source.read(manifestRef(entry))
    if (bytes === undefined) return undefined
    const { device, deviceKey } = openManifest('manifest', fromUtf8(bytes))
    return device === origin ? new Uint8Array(Buffer.from(deviceKey, 'base64')) : undefined
  } catch (error) {
    if (isFault(error) && error.kind !== 'corrupt') throw error
    return undefined // Told where the clip is checked.
  }
}

export const manifestRef = ({ clip, name }: ClipEntry['entry']): ObjectRef => ({
  clip,
  what: 'manifest',
  part: 0,
  name,
})

/** The device knows all entries; a store that shows fewer than it has acknowledged shows an old state. */
function checkHistory(
  { size, root }: Checkpoint,
  { entries, acknowledged }: DoorbellLedger,
  report: Report,
): void {
  if (size > entries.length)
    report.add(
      'changed',
      'checkpoint',
      `it is for ${size} entries, the device has ${entries.length}: another ledger, or the device was set back`,
    )
  else if (!equalBytes(rootOf(entries.slice(0, size).map(leafHash)), root))
    report.add('changed', 'checkpoint', 'its history is not the device’s')
  else if (size < acknowledged)
    report.add(
      'changed',
      'checkpoint',
      `an old state is shown: ${size} entries, although the store had acknowledged ${acknowledged}`,
    )
  else if (size < entries.length)
    report.add('note', 'checkpoint', `${entries.length - size} entries of the ledger wait to be uploaded`)
}

/** The device's own entries tell also what pieces beyond the store's checkpoint should be. */
const truest = (entries: readonly Uint8Array[], ledger: DoorbellLedger | undefined): readonly Uint8Array[] =>
  ledger !== undefined && ledger.entries.length >= entries.length ? ledger.entries : entries

/** Every tile and bundle there is, of this size or another, must be what the entries give; those of this size must be there. */
async function checkTiles(
  source: ClipSource,
  entries: readonly Uint8Array[],
  size: number,
  report: Report,
): Promise<void> {
  const tiles = await source.tiles()
  if (tiles === undefined) return
  const objectOf = objectsOfLedger(entries, entries.map(leafHash))
  for (const { name, bytes } of tiles) {
    const wanted = objectOf(name)
    if (sizeAtTile(name) === undefined) report.add('unknown', name, 'no piece of a ledger is called so')
    else if (wanted === undefined)
      report.add(
        'unknown',
        name,
        'a piece of the ledger that no checkpoint vouches for: an old checkpoint is shown, or the newest was not there yet',
      )
    else if (!equalBytes(wanted, bytes))
      report.add('changed', name, 'a piece of the ledger is not what its entries give')
  }
  const there = new Set(tiles.map(({ name }) => name))
  for (const name of namesInLedger(size))
    if (!there.has(name)) report.add('missing', name, 'a piece of the ledger is not there')
}

function factsOf(
  entries: readonly Uint8Array[],
  { origin }: Checkpoint,
  expiredHere: ReadonlySet<string>,
  report: Report,
): LedgerFacts {
  const parsed = entries.flatMap((bytes, index) => {
    const entry = entryIn(index, bytes)
    if (!(entry instanceof Error)) {
      if (entry.type === 'index-rebuilt') reportRebuilt(index, entry, report)
      if (entry.type === 'clock') reportClock(index, entry, report)
      return [entry]
    }
    report.add('changed', `ledger entry ${index}`, entry.message)
    return []
  })
  const expired = new Set([
    ...expiredHere,
    ...parsed.flatMap((entry) => (entry.type === 'expired' ? [entry.clip] : [])),
  ])
  const deleted = new Set(parsed.flatMap((entry) => (entry.type === 'deleted' ? [entry.clip] : [])))
  const goneOf = (clip: string): Gone =>
    deleted.has(clip) ? 'deleted' : expired.has(clip) ? 'expired' : undefined
  const clipEntries = parsed.filter((entry) => entry.type === 'clip')
  const clips = clipEntries.map((entry, index) => ({
    entry,
    previous: clipEntries[index - 1]?.manifest ?? null,
    gone: goneOf(entry.clip),
  }))
  return { clips, deviceName: origin }
}

/** The doorbell says so itself, for good: what it lost then, nobody can show any more. */
function reportRebuilt(
  index: number,
  { lost, clips, absent }: Extract<LedgerEntry, { type: 'index-rebuilt' }>,
  report: Report,
): void {
  const what = `ledger entry ${index}`
  const gone = absent === 0 ? '' : `; of the ledger’s, not there any more: ${absent}`
  report.add('note', what, `the index was lost, and built again from the disk (clips found: ${clips}${gone})`)
  if (lost > 0) report.add('missing', what, `entries of the ledger that were lost with the index: ${lost}`)
}

/** Metadata that was sealed before says another time than the owner is shown, and this is why. */
function reportClock(
  index: number,
  { boot, unixMs: at }: Extract<LedgerEntry, { type: 'clock' }>,
  report: Report,
): void {
  const what = `ledger entry ${index}`
  report.add(
    'note',
    what,
    `start ${boot + 1} knew the time from ${isoOf(unixMs(at))} on, and what it recorded before gets it from here`,
  )
}

/** The entry, or what is wrong with it. */
export function entryIn(index: number, bytes: Uint8Array): LedgerEntry | Error {
  try {
    return parseEntry(`entry ${index}`, fromUtf8(bytes))
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error))
  }
}
