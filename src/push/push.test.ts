import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { createSimPushService, type SimPushService } from '../../sim/devices/sim-push-service.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import { makeBrowserKeys } from '../ports/push-service.contract.ts'
import type { PushBody } from '../web/index.ts'
import { openPush, type Push } from './index.ts'

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

function browser(n: number): PushBody {
  const { publicKey, auth } = makeBrowserKeys()
  return { endpoint: `https://push.example.com/${n}`, p256dh: base64url(publicKey), auth: base64url(auth) }
}

class Home {
  readonly disk = createMemoryDisk()
  readonly index = new MemoryRecords()
  readonly records = this.index.open()
  readonly clock = new SimClock({ bootWall: unixMs(1_767_225_600_000) })
  readonly service: SimPushService = createSimPushService()
  readonly logged: string[] = []

  open(): Promise<Push> {
    const { disk, records, clock, service } = this
    return openPush({ disk, records, clock, service, random: createSeededRandom(1), log: this.#log() })
  }

  endpoints(): readonly string[] {
    return this.service.sent.map(({ to }) => to.endpoint.split('/').at(-1) ?? '')
  }

  #log(): Log {
    const note =
      (level: string): Log['info'] =>
      (event, fields = {}) =>
        void this.logged.push(`${level} ${event} ${JSON.stringify(fields)}`)
    return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  }
}

describe('the key that push services know us by', () => {
  it('is made once, and is readable by its owner only', async () => {
    const home = new Home()
    const { publicKey } = await home.open()
    expect(Buffer.from(publicKey, 'base64url')).toHaveLength(65)
    expect((await home.open()).publicKey).toBe(publicKey)
  })

  it('that is something else stops the start, and says what to do', async () => {
    const home = new Home()
    await home.disk.replace('push.key', utf8('nonsense\n'))
    await expect(home.open()).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringMatching(/push\.key.*move/),
    })
  })
})

describe('a press', () => {
  it('is sent to every browser within a second, and says nothing but which press it was', async () => {
    const home = new Home()
    await using push = await home.open()
    for (let n = 0; n < 3; n++) await push.subscribe(`m${n}`, browser(n))
    push.tell({ v: 1, what: 'press', press: 'a1b2c3d4' })
    await home.clock.advance(1000)
    expect(home.endpoints()).toEqual(['0', '1', '2'])
    const [{ message }] = home.service.sent as [SimPushService['sent'][number]]
    expect(fromUtf8(message.payload)).toBe('{"v":1,"what":"press","press":"a1b2c3d4"}')
    expect(message).toMatchObject({ isUrgent: true, ttlS: 60 })
  })

  it('does not wait for a service that is away, which is asked again and then given up', async () => {
    const home = new Home()
    await using push = await home.open()
    await push.subscribe('m', browser(0))
    await push.subscribe('m', browser(1))
    home.service.refuse(new Fault('unavailable', '503'), 'https://push.example.com/0')
    push.tell({ v: 1, what: 'press', press: 'a' })
    await home.clock.advance(0)
    expect(home.endpoints()).toEqual(['1'])
    await home.clock.advance(500)
    home.service.refuse(undefined, 'https://push.example.com/0')
    await home.clock.advance(30_000)
    expect(home.endpoints()).toEqual(['1', '0'])
    home.service.refuse(new Fault('unavailable', '503'))
    push.tell({ v: 1, what: 'press', press: 'b' })
    await home.clock.advance(120_000)
    expect(home.logged.filter((line) => line.includes('push.not_sent'))).toHaveLength(2)
    expect(home.logged.join('\n')).not.toContain('push.example.com')
  })

  it('makes a browser that has gone be forgotten', async () => {
    const home = new Home()
    await using push = await home.open()
    await push.subscribe('m', browser(0))
    await push.subscribe('m', browser(1))
    home.service.refuse(new Fault('missing', '410'), 'https://push.example.com/0')
    push.tell({ v: 1, what: 'press', press: 'a' })
    await home.clock.advance(0)
    expect(await push.test()).toEqual({ reached: 1, of: 1 })
  })
})

describe('a subscription', () => {
  it('is kept over a restart, once however often it is made, and ends with its member', async () => {
    const home = new Home()
    await using push = await home.open()
    const mine = browser(0)
    await push.subscribe('anna', mine)
    await push.subscribe('anna', mine)
    await push.subscribe('bert', browser(1))
    await using again = await home.open()
    expect(await again.test()).toEqual({ reached: 2, of: 2 })
    await again.unsubscribe('bert', mine.endpoint)
    expect(await again.test()).toMatchObject({ of: 2 })
    await again.forget('anna')
    expect(await again.test()).toEqual({ reached: 1, of: 1 })
    await again.unsubscribe('bert', 'https://push.example.com/1')
    expect(await again.test()).toMatchObject({ of: 0 })
  })

  it('makes the oldest of too many go: eight a member', async () => {
    const home = new Home()
    await using push = await home.open()
    for (let n = 0; n < 10; n++) {
      await push.subscribe('anna', browser(n))
      await home.clock.advance(1000)
    }
    await push.test()
    expect(
      home
        .endpoints()
        .map(Number)
        .toSorted((a, b) => a - b),
    ).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
  })

  it.each([
    [{ endpoint: 'https://192.168.1.1/admin' }, /endpoint/],
    [{ endpoint: `https://push.example.com/${'x'.repeat(2000)}` }, /endpoint/],
    [{ p256dh: 'AAAA' }, /p256dh/],
    [{ auth: '<script>' }, /auth/],
  ])('that is none is refused: %j', async (change, words) => {
    const home = new Home()
    await using push = await home.open()
    const subscribing = push.subscribe('anna', { ...browser(0), ...change })
    await expect(subscribing).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(words),
    })
  })
})
