import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TABLES } from '../../src/ports/records.ts'
import type { Found, Life } from './wire.ts'

export const INDEX_FILE = 'index.sqlite'

/**
 * What is in the data folder. Without a pause, so that nothing moves meanwhile. The index is read from a copy: opened in
 * its place, SQLite would begin to mend it, and what the runtime makes of a fresh cut would never be tried.
 */
export function readFound({ root, scratch }: Pick<Life, 'root' | 'scratch'>): Found {
  return { ...readIndex(root, scratch), files: hashFiles(root, 'clips') }
}

function readIndex(root: string, scratch: string): Pick<Found, 'integrity' | 'rows'> {
  if (!existsSync(path.join(root, INDEX_FILE))) return { integrity: 'absent', rows: {} }
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch)
  for (const name of [INDEX_FILE, `${INDEX_FILE}-wal`])
    if (existsSync(path.join(root, name))) copyFileSync(path.join(root, name), path.join(scratch, name))
  return readCopy(path.join(scratch, INDEX_FILE))
}

function readCopy(file: string): Pick<Found, 'integrity' | 'rows'> {
  const db = new DatabaseSync(file)
  try {
    const integrity = String(db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'])
    const known = new Set(
      db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .all()
        .map(({ name }) => name),
    )
    const rows = TABLES.filter((table) => known.has(table)).map(
      (table) => [table, rowsOf(db, table)] as const,
    )
    return { integrity, rows: Object.fromEntries(rows) }
  } catch (error) {
    return { integrity: String(error), rows: {} }
  } finally {
    db.close()
  }
}

const rowsOf = (db: DatabaseSync, table: string): [string, string][] =>
  db
    .prepare(`SELECT key, row FROM "${table}" ORDER BY key`)
    .all()
    .map(({ key, row }) => [String(key), String(row)])

/** Every file below `folder`, by its path in the data folder. */
function hashFiles(root: string, folder: string): Record<string, string> {
  if (!existsSync(path.join(root, folder))) return {}
  const files: Record<string, string> = {}
  for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`
    if (entry.isDirectory()) Object.assign(files, hashFiles(root, name))
    else
      files[name] = createHash('sha256')
        .update(readFileSync(path.join(root, name)))
        .digest('hex')
  }
  return files
}
