import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../base/fault.ts'
import { faultOfErrno } from './errno.ts'
import { faultOfSqlite, isBusy } from './sqlite-fault.ts'

/** Folders locked by this process: SQLite would tell us apart from other processes, but not name us. */
const held = new Set<string>()

/**
 * Keeps a second process away from a data folder until disposed, or until this process ends, however it ends.
 *
 * Node has no `flock`, SQLite has: an exclusive transaction on the empty database `lock` holds a lock of the operating
 * system's, which dies with the process. Nothing is ever written into that file, so no power cut can damage it; who
 * holds the lock stands in `lock.pid`, only for the message.
 */
export function lockFolder(path: string): Disposable {
  const folder = resolve(path)
  const pidFile = join(folder, 'lock.pid')
  if (held.has(folder)) throw alreadyHeld(folder, String(process.pid))
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw faultOfErrno(error, `lock the data folder ${folder}`)
  }
  const db = lockFile(folder, pidFile)
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  held.add(folder)
  return {
    [Symbol.dispose]() {
      if (!held.delete(folder)) return
      db.close()
    },
  }
}

function lockFile(folder: string, pidFile: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db?.close()
    if (isBusy(error)) throw alreadyHeld(folder, readPid(pidFile))
    throw faultOfSqlite(error, `lock the data folder ${folder}`)
  }
}

const alreadyHeld = (folder: string, pid: string): Fault =>
  new Fault(
    'denied',
    `data folder ${folder}: already in use by another Lintel (process ${pid}); stop that one first`,
  )

function readPid(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim()
  } catch {
    return 'unknown' // It holds the lock but has not yet written its name.
  }
}
