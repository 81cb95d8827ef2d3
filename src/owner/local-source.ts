import { createPrivateKey } from 'node:crypto'
import { utf8 } from '../base/bytes.ts'
import { Fault, isFault } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import { signerOf } from '../formats/index.ts'
import { TEMPORARY_SUFFIX, type Disk } from '../ports/disk.ts'
import { orderKey, type Records, type Row } from '../ports/records.ts'
import type { ClipSource, GrowingClip, KnownObject, ObjectKind, ObjectRef } from './source.ts'

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
    entries: (size) => entriesIn(records, size),
    entriesBeyond: async (size) => (await records.list('ledger', { from: orderKey(size) })).length,
    read: (ref) => readIfThere(disk, placeOf(ref)),
    placeOf,
    places: () => filesIn(disk, records),
    tiles: async () => undefined,
    growing: () => growingClips(records),
    async expired() {
      return new Set([
        ...(await clipsThatAre('expiring', records)),
        ...(await clipsThatAre('expired', records)),
      ])
    },
    async waiting() {
      const rows = await records.list('upload')
      const isOnItsWay = ({ row }: Row): boolean => memberOf(row, 'parked') === undefined
      return new Set(rows.filter(isOnItsWay).flatMap(({ row }) => textIn(row, 'name') ?? []))
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
  if (pem === undefined) return undefined
  try {
    return signerOf('lintel', createPrivateKey(Buffer.from(pem))).publicKey
  } catch (cause) {
    throw new Fault('corrupt', 'device.key: wanted an Ed25519 private key in PEM, got something else', {
      cause,
    })
  }
}

async function entriesIn(records: Records, size: number): Promise<readonly Uint8Array[]> {
  const rows = await records.list('ledger', { before: orderKey(size) })
  return rows.map(({ key, row }, index) => {
    if (key !== orderKey(index) || typeof row !== 'string')
      throw new Fault('corrupt', `ledger: wanted entry ${index}, got ${key}`)
    return utf8(row)
  })
}

/** Files of clips; not what is half written, nor what is being removed. */
async function filesIn(disk: Disk, records: Records): Promise<readonly string[]> {
  const isExpiring = await clipsThatAre('expiring', records)
  const files: string[] = []
  for (const { name, isFolder } of await disk.list(CLIPS)) {
    if (!isFolder) files.push(`${CLIPS}/${name}`)
    else if (!isExpiring.has(name))
      files.push(...(await disk.list(`${CLIPS}/${name}`)).map((file) => `${CLIPS}/${name}/${file.name}`))
  }
  return files.filter((file) => !file.endsWith(TEMPORARY_SUFFIX))
}

async function clipsThatAre(phase: string, records: Records): Promise<ReadonlySet<string>> {
  const clips = (await records.list('clip')).filter(({ row }) => textIn(row, 'phase') === phase)
  return new Set(clips.map(({ key }) => key))
}

async function growingClips(records: Records): Promise<readonly GrowingClip[]> {
  const clips = await clipsThatAre('growing', records)
  return Promise.all(
    [...clips].map(async (clip) => {
      const rows = await records.list('part', { from: `${clip}/`, before: `${clip}0` }) // '0' comes right after '/'.
      return { clip, objects: rows.flatMap(({ key, row }) => objectsIn(key, row)) }
    }),
  )
}

/** The object that a row of the table `part` tells of. Its key is `<clip>/<file>`. */
export function objectsIn(key: string, row: Json): readonly KnownObject[] {
  const clip = key.slice(0, key.indexOf('/'))
  const [what, name, sha256] = [textIn(row, 'what'), textIn(row, 'name'), textIn(row, 'sha256')]
  const [part, bytes] = [numberIn(row, 'part'), numberIn(row, 'bytes')]
  if (!isKind(what) || name === undefined || sha256 === undefined) return []
  const isUploaded = memberOf(row, 'uploaded') === true
  return [{ ref: { clip, what, part: part ?? 0, name }, bytes: bytes ?? 0, sha256, isUploaded }]
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
