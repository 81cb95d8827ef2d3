/** The ledger in the store: read, put together and held against what the doorbell signed, as `src/owner/library.ts` does. */
import { equalBytes, fromUtf8, hex } from '../../../base/bytes.ts'
import { Fault, isFault, messageOf } from '../../../base/fault.ts'
import type { SealedCache } from '../clips/sealed-cache.ts'
import { base64, sha256 } from '../crypto/bytes.ts'
import { bodyOfNote } from '../crypto/notes.ts'
import { parseEntry, type ClipEntry, type LedgerEntry } from './entries.ts'
import type { Head } from './pins.ts'
import type { Store } from './store.ts'
import {
  CHECKPOINT_NAME,
  decodeEntries,
  entryBundles,
  isFull,
  leavesOf,
  parseCheckpoint,
  rootOf,
  type Bundle,
  type Checkpoint,
} from './tree.ts'

/** By the number of the start: one moment by that start's own clock and by the time of day. */
export type Clocks = ReadonlyMap<number, { readonly monoMs: number; readonly unixMs: number }>

/** The entries of one bundle, 256 unless it is the last, and the root of the tree over them. */
export type Piece = { readonly entries: readonly Uint8Array[]; readonly root: Uint8Array }

export type LedgerView = {
  /** The signed checkpoint; undefined: there is no ledger. */
  readonly note: string | undefined
  readonly checkpoint: Checkpoint | undefined
  readonly pieces: readonly Piece[]
  /** In the order they were sealed. */
  readonly clips: readonly ClipEntry[]
  readonly expired: ReadonlySet<string>
  readonly deleted: ReadonlySet<string>
  readonly clocks: Clocks
  /** Entries of a kind that this page is too old for. */
  readonly unknown: number
  /** What is wrong, in a sentence: then nothing in it is believed. */
  readonly problem?: string
}

type Options = { readonly cache: SealedCache; readonly signal: AbortSignal }
const AT_ONCE = 6

export async function readLedger(store: Store, options: Options): Promise<LedgerView> {
  const bytes = await store.get(CHECKPOINT_NAME, options)
  if (bytes === undefined) return EMPTY
  const view = await viewOrProblem(store, bytes, options)
  if (view.problem === undefined || view.size < WHOLE_BUNDLE) return view
  // What this browser kept of it may be damaged, or of a ledger that was exchanged since: only what is there counts.
  return viewOrProblem(store, bytes, { ...options, cache: writeOnly(options.cache) })
}

async function viewOrProblem(
  store: Store,
  bytes: Uint8Array,
  options: Options,
): Promise<LedgerView & { readonly size: number }> {
  let size = 0
  try {
    const note = textOf('checkpoint', bytes)
    const checkpoint = parseCheckpoint(bodyOfNote('checkpoint', note))
    size = checkpoint.size
    return { ...(await viewOf(store, { note, checkpoint }, options)), size }
  } catch (error) {
    if (!isFault(error, 'corrupt')) throw error
    return { ...EMPTY, size, problem: messageOf(error) }
  }
}

const WHOLE_BUNDLE = 256
const writeOnly = (cache: SealedCache): SealedCache => ({ ...cache, get: async () => undefined })

async function viewOf(
  store: Store,
  { note, checkpoint }: { readonly note: string; readonly checkpoint: Checkpoint },
  options: Options,
): Promise<LedgerView> {
  const pieces = await piecesOf(store, checkpoint.size, options)
  const entries = pieces
    .flatMap((piece) => piece.entries)
    .map((entry, n) => parseEntry(`ledger entry ${n}`, entry))
  const view = { note, checkpoint, pieces, ...factsIn(entries) }
  if (entries.length < checkpoint.size)
    return { ...view, problem: `the ledger has ${checkpoint.size} entries, ${entries.length} are there` }
  if (equalBytes(await rootOf(pieces.map(({ root }) => root)), checkpoint.root)) return view
  return { ...view, problem: 'the entries of the ledger are not those that the doorbell signed for' }
}

/** The first `size` entries; fewer when a bundle is missing. */
async function piecesOf(store: Store, size: number, options: Options): Promise<readonly Piece[]> {
  const pieces: Piece[] = []
  const bundles = entryBundles(size)
  for (;;) {
    const some = [...take(bundles, AT_ONCE)]
    if (some.length === 0) return pieces
    for (const piece of await Promise.all(some.map((bundle) => pieceOf(store, bundle, options)))) {
      if (piece === undefined) return pieces
      pieces.push(piece)
    }
  }
}

/** Bundles that are full never change, so they are fetched once. Undefined: it is not there. */
async function pieceOf(store: Store, bundle: Bundle, { cache, signal }: Options): Promise<Piece | undefined> {
  const key = `${encodeURIComponent(store.place)}/${bundle.name}`
  const kept = isFull(bundle) ? await cache.get(key) : undefined
  const bytes = kept ?? (await store.get(bundle.name, { signal }))
  if (bytes === undefined) return undefined
  if (kept === undefined && isFull(bundle)) await cache.put(key, bytes)
  const entries = decodeEntries(bytes).slice(0, bundle.entries)
  if (entries.length < bundle.entries) throw new Fault('corrupt', `${bundle.name}: it ends too early`)
  const root = isFull(bundle) ? await knownRoot(bytes, entries, cache) : await rootOf(await leavesOf(entries))
  return { entries, root }
}

/** 511 hashes, done once; found again by one, over the very bytes. */
async function knownRoot(
  bytes: Uint8Array,
  entries: readonly Uint8Array[],
  cache: SealedCache,
): Promise<Uint8Array> {
  const key = `root/${hex(await sha256(bytes))}`
  const kept = await cache.get(key)
  if (kept !== undefined) return kept
  const root = await rootOf(await leavesOf(entries))
  await cache.put(key, root)
  return root
}

function* take<T>(from: Iterator<T>, most: number): Generator<T> {
  for (let n = 0; n < most; n++) {
    const next = from.next()
    if (next.done === true) return
    yield next.value
  }
}

function factsIn(
  entries: readonly LedgerEntry[],
): Pick<LedgerView, 'clips' | 'expired' | 'deleted' | 'clocks' | 'unknown'> {
  const clipsOf = (type: 'expired' | 'deleted'): ReadonlySet<string> =>
    new Set(entries.flatMap((entry) => (entry.type === type ? [entry.clip] : [])))
  return {
    clips: entries.filter((entry) => entry.type === 'clip'),
    expired: clipsOf('expired'),
    deleted: clipsOf('deleted'),
    clocks: new Map(
      entries.flatMap((entry) => (entry.type === 'clock' ? [[entry.boot, entry] as const] : [])),
    ),
    unknown: entries.filter(({ type }) => type === 'unknown').length,
  }
}

const EMPTY: LedgerView = { note: undefined, checkpoint: undefined, pieces: [], ...factsIn([]) }

export const headOf = ({ checkpoint }: LedgerView): Head | undefined =>
  checkpoint && { size: checkpoint.size, root: base64(checkpoint.root) }

/** Base64 of the root over the first `size` entries; undefined when there are not so many. */
export const rootAt =
  ({ pieces }: LedgerView) =>
  async (size: number): Promise<string | undefined> => {
    const [whole, rest] = [Math.floor(size / WHOLE_BUNDLE), size % WHOLE_BUNDLE]
    const [full, last] = [pieces.slice(0, whole), pieces[whole]?.entries.slice(0, rest) ?? []]
    if (
      full.some(({ entries }) => entries.length < WHOLE_BUNDLE) ||
      full.length < whole ||
      last.length < rest
    )
      return undefined
    const roots = full.map(({ root }) => root)
    return base64(await rootOf(rest === 0 ? roots : [...roots, await rootOf(await leavesOf(last))]))
  }

export function textOf(what: string, bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw new Fault('corrupt', `${what}: wanted a signed note, got bytes that are no text`, { cause })
  }
}
