import { assert } from '../base/assert.ts'
import type { ClipId, ObjectName } from '../base/ids.ts'
import type { Change, Records } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import { clipRowJson, objectKey, readClipRow, readObjectRow, type ClipRow, type ObjectRow } from './rows.ts'

/** A clip as the index has it. Expired ones are not on the shelf any more. */
export type ShelfClip = {
  readonly id: ClipId
  readonly row: ClipRow
  /** By the keys of their rows. */
  readonly objects: ReadonlyMap<string, ObjectRow>
}

export type Edit =
  | { readonly clip: ClipId; readonly row: ClipRow }
  | { readonly clip: ClipId; readonly object: ObjectRow }
  | { readonly clip: ClipId; readonly removeObjects: true }
  | { readonly previousManifest: string }

type Slot = { row: ClipRow; objects: Map<string, ObjectRow> }
type Commit = (changes: readonly Change[]) => Promise<void>

/** What an upload makes true, and what is true from then on. */
export type UploadOutcome = { readonly changes: readonly Change[]; readonly isWhole: boolean }

/**
 * The tables `clip` and `part`, with a copy in memory: the uploads ask in the middle of a transaction what becomes
 * true, and cannot wait for an answer. All writes go through here, so the copy is always that of the index.
 */
export class Shelf {
  readonly #records: Records
  readonly #slots = new Map<ClipId, Slot>()
  #isLoaded = false
  #previousManifest: string | null = null
  #orders = 0

  constructor(records: Records) {
    this.#records = records
  }

  async load(): Promise<void> {
    for (const { key, row } of await this.#records.list('clip')) {
      const clip = readClipRow(key, row)
      this.#orders = Math.max(this.#orders, clip.order + 1)
      // Only we write this table, with ids as keys.
      if (clip.phase !== 'expired') this.#slots.set(key as ClipId, { row: clip, objects: new Map() })
    }
    for (const { key, row } of await this.#records.list('part')) {
      const { clip, object } = readObjectRow(key, row)
      if (this.#slots.has(clip)) this.#apply({ clip, object })
    }
    this.#isLoaded = true
    const own = await this.#records.read('device', 'clips')
    if (typeof own !== 'object' || own === null || !('previousManifest' in own)) return
    if (typeof own.previousManifest === 'string') this.#previousManifest = own.previousManifest
  }

  /** SHA-256 of the manifest that was signed last. */
  get previousManifest(): string | null {
    return this.#previousManifest
  }

  takeOrder(): number {
    return this.#orders++
  }

  get(clip: ClipId): ShelfClip | undefined {
    const slot = this.#slots.get(clip)
    return slot === undefined ? undefined : { id: clip, ...slot }
  }

  /** In the order the clips were begun. */
  clips(): readonly ShelfClip[] {
    return [...this.#slots].map(([id, slot]) => ({ id, ...slot })).sort((a, b) => a.row.order - b.row.order)
  }

  /** One transaction. `commit` may add to it; if it fails, neither index nor copy has changed. */
  async write(
    edits: readonly Edit[],
    more: readonly Change[] = [],
    commit: Commit = (changes) => this.#records.write(changes),
  ): Promise<void> {
    const changes = edits.flatMap((edit) => this.#changesOf(edit))
    // First the copy: an upload may be done before we hear that its row was written.
    const undo = edits.map((edit) => this.#apply(edit))
    try {
      await commit([...changes, ...more])
    } catch (error) {
      for (const back of undo.reverse()) back()
      throw error
    }
  }

  /**
   * What becomes true when the store has acknowledged an object. Who asks writes the answer before anything else
   * can happen. Asked again after a failed write, it answers the same.
   */
  uploaded({ clip, what, part = 0, sha256 }: UploadJob): UploadOutcome {
    // An upload that ends before would be forgotten, and its clip never be whole.
    assert(this.#isLoaded, 'the shelf is loaded before uploads begin')
    const nothing: UploadOutcome = { changes: [], isWhole: false }
    const slot = clip === undefined ? undefined : this.#slots.get(clip)
    if (clip === undefined || slot === undefined || what === 'ledger') return nothing
    const object = slot.objects.get(objectKey(clip, { what, part }))
    // Another hash: an older version of the meta, which was replaced since.
    if (object === undefined || object.sha256 !== sha256) return nothing
    const marked = { clip, object: { ...object, uploaded: true } }
    this.#apply(marked)
    const whole = this.#wholeAt(clip)
    const edits = whole === undefined ? [marked] : [marked, { clip, row: whole }]
    if (whole !== undefined) this.#apply({ clip, row: whole })
    return { changes: edits.flatMap((edit) => this.#changesOf(edit)), isWhole: whole !== undefined }
  }

  /** The object was acknowledged, but is gone from the disk. */
  async markLost(clip: ClipId, object: ObjectRow): Promise<void> {
    await this.write([{ clip, object: { ...object, lost: true } }])
    const whole = this.#wholeAt(clip)
    if (whole !== undefined) await this.write([{ clip, row: whole }])
  }

  /** The clip's row when it is sealed and all its objects are in the cloud. */
  #wholeAt(clip: ClipId): ClipRow | undefined {
    const slot = this.#slots.get(clip)
    if (slot === undefined || (slot.row.phase !== 'sealed' && slot.row.phase !== 'uploaded')) return undefined
    return isUploaded(slot) ? { ...slot.row, phase: 'uploaded' } : undefined
  }

  #changesOf(edit: Edit): readonly Change[] {
    if ('row' in edit) return [{ put: 'clip', key: edit.clip, row: clipRowJson(edit.row) }]
    if ('object' in edit) return [{ put: 'part', key: objectKey(edit.clip, edit.object), row: edit.object }]
    if ('previousManifest' in edit) return [{ put: 'device', key: 'clips', row: { ...edit } }]
    return [...(this.#slots.get(edit.clip)?.objects.keys() ?? [])].map((key) => ({ remove: 'part', key }))
  }

  /** Changes the copy; what it returns changes that one thing back, and nothing that changed since. */
  #apply(edit: Edit): () => void {
    if ('previousManifest' in edit) {
      const before = this.#previousManifest
      this.#previousManifest = edit.previousManifest
      return () => (this.#previousManifest = before)
    }
    if ('row' in edit) return this.#applyRow(edit.clip, edit.row)
    const slot = this.#slots.get(edit.clip)
    assert(slot !== undefined, `clip ${edit.clip} is on the shelf before its objects are`)
    if ('removeObjects' in edit) {
      const before = slot.objects
      slot.objects = new Map()
      return () => (slot.objects = before)
    }
    const key = objectKey(edit.clip, edit.object)
    const before = slot.objects.get(key)
    slot.objects.set(key, edit.object)
    return () => void (before === undefined ? slot.objects.delete(key) : slot.objects.set(key, before))
  }

  #applyRow(clip: ClipId, row: ClipRow): () => void {
    const slot = this.#slots.get(clip)
    const before = slot?.row
    if (row.phase === 'expired') this.#slots.delete(clip)
    else if (slot === undefined) this.#slots.set(clip, { row, objects: new Map() })
    else slot.row = row
    return () => {
      if (slot === undefined || before === undefined) this.#slots.delete(clip)
      else this.#slots.set(clip, Object.assign(slot, { row: before }))
    }
  }
}

/** Everything that is left of the clip is in the cloud. */
export const isUploaded = ({ objects }: Pick<ShelfClip, 'objects'>): boolean =>
  [...objects.values()].every(({ uploaded, lost }) => uploaded || lost)

export const bytesOf = ({ objects }: Pick<ShelfClip, 'objects'>): number =>
  [...objects.values()].reduce((sum, { bytes }) => sum + bytes, 0)

/** Names in the store; the manifest comes last: as long as it is there, what it names belongs to somebody. */
export const objectNames = (clip: ShelfClip): readonly ObjectName[] => {
  const { manifest } = clip.row.names
  const others = [...clip.objects.values()].filter(({ what }) => what !== 'manifest').map(({ name }) => name)
  return [...others, manifest]
}

/** Parts in the order they are played. */
export const partsOf = ({ objects }: Pick<ShelfClip, 'objects'>): readonly ObjectRow[] =>
  [...objects.values()].filter(({ what }) => what === 'part').sort((a, b) => a.part - b.part)
