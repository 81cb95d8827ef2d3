/** Presses, activity, status, settings, push. */
import { isHexId } from '../base/ids.ts'
import type { WebReply } from '../ports/web-server.ts'
import type { PushBody, PushReply, SettingsBody, TestBody } from './api.ts'
import { doerOf, doorbellOf } from './desk.ts'
import { readCount } from './query.ts'
import { json, NOT_FOUND, nothing } from './replies.ts'
import type { Call } from './route.ts'

const DETAIL_LETTERS_MAX = 200

export async function servePressPicture({ desk, params }: Call<'household', undefined>): Promise<WebReply> {
  const press = params['press'] ?? ''
  const picture = isHexId(press) ? doorbellOf(desk).presses.picture(press) : undefined
  if (picture === undefined) return NOT_FOUND
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: picture }
}

export async function listActivity({ desk, request }: Call<'household', undefined>): Promise<WebReply> {
  const limit = readCount(request.query, 'limit', { fallback: 50, most: 100 })
  const before = request.query.get('before')?.slice(0, 64)
  return json(200, await desk.activity.list({ ...(before === undefined ? {} : { before }), limit }))
}

export async function showStatus({ desk }: Call<'household', undefined>): Promise<WebReply> {
  return json(200, await doorbellOf(desk).status())
}

export async function showSettings({ desk }: Call<'household', undefined>): Promise<WebReply> {
  return json(200, await desk.settings.read())
}

export async function changeSettings({ desk, who, body }: Call<'owner', SettingsBody>): Promise<WebReply> {
  const changed = await desk.settings.change(body.set)
  const detail = Object.keys(body.set).sort().join(', ').slice(0, DETAIL_LETTERS_MAX)
  await desk.activity.note(doerOf(who), 'changed-settings', { detail })
  return json(200, changed)
}

export async function testSetting({ desk, body }: Call<'owner', TestBody>): Promise<WebReply> {
  return json(200, await desk.settings.test(body.what))
}

export async function showPush({ desk }: Call<'member', undefined>): Promise<WebReply> {
  const reply: PushReply = { publicKey: desk.push.publicKey }
  return json(200, reply)
}

export async function putPush({ desk, who, body }: Call<'member', PushBody>): Promise<WebReply> {
  await desk.push.subscribe(who.member, body)
  return nothing()
}

export async function endPush({ desk, who, body }: Call<'member', { endpoint: string }>): Promise<WebReply> {
  await desk.push.unsubscribe(who.member, body.endpoint)
  return nothing()
}

export async function simulatePress({ desk }: Call<'member', undefined>): Promise<WebReply> {
  if (desk.simulate === undefined) return NOT_FOUND
  await desk.simulate.press()
  return nothing()
}
