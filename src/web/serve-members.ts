import type { Admission, Entered, SignedIn } from '../members/index.ts'
import type { WebReply } from '../ports/web-server.ts'
import type { Activity, EnrolBody, InviteBody, JoinBody, LoginBody, Me, RecipientsBody } from './api.ts'
import { cookiesOf, noSession, sessionCookie } from './cookies.ts'
import { doerOf, type WebDesk } from './desk.ts'
import { json, NOT_FOUND, nothing, problem } from './replies.ts'
import type { Call } from './route.ts'

export async function giveChallenge({ desk, caller, who }: Call<'public', undefined>): Promise<WebReply> {
  return json(200, await desk.members.challenge(caller, who))
}

export async function checkEnrolment({
  desk,
  body,
  caller,
}: Call<'public', { secret: string }>): Promise<WebReply> {
  const offer = await desk.members.checkEnrolment(body.secret, caller)
  return offer.admitted ? json(200, offer.it) : refusal(offer)
}

export const enrol = async ({ desk, body, caller }: Call<'public', EnrolBody>): Promise<WebReply> =>
  letIn(desk, await desk.members.enrol(body, caller), 'enrolled')

export const join = async ({ desk, body, caller }: Call<'public', JoinBody>): Promise<WebReply> =>
  letIn(desk, await desk.members.join(body, caller), 'joined')

export const login = async ({ desk, body, caller }: Call<'public', LoginBody>): Promise<WebReply> =>
  letIn(desk, await desk.members.login(body, caller), 'signed-in')

async function letIn(
  desk: WebDesk,
  admission: Admission<Entered>,
  what: Activity['what'],
): Promise<WebReply> {
  if (!admission.admitted) return refusal(admission)
  const { who, token, known } = admission.it
  await desk.activity.note(doerOf(who), what)
  const reply = json(200, meOf(desk, who))
  return { ...reply, headers: { ...reply.headers, 'set-cookie': cookiesOf({ token, known }) } }
}

function refusal({ why, retryAfterMs }: Extract<Admission<never>, { admitted: false }>): WebReply {
  if (why === 'wrong') return problem(403, 'wrong', 'that is not right')
  return problem(429, 'too-many', 'too many wrong guesses; wait a little', {
    headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) },
  })
}

export async function showMe({ desk, who, token }: Call<'member', undefined>): Promise<WebReply> {
  const reply = json(200, meOf(desk, who))
  if (token === undefined) return reply
  return { ...reply, headers: { ...reply.headers, 'set-cookie': sessionCookie(token) } }
}

function meOf(desk: WebDesk, { session: _, ...who }: SignedIn): Me {
  return { ...who, device: desk.device() }
}

export async function logout({ desk, who }: Call<'member', undefined>): Promise<WebReply> {
  await desk.members.logout(who)
  await desk.activity.note(doerOf(who), 'signed-out')
  return nothing({ 'set-cookie': noSession() })
}

export async function addPasskey({
  desk,
  who,
  body,
  caller,
}: Call<'member', { challengeId: string; response: unknown }>): Promise<WebReply> {
  await desk.members.addPasskey(who, body, caller)
  return nothing()
}

export async function listMembers({ desk, who }: Call<'owner', undefined>): Promise<WebReply> {
  return json(200, await desk.members.list(who))
}

export async function invite({ desk, who, body }: Call<'owner', InviteBody>): Promise<WebReply> {
  const made = await desk.members.invite(body)
  await desk.activity.note(doerOf(who), 'invited', { detail: made.name })
  return json(201, made)
}

export async function cancelInvite({ desk, who, params }: Call<'owner', undefined>): Promise<WebReply> {
  const withdrawn = await desk.members.cancelInvite(params['id'] ?? '')
  if (withdrawn === undefined) return NOT_FOUND
  await desk.activity.note(doerOf(who), 'withdrew-invite', { detail: withdrawn.name })
  return nothing()
}

export async function removeMember({ desk, who, params }: Call<'owner', undefined>): Promise<WebReply> {
  const id = params['id'] ?? ''
  const done = await desk.members.removeMember(id)
  if ('refused' in done) {
    if (done.refused === 'missing') return NOT_FOUND
    return problem(
      409,
      'last-owner',
      'wanted somebody else: without this owner nobody could change who sees what',
    )
  }
  await desk.push.forget(id)
  await desk.activity.note(doerOf(who), 'removed-member', { detail: done.removed })
  return nothing()
}

export async function removeSession({ desk, who, params }: Call<'owner', undefined>): Promise<WebReply> {
  const removed = await desk.members.removeSession(params['id'] ?? '')
  if (removed === undefined) return NOT_FOUND
  await desk.activity.note(doerOf(who), 'removed-session', { detail: `${removed.name}, ${removed.device}` })
  return nothing()
}

export async function putRecipients({ desk, who, body }: Call<'owner', RecipientsBody>): Promise<WebReply> {
  await desk.members.putRecipients(body.note)
  await desk.activity.note(doerOf(who), 'changed-recipients')
  return nothing()
}
