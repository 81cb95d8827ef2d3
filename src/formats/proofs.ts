/**
 * Proofs in Merkle trees (RFC 6962, sections 2.1.1 and 2.1.2): that a leaf is in a tree, and that one tree is the beginning
 * of another, each without the other leaves. Checked as RFC 9162, sections 2.1.3.2 and 2.1.4.2, says.
 */
import { equalBytes } from '../base/bytes.ts'
import { assert } from '../base/assert.ts'
import { nodeHash, rootOf } from './merkle.ts'

export type TreeHead = { readonly size: number; readonly root: Uint8Array }

/** What to hash the leaf at `index` with, from the bottom up, to get the root over all of `leaves`. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  assert(index >= 0 && index < leaves.length, 'a proof is for a leaf of the tree')
  if (leaves.length === 1) return []
  const split = largestPowerBelow(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...inclusionProof(left, index), rootOf(right)]
    : [...inclusionProof(right, index - split), rootOf(left)]
}

/** What shows that the tree over all of `leaves` begins with the one over the first `size`. */
export function consistencyProof(leaves: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  assert(size > 0 && size <= leaves.length, 'a proof is for a beginning of the tree')
  return proofOfBeginning(leaves, size, true)
}

/** `isKnown`: the root over `leaves` is that of the smaller tree itself, which whoever checks has already. */
function proofOfBeginning(
  leaves: readonly Uint8Array[],
  size: number,
  isKnown: boolean,
): readonly Uint8Array[] {
  if (size === leaves.length) return isKnown ? [] : [rootOf(leaves)]
  const split = largestPowerBelow(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return size <= split
    ? [...proofOfBeginning(left, size, isKnown), rootOf(right)]
    : [...proofOfBeginning(right, size - split, false), rootOf(left)]
}

export function isIncluded(
  { size, root }: TreeHead,
  { leaf, index }: { readonly leaf: Uint8Array; readonly index: number },
  proof: readonly Uint8Array[],
): boolean {
  if (!isPlace(index, size)) return false
  const walk = new Walk(index, size - 1)
  let hash = leaf
  for (const sibling of proof) {
    const side = walk.step()
    if (side === 'end') return false
    hash = side === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
  }
  return walk.isDone() && equalBytes(hash, root)
}

export function isConsistent(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!isPlace(older.size - 1, newer.size)) return false
  if (older.size === newer.size) return proof.length === 0 && equalBytes(older.root, newer.root)
  const walk = new Walk(older.size - 1, newer.size - 1)
  walk.skipComplete()
  const [start, ...siblings] = walk.isAtBeginning() ? [older.root, ...proof] : proof
  if (start === undefined) return false
  let [olderHash, newerHash] = [start, start]
  for (const sibling of siblings) {
    const side = walk.step()
    if (side === 'end') return false
    if (side === 'left') olderHash = nodeHash(sibling, olderHash)
    newerHash = side === 'left' ? nodeHash(sibling, newerHash) : nodeHash(newerHash, sibling)
  }
  return walk.isDone() && equalBytes(olderHash, older.root) && equalBytes(newerHash, newer.root)
}

const isPlace = (index: number, size: number): boolean =>
  Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size

/** From a node up to the root: `at` is the node's number in its row, `last` that of the row's last node. */
class Walk {
  #at: number
  #last: number

  constructor(at: number, last: number) {
    this.#at = at
    this.#last = last
  }

  /** Up to the root of the largest complete subtree that ends here. */
  skipComplete(): void {
    while (isOdd(this.#at)) this.#up()
  }

  isAtBeginning(): boolean {
    return this.#at === 0
  }

  isDone(): boolean {
    return this.#last === 0
  }

  /** On which side the next sibling stands. */
  step(): 'left' | 'right' | 'end' {
    if (this.#last === 0) return 'end'
    const isLeft = isOdd(this.#at) || this.#at === this.#last
    // The last node of a row without a sibling is carried up as it is.
    if (isLeft) while (!isOdd(this.#at) && this.#at !== 0) this.#up()
    this.#up()
    return isLeft ? 'left' : 'right'
  }

  #up(): void {
    this.#at = Math.floor(this.#at / 2)
    this.#last = Math.floor(this.#last / 2)
  }
}

const isOdd = (n: number): boolean => n % 2 === 1

function largestPowerBelow(size: number): number {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}
