import { createPrivateKey } from 'node:crypto'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import { signerOf } from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import type { Records } from '../ports/records.ts'
import type { ClipSource, GrowingClip, ObjectKind, ObjectRef } from './source.ts'

const CLIPS = 'clips'

/** A data folder as the doorbell left it: files in `clips/`, entries and what waits in the index. */
export function localSource({
  disk,
  records,
}: {
  readonly disk: Disk
  readonly records: Records
}): ClipSource {
  const placeOf = (ref: ObjectRef): string => `${CLIPS}/${ref.clip}/${fileOf(ref)}`
  return {
    label: 'the device',
    deviceKey: () => publicKeyIn(disk),
    async checkpoint() {
      const row = await records.read('device', 'checkpoint')
      return typeof row === 'string' ? row : undefined
    },
    async entries(size) {
      const rows = await records.list('ledger', { limit: Math.max(1, size) })
      return rows.slice(0, size).map(({ row }) => utf8(typeof row === 'string' ? row : JSON.stringify(row)))
    },
    read: (ref) => readIfThere(disk, placeOf(ref)),
    placeOf,
    async places() {
      const folders = (await disk.list(CLIPS)).filter((entry) => entry.isFolder)
      const files = await Promise.all(
        folders.map(async ({ name }) =>
          (await disk.list(`${CLIPS}/${name}`)).map((file) => `${CLIPS}/${name}/${file.name}`),
        ),
      )
      return files.flat()
    },
    tiles: async () => [],
    growing: () => growingClips(records),
    async expired() {
      const rows = await records.list('clip')
      return new Set(
        rows.filter(({ row }) => textIn(row, 'phase')?.startsWith('expir') === true).map(({ key }) => key),
      )
    },
    async waiting() {
      const rows = await records.list('upload')
      return new Set(rows.flatMap(({ row }) => textIn(row, 'name') ?? []))
    },
  }
}

/** The name of an object in a clip’s folder. */
export const fileOf = ({ what, part }: ObjectRef): string => {
  if (what === 'part') return `${String(part).padStart(4, '0')}.age`
  return what === 'manifest' ? 'manifest.note' : `${what}.age`
}

async function readIfThere(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.read(path)
  } catch (error) {
    if (isFault(error, 'missing', 'invalid')) return undefined
    throw error
  }
}

async function publicKeyIn(disk: Disk): Promise<Uint8Array | undefined> {
  const pem = await readIfThere(disk, 'device.key')
  return pem === undefined ? undefined : signerOf('lintel', createPrivateKey(fromUtf8(pem))).publicKey
}

async function growingClips(records: Records): Promise<readonly GrowingClip[]> {
  const clips = (await records.list('clip')).filter(({ row }) => textIn(row, 'phase') === 'growing')
  return Promise.all(
    clips.map(async ({ key: clip }) => {
      const rows = await records.list('part', { from: `${clip}/`, before: `${clip}0` }) // '0' comes right after '/'.
      return { clip, objects: rows.flatMap(({ row }) => objectIn(clip, row)) }
    }),
  )
}

function objectIn(clip: string, row: Json): GrowingClip['objects'] {
  const [what, name, sha256] = [textIn(row, 'what'), textIn(row, 'name'), textIn(row, 'sha256')]
  const [part, bytes] = [numberIn(row, 'part'), numberIn(row, 'bytes')]
  if (!isKind(what) || name === undefined || sha256 === undefined) return []
  return [{ ref: { clip, what, part: part ?? 0, name }, bytes: bytes ?? 0, sha256 }]
}

const isKind = (text: string | undefined): text is ObjectKind =>
  text === 'part' || text === 'meta' || text === 'poster' || text === 'manifest'

function memberOf(row: Json, name: string): Json | undefined {
  return typeof row === 'object' && row !== null && !Array.isArray(row)
    ? (row as Record<string, Json | undefined>)[name]
    : undefined
}

function textIn(row: Json, name: string): string | undefined {
  const value = memberOf(row, name)
  return typeof value === 'string' ? value : undefined
}

function numberIn(row: Json, name: string): number | undefined {
  const value = memberOf(row, name)
  return typeof value === 'number' ? value : undefined
}
