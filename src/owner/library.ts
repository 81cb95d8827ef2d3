import { equalBytes, hex } from '../base/bytes.ts'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import {
  bodyOfNote,
  keyName,
  leafHash,
  noteText,
  openManifest,
  openNote,
  parseCheckpoint,
  parseEntry,
  rootOf,
  sha256,
  type Checkpoint,
  type ClipManifest,
  type LedgerEntry,
  type NoteKey,
} from '../formats/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { LedgerHead } from './pins.ts'
import type { ClipSource } from './source.ts'
import { clocksIn, type Clocks } from './time.ts'

/** One place where clips are, and how it is called in lists. */
export type Shelf = {
  readonly where: 'here' | 'cloud'
  readonly source: ClipSource
  /** Of a cloud: also looked through for what no manifest names. */
  readonly store?: ObjectStore
}

/** A clip with a manifest that the device signed. */
export type SignedClip = {
  readonly kind: 'signed'
  readonly id: string
  readonly manifest: ClipManifest
  /** The manifest as it was signed. */
  readonly note: string
  readonly vouchedBy: 'ledger' | 'signature only'
  /** What the ledger that vouches for it says of clocks. */
  readonly clocks: Clocks
  /** Where its objects may be; the first is asked first. */
  readonly shelves: readonly Shelf[]
}

/** What the ledgers of all shelves tell together. Nothing is opened yet, and no manifest was read. */
export type Library = {
  readonly shelves: readonly Shelf[]
  /** Clips in the order they were sealed. */
  readonly ids: readonly string[]
  /** Which of them were removed before they could be uploaded. */
  readonly expired: ReadonlySet<string>
  /** Which of them their owner deleted. */
  readonly deleted: ReadonlySet<string>
  /** What the ledgers say of clocks: for clips that no signature vouches for either. */
  readonly clocks: Clocks
  /** What is wrong with a ledger, in sentences. */
  readonly problems: readonly string[]
  /** Throws `Fault('corrupt')` unless a manifest is there that signature and ledger vouch for. */
  clip(id: string): Promise<SignedClip>
  /** How far the ledger of each shelf has grown, and who writes it. */
  heads(): Promise<readonly ShelfHead[]>
}

export type ShelfHead = {
  readonly shelf: Shelf
  readonly device: NoteKey
  readonly head?: LedgerHead
  readonly rootAt: (size: number) => string | undefined
}

export async function openLibrary(shelves: readonly Shelf[]): Promise<Library> {
  const views: LedgerView[] = []
  for (const shelf of shelves) views.push(await readLedger(shelf))
  const known = new Map<string, Promise<SignedClip>>()
  return {
    shelves,
    ids: idsIn(views),
    expired: new Set(views.flatMap((view) => [...view.expired])),
    deleted: new Set(views.flatMap((view) => [...view.deleted])),
    clocks: new Map(views.toReversed().flatMap((view) => [...view.clocks])),
    problems: [...views.flatMap((view) => view.problem ?? []), ...differencesIn(views)],
    clip(id) {
      const clip = known.get(id) ?? signedClip(views, id)
      known.set(id, clip)
      return clip
    },
    heads: async () => (await Promise.all(views.map(headOf))).flatMap((head) => head ?? []),
  }
}

/** A signed clip without its ledger: a folder that was copied, or what a grant brings along. */
export function clipOfNote(what: string, note: string, shelves: readonly Shelf[]): SignedClip {
  const manifest = openManifest(what, note)
  const vouchedBy = 'signature only'
  return { kind: 'signed', id: manifest.clip, manifest, note, vouchedBy, clocks: new Map(), shelves }
}

type ClipEntry = Extract<LedgerEntry, { type: 'clip' }>

type LedgerView = {
  readonly shelf: Shelf
  readonly note: string | undefined
  readonly checkpoint: Checkpoint | undefined
  readonly leaves: readonly Uint8Array[]
  readonly clips: readonly ClipEntry[]
  readonly expired: ReadonlySet<string>
  readonly deleted: ReadonlySet<string>
  readonly clocks: Clocks
  readonly problem?: string
}

async function readLedger(shelf: Shelf): Promise<LedgerView> {
  const note = await shelf.source.checkpoint()
  const empty = { shelf, note, checkpoint: undefined, leaves: [], ...factsIn([]) }
  if (note === undefined) return empty
  const say = (problem: string): string => `${shelf.source.label}: ${problem}`
  try {
    const checkpoint = parseCheckpoint(bodyOfNote('checkpoint', note))
    const bytes = await shelf.source.entries(checkpoint.size)
    const leaves = bytes.map(leafHash)
    const entries = bytes.map((entry, i) =>
      parseEntry(`ledger entry ${i}`, noteText(`ledger entry ${i}`, entry)),
    )
    const view = { shelf, note, checkpoint, leaves, ...factsIn(entries) }
    if (bytes.length < checkpoint.size)
      return { ...view, problem: say(`the ledger has ${checkpoint.size} entries, ${bytes.length} are there`) }
    return equalBytes(rootOf(leaves), checkpoint.root)
      ? view
      : { ...view, problem: say('the entries of the ledger are not those that the doorbell signed for') }
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return { ...empty, problem: say(messageOf(error)) }
  }
}

function factsIn(
  entries: readonly LedgerEntry[],
): Pick<LedgerView, 'clips' | 'expired' | 'deleted' | 'clocks'> {
  return {
    clips: entries.filter((entry) => entry.type === 'clip'),
    expired: new Set(entries.flatMap((entry) => (entry.type === 'expired' ? [entry.clip] : []))),
    deleted: new Set(entries.flatMap((entry) => (entry.type === 'deleted' ? [entry.clip] : []))),
    clocks: clocksIn(entries),
  }
}

/** The doorbell's own folder knows most; what only a store knows (the folder was replaced) comes after. */
const idsIn = (views: readonly LedgerView[]): readonly string[] => [
  ...new Set(views.flatMap((view) => view.clips.map((entry) => entry.clip))),
]

/** A store lags behind the doorbell, but its history is the same. */
function differencesIn(views: readonly LedgerView[]): readonly string[] {
  const here = views.find((view) => view.shelf.where === 'here')
  const cloud = views.find((view) => view.shelf.where === 'cloud')
  if (here?.checkpoint === undefined || cloud?.checkpoint === undefined) return []
  const { size, root, origin } = cloud.checkpoint
  if (origin !== here.checkpoint.origin)
    return [`the store: its ledger is of ${origin}, the doorbell is ${here.checkpoint.origin}`]
  if (size > here.leaves.length)
    return [`the store: its ledger has ${size} entries, the doorbell’s has ${here.leaves.length}`]
  return equalBytes(rootOf(here.leaves.slice(0, size)), root)
    ? []
    : ['the store: the history of its ledger is not the doorbell’s']
}

async function signedClip(views: readonly LedgerView[], id: string): Promise<SignedClip> {
  const problems: string[] = []
  for (const view of views) {
    const entry = view.clips.find((each) => each.clip === id)
    if (entry === undefined) continue
    try {
      const { manifest, note } = await vouchedManifest(view, entry)
      const shelves = views.map((each) => each.shelf)
      return { kind: 'signed', id, manifest, note, vouchedBy: 'ledger', clocks: view.clocks, shelves }
    } catch (error) {
      if (!isFault(error, 'corrupt', 'unavailable')) throw error
      problems.push(`${view.shelf.source.label}: ${messageOf(error)}`)
    }
  }
  throw new Fault('corrupt', problems.length === 0 ? `the ledger has no clip ${id}` : problems.join('; '))
}

async function vouchedManifest(
  view: LedgerView,
  entry: ClipEntry,
): Promise<{ readonly manifest: ClipManifest; readonly note: string }> {
  const what = `manifest of clip ${entry.clip}`
  if (view.problem !== undefined) throw new Fault('corrupt', view.problem)
  const ref = { clip: entry.clip, what: 'manifest', part: 0, name: entry.name } as const
  const bytes = await view.shelf.source.read(ref)
  if (bytes === undefined)
    throw new Fault('corrupt', `${what}: it is missing (${view.shelf.source.placeOf(ref)})`)
  const hash = hex(sha256(bytes))
  if (hash !== entry.manifest)
    throw new Fault('corrupt', `${what}: wanted SHA-256 ${entry.manifest} as in the ledger, got ${hash}`)
  const note = noteText(what, bytes)
  const manifest = openManifest(what, note)
  if (manifest.clip !== entry.clip) throw new Fault('corrupt', `${what}: it is that of clip ${manifest.clip}`)
  await checkSigner(view, keyIn(manifest))
  return { manifest, note }
}

/** The ledger, too, must be signed with the key that signed the manifest; on the doorbell with the doorbell's key. */
async function checkSigner({ shelf, note }: LedgerView, key: NoteKey): Promise<void> {
  openNote('checkpoint', note ?? '', key)
  const own = await shelf.source.deviceKey()
  if (own !== undefined && !equalBytes(own, key.publicKey))
    throw new Fault('corrupt', `signed by ${key.name}, but this doorbell’s key is ${keyName('lintel', own)}`)
}

const keyIn = (manifest: ClipManifest): NoteKey => ({
  name: manifest.device,
  publicKey: new Uint8Array(Buffer.from(manifest.deviceKey, 'base64')),
})

/** Undefined as long as nothing says whose ledger it is. */
async function headOf(view: LedgerView): Promise<ShelfHead | undefined> {
  const device = (await ownKey(view)) ?? (await keyOfNewestManifest(view))
  if (device === undefined) return undefined
  const { checkpoint, leaves, shelf } = view
  return {
    shelf,
    device,
    ...(checkpoint === undefined ? {} : { head: { size: checkpoint.size, root: base64(checkpoint.root) } }),
    rootAt: (size) => (size > leaves.length ? undefined : base64(rootOf(leaves.slice(0, size)))),
  }
}

async function ownKey({ shelf }: LedgerView): Promise<NoteKey | undefined> {
  const publicKey = await shelf.source.deviceKey()
  return publicKey === undefined ? undefined : { name: keyName('lintel', publicKey), publicKey }
}

async function keyOfNewestManifest(view: LedgerView): Promise<NoteKey | undefined> {
  for (const entry of view.clips.toReversed()) {
    try {
      return keyIn((await vouchedManifest(view, entry)).manifest)
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error // An older one may be whole; `clip` tells what is wrong with this.
    }
  }
  return undefined
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
