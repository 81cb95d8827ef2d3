import type { Json } from '../base/json.ts'

/**
 * The index: small records in named tables, sorted by key (byte order).
 *
 * `write` is one transaction and durable when it resolves; changes of one call are all there or none is. Writes apply
 * in the order of the calls, whether or not somebody waits in between: who builds a row and calls `write` without an
 * `await` in between cannot be overtaken.
 * A port this narrow can be simulated exactly, power cuts included, which a SQL interface cannot.
 *
 * Faults: `full`, `corrupt`, `unavailable`. After a failed write nothing of it is visible.
 */
export interface Records extends AsyncDisposable {
  write(changes: readonly Change[]): Promise<void>
  read(table: TableName, key: string): Promise<Json | undefined>
  /** Rows with `from ≤ key < before`, in key order or backwards. */
  list(table: TableName, range?: KeyRange): Promise<readonly Row[]>
}

export type TableName =
  | 'device'
  | 'press'
  | 'visit'
  | 'clip'
  | 'part'
  | 'upload'
  | 'ledger'
  | 'outbox'
  /** Who may use the page, and what they did with it. */
  | 'member'
  | 'session'
  | 'invite'
  | 'activity'
  | 'grant'
  | 'push'

export const TABLES: readonly TableName[] = [
  'device',
  'press',
  'visit',
  'clip',
  'part',
  'upload',
  'ledger',
  'outbox',
  'member',
  'session',
  'invite',
  'activity',
  'grant',
  'push',
]

export type Row = { readonly key: string; readonly row: Json }

export type Change =
  | { readonly put: TableName; readonly key: string; readonly row: Json }
  | { readonly remove: TableName; readonly key: string }

export type KeyRange = {
  readonly from?: string
  readonly before?: string
  readonly limit?: number
  readonly backwards?: boolean
}

/** A counter as a key that sorts as text: 12 digits. */
export const orderKey = (n: number): string => String(n).padStart(12, '0')
