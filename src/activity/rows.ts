import { hex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import { sha256 } from '../formats/index.ts'
import type { Activity } from '../web/index.ts'

/** As it stands in the index. `waits`: the ledger does not have its entry yet. */
export type ActivityRow = {
  readonly at: number
  readonly trusted: boolean
  readonly member: string
  readonly name: string
  readonly what: Activity['what']
  readonly clip?: string
  readonly detail?: string
  /** Without it somebody who reads the ledger could try all that may have been done. */
  readonly salt: string
  readonly waits?: true
}

/** What the ledger says of a row: SHA-256 of its canonical JSON, salt included, `waits` left out. */
export function hashOfRow(row: ActivityRow): string {
  const { waits: _, ...said } = row
  return hex(sha256(utf8(canonicalJson(said))))
}

export const readRow = (key: string, row: Json): ActivityRow => {
  if (typeof row === 'object' && row !== null && 'what' in row && 'salt' in row && 'at' in row)
    return row as ActivityRow // Only we write this table; three of its members were just looked at.
  throw new Fault('corrupt', `index: activity ${key}: wanted a row with what, salt and at`)
}

export const activityOf = (key: string, row: ActivityRow): Activity => ({
  id: key,
  atUnixMs: row.at,
  trustedClock: row.trusted,
  member: row.member,
  name: row.name,
  what: row.what,
  ...(row.clip === undefined ? {} : { clip: row.clip }),
  ...(row.detail === undefined ? {} : { detail: row.detail }),
})
