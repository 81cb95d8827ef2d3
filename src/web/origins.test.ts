import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOST, openRig, type Browser, type Rig } from './rig.fixture.ts'

const HOSTS = [
  HOST,
  'evil.example',
  'evil.example:8443',
  'door.local',
  'door.local:443',
  'door.local.:8443',
  'door.local.evil.example:8443',
  '127.0.0.1:8443',
  'localhost:8443',
  '[::1]:8443',
  '',
  'door.local:8443@evil.example',
]
const ORIGINS = [
  `https://${HOST}`,
  'https://evil.example',
  `http://${HOST}`,
  'https://door.local',
  'https://door.local:8443.evil.example',
  'null',
  undefined,
]
const SITES = ['same-origin', 'same-site', 'cross-site', 'none', undefined]
const MODES = [undefined, 'navigate', 'no-cors', 'websocket']

type Mix = {
  readonly host: string
  readonly origin: string | undefined
  readonly site: string | undefined
  readonly mode: string | undefined
}
const MIXES: readonly Mix[] = HOSTS.flatMap((host) =>
  ORIGINS.flatMap((origin) => SITES.flatMap((site) => MODES.map((mode) => ({ host, origin, site, mode })))),
)

/** Only our own page, at our own name, may change anything. */
const isOurs = ({ host, origin, site }: Mix): boolean =>
  host === HOST && origin === `https://${HOST}` && (site === 'same-origin' || site === undefined)

const headersOf = ({ host, origin, site, mode }: Mix, { cookies }: Browser): Record<string, string> => ({
  host,
  cookie: cookies,
  'content-type': 'application/json',
  ...(origin === undefined ? {} : { origin }),
  ...(site === undefined ? {} : { 'sec-fetch-site': site }),
  ...(mode === undefined ? {} : { 'sec-fetch-mode': mode }),
})

describe('a request that another site has the household’s browser send', () => {
  let rig: Rig
  let owner: Browser
  beforeAll(async () => {
    rig = await openRig()
    owner = await rig.enrol()
  })
  afterAll(() => rig[Symbol.asyncDispose]())

  it(`changes nothing in any of ${MIXES.length} mixes of Host, Origin and Sec-Fetch`, async () => {
    expect(MIXES.length).toBeGreaterThan(1000)
    let [refused, done] = [0, 0]
    for (const mix of MIXES) {
      const ask = {
        method: 'POST',
        target: '/api/simulate/press',
        headers: headersOf(mix, owner),
        body: '{}',
      }
      const { status } = await rig.memory.ask(rig.web.port, ask)
      const isLetIn = isOurs(mix) && mix.mode === undefined
      expect([mix, isLetIn ? status === 204 : [403, 421].includes(status)]).toEqual([mix, true])
      if (isLetIn) done++
      else refused++
    }
    expect(rig.house.did).toEqual(Array.from({ length: done }, () => 'press'))
    expect(refused).toBeGreaterThan(1000)
  })

  it(`opens no socket in any of ${MIXES.length} mixes`, async () => {
    for (const mix of MIXES) {
      const end = await rig.memory.connect(rig.web.port, {
        target: '/api/events',
        headers: headersOf(mix, owner),
      })
      const isLetIn = isOurs(mix) && (mix.mode === undefined || mix.mode === 'websocket')
      expect([mix, 'status' in end ? end.status : 'open']).toEqual([
        mix,
        isLetIn ? 'open' : mix.host === HOST ? 403 : 421,
      ])
      if (!('status' in end)) end.close()
    }
  })

  it('reads nothing below /api/, also not by a link, a frame or an image', async () => {
    const read = async (headers: Record<string, string>): Promise<number> =>
      (
        await rig.memory.ask(rig.web.port, {
          target: '/api/me',
          headers: { host: HOST, cookie: owner.cookies, ...headers },
        })
      ).status
    expect(
      await read({ 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }),
    ).toBe(200)
    expect(await read({})).toBe(200)
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' },
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'image' },
      { origin: 'https://evil.example' },
    ])
      expect(await read(headers as Record<string, string>)).toBe(403)
  })

  it('may open the page by a link, which is the same for everybody', async () => {
    const headers = { host: HOST, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    const page = await rig.memory.ask(rig.web.port, { target: '/', headers })
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')?.[0]).toMatch(
      /^default-src 'none'; script-src 'self';/,
    )
    expect(page.headers.get('strict-transport-security')).toBeDefined()
    expect(page.headers.get('x-content-type-options')).toEqual(['nosniff'])
  })

  it('is not signed in by a cookie that comes twice', async () => {
    const [session = ''] = owner.cookies.split('; ')
    const headers = { cookie: `${session}; __Host-lintel=${'B'.repeat(43)}` }
    expect((await rig.ask('GET', '/api/me', { headers })).status).toBe(401)
  })
})
