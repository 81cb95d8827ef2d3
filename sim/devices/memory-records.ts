import { Fault } from '../../src/base/fault.ts'
import type { Json } from '../../src/base/json.ts'
import {
  TABLES,
  type Change,
  type KeyRange,
  type Records,
  type Row,
  type TableName,
} from '../../src/ports/records.ts'

type Table = ReadonlyMap<string, string>
type Tables = ReadonlyMap<TableName, Table>

/**
 * An index in memory that outlives its closing, as a file does. Rows are kept as text, so whoever reads one gets a
 * copy of their own. The puppeteer's face: `refuseWrites`.
 */
export class MemoryRecords {
  #tables: Tables = new Map(TABLES.map((table) => [table, new Map()]))
  #refusal: Fault | undefined

  /** Every write fails with this until told otherwise. */
  refuseWrites(fault: Fault | undefined): void {
    this.#refusal = fault
  }

  open(): Records {
    let isOpen = true
    const checkOpen = (): void => {
      if (!isOpen) throw new Fault('bug', 'the index is closed')
    }
    return {
      write: async (changes) => {
        checkOpen()
        this.#write(changes)
      },
      read: async (table, key) => {
        checkOpen()
        const text = this.#table(table).get(key)
        return text === undefined ? undefined : parsed(text)
      },
      list: async (table, range = {}) => {
        checkOpen()
        return rowsIn(this.#table(table), range)
      },
      async [Symbol.asyncDispose]() {
        isOpen = false
      },
    }
  }

  /** All or nothing: the changes are made on copies that take the place of the tables at the end. */
  #write(changes: readonly Change[]): void {
    if (this.#refusal !== undefined) throw this.#refusal
    const changed = new Map<TableName, Map<string, string>>()
    for (const change of changes) {
      const name = 'put' in change ? change.put : change.remove
      const table = changed.get(name) ?? new Map(this.#table(name))
      changed.set(name, table)
      if ('put' in change) table.set(change.key, JSON.stringify(change.row))
      else table.delete(change.key)
    }
    this.#tables = new Map([...this.#tables, ...changed])
  }

  #table(name: TableName): Table {
    return this.#tables.get(name) ?? new Map()
  }
}

const parsed = (text: string): Json => JSON.parse(text) as Json // Written from Json a moment ago.

function rowsIn(table: Table, { from, before, limit, backwards }: KeyRange): readonly Row[] {
  const rows = [...table]
    .map(([key, text]) => ({ key, text, order: Buffer.from(key) }))
    .filter(({ order }) => from === undefined || Buffer.compare(order, Buffer.from(from)) >= 0)
    .filter(({ order }) => before === undefined || Buffer.compare(order, Buffer.from(before)) < 0)
    .sort((a, b) => Buffer.compare(a.order, b.order) * (backwards === true ? -1 : 1))
  return rows.slice(0, limit ?? rows.length).map(({ key, text }) => ({ key, row: parsed(text) }))
}
