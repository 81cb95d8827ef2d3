/**
 * A household's clips from the store alone, when the doorbell is gone. Trust begins at the doorbell's key: the checkpoint is signed with it and
 * commits to every entry, an entry to a clip's manifest, the manifest to every object. As `src/owner/library.ts` and `verify/` do.
 */
import { hex } from '../../../base/bytes.ts'
import { Fault, isFault, messageOf } from '../../../base/fault.ts'
import type { ClipFacts, ClipObject, ClipSource } from '../clips/clip-source.ts'
import type { SealedCache } from '../clips/sealed-cache.ts'
import { sha256, unbase64 } from '../crypto/bytes.ts'
import { openManifest, type ClipManifest, type ClipMeta } from '../crypto/documents.ts'
import { openNote } from '../crypto/notes.ts'
import { texts } from '../texts.ts'
import type { ClipEntry } from './entries.ts'
import { headOf, readLedger, rootAt, textOf, type Clocks, type LedgerView } from './ledger.ts'
import { comparePin, pinOf, type CloudPin, type Surprise } from './pins.ts'
import type { Store } from './store.ts'

export type CloudLibrary = {
  readonly source: ClipSource
  /** Whose clips are believed: the doorbell seen before, else the one that writes now. Undefined as long as nothing says it. */
  readonly device: CloudPin['device'] | undefined
  readonly entries: number
  readonly clips: number
  /** What is wrong with the ledger, in sentences. */
  readonly problems: readonly string[]
  /** The doorbell writes entries that this page is too old for. */
  readonly isNewer: boolean
  readonly surprise?: Surprise
  /** To be remembered; undefined while nobody knows whose ledger it is. */
  readonly pin: CloudPin | undefined
  /** What is there now, whatever was seen before: to be remembered when somebody accepts it. */
  readonly accepted: CloudPin | undefined
  /** Names of all manifests in the store, whether they are what they should be or not. */
  readonly manifests: ReadonlySet<string>
  /** Names of all objects of these clips; nothing of those that cannot be believed. */
  named(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Which objects there are: those that are not are left out of what is listed from now on. */
  learn(there: ReadonlySet<string>): void
}

export type LibraryOptions = {
  readonly cache: SealedCache
  readonly pinned: CloudPin | undefined
  readonly signal: AbortSignal
}

export async function openCloudLibrary(store: Store, options: LibraryOptions): Promise<CloudLibrary> {
  const { pinned } = options
  const view = await readLedger(store, options)
  const shelf = new Shelf(store, view, options)
  const found = await writerOf(view, shelf, pinned)
  const head = headOf(view)
  const seen = found.device && {
    device: found.device,
    ...(head === undefined ? {} : { checkpoint: head }),
    rootAt: rootAt(view),
  }
  const compared = seen && (await comparePin(pinned, seen))
  const pin = compared?.next ?? pinned
  return {
    source: shelf.source(),
    device: pin?.device,
    entries: view.checkpoint?.size ?? 0,
    clips: view.clips.length,
    problems: [view.problem, found.problem].flatMap((problem) => problem ?? []),
    isNewer: view.unknown > 0,
    ...(compared?.surprise === undefined ? {} : { surprise: compared.surprise }),
    pin,
    accepted: seen && pinOf(seen),
    manifests: new Set(view.clips.map(({ name }) => name)),
    named: (ids) => shelf.named(ids),
    learn: (there) => shelf.learn(there),
  }
}

type Writer = { readonly device?: CloudPin['device']; readonly problem?: string }

/** Whose ledger it is: the key of the newest manifest that is whole. Where there is none, the one seen before, if it signed this ledger. */
async function writerOf(view: LedgerView, shelf: Shelf, pinned: CloudPin | undefined): Promise<Writer> {
  if (view.problem !== undefined) return {}
  for (const { clip } of view.clips.toReversed()) {
    try {
      const { manifest } = await shelf.signed(clip)
      return { device: { name: manifest.device, key: manifest.deviceKey } }
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error // An older one may be whole; the list tells what is wrong with this.
    }
  }
  if (pinned === undefined) return {}
  const problem = view.note === undefined ? undefined : await signatureProblem(view.note, pinned)
  return problem === undefined ? { device: pinned.device } : { problem }
}

async function signatureProblem(note: string, { device }: CloudPin): Promise<string | undefined> {
  try {
    const publicKey = unbase64(device.key) ?? new Uint8Array(0)
    await openNote('checkpoint', note, { publicKey, prefix: 'lintel' })
    return undefined
  } catch (error) {
    if (isFault(error, 'corrupt')) return messageOf(error)
    throw error
  }
}

type Signed = { readonly manifest: ClipManifest; readonly facts: ClipFacts }

/** Clips as the ledger tells of them. */
class Shelf {
  readonly #store: Store
  readonly #view: LedgerView
  readonly #options: LibraryOptions
  readonly #known = new Map<string, Promise<Signed>>()
  #there: ReadonlySet<string> | undefined

  constructor(store: Store, view: LedgerView, options: LibraryOptions) {
    this.#store = store
    this.#view = view
    this.#options = options
  }

  source(): ClipSource {
    return {
      list: (options) => this.#list(options),
      read: async (_, object, options) => {
        const bytes = await this.#store.get(object.name, options)
        if (bytes === undefined) throw new Fault('corrupt', texts.cloud.objectGone(object.file))
        return bytes
      },
      grants: async () => [], // They lie on the doorbell; the store has only their hashes.
      tell: async () => {}, // There is nobody to tell.
      corrected: (meta) => correctedMeta(meta, this.#view.clocks),
    }
  }

  learn(there: ReadonlySet<string>): void {
    this.#there = there
  }

  async named(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const names = new Set<string>()
    for (const id of ids) {
      const signed = await this.signed(id).catch((error: unknown) => {
        if (isFault(error, 'corrupt')) return undefined // Its objects are then what they are: vouched for by nobody.
        throw error
      })
      for (const { name } of signed?.facts.objects ?? []) names.add(name)
    }
    return names
  }

  signed(id: string): Promise<Signed> {
    const known = this.#known.get(id) ?? this.#signed(id)
    this.#known.set(id, known)
    known.catch((error: unknown) => {
      if (!isFault(error, 'corrupt')) this.#known.delete(id) // The store was away: ask again.
    })
    return known
  }

  async #list({
    before = Infinity,
    limit,
  }: Parameters<ClipSource['list']>[0]): ReturnType<ClipSource['list']> {
    const { clips, deleted } = this.#view
    const older = clips
      .map(({ clip }, n) => ({ clip, order: n + 1 }))
      .filter(({ clip, order }) => order < before && !deleted.has(clip))
      .toReversed()
    const found = await Promise.all(older.slice(0, limit).map((each) => this.#factsOf(each)))
    return { clips: found.flatMap((facts) => facts ?? []), more: older.length > limit }
  }

  async #factsOf({ clip, order }: { clip: string; order: number }): Promise<ClipFacts | undefined> {
    try {
      const { facts } = await this.signed(clip)
      const there = this.#there
      if (there === undefined) return facts
      const objects = facts.objects.filter(({ name }) => there.has(name))
      // It was removed before it could be uploaded: the doorbell said so.
      return objects.length < facts.objects.length && this.#view.expired.has(clip)
        ? undefined
        : { ...facts, objects }
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error
      if (this.#view.expired.has(clip)) return undefined
      return { clip, order, phase: 'uploaded', held: false, objects: [], problem: messageOf(error) }
    }
  }

  async #signed(id: string): Promise<Signed> {
    const { clips, problem, note = '', checkpoint } = this.#view
    const what = `manifest of clip ${id}`
    if (problem !== undefined) throw new Fault('corrupt', problem)
    const n = clips.findIndex(({ clip }) => clip === id)
    const entry = clips[n]
    if (entry === undefined) throw new Fault('corrupt', `the ledger has no clip ${id}`)
    const bytes = await this.#manifestBytes(entry)
    const manifest = await openManifest(what, textOf(what, bytes))
    if (manifest.clip !== id) throw new Fault('corrupt', `${what}: it is that of clip ${manifest.clip}`)
    if (manifest.device !== checkpoint?.origin)
      throw new Fault(
        'corrupt',
        `${what}: signed by ${manifest.device}, the ledger is of ${checkpoint?.origin}`,
      )
    if (manifest.previous !== (clips[n - 1]?.manifest ?? null))
      throw new Fault('corrupt', `${what}: it does not follow the clip before it in the ledger`)
    // The ledger, too, must be signed with the key that signed the manifest.
    const publicKey = unbase64(manifest.deviceKey) ?? new Uint8Array(0)
    await openNote('checkpoint', note, { publicKey, prefix: 'lintel' })
    return { manifest, facts: factsOf(manifest, entry, { order: n + 1, bytes: bytes.length }) }
  }

  async #manifestBytes(entry: ClipEntry): Promise<Uint8Array> {
    const { cache, signal } = this.#options
    const what = `manifest of clip ${entry.clip}`
    const kept = await cache.get(entry.manifest)
    const bytes = kept ?? (await this.#store.get(entry.name, { signal }))
    if (bytes === undefined) throw new Fault('corrupt', `${what}: it is missing`)
    const hash = hex(await sha256(bytes))
    if (hash !== entry.manifest)
      throw new Fault('corrupt', `${what}: wanted SHA-256 ${entry.manifest} as in the ledger, got ${hash}`)
    if (kept === undefined) await cache.put(entry.manifest, bytes)
    return bytes
  }
}

/** Everything that the manifest binds, as if the doorbell had listed it. */
function factsOf(
  { clip, parts, meta, poster }: ClipManifest,
  entry: ClipEntry,
  { order, bytes }: { readonly order: number; readonly bytes: number },
): ClipFacts {
  const object = (file: string, bound: Omit<ClipObject, 'file' | 'uploaded'>): ClipObject => ({
    ...bound,
    file,
    uploaded: true,
  })
  const objects = [
    ...parts.map((bound, n) => object(`${String(n).padStart(4, '0')}.age`, bound)),
    object('meta.age', meta),
    ...(poster === undefined ? [] : [object('poster.age', poster)]),
    object('manifest.note', { name: entry.name, bytes, sha256: entry.manifest }),
  ]
  return { clip, order, phase: 'uploaded', held: false, objects }
}

/** As `src/owner/time.ts`: a start that learnt the time later says in the ledger how its clocks belong together. */
export function correctedMeta(meta: ClipMeta, clocks: Clocks): ClipMeta {
  const { clockTrusted, boot, fromMonoMs } = meta
  const learnt = boot === undefined ? undefined : clocks.get(boot)
  if (clockTrusted || learnt === undefined || fromMonoMs === undefined) return meta
  return { ...meta, clockTrusted: true, fromUnixMs: learnt.unixMs + (fromMonoMs - learnt.monoMs) }
}
