import { Fault, isFault, messageOf, type FaultKind } from '../base/fault.ts'

/** SQLite's primary result codes (https://sqlite.org/rescode.html), the lowest byte of an extended code. */
const KINDS: Readonly<Record<number, FaultKind>> = {
  3: 'denied', // SQLITE_PERM
  5: 'unavailable', // SQLITE_BUSY
  6: 'unavailable', // SQLITE_LOCKED
  8: 'denied', // SQLITE_READONLY
  10: 'corrupt', // SQLITE_IOERR: a failed sync among them
  11: 'corrupt', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  14: 'denied', // SQLITE_CANTOPEN
  26: 'corrupt', // SQLITE_NOTADB
}

const DAMAGED: readonly number[] = [11, 26]

/** SQLite's error as a `Fault` that says what was being done. Other errors stay as they are. */
export function faultOfSqlite(error: unknown, what: string): unknown {
  const code = sqliteCode(error)
  if (code === undefined) return error
  const advice = DAMAGED.includes(code & 0xff) ? `; ${WHAT_TO_DO}` : ''
  return new Fault(KINDS[code & 0xff] ?? 'bug', `${what}: ${messageOf(error)}${advice}`, { cause: error })
}

export const WHAT_TO_DO =
  'when the doorbell starts, it puts the file aside and builds a new one from what lies beside it'

/** The file itself is damaged, or none of ours: not a disk that refuses, not a lack of room, not a file of a newer version. */
export function isDamagedIndex(error: unknown): boolean {
  if (!isFault(error, 'corrupt')) return false
  const { cause } = error
  const code = sqliteCode(cause)
  if (code !== undefined) return DAMAGED.includes(code & 0xff)
  return !(cause instanceof Error && 'syscall' in cause)
}

/** True when another connection, here or in another process, holds the lock. */
export const isBusy = (error: unknown): boolean => ((sqliteCode(error) ?? 0) & 0xff) === 5

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}
