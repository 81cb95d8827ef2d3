import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIP, openRig, PART, type Browser, type Rig } from './rig.fixture.ts'

describe('the files of a clip', () => {
  let rig: Rig
  let owner: Browser
  beforeAll(async () => {
    rig = await openRig()
    owner = await rig.enrol()
  })
  afterAll(() => rig[Symbol.asyncDispose]())

  const fetchPart = (headers: Record<string, string> = {}) =>
    rig.ask('GET', `/api/clips/${CLIP}/0000.age`, { as: owner, headers })

  it('come whole, to be kept by this browser alone', async () => {
    const whole = await fetchPart()
    expect(whole.status).toBe(200)
    expect(whole.body).toEqual(PART)
    expect(whole.headers.get('cache-control')).toEqual(['private, max-age=31536000, immutable'])
    const etag = whole.headers.get('etag')![0]!
    expect((await fetchPart({ 'if-none-match': etag })).status).toBe(304)
  })

  it('are asked for anew when they are the metadata, which changes while the clip grows', async () => {
    const meta = await rig.ask('GET', `/api/clips/${CLIP}/meta.age`, { as: owner })
    expect(meta.status).toBe(200)
    expect([meta.headers.get('cache-control'), meta.headers.get('etag')]).toEqual([['no-store'], undefined])
    const headers = { 'if-none-match': `"${CLIP}-meta.age"` }
    expect((await rig.ask('GET', `/api/clips/${CLIP}/meta.age`, { as: owner, headers })).status).toBe(200)
  })

  it.each([
    ['bytes=0-9', 0, 9],
    ['bytes=990-', 990, 999],
    ['bytes=-10', 990, 999],
    ['bytes=990-5000', 990, 999],
    ['bytes=-5000', 0, 999],
  ] as const)('come in ranges: %s', async (range, from, to) => {
    const part = await fetchPart({ range })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toEqual([`bytes ${from}-${to}/1000`])
    expect(part.body).toEqual(PART.slice(from, to + 1))
  })

  it.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])('have no range %s', async (range) => {
    const part = await fetchPart({ range })
    expect(part.status).toBe(416)
    expect(part.headers.get('content-range')).toEqual(['bytes */1000'])
  })

  it.each(['bytes=5-2', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=-'])(
    'come whole for the range %s',
    async (range) => {
      expect((await fetchPart({ range })).body).toEqual(PART)
    },
  )

  it('are noted once an hour for each member and clip', async () => {
    await rig.clock.advance(3600_000)
    rig.house.noted.length = 0
    for (let n = 0; n < 5; n++) await fetchPart({ range: `bytes=${n}-` })
    expect(rig.house.noted).toEqual([{ what: 'fetched', name: 'Ada', clip: CLIP }])
    await rig.clock.advance(3600_000)
    await fetchPart()
    expect(rig.house.noted).toHaveLength(2)
  })

  it.each([
    `/api/clips/${CLIP}/..%2f..%2fdevice.key`,
    `/api/clips/${CLIP}/%2e%2e`,
    `/api/clips/..%2f..%2f/0000.age`,
    `/api/clips/${CLIP}/device.key`,
    `/api/clips/${CLIP}/0000.age%00`,
    `/api/clips/${CLIP}/0000.age/..`,
    '/assets/../../device.key',
    '/assets/%2e%2e/%2e%2e/device.key',
    '/assets/..%5c..%5cdevice.key',
    '/assets//etc/passwd',
    '/assets/.env',
    '/icon/../device.key',
  ])('%s leads nowhere', async (target) => {
    const { status, body } = await rig.ask('GET', target, { as: owner })
    expect([400, 404]).toContain(status)
    expect(body).toEqual(status === 404 ? (await rig.ask('GET', '/nothing')).body : new Uint8Array())
  })

  it('are held, released, told of and deleted, and each is noted', async () => {
    rig.house.noted.length = 0
    const at = `/api/clips/${CLIP}`
    expect((await rig.ask('PUT', `${at}/hold`, { as: owner, json: { held: true } })).status).toBe(204)
    expect((await rig.ask('PUT', `${at}/hold`, { as: owner, json: { held: false } })).status).toBe(204)
    expect((await rig.ask('POST', `${at}/told`, { as: owner, json: { what: 'played' } })).status).toBe(204)
    expect((await rig.ask('DELETE', at, { as: owner })).status).toBe(204)
    expect(rig.house.noted.map(({ what }) => what)).toEqual(['held', 'released', 'played', 'deleted'])
    expect((await rig.ask('DELETE', `/api/clips/${'9'.repeat(16)}`, { as: owner })).status).toBe(404)
  })

  it('are asked for with bodies of exactly the members there are', async () => {
    const hold = (body: string, type = 'application/json') =>
      rig.ask('PUT', `/api/clips/${CLIP}/hold`, { as: owner, body, headers: { 'content-type': type } })
    for (const body of ['', '{', '[]', 'null', '{}', '{"held":1}', '{"held":true,"more":1}'])
      expect((await hold(body)).status).toBe(400)
    expect((await hold('{"held":true}', 'text/plain')).status).toBe(400)
    const answer = JSON.parse(Buffer.from((await hold('{"held":1}')).body).toString()) as unknown
    expect(answer).toMatchObject({ error: 'invalid', field: 'held' })
  })
})
