/** The embedded cloud: an object store and a broker on loopback, so that nothing else has to be installed. */
import { mkdir } from 'node:fs/promises'
import type { AddressInfo, Server } from 'node:net'
import { Fault, messageOf } from '../../src/base/fault.ts'
import type { Log } from '../../src/base/log.ts'
import { openScope, type Scope } from '../../src/base/scope.ts'
import { openAccount, readerOf, type CloudAccount } from './account.ts'
import { createBrokerServer } from './broker-server.ts'
import { ObjectFolder } from './object-folder.ts'
import type { IfNoneMatch } from './s3-objects.ts'
import { createS3Server } from './s3-server.ts'

export {
  CREDENTIALS_FILE,
  openPasswordFile,
  openReaderFile,
  readAccount,
  readerOf,
  type CloudAccount,
} from './account.ts'

export type EmbeddedCloud = AsyncDisposable & {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string
  /** `mqtt://127.0.0.1:port`; left out where no broker was wanted. */
  readonly mqttUrl: string | undefined
  readonly account: CloudAccount
}

export type CloudOptions = {
  /** Everything of the cloud: `credentials.json`, `objects/`, `meta/`. */
  readonly folder: string
  /** 0: any free one. */
  readonly port?: number
  /** 0: any free one; undefined: no broker. */
  readonly mqttPort?: number
  /** The broker's clients may publish below it only. */
  readonly mqttPrefix?: string
  /** Nobody but this machine can reach the default. */
  readonly host?: string
  readonly log: Log
  readonly now?: () => number
  /** As other stores are: some refuse the header, some do not even look at it. */
  readonly ifNoneMatch?: IfNoneMatch
  /** How long a client may take for its headers; twelve times as long for a whole request. */
  readonly patienceMs?: number
}

const LOOPBACK = '127.0.0.1'
const PATIENCE_MS = 10_000

export async function openEmbeddedCloud(options: CloudOptions): Promise<EmbeddedCloud> {
  const { host = LOOPBACK } = options
  return openScope(async (scope) => {
    await mkdir(options.folder, { recursive: true, mode: 0o700 })
    const account = await openAccount(options.folder)
    const port = await openStoreServer(options, account, scope)
    const mqttPort =
      options.mqttPort === undefined
        ? undefined
        : await openBrokerServer(options, options.mqttPort, account, scope)
    return {
      endpoint: `http://${host}:${port}`,
      mqttUrl: mqttPort === undefined ? undefined : `mqtt://${host}:${mqttPort}`,
      account,
    }
  })
}

async function openStoreServer(options: CloudOptions, account: CloudAccount, scope: Scope): Promise<number> {
  const { now = () => Date.now(), log, ifNoneMatch = 'honoured', patienceMs = PATIENCE_MS } = options
  const folder = new ObjectFolder(options.folder)
  await folder.makeBucket(account.bucket)
  await folder.sweep(now())
  const store = createS3Server({
    folder,
    credentials: account,
    reader: { ...readerOf(account), region: account.region },
    now,
    log,
    ifNoneMatch,
    patienceMs,
  })
  const { server } = store
  const port = await listen(server, options.port ?? 0, options)
  scope.own('store', {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await store.settled()
    },
  })
  return port
}

async function openBrokerServer(
  options: CloudOptions,
  wantedPort: number,
  account: CloudAccount,
  scope: Scope,
): Promise<number> {
  const { log, mqttPrefix: prefix = 'lintel', patienceMs = PATIENCE_MS } = options
  const broker = await createBrokerServer(account, { prefix, patienceMs, log })
  scope.own('broker', { [Symbol.asyncDispose]: () => broker.close() })
  return listen(broker.server, wantedPort, options)
}

async function listen(
  server: Server,
  port: number,
  { host = LOOPBACK, log }: Pick<CloudOptions, 'host' | 'log'>,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: Error): void =>
      reject(new Fault('invalid', `cannot listen on ${host}:${port}: ${messageOf(error)}`, { cause: error }))
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.removeListener('error', refuse)
      // Out of file handles, for instance: the next connection may succeed.
      server.on('error', (error) => log.warn('cloud.connection_failed', { problem: messageOf(error) }))
      resolve()
    })
  })
  return (server.address() as AddressInfo).port // It listens on TCP, so it has one.
}
