import { Fault, isFault } from '../base/fault.ts'
import { noteText } from '../formats/index.ts'
import type { Disk } from '../ports/disk.ts'
import { clipOfNote, type Shelf, type SignedClip } from './library.ts'
import { fileOf } from './local-source.ts'
import type { ClipSource, ObjectRef } from './source.ts'
import { objectsOf, problemOf, type Finding, type Verification } from './verify/index.ts'

/** A clip's folder that was copied out of its doorbell: no ledger, only what lies in it. */
export function loneShelf(disk: Disk): Shelf {
  const source: ClipSource = {
    label: 'this folder',
    deviceKey: async () => undefined,
    checkpoint: async () => undefined,
    entries: async () => [],
    entriesBeyond: async () => 0,
    read: (ref) => readIfThere(disk, fileOf(ref)),
    placeOf: fileOf,
    places: async () => (await disk.list('')).map(({ name }) => name),
    tiles: async () => undefined,
    growing: async () => [],
    expired: async () => new Set(),
    waiting: async () => new Set(),
  }
  return { where: 'here', source }
}

/** Throws `Fault('corrupt')` when its manifest is missing or was changed. */
export async function loneClip(shelf: Shelf): Promise<SignedClip> {
  const bytes = await shelf.source.read({ clip: '', what: 'manifest', part: 0, name: '' })
  if (bytes === undefined)
    throw new Fault('corrupt', 'manifest.note is missing, so nothing vouches for this clip')
  return clipOfNote('manifest.note', noteText('manifest.note', bytes), [shelf])
}

/** As far as the manifest goes; that the device entered it in its ledger, only the ledger can tell. */
export async function verifyLoneClip(shelf: Shelf): Promise<Verification> {
  const where = shelf.source.label
  const { id, manifest } = await loneClip(shelf)
  const findings: Finding[] = []
  const known = new Set([fileOf({ clip: id, what: 'manifest', part: 0, name: '' })])
  for (const [ref, bound] of objectsOf(manifest)) {
    const what = fileOf(ref)
    known.add(what)
    const bytes = await shelf.source.read(ref)
    const problem = bytes === undefined ? undefined : problemOf(ref, bytes, bound, manifest.header)
    if (bytes === undefined)
      findings.push({ verdict: 'missing', where, what, detail: `${nameOf(ref)} is not there` })
    else if (problem !== undefined) findings.push({ verdict: 'changed', where, what, detail: problem })
  }
  const isGenuine = findings.length === 0
  if (isGenuine)
    findings.push({
      verdict: 'genuine',
      where,
      what: id,
      detail: `clip ${id}: ${manifest.parts.length} parts, signed by ${manifest.device}; its ledger is not at hand`,
    })
  for (const place of await shelf.source.places())
    if (!known.has(place))
      findings.push({ verdict: 'unknown', where, what: place, detail: 'the manifest does not name it' })
  return { findings, genuineClips: isGenuine ? 1 : 0 }
}

const nameOf = ({ what, part }: ObjectRef): string => (what === 'part' ? `part ${part}` : what)

async function readIfThere(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.read(path)
  } catch (error) {
    if (isFault(error, 'missing')) return undefined
    throw error
  }
}
