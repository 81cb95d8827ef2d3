/** When a session is good: pure, over the rows. */
import type { WallTime } from '../base/time.ts'
import type { MemberRow, SessionRow } from './rows.ts'
import type { SignedIn } from './types.ts'

export const SESSION_MS = 90 * 24 * 3600_000
/** Whoever looks all day is written down once an hour. */
export const SEEN_MS = 3600_000

/** Guests need a clock that can be trusted: without one nobody knows whether their time has come, or is over. */
export function isInTime({ role, fromUnixMs, untilUnixMs }: MemberRow, now: WallTime): boolean {
  if (role !== 'guest') return true
  return now.trusted && now.at >= (fromUnixMs ?? 0) && now.at < (untilUnixMs ?? 0)
}

/** A clock that was put back makes nobody older. */
export const isFresh = ({ seenUnixMs }: SessionRow, now: WallTime): boolean =>
  now.at - seenUnixMs < SESSION_MS

export function signedInAs(session: string, member: string, row: MemberRow): SignedIn {
  const { name, role, recipient, fromUnixMs, untilUnixMs } = row
  return {
    session,
    member,
    name,
    role,
    ...(recipient === undefined ? {} : { recipient }),
    ...(fromUnixMs === undefined ? {} : { fromUnixMs }),
    ...(untilUnixMs === undefined ? {} : { untilUnixMs }),
    passkeys: row.passkeys.length,
    hasPassphrase: row.passphrase !== undefined,
  }
}

/** What a session is called in lists and on the wire: nothing that opens anything. */
export const sessionIdOf = (hash: string): string => hash.slice(0, 32)
