/**
 * The ledger as it lies in the store (https://c2sp.org/tlog-tiles) and its tree (RFC 6962, section 2.1), as `src/formats/tiles.ts` and
 * `merkle.ts` have them, over WebCrypto.
 */
import { concatBytes } from '../../../base/bytes.ts'
import { Fault } from '../../../base/fault.ts'
import { sha256, unbase64 } from '../crypto/bytes.ts'

const WIDTH = 256
const [LEAF, NODE] = [Uint8Array.of(0), Uint8Array.of(1)]

export const CHECKPOINT_NAME = 'checkpoint'

export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Uint8Array }

/** https://c2sp.org/tlog-checkpoint: the text of the signed note. */
export function parseCheckpoint(body: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = body.split('\n')
  const bytes = unbase64(root)
  if (origin === '' || !/^(0|[1-9]\d{0,14})$/.test(size) || bytes?.length !== 32 || rest.length === 0)
    throw new Fault('corrupt', 'checkpoint: wanted origin, size and root hash, a line each')
  return { origin, size: Number(size), root: bytes }
}

export type Bundle = { readonly name: string; readonly entries: number }

/** Which bundles hold the first `size` entries; one by one, because `size` may be anybody's claim. */
export function* entryBundles(size: number): Generator<Bundle, void> {
  for (let from = 0; from < size; from += WIDTH) {
    const entries = Math.min(WIDTH, size - from)
    yield {
      name: `tile/entries/${numberPath(from / WIDTH)}${entries === WIDTH ? '' : `.p/${entries}`}`,
      entries,
    }
  }
}

export const isFull = ({ entries }: Bundle): boolean => entries === WIDTH

function numberPath(index: number): string {
  const groups = [String(index % 1000).padStart(3, '0')]
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  return groups.join('/')
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

export const leavesOf = (entries: readonly Uint8Array[]): Promise<readonly Uint8Array[]> =>
  Promise.all(entries.map((entry) => sha256(concatBytes([LEAF, entry]))))

/** Row by row: a last node without a neighbour is carried up as it is, which gives the tree of RFC 6962. */
export async function rootOf(leaves: readonly Uint8Array[]): Promise<Uint8Array> {
  let row = leaves
  while (row.length > 1) row = await rowAbove(row)
  return row[0] ?? sha256(new Uint8Array(0))
}

function rowAbove(row: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const above: Promise<Uint8Array>[] = []
  for (let at = 0; at < row.length; at += 2) {
    const [left, right] = [row[at], row[at + 1]]
    if (left === undefined) break
    above.push(right === undefined ? Promise.resolve(left) : sha256(concatBytes([NODE, left, right])))
  }
  return Promise.all(above)
}
