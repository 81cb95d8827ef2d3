import { utf8 } from '../base/bytes.ts'
import { lineOf, type BoundObject, type ClipManifest } from '../formats/index.ts'
import type { Bench } from './bench.ts'
import type { Ended } from './cutter.ts'
import { fileJob, inlineJob, objectRow } from './objects.ts'
import { pathOf, type ObjectRow } from './rows.ts'
import { partsOf, type ShelfClip } from './shelf.ts'

/** The meta as it is on the disk now, and its row; the bytes are missing when the disk lost them. */
export type LastMeta = { readonly object: ObjectRow; readonly bytes: Uint8Array | undefined }

/** *End a clip*, steps 3 and 4: from here on the clip is sealed. Done again after a crash it gives the same. */
export async function sealClip(
  { deps, shelf }: Bench,
  clip: ShelfClip,
  { meta, ended }: { meta: LastMeta; ended: Ended },
): Promise<void> {
  const note = deps.deviceKey.signNote(lineOf(manifestOf(clip, { meta, ended, deps, shelf })))
  const bytes = utf8(note)
  const manifest = objectRow({ what: 'manifest', part: 0, name: clip.row.names.manifest }, bytes)
  await deps.disk.replace(pathOf(clip.id, manifest), bytes)
  const isNewMeta = clip.objects.get(`${clip.id}/meta.age`)?.sha256 !== meta.object.sha256
  const uploads = [
    ...(isNewMeta && meta.bytes !== undefined
      ? deps.queueUpload(inlineJob(clip.id, meta.object, meta.bytes))
      : []),
    ...deps.queueUpload(fileJob(clip.id, manifest)),
  ]
  await shelf.write(
    [
      { clip: clip.id, row: { ...clip.row, phase: 'sealed', ended, manifest: manifest.sha256 } },
      ...(isNewMeta ? [{ clip: clip.id, object: meta.object }] : []),
      { clip: clip.id, object: manifest },
      { previousManifest: manifest.sha256 },
    ],
    uploads,
    (changes) =>
      deps.ledger.append(
        { type: 'clip', clip: clip.id, manifest: manifest.sha256, name: manifest.name },
        changes,
      ),
  )
  deps.wakeUploads()
}

type Circumstances = Pick<Bench, 'deps' | 'shelf'> & { readonly meta: LastMeta; readonly ended: Ended }

function manifestOf(clip: ShelfClip, { deps, shelf, meta, ended }: Circumstances): ClipManifest {
  const poster = clip.objects.get(`${clip.id}/poster.age`)
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
