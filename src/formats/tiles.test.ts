import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromUtf8, utf8 } from '../base/bytes.ts'
import {
  decodeEntries,
  encodeEntries,
  entriesName,
  entryBundles,
  leafHash,
  namesInLedger,
  objectsAfterAppend,
  objectsOfLedger,
  rootOf,
  sizeAtTile,
  tileName,
} from './index.ts'

const entryOf = (n: number): Uint8Array => utf8(`entry ${n}`)

describe('the names of tiles', () => {
  it('are those of the standard', () => {
    expect(tileName(0, 0, 256)).toBe('tile/0/000')
    expect(tileName(0, 0, 1)).toBe('tile/0/000.p/1')
    expect(tileName(1, 999, 256)).toBe('tile/1/999')
    expect(tileName(3, 1000, 255)).toBe('tile/3/x001/000.p/255')
    expect(tileName(0, 1_234_067, 256)).toBe('tile/0/x001/x234/067')
    expect(entriesName(273, 17)).toBe('tile/entries/273.p/17')
  })

  it('tell how large the tree was', () => {
    expect(sizeAtTile('tile/0/000.p/1')).toBe(1)
    expect(sizeAtTile('tile/0/000')).toBe(256)
    expect(sizeAtTile('tile/entries/001.p/3')).toBe(259)
    expect(sizeAtTile('tile/1/000.p/2')).toBe(512)
    expect(sizeAtTile('tile/0/x001/x234/067')).toBe(1_234_068 * 256)
  })

  it.each([
    'checkpoint',
    'tile/0',
    'tile/0/1',
    'tile/0/0000',
    'tile/x/000',
    'tile/0/000.p/',
    'tile/0/000.p/0',
    'tile/0/000.p/007',
    'tile/0/000.p/256',
    'tile/00/000',
    'tile/0/x000/001',
    'tile/0/000.p/300',
    'a/tile/0/000',
    '',
  ])('are not like %j', (name) => {
    expect(sizeAtTile(name)).toBeUndefined()
  })

  it('mean the same in both directions', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5_000_000 }), fc.integer({ min: 1, max: 256 }), (index, width) => {
        expect(sizeAtTile(tileName(0, index, width))).toBe(index * 256 + width)
        expect(sizeAtTile(entriesName(index, width))).toBe(index * 256 + width)
      }),
    )
  })
})

describe('a bundle of entries', () => {
  it('has the length before each, in two bytes', () => {
    expect(encodeEntries([utf8('ab'), utf8(''), utf8('c')])).toEqual(
      Uint8Array.of(0, 2, 0x61, 0x62, 0, 0, 0, 1, 0x63),
    )
  })

  it('gives back what was put in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 })), (entries) => {
        expect(decodeEntries(encodeEntries(entries)).map((entry) => [...entry])).toEqual(
          entries.map((entry) => [...entry]),
        )
      }),
    )
  })

  it('holds an entry of 65,535 bytes and none larger', () => {
    const large = new Uint8Array(65_535).fill(1)
    expect(decodeEntries(encodeEntries([large]))).toEqual([large])
    expect(() => encodeEntries([new Uint8Array(65_536)])).toThrow('at most 65535 bytes')
  })

  it('that was cut is refused, wherever the cut is', () => {
    const bundle = encodeEntries([utf8('first'), utf8('second')])
    for (let bytes = 0; bytes < bundle.length; bytes++) {
      if (bytes === 0 || bytes === 7) continue // Between entries there is nothing to see: the tree tells.
      expect(() => decodeEntries(bundle.subarray(0, bytes))).toThrow('ends inside an entry')
    }
  })
})

describe('what is uploaded as the ledger grows', () => {
  const entries: Uint8Array[] = []
  const store = new Map<string, Uint8Array>()
  const leaves: Uint8Array[] = []
  const SIZE = 600
  for (let n = 0; n < SIZE; n++) {
    entries.push(entryOf(n))
    leaves.push(leafHash(entryOf(n)))
    for (const { name, bytes } of objectsAfterAppend(entries, leaves)) {
      if (store.has(name)) throw new Error(`${name} was written twice`)
      store.set(name, bytes)
    }
  }

  it.each([1, 2, 255, 256, 257, 511, 512, 513, 600])('is all of the first %i entries', (size) => {
    const bundles = [...entryBundles(size)]
    expect(bundles.reduce((sum, bundle) => sum + bundle.entries, 0)).toBe(size)
    const found = bundles.flatMap(({ name }) => decodeEntries(store.get(name) ?? new Uint8Array()))
    expect(found.map(fromUtf8)).toEqual(Array.from({ length: size }, (_, n) => `entry ${n}`))
  })

  it('is the leaves in tiles of 256, and above them the root of each full tile', () => {
    expect(store.get('tile/0/000')).toEqual(concatBytes(leaves.slice(0, 256)))
    expect(store.get('tile/0/002.p/88')).toEqual(concatBytes(leaves.slice(512)))
    expect(store.get('tile/1/000.p/1')).toEqual(rootOf(leaves.slice(0, 256)))
    expect(store.get('tile/1/000.p/2')).toEqual(
      concatBytes([rootOf(leaves.slice(0, 256)), rootOf(leaves.slice(256, 512))]),
    )
  })

  it('is found again under its name from the entries alone, of now and of before', () => {
    const objectOf = objectsOfLedger(entries, leaves)
    for (const [name, bytes] of store) expect(Buffer.compare(objectOf(name) ?? Buffer.of(), bytes)).toBe(0)
    for (const name of [
      'tile/0/002.p/89',
      'tile/1/000.p/3',
      'tile/2/000.p/1',
      'tile/entries/003',
      'checkpoint',
    ])
      expect(objectOf(name)).toBeUndefined()
  })

  it.each([
    [0, []],
    [1, ['tile/entries/000.p/1', 'tile/0/000.p/1']],
    [256, ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']],
    [
      600,
      [
        'tile/entries/000',
        'tile/entries/001',
        'tile/entries/002.p/88',
        'tile/0/000',
        'tile/0/001',
        'tile/0/002.p/88',
        'tile/1/000.p/2',
      ],
    ],
  ])('is enough of it when what %i entries need is there', (size, names) => {
    expect(namesInLedger(size)).toEqual(names)
    for (const name of names) expect(store.has(name)).toBe(true)
  })

  it('is two objects an entry, and a third where a tile gets full', () => {
    const names = (size: number): readonly string[] =>
      objectsAfterAppend(entries.slice(0, size), leaves.slice(0, size)).map(({ name }) => name)
    expect(names(3)).toEqual(['tile/entries/000.p/3', 'tile/0/000.p/3'])
    expect(names(256)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1'])
  })
})
