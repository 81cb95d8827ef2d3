import { randomBytes } from 'node:crypto'
import { Fault } from '../base/fault.ts'
import type { Change } from '../ports/records.ts'
import type { Invite, InviteBody, InviteMade, Member, MembersReply, SessionFacts } from '../web/index.ts'
import { addPasskey, checkEnrolment, enrol, join, login } from './admit.ts'
import {
  createDesk,
  freeName,
  openInvites,
  signedIn,
  type Desk,
  type Keyed,
  type MembersDeps,
} from './desk.ts'
import { passkeyOptions } from './passkeys.ts'
import { hashOf, listRows, put, readRow, type InviteRow, type MemberRow, type SessionRow } from './rows.ts'
import { isFresh, sessionIdOf } from './sessions.ts'
import type { Caller, MemberEvent, Members, SignedIn } from './types.ts'

export type { MembersDeps } from './desk.ts'

const INVITES_MAX = 32
const INVITE_MS = 24 * 3600_000
const CODE_BYTES = 20
const GUEST_MS_MAX = 366 * 24 * 3600_000

export function createMembers(deps: MembersDeps): Members {
  const takers = new Set<(event: MemberEvent) => void>()
  const desk = createDesk(deps, (event) => {
    for (const take of takers) take(event)
  })
  return {
    enrolment: () => desk.inTurn(() => desk.code.current()),
    reopenEnrolment: () => desk.inTurn(() => desk.code.renew()),
    signedIn: (token) => signedIn(desk, token),
    challenge: (caller, who) => makeChallenge(desk, caller, who),
    checkEnrolment: (secret, caller) => checkEnrolment(desk, secret, caller),
    enrol: (body, caller) => enrol(desk, body, caller),
    join: (body, caller) => join(desk, body, caller),
    login: (body, caller) => login(desk, body, caller),
    logout: async (who) => void (await removeSession(desk, who.session)),
    addPasskey: (who, passkey, caller) => addPasskey(desk, who, passkey, caller),
    list: (who) => listMembers(desk, who),
    invite: (body) => desk.inTurn(() => invite(desk, body)),
    cancelInvite: (id) => cancelInvite(desk, id),
    removeMember: (id) => desk.inTurn(() => removeMember(desk, id)),
    removeSession: (id) => removeSession(desk, id),
    putRecipients: async (note) => {
      await desk.inTurn(() => desk.ownerList.follow(note))
      desk.tell({ type: 'members' })
    },
    subscribe(take) {
      takers.add(take)
      return { [Symbol.dispose]: () => void takers.delete(take) }
    },
  }
}

async function makeChallenge(
  desk: Desk,
  { origin }: Caller,
  who: SignedIn | undefined,
): ReturnType<Members['challenge']> {
  const made = desk.challenges.make(desk.clock.mono())
  const row = who === undefined ? undefined : await readRow(desk.records, 'member', who.member)
  return { ...made, ...(await passkeyOptions(origin, made.challenge, row)) }
}

async function listMembers(desk: Desk, who: SignedIn): Promise<MembersReply> {
  const now = desk.clock.wall()
  const sessions = (await listRows(desk.records, 'session')).filter(({ row }) => isFresh(row, now))
  const members = await listRows(desk.records, 'member')
  const present = await desk.ownerList.read()
  const sealedTo = new Set(present?.list.recipients.map(({ key }) => key))
  const waiting = members.filter(({ row }) => row.recipient !== undefined && !sealedTo.has(row.recipient))
  return {
    members: members.map((member) => memberFacts(member, sessions, who)),
    invites: (await openInvites(desk)).map(inviteFacts),
    recipients: present?.note ?? '',
    waiting: waiting.map(({ key }) => key),
  }
}

function memberFacts(
  { key, row }: Keyed<MemberRow>,
  sessions: readonly Keyed<SessionRow>[],
  who: SignedIn,
): Member {
  const { name, role, recipient, fromUnixMs, untilUnixMs } = row
  return {
    id: key,
    name,
    role,
    ...(recipient === undefined ? {} : { recipient }),
    ...(fromUnixMs === undefined ? {} : { fromUnixMs }),
    ...(untilUnixMs === undefined ? {} : { untilUnixMs }),
    passkeys: row.passkeys.length,
    hasPassphrase: row.passphrase !== undefined,
    sessions: sessions.filter((each) => each.row.member === key).map((each) => sessionFacts(each, who)),
  }
}

const sessionFacts = ({ key, row }: Keyed<SessionRow>, who: SignedIn): SessionFacts => ({
  id: sessionIdOf(key),
  device: row.device,
  sinceUnixMs: row.sinceUnixMs,
  seenUnixMs: row.seenUnixMs,
  isThis: sessionIdOf(key) === who.session,
})

/** An invitation is called by the beginning of its hash: nothing that opens anything. */
const inviteFacts = ({ key, row }: Keyed<InviteRow>): Invite => ({
  id: sessionIdOf(key),
  name: row.name,
  role: row.role,
  expiresUnixMs: row.expiresUnixMs,
})

async function invite(desk: Desk, body: InviteBody): Promise<InviteMade> {
  const now = desk.clock.wall()
  const name = await freeName(desk, body.name)
  const over = (await listRows(desk.records, 'invite')).filter(({ row }) => row.expiresUnixMs <= now.at)
  if ((await openInvites(desk)).length >= INVITES_MAX)
    throw new Fault('invalid', `there are ${INVITES_MAX} invitations already; take one back first`)
  const code = randomBytes(CODE_BYTES).toString('base64url')
  const row: InviteRow = {
    name,
    role: body.role,
    ...guestTime(body, now.at),
    expiresUnixMs: now.at + INVITE_MS,
  }
  const gone = over.map(({ key }): Change => ({ remove: 'invite', key }))
  await desk.records.write([put('invite', hashOf(code), row), ...gone])
  desk.tell({ type: 'members' })
  return { ...inviteFacts({ key: hashOf(code), row }), code }
}

function guestTime(
  { role, fromUnixMs, untilUnixMs }: InviteBody,
  now: number,
): Pick<InviteRow, 'fromUnixMs' | 'untilUnixMs'> {
  if (role !== 'guest') return {}
  const from = fromUnixMs ?? now
  if (untilUnixMs === undefined || untilUnixMs <= Math.max(from, now) || untilUnixMs - now > GUEST_MS_MAX)
    throw new Fault(
      'invalid',
      `untilUnixMs: wanted a time after now and \`fromUnixMs\`, at most a year from now, got ${untilUnixMs}`,
    )
  return { fromUnixMs: from, untilUnixMs }
}

function cancelInvite(desk: Desk, id: string): ReturnType<Members['cancelInvite']> {
  return desk.inTurn(async () => {
    const found = (await listRows(desk.records, 'invite')).find(({ key }) => sessionIdOf(key) === id)
    if (found === undefined) return undefined
    await desk.records.write([{ remove: 'invite', key: found.key }])
    desk.tell({ type: 'members' })
    return { name: found.row.name }
  })
}

async function removeMember(desk: Desk, id: string): ReturnType<Members['removeMember']> {
  const members = await listRows(desk.records, 'member')
  const member = members.find(({ key }) => key === id)
  if (member === undefined) return { refused: 'missing' }
  // Without the one whose key signs the list, nobody could change what future clips are sealed to.
  if (member.row.ownerKey !== undefined) return { refused: 'last-owner' }
  const sessions = (await listRows(desk.records, 'session')).filter(({ row }) => row.member === id)
  await desk.records.write([
    { remove: 'member', key: id },
    ...sessions.map(({ key }): Change => ({ remove: 'session', key })),
  ])
  for (const { key } of sessions) desk.tell({ type: 'session-over', session: sessionIdOf(key) })
  desk.tell({ type: 'members' })
  return { removed: member.row.name }
}

function removeSession(desk: Desk, id: string): ReturnType<Members['removeSession']> {
  return desk.inTurn(async () => {
    const found = (await listRows(desk.records, 'session')).find(({ key }) => sessionIdOf(key) === id)
    if (found === undefined) return undefined
    const member = await readRow(desk.records, 'member', found.row.member)
    await desk.records.write([{ remove: 'session', key: found.key }])
    desk.tell({ type: 'session-over', session: id })
    desk.tell({ type: 'members' })
    return { name: member?.name ?? '', device: found.row.device }
  })
}
