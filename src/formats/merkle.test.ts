import { describe, expect, it } from 'vitest'
import { hex, utf8 } from '../base/bytes.ts'
import { leafHash, MerkleEdge, nodeHash, rootOf, sha256 } from './index.ts'

/** The test values of Certificate Transparency's own implementations of RFC 6962. */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((text) => leafHash(new Uint8Array(Buffer.from(text, 'hex'))))
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

/** Section 2.1, word for word: split at the largest power of two smaller than the number of leaves. */
function rootByDefinition(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return sha256()
  if (leaves.length === 1) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)))
}

describe('the tree of RFC 6962', () => {
  it('has the roots that others compute for the same leaves', () => {
    expect(ROOTS.map((_, size) => hex(rootOf(LEAVES.slice(0, size))))).toEqual(ROOTS)
  })

  it('is the tree of the definition at every size', () => {
    const leaves = Array.from({ length: 130 }, (_, n) => leafHash(utf8(`entry ${n}`)))
    for (let size = 0; size <= leaves.length; size++)
      expect(rootOf(leaves.slice(0, size))).toEqual(rootByDefinition(leaves.slice(0, size)))
  })

  it('tells a leaf from a node, so that no entry can pass for a branch', () => {
    const [left, right] = [sha256(utf8('a')), sha256(utf8('b'))]
    expect(leafHash(Buffer.concat([left, right]))).not.toEqual(nodeHash(left, right))
  })

  it('grows leaf by leaf, and a copy of it grows on its own', () => {
    const edge = new MerkleEdge()
    for (const leaf of LEAVES.slice(0, 5)) edge.add(leaf)
    const copy = edge.copy()
    for (const leaf of LEAVES.slice(5)) copy.add(leaf)
    expect([edge.size, hex(edge.root())]).toEqual([5, ROOTS[5]])
    expect([copy.size, hex(copy.root())]).toEqual([8, ROOTS[8]])
  })
})
