import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openEmbeddedCloud } from '../../../sim/cloud/index.ts'
import { silentLog, type Log } from '../../base/log.ts'
import type { Broker } from '../../ports/broker.ts'
import { mosquittoPath, openMosquitto } from './brokers.fixture.ts'
import { openBroker, type BrokerOptions } from './index.ts'

const forever = { signal: new AbortController().signal }
const press = { topic: 'lintel/door/press', payload: '{}', qos: 1, retain: false } as const
const least = { uniform: (): number => 0 }

const optionsFor = (port: number, options: Partial<BrokerOptions> = {}): BrokerOptions => ({
  url: `mqtt://127.0.0.1:${port}`,
  clientId: 'door',
  protocolVersion: 4,
  will: { topic: 'lintel/door/availability', payload: 'offline', qos: 1, retain: true },
  ...options,
})

describe('the MQTT driver', () => {
  it('speaks 3.1.1 with a broker that does not know 5, and says so', async () => {
    await using folder = await temporaryFolder()
    await using cloud = await openEmbeddedCloud({ folder: folder.path, mqttPort: 0, log: silentLog })
    const { mqttUsername: username, mqttPassword: password } = cloud.account
    const { log, said } = rememberingLog()
    const port = Number(new URL(cloud.mqttUrl ?? '').port)
    const options = optionsFor(port, { username, password, protocolVersion: 5 })
    await using broker = await openBroker(options, { log, random: least })
    await connection(broker)
    await broker.publish(press, forever)
    expect(said).toEqual(['info broker.speaks_3_1_1'])
  })

  it('comes again to a broker that would not let it in at first', async () => {
    const answers = [CONNACK.unavailable, CONNACK.badPassword, CONNACK.welcome]
    await using server = await openScriptedBroker((kind) => (kind === CONNECT ? answers.shift() : undefined))
    const { log, said } = rememberingLog()
    await using broker = await openBroker(optionsFor(server.port), { log, random: least })
    await connection(broker)
    expect(broker.isConnected()).toBe(true)
    expect(said).toEqual(['warn broker.unreachable', 'warn broker.unreachable'])
  })

  it('does not send again by itself what was lost with a connection', async () => {
    const kinds: number[] = []
    await using server = await openScriptedBroker((kind, socket) => {
      kinds.push(kind)
      if (kind === CONNECT) return CONNACK.welcome
      if (kinds.filter((each) => each === PUBLISH).length === 1) socket.destroy()
      return kind === PUBLISH ? ACKNOWLEDGE : undefined
    })
    await using broker = await openBroker(optionsFor(server.port), { log: silentLog, random: least })
    const connections = broker.connections(forever)[Symbol.asyncIterator]()
    await connections.next()
    await expect(broker.publish(press, forever)).rejects.toMatchObject({ kind: 'unavailable' })
    await connections.next()
    await broker.publish(press, forever)
    expect(kinds.slice(0, 4)).toEqual([CONNECT, PUBLISH, CONNECT, PUBLISH])
    expect(kinds.filter((kind) => kind === PUBLISH)).toHaveLength(2)
  })

  it('says at once that an address can never work', async () => {
    const attempt = openBroker(optionsFor(1, { url: 'gopher://example.org' }), { log: silentLog })
    await expect(attempt).rejects.toMatchObject({ name: 'Fault', kind: 'invalid' })
  })

  it('says at once that a certificate can never work', async () => {
    const options = optionsFor(1, { url: 'mqtts://127.0.0.1:1', cert: 'no certificate', key: 'no key' })
    await expect(openBroker(options, { log: silentLog })).rejects.toMatchObject({
      name: 'Fault',
      kind: 'invalid',
    })
  })

  it.skipIf(mosquittoPath === undefined)(
    'hears from a broker of 5 that it may not publish there',
    async () => {
      await using folder = await temporaryFolder()
      const rules = join(folder.path, 'acl')
      await writeFile(rules, 'topic readwrite lintel/door/#\n')
      await using mosquitto = await openMosquitto(folder.path, ['allow_anonymous true', `acl_file ${rules}`])
      await using broker = await openBroker(optionsFor(mosquitto.port, { protocolVersion: 5 }), {
        log: silentLog,
        random: least,
      })
      await connection(broker)
      const elsewhere = { ...press, topic: 'lintel/other/press' }
      await expect(broker.publish(elsewhere, forever)).rejects.toMatchObject({
        name: 'Fault',
        kind: 'denied',
      })
      await broker.publish(press, forever)
    },
  )
})

describe('the embedded broker', () => {
  it('takes messages below its prefix only: who publishes elsewhere is cut off', async () => {
    await using folder = await temporaryFolder()
    await using cloud = await openEmbeddedCloud({ folder: folder.path, mqttPort: 0, log: silentLog })
    const { mqttUsername: username, mqttPassword: password } = cloud.account
    const port = Number(new URL(cloud.mqttUrl ?? '').port)
    await using broker = await openBroker(optionsFor(port, { username, password }), {
      log: silentLog,
      random: least,
    })
    const connections = broker.connections(forever)[Symbol.asyncIterator]()
    await connections.next()
    const elsewhere = { ...press, topic: 'homeassistant/lock/front/set' }
    await expect(broker.publish(elsewhere, forever)).rejects.toMatchObject({ kind: 'unavailable' })
    await connections.next()
    await broker.publish(press, forever)
  })

  it.each([
    ['nobody', {}],
    ['who has another password', { username: 'doorbell', password: 'guessed' }],
    ['who has another name', { username: 'stranger', password: '' }],
  ])('lets nobody in: %s', async (_who, access) => {
    await using folder = await temporaryFolder()
    await using cloud = await openEmbeddedCloud({ folder: folder.path, mqttPort: 0, log: silentLog })
    const port = Number(new URL(cloud.mqttUrl ?? '').port)
    let refused: (problem: unknown) => void = () => {}
    const problem = new Promise((resolve) => (refused = resolve))
    const log = { ...silentLog, warn: (_event: string, fields: unknown) => refused(fields) }
    await using broker = await openBroker(optionsFor(port, access), { log })
    expect(await problem).toMatchObject({ problem: expect.stringMatching(/Connection refused/) })
    expect(broker.isConnected()).toBe(false)
  })
})

const CONNECT = 1
const PUBLISH = 3
/** MQTT 3.1.1, 3.2.2.3. */
const CONNACK = {
  welcome: Buffer.from([0x20, 2, 0, 0]),
  unavailable: Buffer.from([0x20, 2, 0, 3]),
  badPassword: Buffer.from([0x20, 2, 0, 4]),
}
const ACKNOWLEDGE = 'acknowledge'

type Answer = Buffer | typeof ACKNOWLEDGE | undefined

/** Answers each packet as told; `acknowledge` takes the identifier from the PUBLISH. */
async function openScriptedBroker(
  answer: (kind: number, socket: Socket) => Answer,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}) // It closes as well.
    socket.on('data', (chunk: Buffer) => {
      const said = answer((chunk[0] ?? 0) >> 4, socket)
      if (said === undefined || socket.destroyed) return
      socket.write(said === ACKNOWLEDGE ? acknowledgementOf(chunk) : said)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port, // It listens on TCP, so it has one.
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** The identifier stands behind the topic. */
function acknowledgementOf(publish: Buffer): Buffer {
  const at = 2 + 2 + publish.readUInt16BE(2)
  return Buffer.concat([Buffer.from([0x40, 2]), publish.subarray(at, at + 2)])
}

function rememberingLog(): { readonly log: Log; readonly said: string[] } {
  const said: string[] = []
  const note =
    (level: string) =>
    (event: string): void =>
      void said.push(`${level} ${event}`)
  return { said, log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') } }
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lintel-mqtt-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

async function connection(broker: Broker): Promise<void> {
  for await (const _made of broker.connections(forever)) return
}
