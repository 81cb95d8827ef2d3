import { createHash, randomBytes } from 'node:crypto'
import { Fault } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import type { Records, TableName } from '../ports/records.ts'
import type { Role } from '../web/index.ts'

/** A passphrase as scrypt left it. */
export type PassphraseRow = {
  readonly salt: string
  readonly hash: string
  /** Binary logarithm of scrypt's N. */
  readonly logN: number
}

export type PasskeyRow = {
  readonly id: string
  /** Base64url of its COSE public key. */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  /** The name it was made for: it works nowhere else. */
  readonly rpId: string
}

export type MemberRow = {
  readonly name: string
  readonly role: Role
  readonly sinceUnixMs: number
  readonly recipient?: string
  /** Base64 of the Ed25519 key that signs the list of recipients. */
  readonly ownerKey?: string
  readonly fromUnixMs?: number
  readonly untilUnixMs?: number
  readonly passphrase?: PassphraseRow
  readonly passkeys: readonly PasskeyRow[]
  /** SHA-256 of the tokens of browsers that have signed in, newest last. */
  readonly browsers: readonly string[]
}

/** Its key is the SHA-256 of the session's token. */
export type SessionRow = {
  readonly member: string
  readonly device: string
  readonly sinceUnixMs: number
  readonly seenUnixMs: number
}

/** Its key is the SHA-256 of the code. */
export type InviteRow = {
  readonly name: string
  readonly role: Role
  readonly fromUnixMs?: number
  readonly untilUnixMs?: number
  readonly expiresUnixMs: number
}

type Rows = { readonly member: MemberRow; readonly session: SessionRow; readonly invite: InviteRow }
/** What a row that we wrote has in any case. */
const MARKS: Readonly<Record<keyof Rows, readonly string[]>> = {
  member: ['name', 'role', 'passkeys', 'browsers'],
  session: ['member', 'seenUnixMs'],
  invite: ['name', 'role', 'expiresUnixMs'],
}

export async function readRow<T extends keyof Rows>(
  records: Records,
  table: T,
  key: string,
): Promise<Rows[T] | undefined> {
  const row = await records.read(table, key)
  return row === undefined ? undefined : checked(table, key, row)
}

export async function listRows<T extends keyof Rows>(
  records: Records,
  table: T,
): Promise<readonly { readonly key: string; readonly row: Rows[T] }[]> {
  const rows = await records.list(table)
  return rows.map(({ key, row }) => ({ key, row: checked(table, key, row) }))
}

function checked<T extends keyof Rows>(table: T, key: string, row: Json): Rows[T] {
  const isWhole =
    typeof row === 'object' && row !== null && MARKS[table].every((mark) => Object.hasOwn(row, mark))
  if (!isWhole) throw new Fault('corrupt', `index: row ${key} of ${table} is not one`)
  return row as unknown as Rows[T] // Only this feature writes the table, and wrote it from this type.
}

/** A row as the index takes it: members that are undefined are left out. */
export const put = <T extends keyof Rows>(
  table: T & TableName,
  key: string,
  row: Rows[T],
): { readonly put: TableName; readonly key: string; readonly row: Json } => ({
  put: table,
  key,
  row: row as unknown as Json, // Its members are text, numbers and lists.
})

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** 256 bits that nobody guesses, as text for a cookie or a link. */
export const newSecret = (bytes = 32): string => randomBytes(bytes).toString('base64url')
export const newId = (): string => randomBytes(8).toString('hex')
