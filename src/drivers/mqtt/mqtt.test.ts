import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedCloud } from '../../../sim/cloud/index.ts'
import { silentLog, type Log } from '../../base/log.ts'
import { BoundedQueue } from '../../base/queue.ts'
import { openScope } from '../../base/scope.ts'
import { describeBrokerContract, type BrokerUnderTest } from '../../ports/broker.contract.ts'
import type { Broker, BrokerMessage } from '../../ports/broker.ts'
import {
  findProgram,
  layCable,
  listenAt,
  makeCertificates,
  mosquittoPath,
  openMosquitto,
  run,
} from './brokers.fixture.ts'
import { openBroker, type BrokerOptions } from './index.ts'

const forever = { signal: new AbortController().signal }
const WILL: BrokerMessage = { topic: 'lintel/door/availability', payload: 'offline', qos: 1, retain: true }
const press = { topic: 'lintel/door/press', payload: '{}', qos: 1, retain: false } as const

describeBrokerContract('the MQTT driver with the embedded broker', () =>
  withFolder(async (folder, own) => {
    const cloud = own('cloud', await openEmbeddedCloud({ folder, mqttPort: 0, log: silentLog }))
    const { mqttUsername: username, mqttPassword: password } = cloud.account
    const port = Number(new URL(cloud.mqttUrl ?? '').port)
    return { port, access: { username, password }, versions: [4], refused: '$SYS/#' }
  }),
)

describe.skipIf(mosquittoPath === undefined)('with Debian’s mosquitto', () => {
  for (const version of [4, 5] as const)
    describeBrokerContract(`the MQTT ${version === 4 ? '3.1.1' : '5'} driver`, () =>
      withFolder(async (folder, own) => {
        const { port } = own('mosquitto', await openMosquitto(folder))
        return { port, access: {}, versions: [version] }
      }),
    )
})

describe.skipIf(mosquittoPath === undefined)('the MQTT driver', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lintel-mqtt-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('comes back when the broker was started again', async () => {
    await using mosquitto = await openMosquitto(folder)
    await using broker = await openBroker(optionsFor(mosquitto.port), { log: silentLog })
    const connections = broker.connections(forever)[Symbol.asyncIterator]()
    await connections.next()
    await mosquitto.stop()
    await expect(broker.publish(press, forever)).rejects.toMatchObject({ kind: 'unavailable' })
    await mosquitto.start()
    await connections.next()
    await using ear = await listenAt(`mqtt://127.0.0.1:${mosquitto.port}`)
    await broker.publish(press, forever)
    expect((await ear.next()).topic).toBe(press.topic)
  })

  it('waits for a broker that is not there yet, and says so once', async () => {
    await using mosquitto = await openMosquitto(folder)
    await mosquitto.stop()
    const { log, lines } = listeningLog()
    await using broker = await openBroker(optionsFor(mosquitto.port), { log })
    const connections = broker.connections(forever)[Symbol.asyncIterator]()
    expect(await next(lines)).toMatch(/^broker\.unreachable .*ECONNREFUSED/)
    await mosquitto.start()
    await connections.next()
    expect(lines.length).toBe(0)
  })

  it('is let in with the right name and password, and says so when they are wrong', async () => {
    const passwords = join(folder, 'passwords')
    run('mosquitto_passwd', '-b', '-c', passwords, 'doorbell', 'right')
    await using mosquitto = await openMosquitto(folder, [
      'allow_anonymous false',
      `password_file ${passwords}`,
    ])
    const access = { username: 'doorbell', password: 'right' }
    await using good = await openBroker(optionsFor(mosquitto.port, access), { log: silentLog })
    await connection(good)
    await good.publish(press, forever)
    for (const protocolVersion of [4, 5] as const) {
      const { log, lines } = listeningLog()
      const wrong = optionsFor(mosquitto.port, { username: 'doorbell', password: 'wrong', protocolVersion })
      await using bad = await openBroker(wrong, { log })
      expect(await next(lines)).toMatch(/^broker\.unreachable .*[Nn]ot authorized/)
      expect(bad.isConnected()).toBe(false)
      await expect(bad.publish(press, forever)).rejects.toMatchObject({ kind: 'unavailable' })
    }
  })

  it.skipIf(findProgram('openssl') === undefined)(
    'speaks TLS with a broker whose authority it was given, and with no other',
    async () => {
      await makeCertificates(folder)
      const path = (name: string): string => join(folder, name)
      await using mosquitto = await openMosquitto(folder, [
        'allow_anonymous true',
        `certfile ${path('server.pem')}`,
        `keyfile ${path('server.key')}`,
      ])
      const url = `mqtts://127.0.0.1:${mosquitto.port}`
      const ca = await readFile(path('ca.pem'), 'utf8')
      await using good = await openBroker(optionsFor(mosquitto.port, { url, ca }), { log: silentLog })
      await connection(good)
      await good.publish(press, forever)
      const { log, lines } = listeningLog()
      await using strange = await openBroker(optionsFor(mosquitto.port, { url }), { log })
      expect(await next(lines)).toMatch(/^broker\.unreachable .*(verify|certificate)/)
      expect(strange.isConnected()).toBe(false)
    },
  )
})

describe('the MQTT driver with a broker that has stopped answering', () => {
  let server: Awaited<ReturnType<typeof openDeafBroker>>
  beforeEach(async () => {
    server = await openDeafBroker()
  })
  afterEach(() => server[Symbol.asyncDispose]())

  it('stops publishing when asked to', async () => {
    await using broker = await openBroker(optionsFor(server.port), { log: silentLog })
    await connection(broker)
    const stop = new AbortController()
    const publishing = broker.publish(press, stop)
    await server.heardPublish
    stop.abort()
    await expect(publishing).rejects.toMatchObject({ name: 'Fault', kind: 'aborted' })
  })

  it('says that the message did not arrive when the connection goes', async () => {
    await using broker = await openBroker(optionsFor(server.port), { log: silentLog })
    await connection(broker)
    const publishing = broker.publish(press, forever)
    await server.heardPublish
    server.hangUp()
    await expect(publishing).rejects.toMatchObject({ name: 'Fault', kind: 'unavailable' })
  })

  it('can be closed while a message waits for its acknowledgement', async () => {
    const broker = await openBroker(optionsFor(server.port), { log: silentLog })
    await connection(broker)
    const publishing = broker.publish(press, forever).catch((error: unknown) => error)
    await server.heardPublish
    await broker[Symbol.asyncDispose]()
    expect(await publishing).toMatchObject({ name: 'Fault', kind: 'unavailable' })
  })
})

type Backend = {
  readonly port: number
  readonly access: Partial<BrokerOptions>
  readonly versions: readonly (4 | 5)[]
  readonly refused?: string
}
type Own = <T extends AsyncDisposable>(name: string, thing: T) => T

/** A broker in a folder of its own, behind a cable. */
function withFolder(openBackend: (folder: string, own: Own) => Promise<Backend>): Promise<BrokerUnderTest> {
  return openScope(async (scope) => {
    const folder = await mkdtemp(join(tmpdir(), 'lintel-mqtt-'))
    scope.own('folder', { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) })
    const { port, access, versions, refused } = await openBackend(folder, (name, thing) =>
      scope.own(name, thing),
    )
    const cable = scope.own('cable', await layCable(() => port))
    const { username, password } = access
    const credentials = {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    }
    return {
      open: (will: BrokerMessage) =>
        openBroker(optionsFor(cable.port, { ...access, protocolVersion: versions[0] ?? 4, will }), {
          log: silentLog,
        }),
      listen: () => listenAt(`mqtt://127.0.0.1:${port}`, credentials),
      cut: async () => cable.cut(),
      mend: async () => cable.mend(),
      ...(refused === undefined ? {} : { refused }),
    }
  })
}

function optionsFor(port: number, options: Partial<BrokerOptions> = {}): BrokerOptions {
  const clientId = `door-${port}`
  return { url: `mqtt://127.0.0.1:${port}`, clientId, protocolVersion: 4, will: WILL, ...options }
}

async function connection(broker: Broker): Promise<void> {
  for await (const _made of broker.connections(forever)) return
}

function listeningLog(): { log: Log; lines: BoundedQueue<string> } {
  const lines = new BoundedQueue<string>(100)
  return {
    lines,
    log: { ...silentLog, warn: (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`) },
  }
}

async function next(lines: BoundedQueue<string>): Promise<string> {
  for await (const line of lines) return line
  throw new Error('no more lines')
}

const CONNACK = Buffer.from([0x20, 2, 0, 0])

/** Lets everybody in and then says nothing more. */
async function openDeafBroker(): Promise<
  AsyncDisposable & { readonly port: number; readonly heardPublish: Promise<void>; hangUp(): void }
> {
  const sockets = new Set<Socket>()
  let heard: () => void = () => {}
  const heardPublish = new Promise<void>((resolve) => (heard = resolve))
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}) // It closes as well.
    socket.on('data', (chunk: Buffer) => {
      const kind = (chunk[0] ?? 0) >> 4
      if (kind === 1) socket.write(CONNACK)
      if (kind === 3) heard()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port, // It listens on TCP, so it has one.
    heardPublish,
    hangUp,
    async [Symbol.asyncDispose]() {
      hangUp()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
