/** Merkle trees of RFC 6962, section 2.1. */
import { createHash } from 'node:crypto'

export const sha256 = (...chunks: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return new Uint8Array(hash.digest())
}

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export const leafHash = (entry: Uint8Array): Uint8Array => sha256(LEAF, entry)
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(NODE, left, right)

/**
 * The right edge of a growing tree: the roots of its complete subtrees, largest first. Adding a leaf costs
 * a handful of hashes, and nothing else needs to be remembered.
 */
export class MerkleEdge {
  #subtrees: { readonly leaves: number; readonly hash: Uint8Array }[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(leaf: Uint8Array): void {
    let added = { leaves: 1, hash: leaf }
    for (let last = this.#subtrees.at(-1); last?.leaves === added.leaves; last = this.#subtrees.at(-1)) {
      this.#subtrees.pop()
      added = { leaves: added.leaves * 2, hash: nodeHash(last.hash, added.hash) }
    }
    this.#subtrees.push(added)
    this.#size++
  }

  /** The same edge, to be grown without changing this one. */
  copy(): MerkleEdge {
    const copy = new MerkleEdge()
    copy.#subtrees = [...this.#subtrees]
    copy.#size = this.#size
    return copy
  }

  root(): Uint8Array {
    if (this.#subtrees.length === 0) return sha256()
    return this.#subtrees.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right))
  }
}

export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const edge = new MerkleEdge()
  for (const leaf of leaves) edge.add(leaf)
  return edge.root()
}
