/** How somebody comes in: with the code of the device, with an invitation, or again. */
import { Fault, isFault } from '../base/fault.ts'
import type { Credential, EnrolBody, EnrolOffer, JoinBody, KeyProof, LoginBody, Role } from '../web/index.ts'
import { isSignedBy } from './challenges.ts'
import {
  checkRecipient,
  checkRoom,
  enter,
  freeName,
  isSameName,
  knownBrowser,
  wrongSecret,
  type Desk,
  type Keyed,
} from './desk.ts'
import { checkPasskey, passkeyIdOf, readNewPasskey } from './passkeys.ts'
import { hashOf, listRows, newId, put, readRow, type MemberRow, type PasskeyRow } from './rows.ts'
import { isInTime } from './sessions.ts'
import type { Admission, Caller, Entered, SignedIn } from './types.ts'

const PASSKEYS_MAX = 8
const BUSY_MS = 3000

export async function checkEnrolment(
  desk: Desk,
  secret: string,
  caller: Caller,
): Promise<Admission<EnrolOffer>> {
  if (!(await desk.code.isRight(secret))) return wrongSecret(desk, caller)
  const hasOwner = (await desk.ownerList.read()) !== undefined
  const challenge = desk.challenges.make(desk.clock.mono())
  return { admitted: true, it: { device: desk.device(), hasOwner, challenge } }
}

export async function enrol(desk: Desk, body: EnrolBody, caller: Caller): Promise<Admission<Entered>> {
  if (!(await desk.code.isRight(body.secret))) return wrongSecret(desk, caller)
  const recipient = checkRecipient(body.recipient)
  const credential = await makeCredential(desk, body.credential, caller)
  return desk.inTurn(async () => {
    if (!(await desk.code.isRight(body.secret))) return wrongSecret(desk, caller)
    const present = (await listRows(desk.records, 'member')).find(({ row }) => row.ownerKey !== undefined)
    const name = await freeName(desk, body.name, present?.key)
    if (present === undefined) await checkRoom(desk)
    const ownerKey = await ownerKeyOf(desk, body, recipient)
    if (ownerKey === undefined) return wrongSecret(desk, caller)
    const known = present?.row.ownerKey === ownerKey ? present : undefined
    const member: Keyed<MemberRow> = {
      key: known?.key ?? newId(),
      row: withCredential(
        { ...(known?.row ?? newMember(desk, 'owner')), name, recipient, ownerKey },
        credential,
      ),
    }
    const entered = await enter(desk, member, caller, [desk.code.usedUp(body.secret)])
    await desk.code.forget()
    if (body.proof === undefined) desk.tell({ type: 'owner-known' })
    desk.tell({ type: 'members' })
    return { admitted: true, it: entered }
  })
}

/** The key that signs the list of recipients, after its owner has shown that they hold it. */
async function ownerKeyOf(desk: Desk, body: EnrolBody, recipient: string): Promise<string | undefined> {
  if (body.proof !== undefined) return provenKey(desk, body.proof)
  if (body.recipients === undefined)
    throw new Fault('invalid', 'recipients: wanted a first list, or a proof of the owner’s key, got neither')
  return (await desk.ownerList.begin(body.recipients, recipient)).owner
}

/** A list is signed by the key it names; a proof has to be by the one this device belongs to. */
async function provenKey(desk: Desk, proof: KeyProof): Promise<string | undefined> {
  const owner = (await desk.ownerList.read())?.list.owner
  const now = desk.clock.mono()
  const challenge = desk.challenges.find(proof.challengeId, now)
  if (owner === undefined || challenge === undefined || !isSignedBy(owner, proof, challenge)) return undefined
  return desk.challenges.use(proof.challengeId, now) ? owner : undefined
}

export async function join(desk: Desk, body: JoinBody, caller: Caller): Promise<Admission<Entered>> {
  const key = hashOf(body.code)
  const invited = await openInvite(desk, key)
  if (invited === undefined) return wrongSecret(desk, caller)
  if (invited.role !== 'guest' && body.recipient === undefined)
    throw new Fault('invalid', `recipient: wanted one for the role ${invited.role}, got none`)
  const recipient =
    invited.role === 'guest' || body.recipient === undefined
      ? {}
      : { recipient: checkRecipient(body.recipient) }
  const credential = await makeCredential(desk, body.credential, caller)
  return desk.inTurn(async () => {
    if ((await openInvite(desk, key)) === undefined) return wrongSecret(desk, caller)
    await checkRoom(desk)
    const { name, role, fromUnixMs, untilUnixMs } = invited
    const row = {
      ...newMember(desk, role),
      ...recipient,
      name,
      ...(fromUnixMs === undefined ? {} : { fromUnixMs }),
      ...(untilUnixMs === undefined ? {} : { untilUnixMs }),
    }
    const member = { key: newId(), row: withCredential(row, credential) }
    const entered = await enter(desk, member, caller, [{ remove: 'invite', key }])
    desk.tell({ type: 'members' })
    return { admitted: true, it: entered }
  })
}

async function openInvite(desk: Desk, key: string): ReturnType<typeof readRow<'invite'>> {
  const invite = await readRow(desk.records, 'invite', key)
  return invite !== undefined && invite.expiresUnixMs > desk.clock.wall().at ? invite : undefined
}

export async function login(desk: Desk, body: LoginBody, caller: Caller): Promise<Admission<Entered>> {
  switch (body.kind) {
    case 'passphrase':
      return loginWithPassphrase(desk, body, caller)
    case 'passkey':
      return loginWithPasskey(desk, body, caller)
    case 'key':
      return loginWithKey(desk, body, caller)
  }
}

async function loginWithPassphrase(
  desk: Desk,
  body: Extract<LoginBody, { kind: 'passphrase' }>,
  caller: Caller,
): Promise<Admission<Entered>> {
  if (desk.passphrases.isFull) return { admitted: false, why: 'too-many', retryAfterMs: BUSY_MS }
  const guesser = { peer: caller.peer, browser: await knownBrowser(desk, caller) }
  const retryAfterMs = desk.guesses.take(guesser, desk.clock.mono())
  if (retryAfterMs > 0) return { admitted: false, why: 'too-many', retryAfterMs }
  const members = await listRows(desk.records, 'member')
  const member = members.find(({ row }) => isSameName(row.name, body.name))
  if (!(await isRight(desk, body.passphrase, member?.row)))
    return { admitted: false, why: 'wrong', retryAfterMs: 0 }
  desk.guesses.giveBack(guesser, desk.clock.mono())
  return enterAgain(desk, member?.key, caller, (row) => row)
}

/** Too many at once, between the look above and here: as wrong as any other, so that nothing is learnt from it. */
async function isRight(desk: Desk, passphrase: string, row: MemberRow | undefined): Promise<boolean> {
  try {
    return await desk.passphrases.isRight(passphrase, row?.passphrase)
  } catch (error) {
    if (isFault(error, 'unavailable')) return false
    throw error
  }
}

async function loginWithPasskey(
  desk: Desk,
  body: Extract<LoginBody, { kind: 'passkey' }>,
  caller: Caller,
): Promise<Admission<Entered>> {
  const challenge = desk.challenges.find(body.challengeId, desk.clock.mono())
  const id = passkeyIdOf(body.response)
  const members = await listRows(desk.records, 'member')
  const member = members.find(({ row }) => row.passkeys.some((each) => each.id === id))
  const passkey = member?.row.passkeys.find((each) => each.id === id)
  if (challenge === undefined || passkey === undefined) return wrongSecret(desk, caller)
  const moved = await checkPasskey(body.response, passkey, { origin: caller.origin, challenge })
  if (moved === undefined || !desk.challenges.use(body.challengeId, desk.clock.mono()))
    return wrongSecret(desk, caller)
  return enterAgain(desk, member?.key, caller, (row) => ({
    ...row,
    passkeys: row.passkeys.map((each) => (each.id === id ? moved : each)),
  }))
}

async function loginWithKey(desk: Desk, proof: KeyProof, caller: Caller): Promise<Admission<Entered>> {
  const ownerKey = await provenKey(desk, proof)
  if (ownerKey === undefined) return wrongSecret(desk, caller)
  const members = await listRows(desk.records, 'member')
  const member = members.find(({ row }) => row.ownerKey === ownerKey)
  if (member === undefined)
    throw new Fault(
      'denied',
      'the key is the owner’s, but nobody has enrolled with it here; use the device’s code',
    )
  return enterAgain(desk, member.key, caller, (row) => row)
}

/** A member may have been removed while a passphrase was being checked; a guest’s time may be over. */
function enterAgain(
  desk: Desk,
  key: string | undefined,
  caller: Caller,
  change: (row: MemberRow) => MemberRow,
): Promise<Admission<Entered>> {
  return desk.inTurn(async () => {
    const row = key === undefined ? undefined : await readRow(desk.records, 'member', key)
    if (key === undefined || row === undefined || !isInTime(row, desk.clock.wall()))
      return { admitted: false, why: 'wrong', retryAfterMs: 0 }
    return { admitted: true, it: await enter(desk, { key, row: change(row) }, caller) }
  })
}

export async function addPasskey(
  desk: Desk,
  who: SignedIn,
  { challengeId, response }: { readonly challengeId: string; readonly response: unknown },
  caller: Caller,
): Promise<void> {
  const credential = await makeCredential(desk, { kind: 'passkey', challengeId, response }, caller)
  await desk.inTurn(async () => {
    const row = await readRow(desk.records, 'member', who.member)
    if (row === undefined) throw new Fault('missing', 'there is no such member any more')
    if (row.passkeys.length >= PASSKEYS_MAX)
      throw new Fault('invalid', `a member has at most ${PASSKEYS_MAX} passkeys`)
    await desk.records.write([put('member', who.member, withCredential(row, credential))])
  })
  desk.tell({ type: 'members' })
}

type NewCredential = Pick<MemberRow, 'passphrase'> | { readonly passkey: PasskeyRow }

async function makeCredential(desk: Desk, credential: Credential, caller: Caller): Promise<NewCredential> {
  if (credential.kind === 'passphrase')
    return { passphrase: await desk.passphrases.make(credential.passphrase) }
  const challenge = desk.challenges.find(credential.challengeId, desk.clock.mono())
  if (challenge === undefined)
    throw new Fault(
      'invalid',
      'credential.challengeId: wanted a challenge of the last five minutes, got another',
    )
  const passkey = await readNewPasskey(credential.response, { origin: caller.origin, challenge })
  if (!desk.challenges.use(credential.challengeId, desk.clock.mono()))
    throw new Fault('invalid', 'credential.challengeId: wanted one that was not answered yet')
  return { passkey }
}

const newMember = (desk: Desk, role: Role): MemberRow => ({
  name: '',
  role,
  sinceUnixMs: desk.clock.wall().at,
  passkeys: [],
  browsers: [],
})

const withCredential = (row: MemberRow, credential: NewCredential): MemberRow =>
  'passkey' in credential
    ? { ...row, passkeys: [...row.passkeys, credential.passkey].slice(-PASSKEYS_MAX) }
    : { ...row, ...credential }
