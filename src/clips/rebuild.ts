import { isFault, messageOf } from '../base/fault.ts'
import { isHexId, type ClipId, type ObjectName, type VisitId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import {
  noteText,
  openManifest,
  parseHeader,
  type BoundObject,
  type ClipManifest,
  type LedgerEntry,
} from '../formats/index.ts'
import type { Change } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import type { ClipsDeps } from './clips.ts'
import { fileJob, freshObjectName, sha256Hex } from './objects.ts'
import { putAside } from './quarantine.ts'
import { hourOf } from './room.ts'
import {
  clipFolder,
  clipRowJson,
  CLIPS,
  fileOf,
  objectKey,
  pathOf,
  QUARANTINE,
  type ClipRow,
  type ObjectKind,
  type ObjectRow,
} from './rows.ts'

export type RebuildDeps = Pick<ClipsDeps, 'disk' | 'random' | 'log' | 'deviceKey' | 'clock'>

type ClipEntry = Extract<LedgerEntry, { type: 'clip' }>

/** What an index that was lost knew of clips, as far as the disk tells. */
export type FoundClips = {
  /** The rows of the tables `clip` and `part`, and the row `clips` of `device`. */
  readonly changes: readonly Change[]
  /** Everything that was found: the store says which of it is there already. */
  readonly jobs: readonly UploadJob[]
  /** Clips that are sealed and that the ledger does not know. */
  readonly entries: readonly ClipEntry[]
  readonly sealed: number
  /** Clips that the start closes as recovered. */
  readonly growing: number
  /** Clips of the ledger of which nothing is left, or nothing should be. */
  readonly absent: number
}

/** *Rebuild the index*, step 3: reads all of `clips/`. Done again after a crash it finds the same. */
export async function findClips(deps: RebuildDeps, ledger: readonly LedgerEntry[]): Promise<FoundClips> {
  const entries = new Map(ledger.filter((entry) => entry.type === 'clip').map((it) => [it.clip, it]))
  const gone = new Set(ledger.flatMap((entry) => (entry.type === 'expired' ? [entry.clip] : [])))
  const deleted = new Set(ledger.flatMap((entry) => (entry.type === 'deleted' ? [entry.clip] : [])))
  const folders = await readFolders(deps, gone)
  const sorted = sortFolders(folders, entries)
  const writer = new RowWriter(deps)
  for (const { clip } of entries.values())
    if (!folders.has(clip)) writer.addAbsent(clip, entries.get(clip), deleted.has(clip) ? 'owner' : 'unknown')
  for (const { folder, manifest, entry } of sorted.sealed) {
    if (deleted.has(folder.clip)) writer.addDeleted(folder, entry, manifest.document)
    else await writer.addSealed(folder, manifest, entry)
  }
  for (const { folder, entry } of sorted.unreadable) {
    if (deleted.has(folder.clip)) writer.addDeleted(folder, entry)
    else writer.addUnreadable(folder, entry)
  }
  for (const folder of sorted.unfinished) writer.addGrowing(folder)
  return writer.found(sorted.head)
}

type FoundFile = { readonly bytes: number; readonly sha256: string; readonly header: string | undefined }

type Folder = {
  readonly clip: ClipId
  readonly files: ReadonlyMap<string, FoundFile>
  /** Valid, and signed by this device for this clip. */
  readonly manifest: SignedManifest | undefined
}

type SignedManifest = { readonly document: ClipManifest; readonly sha256: string }

async function readFolders(
  deps: RebuildDeps,
  gone: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Folder>> {
  const folders = new Map<string, Folder>()
  for (const { name, isFolder } of await deps.disk.list(CLIPS)) {
    // What has no row is put aside when the start goes on.
    if (!isFolder || !isHexId(name) || gone.has(name)) continue
    folders.set(name, await readFolder(deps, name as ClipId)) // A folder that is called as clips are.
  }
  return folders
}

async function readFolder(deps: RebuildDeps, clip: ClipId): Promise<Folder> {
  const files = new Map<string, FoundFile>()
  let manifest: SignedManifest | undefined
  for (const { name, isFolder } of await deps.disk.list(clipFolder(clip))) {
    const bytes = isFolder ? undefined : await readOrSay(deps, `${clipFolder(clip)}/${name}`)
    if (bytes === undefined) continue
    files.set(name, { bytes: bytes.length, sha256: sha256Hex(bytes), header: headerOf(bytes) })
    if (name === MANIFEST) manifest = manifestIn(deps, clip, bytes)
  }
  return { clip, files, manifest }
}

const MANIFEST = fileOf({ what: 'manifest', part: 0 })
const META = fileOf({ what: 'meta', part: 0 })
const POSTER = fileOf({ what: 'poster', part: 0 })

/** What the disk does not give any more is not there. */
async function readOrSay({ disk, log }: RebuildDeps, path: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.read(path)
  } catch (error) {
    if (!isFault(error, 'corrupt', 'missing')) throw error
    log.error('clips.file_unreadable', { path, problem: error.message })
    return undefined
  }
}

function manifestIn(
  { deviceKey, log }: RebuildDeps,
  clip: ClipId,
  bytes: Uint8Array,
): SignedManifest | undefined {
  try {
    const document = openManifest(`manifest of clip ${clip}`, noteText(`manifest of clip ${clip}`, bytes))
    if (document.clip === clip && document.device === deviceKey.name)
      return { document, sha256: sha256Hex(bytes) }
    log.error('clips.manifest_not_ours', { clip, of: document.clip, by: document.device })
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    log.error('clips.manifest_damaged', { clip, problem: messageOf(error) })
  }
  return undefined
}

const STREAM_BYTES_MIN = 32
const SECTOR_BYTES = 512

/** SHA-256 of the age header of a file that looks whole: without the key nobody can tell more. */
function headerOf(bytes: Uint8Array): string | undefined {
  try {
    const header = bytes.subarray(0, parseHeader(bytes).bytes)
    const isWhole = bytes.length >= header.length + STREAM_BYTES_MIN && !hasHole(bytes)
    return isWhole ? sha256Hex(header) : undefined
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return undefined
  }
}

/** Sealed bytes are never zero for a whole sector, unless it was not written when the power went. */
function hasHole(bytes: Uint8Array): boolean {
  for (let at = 0; at + SECTOR_BYTES <= bytes.length; at += SECTOR_BYTES)
    if (bytes.subarray(at, at + SECTOR_BYTES).every((byte) => byte === 0)) return true
  const tail = bytes.subarray(bytes.length - (bytes.length % SECTOR_BYTES))
  return tail.length >= STREAM_BYTES_MIN && tail.every((byte) => byte === 0)
}

type Sorted = {
  /** In the order of the ledger, then along the chain of manifests. */
  readonly sealed: readonly {
    readonly folder: Folder
    readonly manifest: SignedManifest
    /** Undefined: it has to be entered again. */
    readonly entry: ClipEntry | undefined
  }[]
  /** The ledger knows them, and their manifest is not the one it knows. */
  readonly unreadable: readonly { readonly folder: Folder; readonly entry: ClipEntry }[]
  readonly unfinished: readonly Folder[]
  /** Hash of the last manifest of the chain. */
  readonly head: string | null
}

function sortFolders(folders: ReadonlyMap<string, Folder>, entries: ReadonlyMap<string, ClipEntry>): Sorted {
  const sealed: Sorted['sealed'][number][] = []
  const unreadable: Sorted['unreadable'][number][] = []
  for (const entry of entries.values()) {
    const folder = folders.get(entry.clip)
    if (folder === undefined) continue
    if (folder.manifest?.sha256 === entry.manifest) sealed.push({ folder, manifest: folder.manifest, entry })
    else unreadable.push({ folder, entry })
  }
  const unentered = new Map([...folders].filter(([clip]) => !entries.has(clip)))
  let head = [...entries.values()].at(-1)?.manifest ?? null
  for (let next = nextInChain(unentered, head); next !== undefined; next = nextInChain(unentered, head)) {
    sealed.push({ ...next, entry: undefined })
    unentered.delete(next.folder.clip)
    head = next.manifest.sha256
  }
  return { sealed, unreadable, unfinished: [...unentered.values()], head }
}

function nextInChain(
  folders: ReadonlyMap<string, Folder>,
  head: string | null,
): { readonly folder: Folder; readonly manifest: SignedManifest } | undefined {
  for (const folder of folders.values())
    if (folder.manifest?.document.previous === head) return { folder, manifest: folder.manifest }
  return undefined
}

/** Writes down what was found, in the order in which clips were sealed. */
class RowWriter {
  readonly #deps: RebuildDeps
  readonly #hour: number | undefined
  readonly #changes: Change[] = []
  readonly #jobs: UploadJob[] = []
  readonly #entries: ClipEntry[] = []
  readonly #counts = { sealed: 0, growing: 0, absent: 0 }
  #order = 0

  constructor(deps: RebuildDeps) {
    this.#deps = deps
    // When it was begun is sealed. So it stays at most as long as if it had begun now.
    this.#hour = hourOf(deps.clock.wall())
  }

  found(head: string | null): FoundClips {
    const own: readonly Change[] =
      head === null ? [] : [{ put: 'device', key: 'clips', row: { previousManifest: head } }]
    return {
      changes: [...this.#changes, ...own],
      jobs: this.#jobs,
      entries: this.#entries,
      ...this.#counts,
    }
  }

  /** Nothing of it lies here: it expired, or was taken away, or deleted. */
  addAbsent(clip: string, entry: ClipEntry | undefined, why: 'unknown' | 'owner'): void {
    this.#counts.absent++
    const row = { ...this.#facts(clip, ''), phase: 'expired', why } as const
    this.#putClip(clip, withNames(row, { manifest: entry?.name }))
  }

  async addSealed(folder: Folder, manifest: SignedManifest, entry: ClipEntry | undefined): Promise<void> {
    const { document } = manifest
    const facts = withNames(this.#facts(folder.clip, document.header), {
      meta: document.meta.name,
      poster: document.poster?.name,
      manifest: entry?.name,
    })
    this.#counts.sealed++
    this.#putClip(folder.clip, {
      ...facts,
      phase: 'sealed',
      ended: document.ended,
      manifest: manifest.sha256,
    })
    for (const object of boundRows(folder, document)) await this.#putBound(folder, object)
    this.#putFound(folder, { what: 'manifest', part: 0, name: facts.names.manifest })
    if (entry !== undefined) return
    const { manifest: name } = facts.names
    this.#entries.push({ type: 'clip', clip: folder.clip, manifest: manifest.sha256, name })
  }

  /** The power went while it was being deleted: the start goes on with that. */
  addDeleted(folder: Folder, entry: ClipEntry | undefined, manifest?: ClipManifest): void {
    this.#counts.absent++
    const row = withNames(this.#facts(folder.clip, manifest?.header ?? ''), { manifest: entry?.name })
    this.#putClip(folder.clip, { ...row, phase: 'expiring', why: 'owner' })
    for (const object of manifest === undefined ? [] : boundRows(folder, manifest))
      this.#putObject(folder.clip, object)
  }

  /** Without its manifest nobody knows what belonged to it: the files are put aside, and it is missed aloud. */
  addUnreadable(folder: Folder, { manifest, name }: ClipEntry): void {
    const row = withNames(this.#facts(folder.clip, ''), { manifest: name })
    this.#deps.log.error('clips.not_rebuilt', {
      clip: folder.clip,
      problem: 'its manifest is damaged or gone',
    })
    this.#putClip(folder.clip, { ...row, phase: 'sealed', ended: 'recovered', manifest })
    const object = {
      what: 'manifest',
      part: 0,
      name: row.names.manifest,
      bytes: 0,
      sha256: manifest,
    } as const
    this.#putObject(folder.clip, { ...object, uploaded: false, lost: false })
  }

  /** Never sealed, or sealed out of the chain: the start closes it with what looks whole. */
  addGrowing(folder: Folder): void {
    const header = folder.files.get(META)?.header
    const isOfClip = ([, file]: readonly [string, FoundFile]): boolean =>
      header !== undefined && file.header === header
    const files = [...folder.files].filter(isOfClip)
    const parts = files.flatMap(([name]) => partNumber(name) ?? [])
    if (header === undefined || parts.length === 0) {
      const problem = header === undefined ? 'its meta is damaged or gone' : 'there is no part of it'
      this.#deps.log.error('clips.not_rebuilt', { clip: folder.clip, problem })
      return
    }
    this.#counts.growing++
    const known = namesIn(folder.manifest?.document)
    const nameOf = (file: string): ObjectName | undefined => known.get(folder.files.get(file)?.sha256 ?? '')
    const names = { meta: nameOf(META), poster: nameOf(POSTER) }
    const row: ClipRow = { ...withNames(this.#facts(folder.clip, header), names), phase: 'growing' }
    this.#putClip(folder.clip, row)
    for (const part of parts) {
      const name = nameOf(fileOf({ what: 'part', part })) ?? freshObjectName(this.#deps.random)
      this.#putFound(folder, { what: 'part', part, name })
    }
    this.#putFound(folder, { what: 'meta', part: 0, name: row.names.meta })
    if (files.some(([name]) => name === POSTER))
      this.#putFound(folder, { what: 'poster', part: 0, name: row.names.poster })
  }

  #facts(clip: string, header: string): Omit<ClipRow & { phase: 'growing' }, 'phase'> {
    const { random } = this.#deps
    const names = {
      meta: freshObjectName(random),
      poster: freshObjectName(random),
      manifest: freshObjectName(random),
    }
    // Which visit it was is sealed. A clip by itself is a visit by itself.
    return { order: this.#order++, visit: clip as VisitId, header, hour: this.#hour, held: false, names }
  }

  /** An object that the manifest names: what lies at its place and is something else is put aside. */
  async #putBound(folder: Folder, object: ObjectRow): Promise<void> {
    const file = folder.files.get(fileOf(object))
    this.#putObject(folder.clip, object)
    if (file?.sha256 === object.sha256) this.#putJob(folder.clip, object)
    else if (file !== undefined) await this.#putAside(folder.clip, object)
  }

  #putFound({ clip, files }: Folder, named: Pick<ObjectRow, 'what' | 'part' | 'name'>): void {
    const file = files.get(fileOf(named))
    if (file === undefined) return
    const { bytes, sha256 } = file
    const object = { ...named, bytes, sha256, uploaded: false, lost: false }
    this.#putObject(clip, object)
    this.#putJob(clip, object)
  }

  #putClip(clip: string, row: ClipRow): void {
    this.#changes.push({ put: 'clip', key: clip, row: clipRowJson(row) })
  }

  #putObject(clip: ClipId, object: ObjectRow): void {
    const row: Json = object
    this.#changes.push({ put: 'part', key: objectKey(clip, object), row })
  }

  /** The store may have an older meta. */
  #putJob(clip: ClipId, object: ObjectRow): void {
    this.#jobs.push({ ...fileJob(clip, object), replace: object.what === 'meta' })
  }

  async #putAside(clip: ClipId, object: ObjectRow): Promise<void> {
    const { disk } = this.#deps
    await disk.makeFolder(QUARANTINE)
    await putAside(this.#deps, { from: pathOf(clip, object), as: `${clip}-${fileOf(object)}` })
    await disk.syncFolder(QUARANTINE)
    await disk.syncFolder(clipFolder(clip))
  }
}

const partNumber = (file: string): number | undefined => {
  const digits = /^(\d{4,})\.age$/.exec(file)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

type Names = ClipRow['names']

const withNames = <T extends { readonly names: Names }>(
  row: T,
  known: { readonly [K in keyof Names]?: string | undefined },
): T => ({
  ...row,
  names: {
    meta: (known.meta ?? row.names.meta) as ObjectName, // Signed documents hold only names that we made.
    poster: (known.poster ?? row.names.poster) as ObjectName,
    manifest: (known.manifest ?? row.names.manifest) as ObjectName,
  },
})

/** Names in the cloud, by the hashes of what they name. */
function namesIn(manifest: ClipManifest | undefined): ReadonlyMap<string, ObjectName> {
  if (manifest === undefined) return new Map()
  const bound = [
    ...manifest.parts,
    manifest.meta,
    ...(manifest.poster === undefined ? [] : [manifest.poster]),
  ]
  return new Map(bound.map(({ sha256, name }) => [sha256, name as ObjectName])) // As above.
}

/** Rows of what a manifest names. Parts that were lost before it was signed leave holes in the numbers of the others' files. */
function boundRows({ files }: Folder, manifest: ClipManifest): readonly ObjectRow[] {
  const numbers = new Map([...files].flatMap(([name, { sha256 }]) => entryOf(sha256, partNumber(name))))
  const taken = new Set(manifest.parts.flatMap(({ sha256 }) => numbers.get(sha256) ?? []))
  const parts = manifest.parts.map((bound, index) => {
    let part = numbers.get(bound.sha256) ?? index
    if (!numbers.has(bound.sha256)) {
      while (taken.has(part)) part++
      taken.add(part)
    }
    return boundRow('part', part, bound)
  })
  const { meta, poster } = manifest
  return [
    ...parts,
    boundRow('meta', 0, meta),
    ...(poster === undefined ? [] : [boundRow('poster', 0, poster)]),
  ]
}

const entryOf = <V>(key: string, value: V | undefined): readonly (readonly [string, V])[] =>
  value === undefined ? [] : [[key, value]]

const boundRow = (what: ObjectKind, part: number, { name, bytes, sha256 }: BoundObject): ObjectRow => ({
  what,
  part,
  name: name as ObjectName, // As above.
  bytes,
  sha256,
  uploaded: false,
  lost: false,
})
