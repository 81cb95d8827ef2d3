import { beforeEach, describe, expect, it } from 'vitest'
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { createSimHttpCaller, type SimHttpCaller } from '../../sim/devices/sim-http-caller.ts'
import { createSimProgramRunner, type SimProgramRunner } from '../../sim/devices/sim-program-runner.ts'
import { silentLog } from '../base/log.ts'
import { unixMs } from '../base/time.ts'
import { loadConfig } from '../config/index.ts'
import { createActions, type ActionFields, type Actions } from './index.ts'

const PRESS: ActionFields = { event: 'press', device: 'Front "door" & gate', what: '', visit: 'a1', id: 'b2' }

describe('an action', () => {
  let home: Home
  beforeEach(() => void (home = new Home()))

  it('calls an address with all that is known, when nothing else is wanted', async () => {
    await home.with('[{ on: [press], webhook: { url: "http://nas.lan/door" } }]', async (actions) => {
      actions.take(PRESS)
      actions.take({ ...PRESS, event: 'alarm' })
    })
    expect(home.http.calls).toMatchObject([
      { url: 'http://nas.lan/door', method: 'POST', headers: { 'content-type': 'application/json' } },
    ])
    expect(JSON.parse(home.http.calls[0]?.body ?? '')).toEqual(PRESS)
  })

  it('escapes what stands for a field, for where it stands', async () => {
    const webhook = `{ url: "http://nas.lan/{{device}}?v={{ visit }}", body: '{"text":"{{device}} {{zone}}"}', headers: { authorization: Bearer x } }`
    const command = '{ run: [/usr/bin/say, "{{device}}; rm -rf /", "{{event}}"] }'
    home.programs.install('/usr/bin/say', 0)
    await home.with(
      `[{ on: [press], webhook: ${webhook} }, { on: [press], command: ${command} }]`,
      async (actions) => actions.take(PRESS),
    )
    const [call] = home.http.calls
    expect(call?.url).toBe('http://nas.lan/Front%20%22door%22%20%26%20gate?v=a1')
    expect(JSON.parse(call?.body ?? '')).toEqual({ text: 'Front "door" & gate ' })
    expect(call?.headers).toMatchObject({ authorization: 'Bearer x' })
    expect(home.programs.ran).toEqual([['/usr/bin/say', 'Front "door" & gate; rm -rf /', 'press']])
  })

  it('is tried three times when the network is at fault, and once when it is refused', async () => {
    await home.with('[{ on: [press], webhook: { url: "http://nas.lan/" } }]', async (actions) => {
      home.http.answer(503)
      actions.take(PRESS)
      await home.clock.advance(60_000)
      expect(home.http.calls).toHaveLength(3)
      home.http.answer(404)
      actions.take(PRESS)
      await home.clock.advance(60_000)
    })
    expect(home.http.calls).toHaveLength(4)
    expect(home.logged).toEqual([
      'actions.failed {"action":"1: webhook","event":"press","kind":"unavailable","problem":"nas.lan answered 503"}',
      'actions.failed {"action":"1: webhook","event":"press","kind":"invalid","problem":"nas.lan answered 404"}',
    ])
  })

  it('that hangs holds up no other, and what finds no room is left out, and said', async () => {
    home.programs.install('/bin/hangs', 'hangs')
    const hangs = '{ on: [press], command: { run: [/bin/hangs], timeoutMs: 60000 } }'
    await home.with(`[${hangs}, { on: [press], webhook: { url: "http://nas.lan/" } }]`, async (actions) => {
      for (let n = 0; n < 40; n++) {
        actions.take(PRESS)
        await home.clock.advance(10)
      }
      expect(home.http.calls).toHaveLength(40)
      expect(home.programs.ran).toHaveLength(1)
      expect(home.logged.filter((line) => line.startsWith('actions.left_out'))).toHaveLength(7)
      await home.clock.advance(60_000)
      expect(home.programs.ran).toHaveLength(2)
    })
  })

  it('that is under way when the doorbell stops is stopped', async () => {
    home.http.answer('silent')
    await home.with('[{ on: [press], webhook: { url: "http://nas.lan/" } }]', async (actions) =>
      actions.take(PRESS),
    )
    expect(home.logged).toEqual([])
  })
})

describe('the settings of an action', () => {
  it.each<[string, RegExp]>([
    [
      '[{ on: [press], webhook: { url: "http://nas/{{vist}}" } }]',
      /\{\{vist\}\}: wanted one of event.*visit/,
    ],
    ['[{ on: [press], webhook: { url: "http://nas/{{visit" } }]', /\{\{: wanted one of/],
    ['[{ on: [press], webhook: { url: "http://{{device}}/" } }]', /wanted http:\/\/host/],
    ['[{ on: [press], webhook: { url: "ftp://nas/" } }]', /wanted http:\/\/host/],
    ['[{ on: [press], command: { run: [notify, "{{what}}"] } }]', /full path of a program/],
    ['[{ on: [press], command: { run: ["/bin/{{what}}"] } }]', /full path of a program/],
    ['[{ on: [pres], command: { run: [/bin/true] } }]', /actions/],
    ['[{ on: [press] }]', /either webhook or command/],
    [
      '[{ on: [press], webhook: { url: "http://a/" }, command: { run: [/bin/true] } }]',
      /either webhook or command/,
    ],
    ['[{ on: [press], webhook: { url: "http://a/", verb: GET } }]', /verb/],
  ])('%s say what is wrong at the start', (text, words) => {
    expect(() => configOf(text)).toThrow(words)
  })
})

const configOf = (text: string) => loadConfig({ file: { name: 'door.yaml', text: `actions: ${text}\n` } })

class Home {
  readonly clock = new SimClock({ bootWall: unixMs(0) })
  readonly http: SimHttpCaller = createSimHttpCaller(this.clock)
  readonly programs: SimProgramRunner = createSimProgramRunner(this.clock)
  readonly logged: string[] = []

  async with(text: string, during: (actions: Actions) => Promise<void>): Promise<void> {
    const warn = (event: string, fields: object = {}): void =>
      void this.logged.push(`${event} ${JSON.stringify(fields)}`)
    const random = createSeededRandom(1)
    const actions = createActions({ ...this, random, log: { ...silentLog, warn } }, configOf(text).actions)
    const stop = new AbortController()
    const running = actions.run(stop.signal)
    await during(actions)
    await this.clock.advance(100)
    stop.abort()
    await running
  }
}
