/**
 * What is genuine, what is missing, what was changed. Needs no private key: hashes, signatures and the ledger tell.
 *
 * Trust begins at the device's key. The checkpoint is signed with it and commits to every entry; an entry commits to a
 * clip's manifest, the manifest to every object and to the manifest before it. What is not finished yet, only the
 * doorbell's own index knows.
 */
import type { ClipSource } from '../source.ts'
import { checkAcknowledged, checkClip, checkGrowing, type Case } from './clips.ts'
import type { DoorbellFacts } from './doorbell.ts'
import { Report, type Verification } from './findings.ts'
import { checkLedger, entryIn } from './ledger.ts'

export { objectsOf, problemOf } from './clips.ts'
export { doorbellFacts, type DoorbellFacts } from './doorbell.ts'
export { isClean, type Finding, type Verdict, type Verification } from './findings.ts'
export { verifyMirror } from './mirror.ts'
export { verifyRecipients } from './recipients.ts'

export type VerifyOptions = {
  /** Only this clip's objects; the ledger is always checked. */
  readonly clip?: string
  /** For a store whose doorbell is at hand. */
  readonly doorbell?: DoorbellFacts
}

/**
 * Checks one source. A doorbell may be recording meanwhile, so files are listed first, then the clips that grow, then the
 * ledger: whatever was listed has got into the index or the ledger by the time those are read.
 */
export async function verifySource(source: ClipSource, options: VerifyOptions = {}): Promise<Verification> {
  const { clip: only, doorbell } = options
  const isWanted = (clip: string): boolean => only === undefined || clip === only
  const report = new Report(source.label)
  const places = only === undefined ? await source.places() : []
  const growing = (await source.growing()).filter(({ clip }) => isWanted(clip))
  const ledger = await checkLedger(source, doorbell, report)
  const at: Case = { source, doorbell, report, ledger, known: new Set() }
  const finished = new Set(ledger.clips.map(({ entry }) => entry.clip))
  let genuineClips = 0
  for (const clip of ledger.clips) if (await checkClip(at, clip, isWanted(clip.entry.clip))) genuineClips++
  for (const clip of growing) if (!finished.has(clip.clip)) await checkGrowing(at, clip)
  await checkAcknowledged(at, isWanted)
  if (only !== undefined && growing.length === 0 && !finished.has(only)) reportNoSuchClip(at, only)
  reportUnknown(at, places)
  return { findings: report.findings, genuineClips }
}

function reportNoSuchClip({ doorbell, report }: Case, clip: string): void {
  const { entries = [], acknowledged = 0 } = doorbell?.ledger ?? {}
  const isClip = (bytes: Uint8Array, index: number): boolean => {
    const entry = entryIn(index, bytes)
    return !(entry instanceof Error) && entry.type === 'clip' && entry.clip === clip
  }
  const isGrowing = doorbell?.objects.some(({ ref }) => ref.clip === clip) === true
  if (entries.slice(acknowledged).some(isClip) || (isGrowing && !entries.some(isClip)))
    report.add('note', clip, 'its entry in the ledger waits to be uploaded')
  else report.add('missing', clip, 'the ledger knows no such clip')
}

function reportUnknown({ doorbell, report, known }: Case, places: readonly string[]): void {
  for (const place of places)
    if (!known.has(place) && doorbell?.names.has(place) !== true)
      report.add(
        'unknown',
        place,
        'nobody signed for it: of a clip that was not finished or cannot be believed, or put there by somebody else',
      )
}
