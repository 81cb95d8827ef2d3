import type { ClipId } from '../base/ids.ts'
import { isFault } from '../base/fault.ts'
import { TEMPORARY_SUFFIX } from '../ports/disk.ts'
import type { Bench } from './bench.ts'
import { sealClip, type LastMeta } from './manifest.ts'
import { objectRow } from './objects.ts'
import { putAside } from './quarantine.ts'
import { clipFolder, CLIPS, fileOf, objectKey, pathOf, QUARANTINE, type ObjectRow } from './rows.ts'
import { bytesOf, partsOf, type ShelfClip } from './shelf.ts'

/**
 * *Start*: whatever the last process left half done is finished. Interrupted, it is done again with the same outcome.
 * Gives the clips that could not be finished because the disk is full.
 */
export async function recover(bench: Bench): Promise<readonly ClipId[]> {
  const { deps, shelf } = bench
  await deps.disk.makeFolder(CLIPS)
  await deps.disk.makeFolder(QUARANTINE)
  await deps.disk.syncFolder('')
  await shelf.load()
  await sweep(bench)
  return unfinishedOf(
    bench,
    shelf.clips().map(({ id }) => id),
  )
}

/** Finishes what can be, in this order, and gives the others. */
export async function unfinishedOf(bench: Bench, clips: readonly ClipId[]): Promise<readonly ClipId[]> {
  const unfinished: ClipId[] = []
  for (const clip of clips) if (!(await finishClip(bench, clip))) unfinished.push(clip)
  return unfinished
}

/** False: there is no room for it. */
async function finishClip(bench: Bench, id: ClipId): Promise<boolean> {
  try {
    const clip = bench.shelf.get(id)
    if (clip?.row.phase === 'growing' || clip?.row.phase === 'sealed') await noteLost(bench, clip)
    const known = bench.shelf.get(id)
    if (known?.row.phase === 'growing') return await closeClip(bench, known)
    return known?.row.phase !== 'expiring' || (await bench.room.letGo(id))
  } catch (error) {
    if (!isFault(error, 'full')) throw error
    bench.deps.log.warn('clips.not_finished', { clip: id, problem: error.message })
    return false
  }
}

/** Temporary files go; what nobody acknowledged is put aside, never deleted. */
async function sweep(bench: Bench): Promise<void> {
  const { disk } = bench.deps
  for (const { name, isFolder } of await disk.list(CLIPS)) {
    const clip = bench.shelf.get(name as ClipId) // A folder that is no clip's is found under no id.
    if (clip === undefined) await putAside(bench.deps, { from: `${CLIPS}/${name}`, as: name })
    else if (isFolder) await sweepFolder(bench, clip)
  }
  await disk.syncFolder(CLIPS)
  await disk.syncFolder(QUARANTINE)
}

async function sweepFolder(bench: Bench, clip: ShelfClip): Promise<void> {
  const { disk } = bench.deps
  const folder = clipFolder(clip.id)
  if (clip.row.phase === 'expiring') return // All of it goes.
  let isChanged = false
  for (const { name } of await disk.list(folder)) {
    if (clip.objects.has(`${clip.id}/${name}`)) continue
    isChanged = true
    if (name.endsWith(TEMPORARY_SUFFIX)) await disk.remove(`${folder}/${name}`)
    else await putAside(bench.deps, { from: `${folder}/${name}`, as: `${clip.id}-${name}` })
  }
  if (isChanged) await disk.syncFolder(folder)
}

/** What was acknowledged and is neither on the disk nor in the cloud is missed aloud. */
async function noteLost({ deps, shelf }: Bench, clip: ShelfClip): Promise<void> {
  const files = await deps.disk.list(clipFolder(clip.id))
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]))
  for (const object of [...clip.objects.values()]) {
    if (object.lost || isThere(object, sizes.get(fileOf(object)), clip)) continue
    deps.log.error('clips.object_lost', {
      clip: clip.id,
      file: fileOf(object),
      wantedBytes: object.bytes,
      gotBytes: sizes.get(fileOf(object)) ?? 0,
      uploaded: object.uploaded,
    })
    if (object.uploaded) continue
    await shelf.markLost(clip.id, object)
    deps.onClip({ kind: 'object-lost', clip: clip.id, file: fileOf(object) })
  }
}

/** The meta of a growing clip may be newer than its row, and of another size. */
const isThere = (object: ObjectRow, bytes: number | undefined, { row }: ShelfClip): boolean =>
  object.what === 'meta' && row.phase === 'growing' ? bytes !== undefined : bytes === object.bytes

/** The power went while it grew: it ends with the last part that was acknowledged. */
async function closeClip(bench: Bench, clip: ShelfClip): Promise<boolean> {
  const { deps, room } = bench
  const parts = partsOf(clip).filter(({ lost }) => !lost)
  if (parts.length === 0) return room.letGo(clip.id)
  const meta = await lastMeta(bench, clip)
  if (!(await sealClip(bench, clip, { meta, ended: 'recovered' }))) return false
  const bytes = bytesOf(clip)
  deps.log.warn('clips.recovered', { clip: clip.id, parts: parts.length, bytes })
  deps.onClip({ kind: 'clip-recovered', clip: clip.id, visit: clip.row.visit, parts: parts.length, bytes })
  return true
}

/** The meta as last written. Its key is gone, so it stays as it is. */
async function lastMeta({ deps }: Bench, clip: ShelfClip): Promise<LastMeta> {
  const place = { what: 'meta', part: 0 } as const
  try {
    const bytes = await deps.disk.read(pathOf(clip.id, place))
    return { object: objectRow({ ...place, name: clip.row.names.meta }, bytes), bytes, isOnDisk: true }
  } catch (error) {
    const row = clip.objects.get(objectKey(clip.id, place))
    if (!isFault(error, 'missing') || row === undefined) throw error
    return { object: row, bytes: undefined, isOnDisk: false }
  }
}
