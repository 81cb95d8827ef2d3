import { Fault } from '../base/fault.ts'
import type { WallTime } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import type { Change, Records } from '../ports/records.ts'
import type { DeviceFacts } from '../web/index.ts'
import { Challenges } from './challenges.ts'
import { EnrolmentCode, OwnerList, type RecipientsVault } from './enrolment.ts'
import { Guesses } from './guesses.ts'
import { createTurns } from './in-turn.ts'
import { PassphraseDesk } from './passphrase.ts'
import {
  hashOf,
  listRows,
  newSecret,
  put,
  readRow,
  type InviteRow,
  type MemberRow,
  type SessionRow,
} from './rows.ts'
import { isFresh, isInTime, SEEN_MS, sessionIdOf, signedInAs } from './sessions.ts'
import type { Caller, Entered, MemberEvent, Refusal, SignedIn } from './types.ts'

export type MembersDeps = {
  readonly clock: Clock
  readonly records: Records
  readonly disk: Disk
  readonly device: () => DeviceFacts
  readonly vault: RecipientsVault
}

const MEMBERS_MAX = 32
const SESSIONS_MAX = 16
const BROWSERS_MAX = 16
const NAME_LETTERS_MAX = 60
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/** What all of this feature work with. */
export type Desk = MembersDeps & {
  readonly guesses: Guesses
  readonly passphrases: PassphraseDesk
  readonly challenges: Challenges
  readonly code: EnrolmentCode
  readonly ownerList: OwnerList
  readonly inTurn: ReturnType<typeof createTurns>
  readonly tell: (event: MemberEvent) => void
}

export const createDesk = (deps: MembersDeps, tell: Desk['tell']): Desk => ({
  ...deps,
  guesses: new Guesses(),
  passphrases: new PassphraseDesk(),
  challenges: new Challenges(),
  code: new EnrolmentCode(deps.disk, deps.records),
  ownerList: new OwnerList(deps.disk, deps.records, deps.vault),
  inTurn: createTurns(),
  tell,
})

export type Keyed<T> = { readonly key: string; readonly row: T }

export async function signedIn(desk: Desk, token: string | undefined): Promise<SignedIn | undefined> {
  if (token === undefined || !TOKEN.test(token)) return undefined
  const hash = hashOf(token)
  const session = await readRow(desk.records, 'session', hash)
  if (session === undefined) return undefined
  const now = desk.clock.wall()
  const member = await readRow(desk.records, 'member', session.member)
  if (member === undefined || !isFresh(session, now)) {
    await desk.records.write([{ remove: 'session', key: hash }])
    return undefined
  }
  if (!isInTime(member, now)) return undefined
  if (Math.abs(now.at - session.seenUnixMs) >= SEEN_MS) await noteSeen(desk, hash, now)
  return signedInAs(sessionIdOf(hash), session.member, member)
}

/** In turn, so that a session that was just ended does not come back. */
const noteSeen = (desk: Desk, hash: string, now: WallTime): Promise<void> =>
  desk.inTurn(async () => {
    const session = await readRow(desk.records, 'session', hash)
    if (session !== undefined)
      await desk.records.write([put('session', hash, { ...session, seenUnixMs: now.at })])
  })

/** Writes the member with a new session, and what else has to be true at the same moment. To be called in turn. */
export async function enter(
  desk: Desk,
  member: Keyed<MemberRow>,
  caller: Caller,
  changes: readonly Change[] = [],
): Promise<Entered> {
  const [token, now] = [newSecret(), desk.clock.wall()]
  const isKnown = caller.known !== undefined && member.row.browsers.includes(hashOf(caller.known))
  const known = caller.known !== undefined && isKnown ? caller.known : newSecret()
  const browsers = [...member.row.browsers.filter((each) => each !== hashOf(known)), hashOf(known)]
  const row = { ...member.row, browsers: browsers.slice(-BROWSERS_MAX) }
  const session: SessionRow = {
    member: member.key,
    device: caller.device.slice(0, NAME_LETTERS_MAX),
    sinceUnixMs: now.at,
    seenUnixMs: now.at,
  }
  const old = await sessionsTooMany(desk, member.key, now)
  await desk.records.write([
    put('member', member.key, row),
    put('session', hashOf(token), session),
    ...old.map((key): Change => ({ remove: 'session', key })),
    ...changes,
  ])
  for (const key of old) desk.tell({ type: 'session-over', session: sessionIdOf(key) })
  return { who: signedInAs(sessionIdOf(hashOf(token)), member.key, row), token, known }
}

/** Sessions that are over, and the longest unused ones of a member who gets another. */
async function sessionsTooMany(desk: Desk, member: string, now: WallTime): Promise<readonly string[]> {
  const all = await listRows(desk.records, 'session')
  const over = all.filter(({ row }) => !isFresh(row, now))
  const theirs = all
    .filter(({ row }) => row.member === member && isFresh(row, now))
    .sort((a, b) => b.row.seenUnixMs - a.row.seenUnixMs)
  return [...over, ...theirs.slice(SESSIONS_MAX - 1)].map(({ key }) => key)
}

/** Hash of the cookie, when somebody has signed in with that browser before. */
export async function knownBrowser(desk: Desk, { known }: Caller): Promise<string | undefined> {
  if (known === undefined || !TOKEN.test(known)) return undefined
  const hash = hashOf(known)
  const members = await listRows(desk.records, 'member')
  return members.some(({ row }) => row.browsers.includes(hash)) ? hash : undefined
}

export function wrongSecret(desk: Desk, { peer }: Caller): Refusal {
  const retryAfterMs = desk.guesses.countWrongCode(peer, desk.clock.mono())
  return { admitted: false, why: retryAfterMs > 0 ? 'too-many' : 'wrong', retryAfterMs }
}

/** A name that nobody else has, so that people can sign in by it. */
export async function freeName(desk: Desk, name: string, mine?: string): Promise<string> {
  const trimmed = name.normalize('NFKC').trim()
  if (trimmed === '' || [...trimmed].length > NAME_LETTERS_MAX || /\p{C}/u.test(trimmed))
    throw new Fault(
      'invalid',
      `name: wanted 1 to ${NAME_LETTERS_MAX} letters, got ${JSON.stringify(name.slice(0, 80))}`,
    )
  const taken: readonly Keyed<MemberRow | InviteRow>[] = [
    ...(await listRows(desk.records, 'member')),
    ...(await openInvites(desk)),
  ]
  if (taken.some(({ key, row }) => key !== mine && isSameName(row.name, trimmed)))
    throw new Fault('invalid', `name: wanted one that is free, got “${trimmed}”, which somebody has`)
  return trimmed
}

export const isSameName = (a: string, b: string): boolean => foldName(a) === foldName(b)
const foldName = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

export async function openInvites(desk: Desk): Promise<readonly Keyed<InviteRow>[]> {
  const now = desk.clock.wall()
  return (await listRows(desk.records, 'invite')).filter(({ row }) => row.expiresUnixMs > now.at)
}

export async function checkRoom(desk: Desk): Promise<void> {
  if ((await listRows(desk.records, 'member')).length >= MEMBERS_MAX)
    throw new Fault('invalid', `a household has at most ${MEMBERS_MAX} members; remove one first`)
}

export function checkRecipient(recipient: string): string {
  if (/^age1[0-9a-z]{58}$/.test(recipient)) return recipient
  throw new Fault('invalid', 'recipient: wanted age1 and 58 letters and digits, got something else')
}
