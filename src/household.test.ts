import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createSimPushService } from '../sim/devices/sim-push-service.ts'
import { Fault } from './base/fault.ts'
import { noCamera } from './drivers/camera/index.ts'
import { makeOwner } from './formats/owner.fixture.ts'
import { openHouse, type House, type HouseOptions } from './household.fixture.ts'
import { makeBrowserKeys } from './ports/push-service.contract.ts'
import type { DeviceEvent, SettingsReply, StatusReply, TestReply } from './web/index.ts'

const PASSPHRASE = 'correct horse battery staple'
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

const ALL_DAY = { from: '00:00', to: '24:00' }

describe('a household', () => {
  it('has no doorbell before its first owner, and then one that rings on every page', async () => {
    await using house = await openDarkHouse()
    const anna = new Visitor(house)
    expect(house.household.doorbell()).toBeUndefined()
    await expect(house.press()).rejects.toThrow(/no owner/)
    await anna.enrol()
    expect(await house.household.enrolment()).toBeUndefined()
    using page = await anna.listen()
    await house.press()
    await expect
      .poll(() => page.heard.filter(({ type }) => type === 'press'))
      .toMatchObject([{ hasPicture: false }])
    await expect
      .poll(() => page.heard)
      .toContainEqual(expect.objectContaining({ type: 'visit', state: 'ended' }))
  })

  it('is not disturbed in its quiet hours, unless nobody knows the time', async () => {
    const push = createSimPushService()
    await using house = await openDarkHouse({ push })
    const anna = new Visitor(house)
    await anna.enrol()
    const { publicKey, auth } = makeBrowserKeys()
    const endpoint = 'https://push.example.com/anna'
    await anna.ask('PUT', '/api/push', { endpoint, p256dh: base64url(publicKey), auth: base64url(auth) })
    await expect(anna.settings({ 'quietHours.times': [ALL_DAY] })).rejects.toThrow(/wanted device\.timeZone/)
    await anna.settings({ 'quietHours.times': [ALL_DAY], 'device.timeZone': 'Europe/Berlin' })
    using page = await anna.listen()
    const presses = () => page.heard.filter(({ type }) => type === 'press')
    const visits = () => house.happenings.filter(({ kind }) => kind === 'visit-ended')
    const silent = () => house.happenings.flatMap((it) => (it.kind === 'press' ? [it.silent] : []))

    await house.press()
    await expect.poll(presses).toMatchObject([{ silent: true }])
    await expect.poll(visits).toHaveLength(1)
    const { rows } = await anna.ask<StatusReply>('GET', '/api/status')
    expect(rows.find(({ key }) => key === 'quiet')?.says).toMatch(/^Quiet hours\. Silent: the chime/)
    expect(push.sent).toEqual([])

    house.isTimeKnown = false
    await house.press()
    await expect.poll(() => push.sent).toHaveLength(1)
    expect(presses()[1]).not.toHaveProperty('silent')
    expect(silent()).toEqual([['chime', 'pages', 'push', 'notices'], []])
  })

  it('keeps its old settings when the doorbell will not start with the new ones', async () => {
    const ports: HouseOptions['ports'] = (given, config) => {
      if (config.device.name === 'Cursed') throw new Fault('invalid', 'no doorbell is called Cursed')
      return { ...given, camera: noCamera() }
    }
    await using house = await openHouse({ ports })
    const anna = new Visitor(house)
    await anna.enrol()
    await anna.settings({ 'device.name': 'Garden gate' })
    await expect(anna.settings({ 'device.name': 'Cursed' })).rejects.toThrow(
      /^400 .*no doorbell is called Cursed/,
    )
    expect(house.household.doorbell()).toBeDefined()
    expect(await nameOf(anna)).toBe('Garden gate')
    await house.press()
    await expect.poll(() => house.happenings.some(({ kind }) => kind === 'press')).toBe(true)
  })

  it('applies what is changed while somebody is at the door when they have gone', async () => {
    await using house = await openDarkHouse({ sets: ['visit.quietAfterMs=4000'] })
    const anna = new Visitor(house)
    await anna.enrol()
    const before = house.household.doorbell()
    await house.press()
    await expect.poll(() => house.happenings.some(({ kind }) => kind === 'visit-began')).toBe(true)
    expect(await anna.settings({ 'device.name': 'Garden gate' })).toMatchObject({ waits: true })
    expect(house.household.doorbell()).toBe(before)
    await expect.poll(() => house.household.doorbell()).not.toBe(before)
    await expect.poll(() => house.household.doorbell()).toBeDefined()
    const seen = house.happenings.map(({ kind }) => kind)
    expect(seen).toContain('visit-ended')
  })

  it('can try its store, its chime, its broker and its notices, and hears in words what is wrong', async () => {
    await using house = await openDarkHouse()
    const anna = new Visitor(house)
    await anna.enrol()
    const test = (what: string): Promise<TestReply> => anna.ask('POST', '/api/settings/test', { what })
    const before = house.store.objects.size
    expect(await test('store')).toEqual({
      ok: true,
      message: 'The store takes, gives and deletes what the doorbell sends.',
    })
    expect(house.store.objects.size).toBe(before)
    house.store.onCall = (call) => (call.startsWith('remove') ? new Fault('denied', 'no') : undefined)
    expect(await test('store')).toMatchObject({ ok: true, message: expect.stringMatching(/delete nothing/) })
    house.store.onCall = () => new Fault('denied', 'the key is not valid any more')
    expect(await test('store')).toEqual({ ok: false, message: 'the key is not valid any more' })
    expect(await test('broker')).toEqual({ ok: false, message: 'No broker is set.' })
    expect(await test('push')).toEqual({ ok: false, message: 'No browser has asked to be told yet.' })
    expect(await test('chime')).toMatchObject({ ok: true })
  })
})

async function nameOf(visitor: Visitor): Promise<unknown> {
  const { settings } = await visitor.ask<SettingsReply>('GET', '/api/settings')
  return settings.find(({ key }) => key === 'device.name')?.value
}

/** Without a camera: what is tested here needs no picture. */
async function openDarkHouse(options: HouseOptions = {}): Promise<House> {
  return openHouse({ ports: (ports) => ({ ...ports, camera: noCamera() }), ...options })
}

/** The first owner, as far as the device can tell. */
class Visitor {
  readonly #house: House
  #cookie = ''

  constructor(house: House) {
    this.#house = house
  }

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#house.origin}${path}`, {
      method,
      headers: {
        ...{ origin: this.#house.origin, cookie: this.#cookie },
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
    if (cookies.length > 0) this.#cookie = cookies.join('; ')
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T // The device's own words.
  }

  async enrol(): Promise<void> {
    const { recipient, note: recipients } = makeOwner()
    const secret = await this.#house.household.enrolment()
    const credential = { kind: 'passphrase', passphrase: PASSPHRASE }
    await this.ask('POST', '/api/enrol', { secret, name: 'Anna', recipient, recipients, credential })
    await expect.poll(() => this.#house.household.doorbell()).toBeDefined()
  }

  async listen(): Promise<Disposable & { readonly heard: readonly DeviceEvent[] }> {
    const heard: DeviceEvent[] = []
    const address = `${this.#house.origin.replace('http', 'ws')}/api/events`
    const socket = new WebSocket(address, { headers: { origin: this.#house.origin, cookie: this.#cookie } })
    socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as DeviceEvent)) // As above.
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))
    return { heard, [Symbol.dispose]: () => socket.close() }
  }

  settings(set: Readonly<Record<string, unknown>>): Promise<SettingsReply> {
    return this.ask('PUT', '/api/settings', { set })
  }
}
