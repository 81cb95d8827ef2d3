import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRig, PASSPHRASE, type Rig } from './rig.fixture.ts'

const GUESSES = 100_000

describe('a stranger who guesses', () => {
  let rig: Rig
  beforeEach(async () => {
    rig = await openRig()
  })
  afterEach(() => rig[Symbol.asyncDispose]())

  const login = (passphrase: string, options: { readonly peer?: string; readonly cookie?: string } = {}) =>
    rig.ask('POST', '/api/login', {
      json: { kind: 'passphrase', name: 'Ada', passphrase },
      ...(options.peer === undefined ? {} : { peer: options.peer }),
      ...(options.cookie === undefined ? {} : { headers: { cookie: options.cookie } }),
    })

  it(`does not enrol with any of ${GUESSES} secrets, from one address or many, and the owner still does`, async () => {
    const seen = new Map<number, number>()
    for (let n = 0; n < GUESSES; n++) {
      const json = { secret: String(n).padStart(27, 'A') }
      const peer = n % 2 === 0 ? '10.0.0.66' : `10.1.${(n >> 8) & 255}.${n & 255}`
      const { status } = await rig.ask('POST', n % 3 === 0 ? '/api/enrol/check' : '/api/join', {
        json: n % 3 === 0 ? json : { code: json.secret, credential: { kind: 'passphrase', passphrase: 'x' } },
        peer,
      })
      seen.set(status, (seen.get(status) ?? 0) + 1)
    }
    expect([...seen.keys()].sort()).toEqual([403, 429])
    expect(seen.get(429)).toBeGreaterThan(GUESSES / 4)
    const secret = await rig.members.enrolment()
    expect((await rig.ask('POST', '/api/enrol/check', { json: { secret }, peer: '10.0.0.66' })).status).toBe(
      200,
    )
    expect((await rig.enrol()).member).toMatch(/^[0-9a-f]{16}$/)
  })

  it(`does not sign in with any of ${GUESSES} passphrases, and locks out nobody who was here before`, async () => {
    const owner = await rig.enrol()
    const known = owner.cookies.split('; ').find((cookie) => cookie.startsWith('__Host-lintel-known='))!
    let computed = 0
    for (let n = 0; n < GUESSES; n++) {
      const { status } = await login(`wrong ${n}`, { peer: `10.${n % 200}.${(n >> 8) & 255}.${n & 255}` })
      if (status === 403) computed++
      else expect(status).toBe(429)
    }
    expect(computed).toBeLessThanOrEqual(20)
    expect((await login(PASSPHRASE, { peer: '10.9.9.9' })).status).toBe(429)
    expect((await login(PASSPHRASE, { peer: '10.9.9.9', cookie: known })).status).toBe(200)
  })

  it('who says to be a known browser, and is none, is a stranger', async () => {
    await rig.enrol()
    const statuses = []
    for (let n = 0; n < 12; n++) {
      const cookie = `__Host-lintel-known=${String(n).padStart(43, 'A')}`
      statuses.push((await login('wrong', { peer: '10.0.0.1', cookie })).status)
    }
    expect(statuses).toEqual([...Array.from({ length: 8 }, () => 403), 429, 429, 429, 429])
  })

  it('may guess again after a while, and is told how long', async () => {
    await rig.enrol()
    for (let n = 0; n < 8; n++) await login('wrong', { peer: '2001:db8::1' })
    const refused = await login('wrong', { peer: '2001:db8::2' }) // The same house: one /64.
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after')?.[0])).toBeGreaterThan(50)
    await rig.clock.advance(60_000)
    expect((await login(PASSPHRASE, { peer: '2001:db8::1' })).status).toBe(200)
  })

  it('learns from a wrong name no more than from a wrong passphrase', async () => {
    await rig.enrol()
    const wrong = await login('wrong')
    const nobody = await rig.ask('POST', '/api/login', {
      json: { kind: 'passphrase', name: 'Nobody', passphrase: PASSPHRASE },
    })
    expect(nobody).toEqual(wrong)
  })

  it('takes the memory of a few passphrases at once, however many are sent', async () => {
    await rig.enrol()
    const sent = Array.from({ length: 200 }, (_, n) => login('wrong', { peer: `10.2.0.${n}` }))
    const statuses = (await Promise.all(sent)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 403).length).toBeLessThanOrEqual(20)
  })
})
