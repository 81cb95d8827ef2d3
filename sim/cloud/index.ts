/** The embedded cloud: an object store and a broker on loopback, so that nothing else has to be installed. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { join } from 'node:path'
import { Fault, messageOf } from '../../src/base/fault.ts'
import type { Log } from '../../src/base/log.ts'
import { openScope } from '../../src/base/scope.ts'
import { ObjectFolder } from './object-folder.ts'
import { createS3Server } from './s3-server.ts'

export type CloudAccount = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly bucket: string
  readonly mqttUsername: string
  readonly mqttPassword: string
}

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
  readonly log: Log
  readonly now?: () => number
}

const HOST = '127.0.0.1'
export const CREDENTIALS_FILE = 'credentials.json'

export async function openEmbeddedCloud(options: CloudOptions): Promise<EmbeddedCloud> {
  return openScope(async (scope) => {
    await mkdir(options.folder, { recursive: true, mode: 0o700 })
    const account = (await readAccount(options.folder)) ?? (await makeAccount(options.folder))
    const folder = new ObjectFolder(options.folder)
    await folder.makeBucket(account.bucket)
    const server = createS3Server({
      folder,
      credentials: account,
      now: options.now ?? Date.now,
      log: options.log,
    })
    const port = await listen(server, options.port ?? 0)
    scope.own('store', { [Symbol.asyncDispose]: () => closeServer(server) })
    const mqttPort =
      options.mqttPort === undefined
        ? undefined
        : await openBrokerServer(account, options.mqttPort, (name, it) => scope.own(name, it))
    return {
      endpoint: `http://${HOST}:${port}`,
      mqttUrl: mqttPort === undefined ? undefined : `mqtt://${HOST}:${mqttPort}`,
      account,
    }
  })
}

/** Undefined when there is none yet. */
export async function readAccount(folder: string): Promise<CloudAccount | undefined> {
  const path = join(folder, CREDENTIALS_FILE)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Fault('denied', `${path}: cannot be read: ${error.message}`, { cause: error })
  })
  if (text === undefined) return undefined
  try {
    const account = JSON.parse(text) as CloudAccount // Looked at in the next line.
    const fields = [
      account.accessKeyId,
      account.secretAccessKey,
      account.region,
      account.bucket,
      account.mqttUsername,
      account.mqttPassword,
    ]
    if (fields.every((field) => typeof field === 'string' && field !== '')) return account
  } catch (cause) {
    throw new Fault(
      'corrupt',
      `${path}: wanted JSON, got something else; remove it to have new credentials made`,
      { cause },
    )
  }
  throw new Fault('corrupt', `${path}: a member is missing; remove it to have new credentials made`)
}

async function makeAccount(folder: string): Promise<CloudAccount> {
  const account = {
    accessKeyId: `LINTEL${randomBytes(7).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
    region: 'us-east-1',
    bucket: 'doorbell',
    mqttUsername: 'doorbell',
    mqttPassword: randomBytes(24).toString('base64url'),
  }
  const path = join(folder, CREDENTIALS_FILE)
  const file = await open(`${path}.tmp`, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(account, undefined, 2)}\n`)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
  return account
}

type Own = (name: string, thing: AsyncDisposable) => unknown

async function openBrokerServer(account: CloudAccount, port: number, own: Own): Promise<number> {
  const [{ Aedes }, { createServer }] = await Promise.all([import('aedes'), import('node:net')])
  const broker = await Aedes.createBroker({
    maxClientsIdLength: 64,
    authenticate: (_client, username, password, done) =>
      done(null, username === account.mqttUsername && isSame(password, account.mqttPassword)),
  })
  const server = createServer({ noDelay: true }, broker.handle)
  server.maxConnections = 64
  const bound = await listen(server, port)
  own('broker', {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => broker.close(() => resolve()))
      await closeServer(server)
    },
  })
  return bound
}

function isSame(password: Readonly<Buffer> | undefined, wanted: string): boolean {
  const given = password === undefined ? Buffer.alloc(0) : Buffer.from(password)
  return given.length === Buffer.byteLength(wanted) && timingSafeEqual(given, Buffer.from(wanted))
}

async function listen(server: HttpServer | NetServer, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Fault('invalid', `cannot listen on ${HOST}:${port}: ${messageOf(error)}`, { cause: error })),
    )
    server.listen(port, HOST, resolve)
  })
  return (server.address() as AddressInfo).port // It listens on TCP, so it has one.
}

async function closeServer(server: HttpServer | NetServer): Promise<void> {
  if ('closeAllConnections' in server) server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
