import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unixMs } from '../base/time.ts'
import type { Answer } from '../../sim/devices/memory-web.ts'
import { CLIP, DEVICE, openRig, PRESS, type Browser, type Rig } from './rig.fixture.ts'
import { mayUse, type Route } from './route.ts'
import { ROUTES } from './routes.ts'

type Visitor = 'nobody' | 'a forged session' | 'expired' | 'ended guest' | 'guest' | 'household' | 'owner'
const SIGNED_IN = ['guest', 'household', 'owner'] as const

const targetOf = ({ path }: Route): string =>
  path
    .replace(':clip', CLIP)
    .replace(':file', '0000.age')
    .replace(':press', PRESS)
    .replace(':id', 'f'.repeat(16))
    .replace('*', 'x')
const nameOf = (route: Route): string => `${route.kind === 'socket' ? 'SOCKET' : route.method} ${route.path}`
const guarded = ROUTES.filter(({ policy }) => policy !== 'public')

describe('every route of the table', () => {
  let rig: Rig
  const browsers = new Map<Visitor, Browser>()
  beforeAll(async () => {
    rig = await openRig()
    const owner = await rig.enrol()
    browsers.set('ended guest', await rig.join(owner, 'guest', { untilUnixMs: rig.clock.wall().at + 1000 }))
    browsers.set('expired', owner)
    await rig.clock.advance(91 * 24 * 3600_000)
    const login = { kind: 'passphrase', name: 'Ada', passphrase: 'a passphrase of some length' }
    const again = await rig.ask('POST', '/api/login', { json: login })
    const cookies = again.headers
      .get('set-cookie')!
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
    browsers.set('owner', { cookies, member: owner.member })
    browsers.set('household', await rig.join(browsers.get('owner')!, 'household'))
    browsers.set('guest', await rig.join(browsers.get('owner')!, 'guest'))
    browsers.set('a forged session', { cookies: `__Host-lintel=${'A'.repeat(43)}`, member: '' })
  })
  afterAll(() => rig[Symbol.asyncDispose]())

  const knock = async (route: Route, visitor: Visitor): Promise<number | 'open'> => {
    const as = browsers.get(visitor)
    if (route.kind === 'reply') return (await rig.ask(route.method, targetOf(route), { as })).status
    const end = await rig.connect(targetOf(route), { as })
    if ('status' in end) return end.status
    end.close()
    return 'open'
  }

  it.each(guarded.map((route) => [nameOf(route), route] as const))(
    '%s lets in whom its policy names',
    async (_, route) => {
      for (const visitor of ['nobody', 'a forged session', 'expired', 'ended guest'] as const)
        expect([visitor, await knock(route, visitor)]).toEqual([visitor, 401])
      for (const role of SIGNED_IN) {
        const isOther = !mayUse(route.policy, role)
        if (isOther) expect([role, await knock(route, role)]).toEqual([role, 403])
      }
    },
  )

  it.each(
    guarded.filter(({ path }) => path !== '/api/logout').map((route) => [nameOf(route), route] as const),
  )('%s answers those it lets in', async (_, route) => {
    for (const role of SIGNED_IN)
      if (mayUse(route.policy, role)) expect([401, 403]).not.toContain(await knock(route, role))
  })

  it('is named with its policy in DESIGN.md', async () => {
    const { readFile } = await import('node:fs/promises')
    const design = await readFile(new URL('DESIGN.md', import.meta.url), 'utf8')
    const rows = design
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
    for (const { path, policy, method } of ROUTES) {
      const said = rows.some(
        ([, ways = '', who = '']) =>
          ways.includes(`${path}\``) && ways.includes(method) && who.split(/[,:;]/)[0] === policy,
      )
      expect([path, policy, said]).toEqual([path, policy, true])
    }
  })

  it('changes nothing for who is not let in', async () => {
    const [did, rows] = [rig.house.did.length, JSON.stringify(rig.records.rows('member'))]
    for (const route of guarded)
      for (const visitor of ['nobody', 'expired'] as const) await knock(route, visitor)
    expect(rig.house.did).toHaveLength(did)
    expect(JSON.stringify(rig.records.rows('member'))).toBe(rows)
  })

  it('tells strangers nothing of the device, the same whatever there is', async () => {
    const texts = (answer: Answer): string =>
      `${answer.status} ${Buffer.from(answer.body).toString()} ${JSON.stringify([...answer.headers])}`
    const missing = [
      await rig.ask('GET', '/api/nothing'),
      await rig.ask('POST', '/nothing/at/all'),
      await rig.ask('GET', '/assets/other.js'),
      await rig.ask('PATCH', '/api/me'),
      await rig.ask('GET', '/api/events'),
    ].map(texts)
    expect(new Set(missing).size).toBe(1)
    expect(missing[0]).toMatch(/^404 /)
    const signedOut = []
    for (const route of guarded.filter(({ kind }) => kind === 'reply'))
      signedOut.push(texts(await rig.ask(route.method, targetOf(route))))
    expect(new Set(signedOut).size).toBe(1)
    const all = [
      ...missing,
      ...signedOut,
      texts(await rig.ask('GET', '/', { headers: { host: 'evil.example' } })),
    ]
    for (const secret of [DEVICE.name, DEVICE.version, DEVICE.keyName, 'Ada', 'age1', CLIP])
      expect(all.join('\n')).not.toContain(secret)
  })

  it('lets guests in only in their time, which a clock that cannot be trusted never is', async () => {
    const guest = browsers.get('guest')!
    expect((await rig.ask('GET', '/api/me', { as: guest })).status).toBe(200)
    const wall = rig.clock.wall.bind(rig.clock)
    rig.clock.wall = () => ({ at: unixMs(wall().at), trusted: false })
    expect((await rig.ask('GET', '/api/me', { as: guest })).status).toBe(401)
    expect((await rig.ask('GET', '/api/me', { as: browsers.get('owner') })).status).toBe(200)
    rig.clock.wall = wall
  })
})
