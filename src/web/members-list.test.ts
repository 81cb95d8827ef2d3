import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InviteMade, MembersReply } from './api.ts'
import type { Answer } from '../../sim/devices/memory-web.ts'
import { openRig, type Browser, type Rig } from './rig.fixture.ts'

const bodyOf = <T>({ body }: Answer): T => JSON.parse(Buffer.from(body).toString()) as T // As the route answers.

describe('what an owner does with people', () => {
  let rig: Rig
  let owner: Browser
  beforeEach(async () => {
    rig = await openRig()
    owner = await rig.enrol()
  })
  afterEach(() => rig[Symbol.asyncDispose]())

  it('stands in the activity list: an invitation taken back, with whom it was for', async () => {
    const json = { name: 'Bob', role: 'household' }
    const { id } = bodyOf<InviteMade>(await rig.ask('POST', '/api/invites', { as: owner, json }))
    expect((await rig.ask('DELETE', `/api/invites/${id}`, { as: owner })).status).toBe(204)
    expect(rig.house.noted.at(-1)).toEqual({ name: 'Ada', what: 'withdrew-invite', detail: 'Bob' })
    const before = rig.house.noted.length
    expect((await rig.ask('DELETE', `/api/invites/${id}`, { as: owner })).status).toBe(404)
    expect(rig.house.noted).toHaveLength(before)
  })

  it('stands in the activity list: somebody signed out, with whose session it was', async () => {
    await rig.join(owner, 'household')
    const { members } = bodyOf<MembersReply>(await rig.ask('GET', '/api/members', { as: owner }))
    const other = members.find(({ role }) => role === 'household')
    const session = other?.sessions[0]
    expect((await rig.ask('DELETE', `/api/sessions/${session?.id}`, { as: owner })).status).toBe(204)
    expect(rig.house.noted.at(-1)).toEqual({
      name: 'Ada',
      what: 'removed-session',
      detail: `${other?.name}, ${session?.device}`,
    })
    const before = rig.house.noted.length
    expect((await rig.ask('DELETE', `/api/sessions/${session?.id}`, { as: owner })).status).toBe(404)
    expect(rig.house.noted).toHaveLength(before)
  })
})
