/** Brokers to test with, a network that can be cut, and somebody who listens. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { delimiter, join } from 'node:path'
import mqtt, { type IClientOptions } from 'mqtt'
import { BoundedQueue } from '../../base/queue.ts'
import type { Ear } from '../../ports/broker.contract.ts'
import type { BrokerMessage } from '../../ports/broker.ts'

/** Debian keeps servers where only root's PATH looks. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
export const findProgram = (name: string): string | undefined =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))

/** A way through to a port, which can be cut like a cable. */
export type Cable = AsyncDisposable & {
  readonly port: number
  cut(): void
  mend(): void
}

export async function layCable(toPort: () => number): Promise<Cable> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(toPort(), '127.0.0.1')
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => {}) // Both ends see that it closes.
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port, // It listens on TCP, so it has one.
    cut,
    mend() {
      isCut = false
    },
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Subscribes to everything of the door, as the household's automation does. */
export async function listenAt(url: string, options: IClientOptions = {}): Promise<Ear> {
  const client = mqtt.connect(url, { reconnectPeriod: 0, ...options })
  const heard = new BoundedQueue<BrokerMessage>(10_000)
  const messages = heard[Symbol.asyncIterator]()
  client.on('message', (topic, payload, { qos, retain }) =>
    heard.push({ topic, payload: payload.toString(), qos: qos === 0 ? 0 : 1, retain }),
  )
  await new Promise((resolve) => client.once('connect', resolve))
  await client.subscribeAsync('lintel/#', { qos: 1 })
  return {
    async next() {
      const { value, done } = await messages.next()
      if (done === true) throw new Error('nothing more will be heard')
      return value
    },
    async [Symbol.asyncDispose]() {
      heard.end()
      await client.endAsync(true)
    },
  }
}

export const mosquittoPath = findProgram('mosquitto')

export type Mosquitto = { readonly port: number; stop(): Promise<void>; start(): Promise<void> }

/** Debian's broker with these lines of configuration, on a port of its own that it keeps over a restart. */
export async function openMosquitto(
  folder: string,
  lines: readonly string[] = ['allow_anonymous true'],
): Promise<Mosquitto & AsyncDisposable> {
  const port = await freePort()
  const path = join(folder, 'mosquitto.conf')
  await writeFile(
    path,
    ['user root', `listener ${port} 127.0.0.1`, 'persistence false', ...lines, ''].join('\n'),
  )
  let stop = await startMosquitto(path)
  return {
    port,
    stop: () => stop(),
    async start() {
      stop = await startMosquitto(path)
    },
    [Symbol.asyncDispose]: () => stop(),
  }
}

/** Resolves when it takes connections, with what ends it. */
async function startMosquitto(config: string): Promise<() => Promise<void>> {
  const child = spawn(mosquittoPath ?? 'mosquitto', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (/mosquitto version \S+ running/.test(said)) resolve()
    })
    ended.then(() => reject(new Error(`mosquitto ended: ${said}`)), reject)
  })
  return async () => {
    child.kill('SIGKILL') // It does not notice a SIGTERM that comes just after it said that it runs.
    await ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP, so it has one.
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

export function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}

/** An authority and a server's certificate for 127.0.0.1: `ca.pem`, `server.pem`, `server.key`. */
export async function makeCertificates(folder: string): Promise<void> {
  const path = (name: string): string => join(folder, name)
  await writeFile(path('server.ext'), 'subjectAltName=IP:127.0.0.1\n')
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  run(
    ...(['openssl', 'req', '-x509', ...newKey, '-keyout', path('ca.key'), '-out', path('ca.pem')] as const),
    ...['-days', '2', '-subj', '/CN=test authority'],
  )
  run(
    ...(['openssl', 'req', ...newKey, '-keyout', path('server.key'), '-out', path('server.csr')] as const),
    ...['-subj', '/CN=127.0.0.1'],
  )
  run(
    ...(['openssl', 'x509', '-req', '-in', path('server.csr'), '-CA', path('ca.pem')] as const),
    ...['-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('server.ext')],
    ...['-days', '2', '-out', path('server.pem')],
  )
}
