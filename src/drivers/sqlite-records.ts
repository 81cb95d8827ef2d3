import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import { type Change, type KeyRange, type Records, type Row, type TableName } from '../ports/records.ts'
import { faultOfSqlite, WHAT_TO_DO } from './sqlite-fault.ts'

/**
 * What each version of the file added, oldest first; `user_version` counts how many were done.
 * Only ever append: files of any age are out there.
 */
const MIGRATIONS: readonly string[] = [
  tablesNamed('device', 'press', 'visit', 'clip', 'part', 'upload', 'ledger', 'outbox'),
  tablesNamed('member', 'session', 'invite', 'activity', 'grant', 'push'),
]

/** How long to wait for another program that writes to the file. Short: the whole process waits. */
const BUSY_MS_MAX = 250

function tablesNamed(...tables: readonly TableName[]): string {
  return tables
    .map(
      (table) => `CREATE TABLE "${table}" (key TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID, STRICT;`,
    )
    .join('\n')
}

/** Opens the index in the file `path`, making it where there is none. */
export async function openSqliteRecords(path: string): Promise<Records> {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MS_MAX })
    // FULL: with NORMAL a power cut takes back rows that were acknowledged (measured; see DESIGN.md).
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    checkPages(db, path)
    migrate(db, path)
    return new SqliteRecords(db, path)
  } catch (error) {
    db?.close()
    throw faultOfSqlite(error, `open the index ${path}`)
  }
}

class SqliteRecords implements Records {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #statements = new Map<string, StatementSync>()
  /** Why nothing can be written any more: after a failed sync nobody knows what the disk holds. */
  #broken: Fault | undefined

  constructor(db: DatabaseSync, path: string) {
    this.#db = db
    this.#path = path
  }

  async write(changes: readonly Change[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    if (changes.length === 0) return
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      for (const change of changes) this.#apply(change)
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#rollBack()
      const fault = faultOfSqlite(error, `write to the index ${this.#path}`)
      if (isFault(fault, 'corrupt')) this.#broken = fault
      throw fault
    }
  }

  async read(table: TableName, key: string): Promise<Json | undefined> {
    return this.#reading(() => {
      const found = this.#prepared(`SELECT row FROM "${table}" WHERE key = ?`).get(key)
      return found === undefined ? undefined : this.#parse(table, key, found['row'])
    })
  }

  async list(table: TableName, range: KeyRange = {}): Promise<readonly Row[]> {
    const conditions = [
      ...(range.from === undefined ? [] : ['key >= :from']),
      ...(range.before === undefined ? [] : ['key < :before']),
    ]
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const order = range.backwards === true ? 'DESC' : 'ASC'
    const sql = `SELECT key, row FROM "${table}" ${where} ORDER BY key ${order} LIMIT :limit`
    return this.#reading(() =>
      this.#prepared(sql)
        .all({
          ...(range.from === undefined ? {} : { from: range.from }),
          ...(range.before === undefined ? {} : { before: range.before }),
          limit: range.limit ?? -1,
        })
        .map((found) => {
          const key = String(found['key'])
          return { key, row: this.#parse(table, key, found['row']) }
        }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#db.isOpen) this.#db.close()
  }

  #apply(change: Change): void {
    if ('put' in change) {
      const sql = `INSERT INTO "${change.put}" (key, row) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET row = excluded.row`
      this.#prepared(sql).run(change.key, JSON.stringify(change.row))
    } else {
      this.#prepared(`DELETE FROM "${change.remove}" WHERE key = ?`).run(change.key)
    }
  }

  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    } catch {
      // SQLite rolls back by itself when it cannot go on; why the write failed matters more.
    }
  }

  #reading<T>(query: () => T): T {
    try {
      return query()
    } catch (error) {
      throw faultOfSqlite(error, `read from the index ${this.#path}`)
    }
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #parse(table: TableName, key: string, text: unknown): Json {
    try {
      // What JSON.parse returns is what `Json` names; it has no better type of its own.
      return JSON.parse(String(text)) as Json
    } catch (cause) {
      const got = JSON.stringify(String(text).slice(0, 40))
      throw new Fault('corrupt', `index ${this.#path}: row ${key} of ${table}: wanted JSON, got ${got}`, {
        cause,
      })
    }
  }
}

/** Finds damage before anything relies on the file. Quick: pages and order, not every index entry. */
function checkPages(db: DatabaseSync, path: string): void {
  const found = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (found === 'ok') return
  throw new Fault('corrupt', `index ${path}: ${String(found)}; ${WHAT_TO_DO}`)
}

function migrate(db: DatabaseSync, path: string): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > MIGRATIONS.length) {
    throw new Fault(
      'invalid',
      `index ${path}: written by a newer Lintel (version ${version}, this one knows up to ${MIGRATIONS.length}); ` +
        'install the newer one again, or use another data folder',
    )
  }
  if (version === MIGRATIONS.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql)
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw new Fault('corrupt', `index ${path}: cannot be brought up to date: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
