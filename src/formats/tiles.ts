/** Where the ledger lies in the cloud: https://c2sp.org/tlog-tiles, so that other people's tools can read it. */
import { concatBytes } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { nodeHash } from './merkle.ts'

const WIDTH = 256

export const CHECKPOINT_NAME = 'checkpoint'

/** `tile/0/x001/234.p/5`: level, number in groups of three digits, and how many of 256 are there. */
export const tileName = (level: number, index: number, width: number): string =>
  `tile/${level}/${numberPath(index)}${widthSuffix(width)}`
export const entriesName = (index: number, width: number): string =>
  `tile/entries/${numberPath(index)}${widthSuffix(width)}`

const widthSuffix = (width: number): string => (width === WIDTH ? '' : `.p/${width}`)

function numberPath(index: number): string {
  const groups = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  return groups.join('/')
}

/** How many entries the tree had when a tile or bundle of this name was written; undefined for other names. */
export function sizeAtTile(name: string): number | undefined {
  const [, level, path, width] =
    /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(name) ?? []
  if (level === undefined || path === undefined) return undefined
  const index = Number(path.replaceAll(/[x/]/g, ''))
  const hashes = index * WIDTH + (width === undefined ? WIDTH : Number(width))
  return level === 'entries' ? hashes : hashes * WIDTH ** Number(level)
}

/** Entries with their lengths before them (two bytes, big endian). */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    entries.flatMap((entry) => {
      if (entry.length > 0xffff)
        throw new Fault('bug', `a ledger entry has at most 65535 bytes, got ${entry.length}`)
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]
    }),
  )
}

export function decodeEntries(bundle: Uint8Array): readonly Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = 0; at < bundle.length;) {
    const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0)
    if (at + 2 + length > bundle.length)
      throw new Fault('corrupt', 'ledger entries: the bundle ends inside an entry')
    entries.push(bundle.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}

/** Which bundles of entries hold the first `size` entries; one by one, because `size` may be anybody's claim. */
export function* entryBundles(
  size: number,
): Generator<{ readonly name: string; readonly entries: number }, void> {
  for (let from = 0; from < size; from += WIDTH) {
    const entries = Math.min(WIDTH, size - from)
    yield { name: entriesName(from / WIDTH, entries), entries }
  }
}

export type LedgerObject = { readonly name: string; readonly bytes: Uint8Array }

/** The tiles and the bundle that change when the tree grows to `entries`/`leaves` (all of them, in order) by its last one. */
export function objectsAfterAppend(
  entries: readonly Uint8Array[],
  leaves: readonly Uint8Array[],
): readonly LedgerObject[] {
  const from = Math.floor((entries.length - 1) / WIDTH) * WIDTH
  const bundle = {
    name: entriesName(from / WIDTH, entries.length - from),
    bytes: encodeEntries(entries.slice(from)),
  }
  return [bundle, ...changedTiles(leaves, 0)]
}

/** The last tile of each level: a level above exists where tiles below are full. */
function changedTiles(hashes: readonly Uint8Array[], level: number): readonly LedgerObject[] {
  const from = Math.floor((hashes.length - 1) / WIDTH) * WIDTH
  const last = hashes.slice(from)
  const tile = { name: tileName(level, from / WIDTH, last.length), bytes: concatBytes(last) }
  if (hashes.length % WIDTH !== 0) return [tile]
  const above: Uint8Array[] = []
  for (let at = 0; at < hashes.length; at += WIDTH) above.push(fullTileHash(hashes.slice(at, at + WIDTH)))
  return [tile, ...changedTiles(above, level + 1)]
}

function fullTileHash(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes
  while (row.length > 1) {
    const next: Uint8Array[] = []
    for (let i = 0; i + 1 < row.length; i += 2) {
      const [left, right] = [row[i], row[i + 1]]
      if (left !== undefined && right !== undefined) next.push(nodeHash(left, right))
    }
    row = next
  }
  const [root] = row
  if (root === undefined) throw new Fault('bug', 'a full tile has hashes')
  return root
}
