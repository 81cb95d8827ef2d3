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
import { openGate, type Gate } from './sim-files.ts'

/** One transaction that is not durable yet, and how to take it back. */
type Unsynced = { readonly undo: readonly Undo[] }
type Undo = { readonly table: TableName; readonly key: string; readonly text: string | undefined }

/**
 * An index in memory that outlives its closing, as a file does. Rows are kept as text, so whoever reads one gets a
 * copy of their own. A transaction is seen and durable when its write resolves; when the power goes before, the
 * transactions under way survive up to one of them, in their order.
 *
 * The puppeteer's face: `cut`, `unsynced`, `clone`, `spoil`, `refuseWrites`, `onCommitted`.
 */
export class MemoryRecords {
  #tables = new Map<TableName, Table>(TABLES.map((name) => [name, new Table()]))
  #unsynced: Unsynced[] = []
  readonly #underWay = new Set<Promise<void>>()
  #refusal: Fault | undefined
  #damage: Fault | undefined
  /** Committing says yes and keeps nothing, as on a disk that lies. */
  isLying = false
  /** Told of each transaction when it is durable. */
  onCommitted: (changes: readonly Change[]) => void = () => {}

  /** Every write fails with this until told otherwise. */
  refuseWrites(fault: Fault | undefined): void {
    this.#refusal = fault
  }

  /** The file is damaged: nobody can open it any more, until `putAside`. */
  spoil(fault: Fault | undefined): void {
    this.#damage = fault
  }

  /** The damaged file is moved away; in its place is an empty one. */
  putAside(): void {
    this.#tables = new Map(TABLES.map((name) => [name, new Table()]))
    this.#unsynced = []
    this.#damage = undefined
  }

  /** Transactions under way. */
  unsynced(): number {
    return this.#unsynced.length
  }

  /** The cache of a disk that lies is written out at last. */
  flush(): void {
    this.#unsynced = []
  }

  /** The power goes. `survives` is asked for each transaction under way, in order, until one does not. */
  cut(survives: () => boolean): void {
    const lost = this.#unsynced.findIndex(() => !survives())
    const undone = lost < 0 ? [] : this.#unsynced.slice(lost)
    for (const { undo } of undone.toReversed()) for (const it of undo.toReversed()) this.#put(it)
    this.#unsynced = []
  }

  /** The same index again, to go another way with. */
  clone(): MemoryRecords {
    const copy = new MemoryRecords()
    for (const [name, table] of this.#tables) copy.#tables.set(name, table.clone())
    copy.#unsynced = [...this.#unsynced]
    return copy
  }

  /** Throws `Fault('corrupt')` when the file is damaged. */
  open(gate: Gate = openGate): Records {
    if (this.#damage !== undefined) throw this.#damage
    this.#underWay.clear()
    let isOpen = true
    const checkOpen = (): void => {
      if (!isOpen) throw new Fault('bug', 'the index is closed')
    }
    return {
      write: async (changes) => {
        checkOpen()
        await this.#write(changes, gate)
      },
      read: async (table, key) => {
        checkOpen()
        await gate({ call: 'read', path: table, bytes: 0 })
        await this.#settled()
        const text = this.#table(table).get(key)
        return text === undefined ? undefined : parsed(text)
      },
      list: async (table, range = {}) => {
        checkOpen()
        await gate({ call: 'list', path: table, bytes: 0 })
        await this.#settled()
        return this.rows(table, range)
      },
      async [Symbol.asyncDispose]() {
        isOpen = false
      },
    }
  }

  count(table: TableName): number {
    return this.#table(table).size
  }

  /** What a reader sees. */
  rows(table: TableName, range: KeyRange = {}): readonly Row[] {
    return this.#table(table).rows(range)
  }

  /** Seen at once, in the order of the calls; durable after the gate. */
  async #write(changes: readonly Change[], gate: Gate): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    const texts = changes.map((change) => ('put' in change ? JSON.stringify(change.row) : undefined))
    const undo = changes.map((change, index) => {
      const table = 'put' in change ? change.put : change.remove
      return this.#put({ table, key: change.key, text: texts[index] })
    })
    const transaction = { undo }
    this.#unsynced.push(transaction)
    const bytes = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
    const committing = gate({ call: 'commit', path: 'index', bytes })
    this.#underWay.add(committing)
    await committing.finally(() => this.#underWay.delete(committing))
    if (!this.isLying) this.#settle(transaction)
    this.onCommitted(changes)
  }

  /** All stand in one log: whoever syncs it, syncs what stands before, also what an ended process left there. */
  #settle(transaction: Unsynced): void {
    this.#unsynced = this.#unsynced.slice(this.#unsynced.indexOf(transaction) + 1)
  }

  /** Who reads waits for those who write, as in SQLite: nobody sees what a power cut may still take back. */
  async #settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
  }

  /** Undefined text: the row goes. The result takes it back. */
  #put({ table: name, key, text }: Undo): Undo {
    const table = this.#table(name)
    const before = { table: name, key, text: table.get(key) }
    if (text === undefined) table.remove(key)
    else table.set(key, text)
    return before
  }

  #table(name: TableName): Table {
    const table = this.#tables.get(name)
    if (table === undefined) throw new Fault('bug', `the index has no table ${name}`)
    return table
  }
}

/** Rows sorted by key, in the order of their bytes. */
class Table {
  readonly #texts = new Map<string, string>()
  /** Sorted when it is asked for; undefined after a key came or went. */
  #keys: readonly string[] | undefined

  get size(): number {
    return this.#texts.size
  }

  get(key: string): string | undefined {
    return this.#texts.get(key)
  }

  set(key: string, text: string): void {
    if (!this.#texts.has(key)) this.#keys = undefined
    this.#texts.set(key, text)
  }

  remove(key: string): void {
    if (this.#texts.delete(key)) this.#keys = undefined
  }

  rows({ from, before, limit, backwards }: KeyRange): readonly Row[] {
    this.#keys ??= [...this.#texts.keys()].sort(byBytes)
    const inside = this.#keys.filter(
      (key) =>
        (from === undefined || byBytes(key, from) >= 0) && (before === undefined || byBytes(key, before) < 0),
    )
    const inOrder = backwards === true ? inside.reverse() : inside
    return inOrder
      .slice(0, limit ?? inOrder.length)
      .map((key) => ({ key, row: parsed(this.#texts.get(key) ?? 'null') }))
  }

  clone(): Table {
    const copy = new Table()
    for (const [key, text] of this.#texts) copy.#texts.set(key, text)
    return copy
  }
}

const parsed = (text: string): Json => JSON.parse(text) as Json // Written from Json a moment ago.

const NOT_ASCII = /[^\0-\x7f]/

/** Code units sort as bytes do, but for the pairs that stand for rare letters. */
function byBytes(a: string, b: string): number {
  if (NOT_ASCII.test(a) || NOT_ASCII.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a === b) return 0
  return a < b ? -1 : 1
}
