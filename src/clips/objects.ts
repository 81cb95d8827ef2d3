import { createHash } from 'node:crypto'
import type { ClipId, ObjectName } from '../base/ids.ts'
import { hex } from '../base/bytes.ts'
import type { Random } from '../ports/random.ts'
import type { UploadJob } from '../upload/index.ts'
import { pathOf, type ObjectKind, type ObjectRow } from './rows.ts'

export const sha256Hex = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex')

/** Sixteen random bytes say nothing. */
export const freshObjectName = (random: Random): ObjectName => hex(random.bytes(16)) as ObjectName

export const freshClipId = (random: Random): ClipId => hex(random.bytes(8)) as ClipId

/** The row of an object that was just made. */
export const objectRow = (
  { what, part, name }: { what: ObjectKind; part: number; name: ObjectName },
  bytes: Uint8Array,
): ObjectRow => ({
  what,
  part,
  name,
  bytes: bytes.length,
  sha256: sha256Hex(bytes),
  uploaded: false,
  lost: false,
})

/** Uploads the object from its file. */
export const fileJob = (clip: ClipId, object: ObjectRow): UploadJob => ({
  ...jobFacts(clip, object),
  source: { file: pathOf(clip, object) },
  replace: false,
})

/** Uploads these very bytes, whatever becomes of the file: for the meta, which is replaced. */
export const inlineJob = (clip: ClipId, object: ObjectRow, bytes: Uint8Array): UploadJob => ({
  ...jobFacts(clip, object),
  source: { inline: Buffer.from(bytes).toString('base64') },
  replace: true,
})

const jobFacts = (
  clip: ClipId,
  { name, sha256, bytes, what, part }: ObjectRow,
): Omit<UploadJob, 'source' | 'replace'> => ({
  name,
  sha256,
  bytes,
  clip,
  what,
  ...(what === 'part' ? { part } : {}),
})
