/** A real mosquitto as `firmware-config/mosquitto/` would have it: TLS, passwords, who may say and hear what. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { TOPICS } from '../../mqtt/index.ts'
import type { Broker, BrokerMessage, HeardMessage } from '../../ports/broker.ts'
import {
  findProgram,
  makeCertificates,
  mosquittoPath,
  openMosquitto,
  run,
  type Mosquitto,
} from './brokers.fixture.ts'
import { openBroker } from './index.ts'

const DEVICE = 'lintel-0123456789abcdef'
const forever = { signal: new AbortController().signal }
const EXAMPLE = new URL('../../../firmware-config/mosquitto/', import.meta.url)
const canRun = mosquittoPath !== undefined && findProgram('openssl') !== undefined

/** The example, but with its files here, on a port of the test's own. */
async function exampleIn(folder: string): Promise<readonly string[]> {
  const acl = await readFile(new URL('lintel.acl', EXAMPLE), 'utf8')
  await writeFile(
    join(folder, 'lintel.acl'),
    acl.replaceAll('DEVICE', DEVICE).replaceAll('DOORBELL', 'front-door'),
  )
  const passwords = join(folder, 'lintel.passwords')
  await writeFile(passwords, '')
  for (const user of ['front-door', 'homeassistant', 'owner', 'guest'])
    run('mosquitto_passwd', '-b', passwords, user, `${user}-secret`)
  const lines = (await readFile(new URL('lintel.conf', EXAMPLE), 'utf8')).split('\n')
  const kept = lines.filter((line) => !/^(#|listener|per_listener|persistence)/.test(line) && line !== '')
  return kept.map((line) => line.replace(/\/etc\/mosquitto\/(certs\/)?/, `${folder}/`))
}

const TO_THE_DOORBELL = ['order', 'set']

describe('the access list', () => {
  it('lets the doorbell say all that it says, by name', async () => {
    const acl = await readFile(new URL('lintel.acl', EXAMPLE), 'utf8')
    const named = [...acl.matchAll(/^topic write lintel\/DEVICE\/([a-z]+)$/gm)].map(([, kind]) => kind)
    const said = Object.keys(TOPICS).filter((kind) => !TO_THE_DOORBELL.includes(kind))
    expect(named.filter((kind) => kind !== 'order').sort()).toEqual(said.sort())
  })
})

describe.skipIf(!canRun)('the example for mosquitto', () => {
  let folder: string
  let mosquitto: Mosquitto & AsyncDisposable
  let ca: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lintel-household-'))
    await makeCertificates(folder)
    ca = await readFile(join(folder, 'ca.pem'), 'utf8')
    mosquitto = await openMosquitto(folder, await exampleIn(folder))
  })
  afterAll(async () => {
    await mosquitto?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const connect = (
    username: string,
    protocolVersion: 4 | 5,
    password = `${username}-secret`,
  ): Promise<Broker> =>
    openBroker(
      {
        ...{ url: `mqtts://127.0.0.1:${mosquitto.port}`, username, password, ca, protocolVersion },
        clientId: `${username}-${protocolVersion}`,
        will: { topic: `lintel/${DEVICE}/availability`, payload: 'offline', qos: 1, retain: true },
      },
      { log: silentLog },
    )

  for (const version of [4, 5] as const)
    describe(`by MQTT ${version === 4 ? '3.1.1' : '5'}`, () => {
      let house: AsyncDisposableStack
      let door: Broker
      let home: Broker
      let owner: Broker
      beforeEach(() => {
        house = new AsyncDisposableStack()
        return async () => house.disposeAsync()
      })
      const open = async (user: string): Promise<Broker> => {
        const broker = house.use(await connect(user, version))
        for await (const _made of broker.connections(forever)) break
        return broker
      }
      beforeEach(async () => {
        door = await open('front-door')
        home = await open('homeassistant')
        owner = await open('owner')
      })

      it('has everybody hear what they need, and nothing else get through', async () => {
        const heard = {
          door: await ears(house, door),
          home: await ears(house, home),
          owner: await ears(house, owner),
        }
        await saying(door, `lintel/${DEVICE}/press`, 'press')
        await saying(door, `lintel/${DEVICE}/vitals`, 'vitals')
        await saying(door, `lintel/${DEVICE}/answer`, 'answer')
        await saying(door, `homeassistant/device/${DEVICE}/config`, 'config')
        await saying(home, `lintel/${DEVICE}/set/sensitivity`, '0.5')
        await saying(home, 'homeassistant/status', 'online')
        await saying(owner, `lintel/${DEVICE}/order`, 'order')
        await saying(home, `lintel/${DEVICE}/press`, 'forged by home')
        await saying(home, `lintel/${DEVICE}/order`, 'forged by home')
        await saying(owner, `lintel/${DEVICE}/press`, 'forged by owner')
        await saying(owner, `lintel/${DEVICE}/set/sensitivity`, 'forged by owner')
        await saying(door, `lintel/${DEVICE}/order`, 'forged by door')
        await saying(door, `lintel/${DEVICE}/set/recognise`, 'forged by door')
        await saying(door, 'lintel/lintel-ffffffffffffffff/press', 'forged by door')
        await saying(door, 'homeassistant/device/lintel-ffffffffffffffff/config', 'forged by door')
        await saying(door, 'homeassistant/light/kitchen/set', 'forged by door')
        // What was said before has come when this has, for each has one connection.
        await saying(home, `lintel/${DEVICE}/set/end`, 'end')
        await saying(door, `lintel/${DEVICE}/answer`, 'end')
        expect(await heard.door.untilEnd()).toEqual(['0.5', 'online', 'order'])
        expect(await heard.home.untilEnd()).toEqual([
          '0.5',
          'answer',
          'config',
          'online',
          'order',
          'press',
          'vitals',
        ])
        expect(await heard.owner.untilEnd()).toEqual(['answer'])
      })

      it('lets in nobody with a wrong password, and lets who is nobody hear nothing', async () => {
        const wrong = house.use(await connect('front-door', version, 'wrong'))
        const guest = await open('guest')
        const hears = await ears(house, guest)
        await saying(door, `lintel/${DEVICE}/press`, 'press')
        await saying(guest, `lintel/${DEVICE}/press`, 'forged by guest')
        const heard = await ears(house, home)
        await saying(door, `lintel/${DEVICE}/answer`, 'end')
        expect(await heard.untilEnd()).toEqual([])
        expect(hears.taken).toEqual([])
        expect(wrong.isConnected()).toBe(false)
      })
    })
})

/** MQTT 5 says when something is not allowed, 3.1.1 says nothing. */
async function saying(broker: Broker, topic: string, payload: string): Promise<void> {
  const message: BrokerMessage = { topic, payload, qos: 1, retain: false }
  await broker
    .publish(message, forever)
    .catch((error: unknown) => expect(error).toMatchObject({ kind: 'denied' }))
}

type Ears = { readonly taken: readonly string[]; untilEnd(): Promise<readonly string[]> }

/** Asks for everything, and takes what comes. */
async function ears(house: AsyncDisposableStack, broker: Broker): Promise<Ears> {
  const stop = new AbortController()
  house.defer(() => stop.abort())
  const taken: string[] = []
  const end = Promise.withResolvers<void>()
  const listening = Promise.withResolvers<void>()
  const take = async (messages: AsyncIterable<HeardMessage>): Promise<void> => {
    for await (const { payload, retained } of messages) {
      if (payload === 'end') end.resolve()
      else if (!retained && payload !== 'offline') taken.push(payload)
    }
  }
  void take(
    broker.listen(['lintel/#', 'homeassistant/#'], {
      signal: stop.signal,
      onListening: () => listening.resolve(),
    }),
  )
  await listening.promise
  return {
    taken,
    async untilEnd() {
      await end.promise
      return taken.toSorted()
    },
  }
}
