/**
 * What is genuine, what is missing, what was changed. Needs no private key: hashes, signatures and the ledger tell.
 *
 * Trust begins at the device's key. The checkpoint is signed with it and commits to every entry; an entry commits to a
 * clip's manifest, the manifest to every object and to the manifest before it.
 */
import { equalBytes, fromUtf8, hex } from '../base/bytes.ts'
import { isFault, messageOf } from '../base/fault.ts'
import {
  bodyOfNote,
  keyName,
  leafHash,
  objectsAfterAppend,
  openManifest,
  openNote,
  parseCheckpoint,
  parseEntry,
  parseHeader,
  rootOf,
  sha256,
  sizeAtTile,
  type BoundObject,
  type Checkpoint,
  type ClipManifest,
  type LedgerEntry,
} from '../formats/index.ts'
import type { ClipSource, GrowingClip, ObjectRef } from './source.ts'

export type Verdict = 'genuine' | 'missing' | 'changed' | 'unknown' | 'note'

export type Finding = {
  readonly verdict: Verdict
  /** Whose copy: “the device”, “the store”. */
  readonly where: string
  /** A file, an object or a clip. */
  readonly what: string
  /** A sentence for people. */
  readonly detail: string
}

export type Verification = {
  readonly findings: readonly Finding[]
  /** Clips of which every object that should be there is there and genuine. */
  readonly genuineClips: number
}

export const isClean = ({ findings }: Verification): boolean =>
  findings.every(({ verdict }) => verdict === 'genuine' || verdict === 'note')

export type VerifyOptions = {
  /** Only this clip's objects; the ledger is always checked. */
  readonly clip?: string
  /** Names of objects of clips that the device has not finished: in the store nobody has signed for them yet. */
  readonly unfinished?: ReadonlySet<string>
  /** What waits on the device to be uploaded: not missing in the store yet. */
  readonly waiting?: ReadonlySet<string>
  /** The device's own checkpoint, if it is at hand: the store's must be of the same history. */
  readonly device?: { readonly key: Uint8Array; readonly entries: readonly Uint8Array[] }
}

/** Checks one source. */
export async function verifySource(source: ClipSource, options: VerifyOptions = {}): Promise<Verification> {
  const report = new Report(source.label)
  const ledger = await readLedger(source, options, report)
  const known = new Set<string>(options.unfinished)
  let genuineClips = 0
  for (const clip of ledger.clips) {
    const isWanted = options.clip === undefined || clip.entry.clip === options.clip
    if (await checkClip({ source, options, report, ledger, known }, clip, isWanted)) genuineClips++
  }
  const growing = await source.growing()
  for (const clip of growing)
    if (options.clip === undefined || clip.clip === options.clip)
      await checkGrowing(source, clip, report, known)
  if (options.clip === undefined) await reportUnknown(source, known, ledger, report)
  else if (
    ![...ledger.clips.map(({ entry }) => entry.clip), ...growing.map(({ clip }) => clip)].includes(
      options.clip,
    )
  )
    report.add('missing', options.clip, 'the ledger knows no such clip')
  return { findings: report.findings, genuineClips }
}

class Report {
  readonly findings: Finding[] = []
  readonly #where: string

  constructor(where: string) {
    this.#where = where
  }

  add(verdict: Verdict, what: string, detail: string): void {
    this.findings.push({ verdict, where: this.#where, what, detail })
  }
}

type ClipEntry = {
  readonly entry: Extract<LedgerEntry, { type: 'clip' }>
  readonly previous: string | null
  readonly isExpired: boolean
}
type LedgerFacts = {
  readonly clips: readonly ClipEntry[]
  readonly deviceName: string | undefined
  readonly size: number
}

const NO_LEDGER: LedgerFacts = { clips: [], deviceName: undefined, size: 0 }

async function readLedger(source: ClipSource, options: VerifyOptions, report: Report): Promise<LedgerFacts> {
  const note = await source.checkpoint()
  if (note === undefined) {
    const isAhead =
      options.device !== undefined &&
      options.device.entries.length > 0 &&
      !(options.waiting?.has('checkpoint') ?? false)
    report.add(
      isAhead ? 'missing' : 'note',
      'checkpoint',
      isAhead ? 'the ledger’s checkpoint is not there' : 'there is no ledger yet',
    )
    return NO_LEDGER
  }
  const checkpoint = readCheckpoint(note, report)
  if (checkpoint === undefined) return NO_LEDGER
  const entries = await readEntries(source, checkpoint, report)
  await checkKey(source, { note, checkpoint, entries, options }, report)
  if (options.device !== undefined) checkHistory(checkpoint, options.device.entries, options, report)
  await checkTiles(source, entries, report)
  return factsOf(entries, checkpoint, await source.expired(), report)
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

type Signed = {
  readonly note: string
  readonly checkpoint: Checkpoint
  readonly entries: readonly Uint8Array[]
  readonly options: VerifyOptions
}

/** Without the device at hand its key is the one a manifest names, if its name is the one in the checkpoint. */
async function checkKey(
  source: ClipSource,
  { note, checkpoint, entries, options }: Signed,
  report: Report,
): Promise<void> {
  const publicKey =
    options.device?.key ?? (await source.deviceKey()) ?? (await keyInManifests(source, checkpoint, entries))
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

async function keyInManifests(
  source: ClipSource,
  { origin }: Checkpoint,
  entries: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  for (const entry of clipEntriesOf(entries)) {
    const bytes = await source.read(refOf(entry))
    const manifest = bytes === undefined ? undefined : manifestIn(bytes)
    if (manifest?.device === origin) return new Uint8Array(Buffer.from(manifest.deviceKey, 'base64'))
  }
  return undefined
}

/** The device knows all entries; a store that shows fewer, and was not simply waiting, shows an old state. */
function checkHistory(
  { size, root }: Checkpoint,
  entries: readonly Uint8Array[],
  options: VerifyOptions,
  report: Report,
): void {
  if (size > entries.length) {
    report.add(
      'changed',
      'checkpoint',
      `it is for ${size} entries, the device has ${entries.length}: another ledger, or the device was set back`,
    )
    return
  }
  if (!equalBytes(rootOf(entries.slice(0, size).map(leafHash)), root))
    report.add('changed', 'checkpoint', 'its history is not the device’s')
  else if (size < entries.length && !(options.waiting?.has('checkpoint') ?? false))
    report.add(
      'changed',
      'checkpoint',
      `an old state is shown: ${size} entries, although the store had acknowledged ${entries.length}`,
    )
  else if (size < entries.length)
    report.add('note', 'checkpoint', `${entries.length - size} entries of the ledger wait to be uploaded`)
}

/** Every tile and bundle there is, of this size or an earlier one, must be what the entries give. */
async function checkTiles(source: ClipSource, entries: readonly Uint8Array[], report: Report): Promise<void> {
  const tiles = await source.tiles()
  if (tiles.length === 0) return
  const leaves = entries.map(leafHash)
  const there = new Set(tiles.map(({ name }) => name))
  for (const { name, bytes } of tiles) {
    const size = sizeAtTile(name)
    // Beyond the checkpoint's size lie tiles whose checkpoint has not arrived yet.
    if (size === undefined || size > entries.length) continue
    const written = objectsAfterAppend(entries.slice(0, size), leaves.slice(0, size))
    const expected = written.find((object) => object.name === name)
    if (expected === undefined || !equalBytes(expected.bytes, bytes))
      report.add('changed', name, 'a piece of the ledger is not what its entries give')
  }
  for (const { name } of entries.length === 0 ? [] : objectsAfterAppend(entries, leaves))
    if (!there.has(name)) report.add('missing', name, 'a piece of the ledger is not there')
}

function factsOf(
  entries: readonly Uint8Array[],
  { origin, size }: Checkpoint,
  expiredHere: ReadonlySet<string>,
  report: Report,
): LedgerFacts {
  const parsed = entries.flatMap((bytes, index) => {
    try {
      return [parseEntry(`entry ${index}`, fromUtf8(bytes))]
    } catch (error) {
      report.add('changed', `ledger entry ${index}`, messageOf(error))
      return []
    }
  })
  const expired = new Set([
    ...expiredHere,
    ...parsed.flatMap((entry) => (entry.type === 'expired' ? [entry.clip] : [])),
  ])
  const clipEntries = parsed.filter((entry) => entry.type === 'clip')
  const clips = clipEntries.map((entry, index) => ({
    entry,
    previous: clipEntries[index - 1]?.manifest ?? null,
    isExpired: expired.has(entry.clip),
  }))
  return { clips, deviceName: origin, size }
}

function clipEntriesOf(entries: readonly Uint8Array[]): readonly ClipEntry['entry'][] {
  return entries.flatMap((bytes, index) => {
    try {
      const entry = parseEntry(`entry ${index}`, fromUtf8(bytes))
      return entry.type === 'clip' ? [entry] : []
    } catch {
      return [] // Reported where the entries are read.
    }
  })
}

type Case = {
  readonly source: ClipSource
  readonly options: VerifyOptions
  readonly report: Report
  readonly ledger: LedgerFacts
  readonly known: Set<string>
}

const refOf = ({ clip, name }: ClipEntry['entry']): ObjectRef => ({ clip, what: 'manifest', part: 0, name })

/** True when all of the clip is there and genuine. Objects of clips that are not asked for only become known. */
async function checkClip(
  { source, options, report, ledger, known }: Case,
  { entry, previous, isExpired }: ClipEntry,
  isWanted: boolean,
): Promise<boolean> {
  const ref = refOf(entry)
  known.add(source.placeOf(ref))
  const bytes = await source.read(ref)
  if (bytes === undefined) {
    if (isWanted)
      reportAbsent(report, source.placeOf(ref), `manifest of clip ${entry.clip}`, {
        isExpired,
        isWaiting: options.waiting?.has(entry.name) ?? false,
      })
    return false
  }
  const manifest = checkManifest(
    bytes,
    { entry, previous, place: source.placeOf(ref), device: ledger.deviceName },
    report,
  )
  if (manifest === undefined) return false
  let isGenuine = true
  for (const [object, bound] of objectsOf(manifest)) {
    known.add(source.placeOf(object))
    if (isWanted && !(await checkObject({ source, options, report, manifest, isExpired }, object, bound)))
      isGenuine = false
  }
  if (isWanted && isGenuine)
    report.add(
      'genuine',
      entry.clip,
      `clip ${entry.clip}: ${manifest.parts.length} parts${manifest.ended === 'recovered' ? ', closed after a power cut' : ''}`,
    )
  return isWanted && isGenuine
}

type ManifestCase = {
  readonly entry: ClipEntry['entry']
  readonly previous: string | null
  readonly place: string
  readonly device: string | undefined
}

function checkManifest(
  bytes: Uint8Array,
  { entry, previous, place, device }: ManifestCase,
  report: Report,
): ClipManifest | undefined {
  const hash = hex(sha256(bytes))
  if (hash !== entry.manifest) {
    report.add(
      'changed',
      place,
      `the manifest of clip ${entry.clip} is not the one in the ledger: wanted SHA-256 ${entry.manifest}, got ${hash}`,
    )
    return undefined
  }
  try {
    const manifest = openManifest(`manifest of clip ${entry.clip}`, fromUtf8(bytes))
    if (manifest.clip !== entry.clip)
      report.add(
        'changed',
        place,
        `it is the manifest of clip ${manifest.clip}, the ledger says ${entry.clip}`,
      )
    else if (manifest.device !== device)
      report.add('changed', place, `signed by ${manifest.device}, the ledger is of ${device ?? 'nobody'}`)
    else if (manifest.previous !== previous)
      report.add('changed', place, 'it does not follow the clip before it in the ledger')
    else return manifest
  } catch (error) {
    report.add('changed', place, messageOf(error))
  }
  return undefined
}

function manifestIn(bytes: Uint8Array): ClipManifest | undefined {
  try {
    return openManifest('manifest', fromUtf8(bytes))
  } catch {
    return undefined // Reported where the clip is checked.
  }
}

export function objectsOf(manifest: ClipManifest): readonly (readonly [ObjectRef, BoundObject])[] {
  const { clip } = manifest
  const parts = manifest.parts.map((bound, part): readonly [ObjectRef, BoundObject] => [
    { clip, what: 'part', part, name: bound.name },
    bound,
  ])
  const poster =
    manifest.poster === undefined
      ? []
      : [[{ clip, what: 'poster', part: 0, name: manifest.poster.name }, manifest.poster] as const]
  return [...parts, [{ clip, what: 'meta', part: 0, name: manifest.meta.name }, manifest.meta], ...poster]
}

type ObjectCase = {
  readonly source: ClipSource
  readonly options: VerifyOptions
  readonly report: Report
  readonly manifest: ClipManifest
  readonly isExpired: boolean
}

async function checkObject(
  { source, options, report, manifest, isExpired }: ObjectCase,
  ref: ObjectRef,
  bound: BoundObject,
): Promise<boolean> {
  const place = source.placeOf(ref)
  const bytes = await source.read(ref)
  if (bytes === undefined) {
    reportAbsent(report, place, nameOf(ref), {
      isExpired,
      isWaiting: options.waiting?.has(ref.name) ?? false,
    })
    return false
  }
  const problem = problemOf(ref, bytes, bound, manifest.header)
  if (problem !== undefined) report.add('changed', place, problem)
  return problem === undefined
}

const nameOf = ({ what, part, clip }: ObjectRef): string =>
  `${what === 'part' ? `part ${part}` : what} of clip ${clip}`

/** What is wrong with an object, as a sentence; undefined when it is exactly what the manifest says. */
export function problemOf(
  ref: ObjectRef,
  bytes: Uint8Array,
  bound: BoundObject,
  header: string,
): string | undefined {
  if (bytes.length !== bound.bytes) return `${nameOf(ref)}: wanted ${bound.bytes} bytes, got ${bytes.length}`
  const hash = hex(sha256(bytes))
  if (hash !== bound.sha256) return `${nameOf(ref)}: wanted SHA-256 ${bound.sha256}, got ${hash}`
  try {
    const head = bytes.subarray(0, parseHeader(bytes).bytes)
    return hex(sha256(head)) === header
      ? undefined
      : `${nameOf(ref)}: sealed with another header than its clip’s`
  } catch {
    return undefined // Sealing was left out in a test, or the device signed for something else: the hash is right.
  }
}

function reportAbsent(
  report: Report,
  place: string,
  name: string,
  why: { readonly isExpired: boolean; readonly isWaiting: boolean },
): void {
  if (why.isExpired) report.add('note', place, `${name}: removed when its time was over`)
  else if (why.isWaiting) report.add('note', place, `${name}: waits to be uploaded`)
  else report.add('missing', place, `${name} is not there`)
}

async function checkGrowing(
  source: ClipSource,
  { clip, objects }: GrowingClip,
  report: Report,
  known: Set<string>,
): Promise<void> {
  report.add(
    'note',
    clip,
    `clip ${clip} is not finished: ${objects.filter(({ ref }) => ref.what === 'part').length} parts, nothing signed yet`,
  )
  for (const { ref, bytes, sha256: wanted } of objects) {
    const place = source.placeOf(ref)
    known.add(place)
    const there = await source.read(ref)
    if (there === undefined) report.add('missing', place, `${nameOf(ref)} is not there`)
    // The meta is written anew at every sign, a moment before the index hears of it.
    else if (ref.what !== 'meta' && (there.length !== bytes || hex(sha256(there)) !== wanted))
      report.add('changed', place, `${nameOf(ref)}: not what the index says`)
  }
}

async function reportUnknown(
  source: ClipSource,
  known: ReadonlySet<string>,
  { clips }: LedgerFacts,
  report: Report,
): Promise<void> {
  const unread = new Set(
    clips
      .map(({ entry }) => entry.clip)
      .filter((clip) =>
        report.findings.some(({ what, verdict }) => verdict !== 'genuine' && what.includes(clip)),
      ),
  )
  for (const place of await source.places()) {
    if (known.has(place) || place.endsWith('.tmp')) continue
    // Where a clip's manifest cannot be believed, nobody can say what belongs to it; that was reported.
    if ([...unread].some((clip) => place.includes(clip))) continue
    report.add(
      'unknown',
      place,
      'nobody signed for it: of a clip that was not finished, or put there by somebody else',
    )
  }
}
