/** Where the ledger lies in the cloud: https://c2sp.org/tlog-tiles, so that other people's tools can read it. */
import { concatBytes } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { rootOf } from './merkle.ts'

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

type TileName = { readonly level: number | 'entries'; readonly index: number; readonly width: number }

const TILE = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/

function parseTileName(name: string): TileName | undefined {
  const [, level, path, digits] = TILE.exec(name) ?? []
  if (level === undefined || path === undefined) return undefined
  const index = Number(path.replaceAll(/[x/]/g, ''))
  const width = Number(digits ?? WIDTH)
  const spelled = level === 'entries' ? entriesName(index, width) : tileName(Number(level), index, width)
  // A name has one spelling: a piece under another is none of ours.
  if (spelled !== name || width === 0 || width > WIDTH) return undefined
  return { level: level === 'entries' ? level : Number(level), index, width }
}

/** How many entries the tree had when a tile or bundle of this name was written; undefined for other names. */
export function sizeAtTile(name: string): number | undefined {
  const tile = parseTileName(name)
  if (tile === undefined) return undefined
  const hashes = tile.index * WIDTH + tile.width
  return tile.level === 'entries' ? hashes : hashes * WIDTH ** tile.level
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
  return [tile, ...changedTiles(fullTileHashes(hashes), level + 1)]
}

/** Names of all that a tree of this size needs: full tiles and bundles, and the last one of each level. */
export function namesInLedger(size: number): readonly string[] {
  const names = [...entryBundles(size)].map(({ name }) => name)
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / WIDTH))
    for (let from = 0; from < hashes; from += WIDTH)
      names.push(tileName(level, from / WIDTH, Math.min(WIDTH, hashes - from)))
  return names
}

/** What stands under a name in a ledger of these entries: any tile or bundle of now or before; undefined for other names. */
export function objectsOfLedger(
  entries: readonly Uint8Array[],
  leaves: readonly Uint8Array[],
): (name: string) => Uint8Array | undefined {
  const levels = [leaves]
  for (let row = fullTileHashes(leaves); row.length > 0; row = fullTileHashes(row)) levels.push(row)
  return (name) => {
    const { level, index, width } = parseTileName(name) ?? { level: -1, index: 0, width: 0 }
    const row = level === 'entries' ? entries : levels[level]
    const some = row?.slice(index * WIDTH, index * WIDTH + width) ?? []
    if (some.length < width || some.length === 0) return undefined
    return level === 'entries' ? encodeEntries(some) : concatBytes(some)
  }
}

function fullTileHashes(hashes: readonly Uint8Array[]): readonly Uint8Array[] {
  const above: Uint8Array[] = []
  for (let at = 0; at + WIDTH <= hashes.length; at += WIDTH) above.push(rootOf(hashes.slice(at, at + WIDTH)))
  return above
}
