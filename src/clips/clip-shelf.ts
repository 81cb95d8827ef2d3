import { Fault, isFault, messageOf } from '../base/fault.ts'
import type { ClipId } from '../base/ids.ts'
import { openGrant, type ClipGrant } from '../formats/index.ts'
import type { ClipFacts, ClipShelf, ClipsReply } from '../web/index.ts'
import type { Bench } from './bench.ts'
import { grantKey, grantRange } from './grants.ts'
import { sha256Hex } from './objects.ts'
import { clipFolder, fileOf } from './rows.ts'
import { bytesOf, type Shelf, type ShelfClip } from './shelf.ts'

export type ShelfKeeper = {
  /** Recording goes on: what is changed will be written. */
  readonly isOpen: () => boolean
  /** A fault while writing, other than *full*: final, as everywhere. */
  readonly onFault: (error: unknown) => void
}

const LIST_MAX = 100
/** One for each who may be in a list of recipients, and some neighbours. */
const GRANTS_MAX = 100
const HOURS_A_DAY = 24

/** What the household may see and do of the clips that are here. Sealed bytes only. */
export function createClipShelf(bench: Bench, keeper: ShelfKeeper): ClipShelf {
  const { deps, shelf, room } = bench
  const writing: Writing = async (write) => {
    if (!keeper.isOpen()) throw new Fault('unavailable', 'clips: nothing can be changed until the next start')
    try {
      return await write()
    } catch (error) {
      if (!isFault(error, 'full')) keeper.onFault(error)
      throw error
    }
  }
  return {
    list: async (options) => listed(shelf, options),
    async read(clip, file, range) {
      const found = shownClip(shelf, clip)
      const object = found?.objects.get(`${clip}/${file}`)
      if (object === undefined || object.lost) return undefined
      // Not the row's: the meta of a clip that grows may be newer.
      return readRange(deps.disk, `${clipFolder(clip as ClipId)}/${file}`, range)
    },
    hold: (clip, held) =>
      writing(async () => {
        const found = shownClip(shelf, clip)
        if (found === undefined) return false
        if (found.row.held !== held) await shelf.write([{ clip: found.id, row: { ...found.row, held } }])
        return true
      }),
    remove: (clip) => writing(() => room.remove(clip as ClipId)), // Whatever is no id is on no shelf.
    keepGrant: (clip, note) => keepGrant(bench, writing, { clip, note }),
    async grants(clip, to) {
      const row = await deps.records.read('grant', grantKey(clip as ClipId, to)) // As above.
      return typeof row === 'string' ? [row] : []
    },
  }
}

export function keptOn(shelf: Shelf): {
  readonly clips: number
  readonly bytes: number
  readonly days: number
} {
  const clips = shelf.clips().filter(({ row }) => row.phase !== 'expiring')
  const days = clips.flatMap(({ row }) =>
    row.hour === undefined ? [] : [Math.floor(row.hour / HOURS_A_DAY)],
  )
  return {
    clips: clips.length,
    bytes: clips.reduce((sum, clip) => sum + bytesOf(clip), 0),
    days: new Set(days).size,
  }
}

type Writing = <T>(write: () => Promise<T>) => Promise<T>

function shownClip(shelf: Shelf, clip: string): ShelfClip | undefined {
  const found = shelf.get(clip as ClipId) // Whatever is no id is on no shelf.
  return found?.row.phase === 'expiring' ? undefined : found
}

function listed(
  shelf: Shelf,
  { beforeOrder = Infinity, limit }: Parameters<ClipShelf['list']>[0],
): ClipsReply {
  const wanted = Math.min(Math.max(1, limit), LIST_MAX)
  const older = shelf
    .clips()
    .filter(({ row }) => row.order < beforeOrder)
    .toReversed()
  const facts = older.flatMap((clip) => factsOf(clip) ?? [])
  return { clips: facts.slice(0, wanted), more: facts.length > wanted }
}

function factsOf({ id, row, objects }: ShelfClip): ClipFacts | undefined {
  if (row.phase === 'expiring' || row.phase === 'expired') return undefined
  return {
    clip: id,
    order: row.order,
    phase: row.phase,
    held: row.held,
    objects: [...objects.values()]
      .filter(({ lost }) => !lost)
      .map((object) => ({
        file: fileOf(object),
        name: object.name,
        bytes: object.bytes,
        sha256: object.sha256,
        uploaded: object.uploaded,
      })),
  }
}

async function readRange(
  disk: Bench['deps']['disk'],
  path: string,
  range: Parameters<ClipShelf['read']>[2],
): ReturnType<ClipShelf['read']> {
  try {
    if (range === undefined) {
      const bytes = await disk.read(path)
      return { bytes, totalBytes: bytes.length }
    }
    const { bytes, ofBytes } = await disk.readRange(path, { from: range.from, to: range.to + 1 })
    return { bytes, totalBytes: ofBytes }
  } catch (error) {
    if (isFault(error, 'missing')) return undefined // It expired a moment ago.
    throw error
  }
}

/** One transaction: entry of the ledger, and the row. */
async function keepGrant(
  { deps, shelf }: Bench,
  writing: Writing,
  { clip, note }: { readonly clip: string; readonly note: string },
): Promise<{ readonly to: string }> {
  const found = shownClip(shelf, clip)
  if (found === undefined) throw new Fault('missing', `clip ${clip}: it is not here`)
  const grant = grantIn(note)
  checkGrant(grant, found, deps.ownerKey())
  const key = grantKey(found.id, grant.to)
  const rows = await deps.records.list('grant', grantRange(found.id))
  if (rows.length >= GRANTS_MAX && !rows.some((row) => row.key === key))
    throw new Fault(
      'full',
      `clip ${clip}: it was shared ${rows.length} times; at most ${GRANTS_MAX} are kept`,
    )
  const entry = { type: 'grant', clip: found.id, sha256: sha256Hex(note) } as const
  await writing(() => deps.ledger.append(entry, [{ put: 'grant', key, row: note }]))
  return { to: grant.to }
}

function grantIn(note: string): ClipGrant {
  try {
    return openGrant('grant', note)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    throw new Fault('invalid', messageOf(error), { cause: error })
  }
}

function checkGrant(grant: ClipGrant, { id, row }: ShelfClip, owner: string): void {
  if (grant.owner !== owner) throw new Fault('denied', 'grant: signed by another owner than this doorbell’s')
  if (grant.clip !== id) throw new Fault('invalid', `grant: wanted one of clip ${id}, got ${grant.clip}`)
  const manifest = 'manifest' in row ? row.manifest : undefined
  if (manifest === undefined) throw new Fault('invalid', `clip ${id}: it is not finished`)
  if (grant.manifest !== manifest || sha256Hex(grant.manifestNote) !== manifest)
    throw new Fault('invalid', `grant: wanted the manifest ${manifest} of clip ${id}, got ${grant.manifest}`)
}
