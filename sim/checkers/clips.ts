import { createHash } from 'node:crypto'
import { createDurableDisk } from '../../src/drivers/durable-disk.ts'
import { Fmp4Reader } from '../../src/media/index.ts'
import {
  doorbellFacts,
  isClean,
  listClips,
  localSource,
  openLibrary,
  openParts,
  storeSource,
  verifySource,
  type Library,
  type ListedClip,
  type Shelf,
} from '../../src/owner/index.ts'
import type { Disk } from '../../src/ports/disk.ts'
import type { Records } from '../../src/ports/records.ts'
import { openGate } from '../devices/sim-files.ts'
import { shelfStore } from './shelf-store.ts'
import { fieldsOf, rowsOf, type AcknowledgedPart, type Evidence } from '../world/evidence.ts'
import type { Broken, Checker } from './checker.ts'
import { seconds } from './presses.ts'

const forever = { signal: new AbortController().signal }

/** What was acknowledged is on the disk or in the store, byte for byte, and in the store exactly once. */
export const partsSurvive: Checker = {
  name: 'part-survives',
  promise: 'every acknowledged part survives and is uploaded exactly once',
  check(evidence) {
    const files = new Map(evidence.files.files())
    return [...evidence.parts.values()].flatMap((part) => [
      ...lossOf(evidence, files, part),
      ...uploadOf(evidence, part),
    ])
  },
}

/** What the owner deleted is nowhere any more. */
export const deletedIsGone: Checker = {
  name: 'deleted-is-gone',
  promise: 'nothing of a clip that its owner deleted is left on the disk or in the store',
  check(evidence) {
    if (isExcused(evidence)) return []
    const told = evidence.happenings.flatMap(({ happening: it }) =>
      it.kind === 'clip-expired' && it.why === 'owner' ? [it.clip as string] : [],
    )
    const deleted = new Set([...told, ...evidence.deletedClips])
    const files = [...evidence.files.files()].flatMap(([path]) =>
      deleted.has(path.split('/')[1] ?? '') ? [`${path} is still on the disk`] : [],
    )
    const objects = [...evidence.parts.values()].flatMap(({ clip, key, name }) =>
      deleted.has(clip) && evidence.objects.has(name) ? [`part ${key} is still in the store`] : [],
    )
    return [...files, ...objects].map((message) => ({ atMs: evidence.endMs, message }))
  },
}

/** No clip is left between two of its phases. */
export const clipsEnd: Checker = {
  name: 'clip-ends',
  promise: 'every clip that was begun has ended',
  check: (evidence) =>
    [...rowsOf(evidence, 'clip')]
      .filter(([, row]) => ['growing', 'expiring'].includes(String(fieldsOf(row)['phase'])))
      .map(([clip, row]) => ({
        atMs: evidence.endMs,
        message: `clip ${clip} is still ${String(fieldsOf(row)['phase'])}`,
      })),
}

/** What the index says is on the disk is there, whole; what lies there is in the index. */
export const indexMatchesDisk: Checker = {
  name: 'index-matches-disk',
  promise:
    'every object of the index is on the disk, byte for byte, and every file of a clip is in the index',
  check(evidence) {
    if (isExcused(evidence)) return []
    const files = new Map([...evidence.files.files()].filter(([path]) => path.startsWith('clips/')))
    const rows = [...rowsOf(evidence, 'part')]
    const missing = rows
      .filter(
        ([key, row]) => hashOf(files.get(`clips/${key}`) ?? new Uint8Array(0)) !== fieldsOf(row)['sha256'],
      )
      .map(([key]) => ({ atMs: evidence.endMs, message: `clips/${key} is not what the index says` }))
    const known = new Set(rows.map(([key]) => `clips/${key}`))
    const strange = [...files.keys()]
      .filter((path) => !known.has(path))
      .map((path) => ({ atMs: evidence.endMs, message: `${path} is not in the index` }))
    return [...missing, ...strange]
  },
}

/** What the owner opens of it is a film without a hole that nobody told of. */
export const clipsPlayable: Checker = {
  name: 'clip-playable',
  isDear: true,
  promise:
    'every clip is playable: it opens with the owner’s key, begins at a key frame and has its pictures in order',
  async check(evidence) {
    const library = await libraryOf(evidence)
    const broken: Broken[] = []
    for (const clip of await listClips(library, evidence.household.opener, forever))
      broken.push(...(await problemsOf(evidence, library, clip)))
    return broken
  },
}

/** Device and store say the same, and each of them what the ledger says. */
export const placesAgree: Checker = {
  name: 'places-agree',
  isDear: true,
  promise: 'index, disk and store agree, and the ledger is unbroken',
  async check(evidence) {
    const place = placeOf(evidence)
    const here = await verifySource(localSource(place))
    const findings = [...here.findings]
    if (evidence.hasStore) {
      const doorbell = await doorbellFacts(place)
      const there = await verifySource(storeSource(shelfStore(evidence.objects), forever), { doorbell })
      findings.push(...there.findings)
    }
    if (isExcused(evidence))
      return findings
        .filter(
          ({ verdict }) =>
            verdict === 'changed' &&
            !evidence.excuses.lyingDisk &&
            !evidence.excuses.spoiltIndex &&
            !evidence.excuses.brokenDisk,
        )
        .map(toBroken(evidence))
    return isClean({ findings, genuineClips: 0 })
      ? []
      : findings.filter(({ verdict }) => verdict !== 'genuine' && verdict !== 'note').map(toBroken(evidence))
  },
}

const toBroken =
  ({ endMs }: Evidence) =>
  ({
    verdict,
    where,
    what,
    detail,
  }: {
    verdict: string
    where: string
    what: string
    detail: string
  }): Broken => ({
    atMs: endMs,
    message: `${where}: ${what} is ${verdict}: ${detail}`,
  })

const isExcused = ({ excuses }: Evidence): boolean =>
  excuses.lyingDisk || excuses.brokenDisk || excuses.spoiltIndex

function lossOf(
  evidence: Evidence,
  files: ReadonlyMap<string, Uint8Array>,
  { key, name, sha256, atMs }: AcknowledgedPart,
): readonly Broken[] {
  const there = evidence.objects.get(name)
  const here = files.get(`clips/${key}`)
  const isThere = there !== undefined && there.sha256 === sha256
  const isHere = here !== undefined && hashOf(here) === sha256
  if (isThere || isHere || wasLetGo(evidence, key) || evidence.excuses.lyingDisk) return []
  return [
    {
      atMs,
      message: `part ${key}, acknowledged at ${seconds(atMs)}, is neither on the disk nor in the store`,
    },
  ]
}

/** Its clip expired, and that was told; or its owner had deleted it for good when the power went; or it was missed aloud. */
function wasLetGo(evidence: Evidence, key: string): boolean {
  const [clip = '', file = ''] = key.split('/')
  if (evidence.deletedClips.has(clip)) return true
  return evidence.happenings.some(
    ({ happening }) =>
      (happening.kind === 'clip-expired' && happening.clip === clip && happening.why !== 'empty') ||
      (happening.kind === 'object-lost' &&
        happening.clip === clip &&
        happening.file === file &&
        isExcused(evidence)),
  )
}

function uploadOf(evidence: Evidence, { key, name, atMs }: AcknowledgedPart): readonly Broken[] {
  if (!evidence.hasStore || isExcused(evidence)) return []
  const there = evidence.objects.get(name)
  if (there === undefined && wasLetGo(evidence, key)) return []
  if (there?.storedTimes === 1) return []
  return [{ atMs, message: `part ${key} was stored ${there?.storedTimes ?? 0} times; wanted exactly once` }]
}

async function problemsOf(
  evidence: Evidence,
  library: Library,
  clip: ListedClip,
): Promise<readonly Broken[]> {
  const atMs = evidence.sealedClips.get(clip.id) ?? evidence.endMs
  const problem = (message: string): Broken => ({ atMs, message: `clip ${clip.id}: ${message}` })
  if (clip.state === 'expired' || clip.state === 'deleted') return []
  if (clip.state === 'growing') return isExcused(evidence) ? [] : [problem('not finished')]
  if (clip.state === 'damaged') return isExcused(evidence) ? [] : [problem(clip.problem ?? 'it is damaged')]
  const reader = new Fmp4Reader()
  let samples = 0
  let lastDts = -Infinity
  try {
    for await (const part of openParts(await library.clip(clip.id), evidence.household.opener)) {
      if ('problem' in part) return [problem(part.problem)]
      for (const out of reader.push(part.plaintext)) {
        if (out.kind !== 'sample') continue
        if (samples === 0 && !out.isKey) return [problem('it begins with no key frame')]
        if (out.dts <= lastDts) return [problem(`sample ${samples} does not come after the one before`)]
        samples++
        lastDts = out.dts
      }
    }
    reader.end()
  } catch (error) {
    return [problem(String(error))]
  }
  return samples === 0 ? [problem('there is no picture in it')] : []
}

/** The household's view of disk and store. */
export async function libraryOf(evidence: Evidence): Promise<Library> {
  const store = shelfStore(evidence.objects)
  const shelves: Shelf[] = [{ where: 'here', source: localSource(placeOf(evidence)) }]
  if (evidence.hasStore) shelves.push({ where: 'cloud', source: storeSource(store, forever), store })
  return openLibrary(shelves)
}

const placeOf = ({ files, records }: Evidence): { readonly disk: Disk; readonly records: Records } => ({
  disk: createDurableDisk(files.openClient(openGate), { mark: 'checker' }),
  records: records.open(),
})

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export type { ListedClip } from '../../src/owner/index.ts'

/** What the household sees of each clip, by its id. */
export async function listedClips(evidence: Evidence): Promise<ReadonlyMap<string, ListedClip>> {
  const listed = await listClips(await libraryOf(evidence), evidence.household.opener, forever)
  return new Map(listed.map((clip) => [clip.id, clip]))
}
