import { isFault, messageOf } from '../base/fault.ts'
import type { ClipMeta } from '../formats/index.ts'
import type { Library, Shelf, SignedClip } from './library.ts'
import { openMeta, type Opener } from './open.ts'
import { timeOf, type ClipTime } from './time.ts'
import { findUnsigned, type UnsignedClip } from './unsigned.ts'
import { objectsOf } from './verify/index.ts'

/**
 * - `growing`    not finished, nothing signed yet
 * - `sealed`     finished and signed
 * - `recovered`  closed at the start after a power cut, and signed
 * - `expired`    removed when its time was over
 * - `deleted`    by its owner
 * - `damaged`    something of it is missing or changed
 */
export type ClipState = 'growing' | 'sealed' | 'recovered' | 'expired' | 'deleted' | 'damaged'

export type ListedClip = {
  readonly id: string
  readonly state: ClipState
  /** Where all of it is. */
  readonly where: readonly Shelf['where'][]
  readonly parts: number
  /** Of the sealed parts. */
  readonly bytes: number
  /** What was sealed with it; absent when it cannot be opened. */
  readonly meta?: ClipMeta
  /** When it began; there when `meta` is. */
  readonly time?: ClipTime
  /** As far as the film itself tells, where the doorbell could not finish. */
  readonly durationMs?: number
  /** What is wrong, in a sentence. */
  readonly problem?: string
}

/** Each clip costs two small requests; over a network they would otherwise wait for each other. */
const AT_ONCE = 8

/** All clips, newest first: those that grow, then the others in the reverse order of the ledger. */
export async function listClips(
  library: Library,
  opener: Opener,
  options: { signal: AbortSignal },
): Promise<readonly ListedClip[]> {
  const inventory = await takeInventory(library)
  const signed: ListedClip[] = []
  const ids = library.ids.toReversed()
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE)
    signed.push(...(await Promise.all(some.map((id) => listedClip(library, inventory, id, opener)))))
  }
  const unsigned = await findUnsigned(library, opener.identities, options)
  const growing = unsigned.filter(({ id }) => !library.ids.includes(id)).map(growingClip)
  return [...growing, ...signed]
}

type Inventory = ReadonlyMap<
  Shelf,
  { readonly places: ReadonlySet<string>; readonly gone: ReadonlySet<string> }
>

async function takeInventory(library: Library): Promise<Inventory> {
  const inventory = new Map()
  for (const shelf of library.shelves) {
    const places = new Set(await shelf.source.places())
    inventory.set(shelf, { places, gone: await shelf.source.expired() })
  }
  return inventory
}

async function listedClip(
  library: Library,
  inventory: Inventory,
  id: string,
  opener: Opener,
): Promise<ListedClip> {
  const gone = goneOf(library, inventory, id)
  try {
    const clip = await library.clip(id)
    const facts = { ...factsOf(clip), ...stateOf(clip, inventory, gone) }
    return facts.state === 'expired' || facts.state === 'deleted'
      ? facts
      : { ...facts, ...(await metaOf(clip, opener)) }
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    const nothing = { id, where: [], parts: 0, bytes: 0 }
    return gone !== undefined
      ? { ...nothing, state: gone }
      : { ...nothing, state: 'damaged', problem: messageOf(error) }
  }
}

function goneOf(library: Library, inventory: Inventory, id: string): 'deleted' | 'expired' | undefined {
  if (library.deleted.has(id)) return 'deleted'
  const isGone = library.expired.has(id) || [...inventory.values()].some(({ gone }) => gone.has(id))
  return isGone ? 'expired' : undefined
}

const factsOf = ({ id, manifest }: SignedClip): Pick<ListedClip, 'id' | 'parts' | 'bytes'> => ({
  id,
  parts: manifest.parts.length,
  bytes: manifest.parts.reduce((sum, { bytes }) => sum + bytes, 0),
})

/** From names only: whether each object is what was signed for, `openParts` and `verifySource` find out. */
function stateOf(
  clip: SignedClip,
  inventory: Inventory,
  gone: 'deleted' | 'expired' | undefined,
): Pick<ListedClip, 'state' | 'where' | 'problem'> {
  if (gone === 'deleted') return { where: [], state: gone }
  const refs = objectsOf(clip.manifest).map(([ref]) => ref)
  const missingOn = (shelf: Shelf): readonly (typeof refs)[number][] =>
    refs.filter((ref) => inventory.get(shelf)?.places.has(shelf.source.placeOf(ref)) !== true)
  const where = clip.shelves.filter((shelf) => missingOn(shelf).length === 0).map((shelf) => shelf.where)
  const isWhole =
    where.length > 0 || refs.every((ref) => clip.shelves.some((shelf) => !missingOn(shelf).includes(ref)))
  if (isWhole) return { where, state: clip.manifest.ended === 'recovered' ? 'recovered' : 'sealed' }
  if (gone !== undefined) return { where, state: gone }
  const missing = refs.filter((ref) => clip.shelves.every((shelf) => missingOn(shelf).includes(ref))).length
  return { where, state: 'damaged', problem: `${missing} of its ${refs.length} objects are missing` }
}

async function metaOf(
  clip: SignedClip,
  opener: Opener,
): Promise<Partial<Pick<ListedClip, 'state' | 'meta' | 'time' | 'problem'>>> {
  try {
    const meta = await openMeta(clip, opener)
    return { meta, time: timeOf(meta, clip.clocks) }
  } catch (error) {
    if (!isFault(error, 'corrupt', 'denied')) throw error
    return { problem: messageOf(error), ...(error.kind === 'corrupt' ? { state: 'damaged' } : {}) }
  }
}

const growingClip = (clip: UnsignedClip): ListedClip => ({
  id: clip.id,
  state: 'growing',
  where: clip.where,
  parts: clip.parts.length,
  bytes: clip.parts.reduce((sum, { bytes }) => sum + bytes, 0),
  ...(clip.meta === undefined ? {} : { meta: clip.meta }),
  ...(clip.time === undefined ? {} : { time: clip.time }),
  ...(clip.durationMs === undefined ? {} : { durationMs: clip.durationMs }),
})
