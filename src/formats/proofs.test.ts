import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, utf8 } from '../base/bytes.ts'
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  isIncluded,
  leafHash,
  rootOf,
  type TreeHead,
} from './index.ts'

/** The leaves and proofs of Certificate Transparency's own implementations of RFC 6962. */
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
const A = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'
const B = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e'
const C = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'

const headOf = (leaves: readonly Uint8Array[], size = leaves.length): TreeHead => ({
  size,
  root: rootOf(leaves.slice(0, size)),
})

describe('a proof that a leaf is in a tree', () => {
  it.each([
    [0, 1, []],
    [0, 8, [A, B, C]],
    [
      5,
      8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  ])('of leaf %i in %i is that which others give', (index, size, proof) => {
    expect(inclusionProof(LEAVES.slice(0, size), index).map(hex)).toEqual(proof)
  })

  it('holds for every leaf of every tree, and for no other place, leaf, size or root', () => {
    for (let size = 1; size <= 40; size++) {
      const leaves = leavesOf(size)
      const head = headOf(leaves)
      for (let index = 0; index < size; index++) {
        const [leaf = head.root, proof] = [leaves[index], inclusionProof(leaves, index)]
        expect(isIncluded(head, { leaf, index }, proof)).toBe(true)
        for (let other = -1; other <= size; other++)
          if (other !== index) expect(isIncluded(head, { leaf, index: other }, proof)).toBe(false)
        expect(isIncluded(head, { leaf: leafHash(utf8('other')), index }, proof)).toBe(false)
        expect(isIncluded({ ...head, root: leafHash(utf8('x')) }, { leaf, index }, proof)).toBe(false)
      }
    }
  })

  it('does not hold when something of it is changed, missing or too much', () => {
    const leaves = leavesOf(21)
    const [leaf = new Uint8Array(32), proof] = [leaves[13], inclusionProof(leaves, 13)]
    for (const wrong of mutations(proof))
      expect(isIncluded(headOf(leaves), { leaf, index: 13 }, wrong)).toBe(false)
  })
})

describe('a proof that one tree begins another', () => {
  it.each([
    [1, 1, []],
    [1, 8, [A, B, C]],
    [
      6,
      8,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [2, 5, [B, 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']],
  ])('of %i in %i is that which others give', (older, newer, proof) => {
    expect(consistencyProof(LEAVES.slice(0, newer), older).map(hex)).toEqual(proof)
  })

  it('holds for every beginning of every tree', () => {
    for (let newer = 1; newer <= 40; newer++)
      for (let older = 1; older <= newer; older++) {
        const leaves = leavesOf(newer)
        expect(isConsistent(headOf(leaves, older), headOf(leaves), consistencyProof(leaves, older))).toBe(
          true,
        )
      }
  })

  it('does not hold for another history, whatever the proof', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), (newer, a, b) => {
        const leaves = leavesOf(newer)
        const older = 1 + (a % (newer - 1))
        const rewritten = leaves.with(b % older, leafHash(utf8('rewritten')))
        const proofs = [consistencyProof(leaves, older), consistencyProof(rewritten, older)]
        for (const proof of proofs)
          expect(isConsistent(headOf(leaves, older), headOf(rewritten), proof)).toBe(false)
      }),
    )
  })

  it('does not hold for another size, or when something of it is changed, missing or too much', () => {
    const leaves = leavesOf(21)
    const [older, newer, proof] = [headOf(leaves, 13), headOf(leaves), consistencyProof(leaves, 13)]
    for (const wrong of mutations(proof)) expect(isConsistent(older, newer, wrong)).toBe(false)
    expect(isConsistent({ ...older, size: 12 }, newer, proof)).toBe(false)
    expect(isConsistent(newer, older, proof)).toBe(false)
    expect(isConsistent(newer, { ...newer, root: older.root }, [])).toBe(false)
    expect(isConsistent({ ...older, size: 0 }, newer, [])).toBe(false)
  })
})

const leavesOf = (size: number): Uint8Array[] =>
  Array.from({ length: size }, (_, n) => leafHash(utf8(`entry ${n}`)))

function mutations(proof: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const junk = leafHash(utf8('junk'))
  return [
    [...proof, junk],
    [junk, ...proof],
    proof.slice(1),
    proof.slice(0, -1),
    proof.toReversed(),
    [],
    ...proof.map((_, n) => proof.with(n, junk)),
  ]
}
