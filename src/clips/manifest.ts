import { utf8 } from '../base/bytes.ts'
import { lineOf, type BoundObject, type ClipManifest } from '../formats/index.ts'
import type { Bench } from './bench.ts'
import type { Ended } from './cutter.ts'
import { fileJob, inlineJob, objectRow } from './objects.ts'
import { objectKey, pathOf, type ObjectRow } from './rows.ts'
import { partsOf, type Edit, type ShelfClip } from './shelf.ts'

/** The last meta and its row. `bytes` is undefined when the disk lost them. */
export type LastMeta = {
  readonly object: ObjectRow
  readonly bytes: Uint8Array | undefined
  readonly isOnDisk: boolean
}

/** *End a clip*, steps 2 to 5. Done again after a crash it gives the same. False: there is no room for it. */
export async function sealClip(
  { deps, shelf, room }: Bench,
  clip: ShelfClip,
  { meta, ended }: { meta: LastMeta; ended: Ended },
): Promise<boolean> {
  const note = utf8(deps.deviceKey.signNote(lineOf(manifestOf(clip, { meta, ended, deps, shelf }))))
  const manifest = objectRow({ what: 'manifest', part: 0, name: clip.row.names.manifest }, note)
  const isNewMeta = clip.objects.get(objectKey(clip.id, meta.object))?.sha256 !== meta.object.sha256
  const edits = (): readonly Edit[] => [
    // Somebody may have held it meanwhile.
    {
      clip: clip.id,
      row: { ...(shelf.get(clip.id) ?? clip).row, phase: 'sealed', ended, manifest: manifest.sha256 },
    },
    ...(isNewMeta ? [{ clip: clip.id, object: meta.object }] : []),
    { clip: clip.id, object: manifest },
    { previousManifest: manifest.sha256 },
  ]
  const metaUpload =
    isNewMeta && meta.bytes !== undefined ? [inlineJob(clip.id, meta.object, meta.bytes)] : []
  const uploads = [...metaUpload, fileJob(clip.id, manifest)].flatMap((job) => deps.queueUpload(job))
  const entry = { type: 'clip', clip: clip.id, manifest: manifest.sha256, name: manifest.name } as const
  const isSealed = await room.tryTwice(meta.object.bytes + note.length, async () => {
    if (!meta.isOnDisk && meta.bytes !== undefined)
      await deps.disk.replace(pathOf(clip.id, meta.object), meta.bytes)
    await deps.disk.replace(pathOf(clip.id, manifest), note)
    await shelf.write(edits(), uploads, (changes) => deps.ledger.append(entry, changes))
  })
  if (!isSealed) deps.cancelUploads?.(uploads)
  if (isSealed) deps.wakeUploads()
  else deps.log.error('clips.seal_postponed', { clip: clip.id })
  return isSealed
}

type Circumstances = Pick<Bench, 'deps' | 'shelf'> & { readonly meta: LastMeta; readonly ended: Ended }

function manifestOf(clip: ShelfClip, { deps, shelf, meta, ended }: Circumstances): ClipManifest {
  const poster = clip.objects.get(objectKey(clip.id, { what: 'poster', part: 0 }))
  return {
    format: 'lintel-clip-manifest/1',
    clip: clip.id,
    device: deps.deviceKey.name,
    deviceKey: Buffer.from(deps.deviceKey.publicKey).toString('base64'),
    header: clip.row.header,
    parts: partsOf(clip)
      .filter((part) => !part.lost)
      .map(bound),
    meta: bound(meta.object),
    ...(poster === undefined || poster.lost ? {} : { poster: bound(poster) }),
    ended,
    previous: shelf.previousManifest,
  }
}

const bound = ({ name, bytes, sha256 }: ObjectRow): BoundObject => ({ name, bytes, sha256 })
