import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeviceEvent } from './api.ts'
import { openRig, PRESS, SOUND, type Browser, type Rig } from './rig.fixture.ts'
import type { MemorySocketEnd } from '../../sim/devices/memory-web.ts'

const PRESSED: DeviceEvent = { type: 'press', press: PRESS, visit: 'a1', atUnixMs: 1, hasPicture: true }

const VIEWER = 'ab'.repeat(8)

describe('a page’s socket', () => {
  let rig: Rig
  let owner: Browser
  beforeEach(async () => {
    rig = await openRig()
    owner = await rig.enrol()
  })
  afterEach(() => rig[Symbol.asyncDispose]())

  const nextOf = async (end: MemorySocketEnd): Promise<unknown> => JSON.parse(String(await end.next()))
  const opened = async (as: Browser): Promise<MemorySocketEnd> => {
    const end = await rig.socket('/api/events', as)
    expect(await nextOf(end)).toMatchObject({ type: 'hello' })
    expect(await nextOf(end)).toMatchObject({ type: 'sound', canHear: true })
    return end
  }
  /** Until what was asked has been done. */
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  }

  it('hears of a press, and says that it was answered', async () => {
    const end = await opened(owner)
    rig.house.tell(PRESSED)
    expect(await nextOf(end)).toEqual(PRESSED)
    end.send(JSON.stringify({ type: 'press-over', press: PRESS, how: 'answered' }))
    await until(() => rig.house.noted.some(({ what }) => what === 'answered'))
    expect(rig.house.did).toContain(`answered ${PRESS} Ada`)
  })

  it('hears what the detector makes of the picture only while it asks', async () => {
    const end = await opened(owner)
    end.send('{"type":"watch-looks","on":true}')
    await until(() => rig.house.looks.size === 1)
    end.send('{"type":"watch-looks","on":false}')
    await until(() => rig.house.looks.size === 0)
  })

  it('of a guest hears of presses and visits, and of nothing else', async () => {
    const end = await opened(await rig.join(owner, 'guest'))
    end.send('{"type":"watch-looks","on":true}')
    rig.house.tell({ type: 'clip', state: 'sealed', clip: 'c1' })
    rig.house.tell({ type: 'alarms', alarms: ['hot'] })
    rig.house.tell({ type: 'press-picture', press: PRESS })
    rig.house.tell(PRESSED)
    expect(await nextOf(end)).toEqual(PRESSED)
    expect(rig.house.looks.size).toBe(0)
  })

  it('tells all who talks, and guests that they may not', async () => {
    const guest = await rig.join(owner, 'guest')
    const [mine, guests] = [await opened(owner), await opened(guest)]
    const talker = { viewer: VIEWER, name: 'Ada' }
    for (const take of rig.house.ears) take({ ...SOUND, talker })
    expect(await nextOf(mine)).toEqual({ type: 'sound', ...SOUND, talker })
    expect(await nextOf(guests)).toEqual({ type: 'sound', ...SOUND, canTalk: false, talker })
  })

  it('is closed when it does not read', async () => {
    const end = await opened(owner)
    end.stopReading()
    const alarms = ['x'.repeat(64 * 1024)]
    for (let n = 0; n < 40; n++) rig.house.tell({ type: 'alarms', alarms })
    expect(await end.closed).toBe(1013)
    await until(() => rig.house.takers.size === 0)
  })

  it.each(['nonsense', '{"type":"open-the-door"}', '{"type":"watch-looks"}', '[]'])(
    'is closed when it says %s',
    async (message) => {
      const end = await opened(owner)
      end.send(message)
      expect(await end.closed).toBe(1008)
    },
  )

  it('ends with its session, and live view and viewers with it', async () => {
    const member = await rig.join(owner, 'household')
    const [events, live] = [await opened(member), await rig.socket('/api/live/fmp4', member)]
    await rig.ask('POST', '/api/live/webrtc', { as: member, json: { offer: 'v=0' } })
    const ownersEnd = await opened(owner)
    await rig.ask('DELETE', `/api/members/${member.member}`, { as: owner })
    expect(await events.closed).toBe(4401)
    expect(await live.closed).toBe(4401)
    expect(rig.house.signals.map(({ aborted }) => aborted)).toEqual([true, true])
    expect(rig.house.did).toContain(`forget ${member.member}`)
    expect(await nextOf(ownersEnd)).toEqual({ type: 'members' })
    expect((await rig.ask('GET', '/api/me', { as: member })).status).toBe(401)
  })

  it('of a guest ends when their time does', async () => {
    const guest = await rig.join(owner, 'guest', { untilUnixMs: rig.clock.wall().at + 90_000 })
    const [events, live] = [await opened(guest), await rig.socket('/api/live/mpeg1', guest)]
    await rig.clock.advance(89_000)
    expect(rig.house.signals[0]?.aborted).toBe(false)
    await rig.clock.advance(1000)
    expect(await events.closed).toBe(4401)
    expect(await live.closed).toBe(4401)
  })

  it('makes room for the seventh of the same session', async () => {
    const first = await opened(owner)
    for (let n = 0; n < 6; n++) await opened(owner)
    expect(await first.closed).toBe(1013)
  })

  it('may be heard and spoken through by its own member, as their role allows', async () => {
    const guest = await rig.join(owner, 'guest')
    const put = async (what: string, as: Browser, json: unknown): Promise<number> =>
      (await rig.ask('PUT', `/api/live/${what}`, { as, json })).status
    expect(await put('listen', guest, { viewer: VIEWER, on: true })).toBe(204)
    expect(await put('talk', guest, { viewer: VIEWER, on: true })).toBe(403)
    expect(await put('talk', owner, { viewer: VIEWER, on: true })).toBe(204)
    expect(await put('talk', owner, { viewer: VIEWER, on: true })).toBe(204)
    expect(await put('talk', owner, { viewer: VIEWER, on: true, volume: 11 })).toBe(400)
    expect(await put('listen', owner, { viewer: '../x', on: true })).toBe(400)
    expect(rig.house.did.filter((what) => /^(listen|talk) /.test(what))).toEqual([
      `listen ${VIEWER} ${guest.member} true`,
      `talk ${VIEWER} ${owner.member} true`,
      `talk ${VIEWER} ${owner.member} true`,
    ])
    expect(rig.house.noted.filter(({ what }) => what === 'talked')).toHaveLength(1)
  })

  it('comes again when another doorbell runs', async () => {
    const end = await opened(owner)
    rig.web.doorbellChanged()
    expect(await end.closed).toBe(1012)
  })
})
