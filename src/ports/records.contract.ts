import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../base/json.ts'
import { orderKey, TABLES, type Change, type Records, type TableName } from './records.ts'

/** One index to test: `open` opens it again after a close and finds what was written before. */
export interface RecordsUnderTest extends AsyncDisposable {
  open(): Promise<Records>
}

/** What every index must do, real or simulated. `setUp` makes a fresh, empty one. */
export function describeRecordsContract(name: string, setUp: () => Promise<RecordsUnderTest>): void {
  describe(`${name} keeps the contract of an index:`, () => {
    let subject: RecordsUnderTest
    let records: Records
    beforeEach(async () => {
      subject = await setUp()
      records = await subject.open()
    })
    afterEach(async () => {
      await records[Symbol.asyncDispose]()
      await subject[Symbol.asyncDispose]()
    })

    it('knows nothing at first, in every table', async () => {
      for (const table of TABLES) {
        expect(await records.list(table)).toEqual([])
        expect(await records.read(table, 'x')).toBeUndefined()
      }
    })

    it('reads back what was put, and the last put of a key wins', async () => {
      const row = { text: 'größe', n: 1.5, yes: true, none: null, list: [1, 'b', { c: [] }] }
      await records.write([put('clip', 'a', { old: true })])
      await records.write([put('clip', 'a', row), put('part', 'a', 'another table')])
      expect(await records.read('clip', 'a')).toEqual(row)
      expect(await records.read('part', 'a')).toBe('another table')
    })

    it('applies the changes of one write in their order', async () => {
      await records.write([put('clip', 'a', 1), { remove: 'clip', key: 'a' }, put('clip', 'b', 2)])
      expect(await records.list('clip')).toEqual([{ key: 'b', row: 2 }])
    })

    it('applies writes in the order they were asked for, also when nobody waits in between', async () => {
      await Promise.all([1, 2, 3, 4].map((n) => records.write([put('device', 'n', n)])))
      expect(await records.read('device', 'n')).toBe(4)
    })

    it('removes rows, and does not mind removing what is not there', async () => {
      await records.write([put('upload', 'a', 1)])
      await records.write([
        { remove: 'upload', key: 'a' },
        { remove: 'upload', key: 'never' },
      ])
      expect(await records.list('upload')).toEqual([])
    })

    it('writes nothing when there is nothing to write', async () => {
      await records.write([])
      expect(await records.list('clip')).toEqual([])
    })

    it('lists in byte order of the keys', async () => {
      const keys = ['b', 'a/2', 'B', 'a', 'é', 'a/10', orderKey(10), orderKey(9)]
      await records.write(keys.map((key) => put('ledger', key, key)))
      const sorted = [orderKey(9), orderKey(10), 'B', 'a', 'a/10', 'a/2', 'b', 'é']
      expect((await records.list('ledger')).map(({ key }) => key)).toEqual(sorted)
    })

    it('lists a range with its start and without its end, limited, forwards and backwards', async () => {
      await records.write([...'abcde'].map((key) => put('visit', key, key)))
      const keys = async (range: Parameters<Records['list']>[1]): Promise<string> =>
        (await records.list('visit', range)).map(({ key }) => key).join('')
      expect(await keys({ from: 'b', before: 'd' })).toBe('bc')
      expect(await keys({ from: 'c' })).toBe('cde')
      expect(await keys({ before: 'c' })).toBe('ab')
      expect(await keys({ limit: 2 })).toBe('ab')
      expect(await keys({ limit: 2, backwards: true })).toBe('ed')
      expect(await keys({ from: 'b', before: 'e', limit: 1, backwards: true })).toBe('d')
      expect(await keys({ from: 'd', before: 'b' })).toBe('')
      expect(await keys({ limit: 0 })).toBe('')
    })

    it('hands out copies: changing a row that was read changes nothing in the index', async () => {
      await records.write([put('clip', 'a', { parts: [1] })])
      const first = await records.read('clip', 'a')
      if (isHolder(first)) first.parts.push(2)
      expect(await records.read('clip', 'a')).toEqual({ parts: [1] })
    })

    it('still has everything after it was closed and opened again', async () => {
      await records.write([put('press', 'a', { at: 1 })])
      await records[Symbol.asyncDispose]()
      records = await subject.open()
      expect(await records.list('press')).toEqual([{ key: 'a', row: { at: 1 } }])
    })

    it('may be closed twice', async () => {
      await records[Symbol.asyncDispose]()
      await records[Symbol.asyncDispose]()
      records = await subject.open()
    })
  })
}

const put = (table: TableName, key: string, row: Json): Change => ({ put: table, key, row })

const isHolder = (row: unknown): row is { parts: number[] } =>
  typeof row === 'object' && row !== null && 'parts' in row && Array.isArray(row.parts)
