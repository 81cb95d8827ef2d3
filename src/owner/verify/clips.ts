import { hex } from '../../base/bytes.ts'
import { isFault, messageOf } from '../../base/fault.ts'
import {
  noteText,
  openManifest,
  parseHeader,
  sha256,
  type BoundObject,
  type ClipManifest,
} from '../../formats/index.ts'
import type { ClipSource, KnownObject, ObjectRef } from '../source.ts'
import type { DoorbellFacts } from './doorbell.ts'
import type { Report } from './findings.ts'
import { manifestRef, type ClipEntry, type Gone, type LedgerFacts } from './ledger.ts'

export type Case = {
  readonly source: ClipSource
  readonly doorbell: DoorbellFacts | undefined
  readonly report: Report
  readonly ledger: LedgerFacts
  /** Places that somebody vouches for. Grows as clips are looked at. */
  readonly known: Set<string>
}

/** True when all of the clip is there and genuine. Objects of clips that are not wanted only become known. */
export async function checkClip(
  at: Case,
  { entry, previous, gone }: ClipEntry,
  isWanted: boolean,
): Promise<boolean> {
  const manifest = await checkManifest(at, { entry, previous, gone }, isWanted)
  if (manifest === undefined) return false
  let isGenuine = true
  for (const [ref, bound] of objectsOf(manifest)) {
    at.known.add(at.source.placeOf(ref))
    if (isWanted && !(await checkObject(at, { ref, bound, header: manifest.header, gone }))) isGenuine = false
  }
  if (!isWanted || !isGenuine) return false
  if (gone === 'deleted') {
    at.report.add('note', entry.clip, `clip ${entry.clip}: deleted by its owner, and still there`)
    return false
  }
  const ending = manifest.ended === 'recovered' ? ', closed after a power cut' : ''
  at.report.add('genuine', entry.clip, `clip ${entry.clip}: ${manifest.parts.length} parts${ending}`)
  return true
}

async function checkManifest(
  at: Case,
  clip: ClipEntry,
  isWanted: boolean,
): Promise<ClipManifest | undefined> {
  const { entry, gone } = clip
  const ref = manifestRef(entry)
  const place = at.source.placeOf(ref)
  at.known.add(place)
  const bytes = await readOrTell(at, ref)
  if (bytes === 'unreadable') return undefined
  if (bytes === undefined) {
    if (isWanted) reportAbsent(at, ref, gone)
    return undefined
  }
  const manifest = manifestOrProblem(bytes, clip, at.ledger.deviceName)
  if (typeof manifest !== 'string') return manifest
  at.report.add('changed', place, manifest)
  return undefined
}

function manifestOrProblem(
  bytes: Uint8Array,
  { entry, previous }: ClipEntry,
  device: string | undefined,
): ClipManifest | string {
  const what = `manifest of clip ${entry.clip}`
  const hash = hex(sha256(bytes))
  if (hash !== entry.manifest)
    return `the ${what} is not the one in the ledger: wanted SHA-256 ${entry.manifest}, got ${hash}`
  try {
    const manifest = openManifest(what, noteText(what, bytes))
    if (manifest.clip !== entry.clip)
      return `it is the manifest of clip ${manifest.clip}, the ledger says ${entry.clip}`
    if (manifest.device !== device)
      return `signed by ${manifest.device}, the ledger is of ${device ?? 'nobody'}`
    if (manifest.previous !== previous) return 'it does not follow the clip before it in the ledger'
    return manifest
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return error.message
  }
}

export function objectsOf(manifest: ClipManifest): readonly (readonly [ObjectRef, BoundObject])[] {
  const { clip } = manifest
  const parts = manifest.parts.map((bound, part): readonly [ObjectRef, BoundObject] => [
    { clip, what: 'part', part, name: bound.name },
    bound,
  ])
  const poster =
    manifest.poster === undefined
      ? []
      : [[{ clip, what: 'poster', part: 0, name: manifest.poster.name }, manifest.poster] as const]
  return [...parts, [{ clip, what: 'meta', part: 0, name: manifest.meta.name }, manifest.meta], ...poster]
}

type Bound = {
  readonly ref: ObjectRef
  readonly bound: Pick<BoundObject, 'bytes' | 'sha256'>
  /** SHA-256 of the age header; unknown where no manifest tells it. */
  readonly header: string | undefined
  readonly gone: Gone
}

async function checkObject(at: Case, { ref, bound, header, gone }: Bound): Promise<boolean> {
  const bytes = await readOrTell(at, ref)
  if (bytes === 'unreadable') return false
  if (bytes === undefined) {
    reportAbsent(at, ref, gone)
    return false
  }
  const problem = problemOf(ref, bytes, bound, header)
  if (problem !== undefined) at.report.add('changed', at.source.placeOf(ref), problem)
  return problem === undefined
}

/** Undefined when it is not there. A disk or a store that says the bytes are damaged has found a change itself. */
async function readOrTell(
  { source, report }: Case,
  ref: ObjectRef,
): Promise<Uint8Array | undefined | 'unreadable'> {
  try {
    return await source.read(ref)
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    report.add('changed', source.placeOf(ref), `${nameOf(ref)}: ${messageOf(error)}`)
    return 'unreadable'
  }
}

const nameOf = ({ what, part, clip }: ObjectRef): string =>
  `${what === 'part' ? `part ${part}` : what} of clip ${clip}`

/** What is wrong with an object, as a sentence; undefined when it is exactly what was signed, or noted, for it. */
export function problemOf(
  ref: ObjectRef,
  bytes: Uint8Array,
  bound: Pick<BoundObject, 'bytes' | 'sha256'>,
  header: string | undefined,
): string | undefined {
  if (bytes.length !== bound.bytes) return `${nameOf(ref)}: wanted ${bound.bytes} bytes, got ${bytes.length}`
  const hash = hex(sha256(bytes))
  if (hash !== bound.sha256) return `${nameOf(ref)}: wanted SHA-256 ${bound.sha256}, got ${hash}`
  const isOfClip = header === undefined || headerHash(bytes) === undefined || headerHash(bytes) === header
  return isOfClip ? undefined : `${nameOf(ref)}: sealed with another header than its clip’s`
}

/** Undefined when sealing was left out in a test: then the hash above is all there is. */
function headerHash(bytes: Uint8Array): string | undefined {
  try {
    return hex(sha256(bytes.subarray(0, parseHeader(bytes).bytes)))
  } catch {
    return undefined
  }
}

function reportAbsent({ source, doorbell, report }: Case, ref: ObjectRef, gone: Gone): void {
  const [place, name] = [source.placeOf(ref), nameOf(ref)]
  if (gone === 'deleted') report.add('note', place, `${name}: deleted by its owner`)
  else if (gone === 'expired') report.add('note', place, `${name}: removed when its time was over`)
  else if (doorbell?.waiting.has(ref.name) === true)
    report.add('note', place, `${name}: waits to be uploaded`)
  else report.add('missing', place, `${name} is not there`)
}

/** Only the doorbell's index knows of these: nothing is signed before the clip is finished. */
export async function checkGrowing(
  at: Case,
  { clip, objects }: { readonly clip: string; readonly objects: readonly KnownObject[] },
): Promise<void> {
  const parts = objects.filter(({ ref }) => ref.what === 'part')
  at.report.add('note', clip, `clip ${clip} is not finished: ${parts.length} parts, nothing signed yet`)
  for (const object of objects) {
    at.known.add(at.source.placeOf(object.ref))
    // The meta is written anew at every sign; the index hears of it when the clip is finished.
    if (object.ref.what === 'meta') await checkPresence(at, object)
    else await checkObject(at, { ref: object.ref, bound: object, header: undefined, gone: undefined })
  }
}

async function checkPresence(at: Case, { ref }: KnownObject): Promise<void> {
  if ((await readOrTell(at, ref)) === undefined) reportAbsent(at, ref, undefined)
}

/** What the store has acknowledged and its ledger does not speak of yet: the doorbell's index says what it is. */
export async function checkAcknowledged(at: Case, isWanted: (clip: string) => boolean): Promise<void> {
  for (const object of at.doorbell?.objects ?? []) {
    const { ref, isUploaded } = object
    if (at.known.has(at.source.placeOf(ref))) continue
    at.known.add(at.source.placeOf(ref))
    if (isUploaded && isWanted(ref.clip))
      await checkObject(at, { ref, bound: object, header: undefined, gone: undefined })
  }
}
