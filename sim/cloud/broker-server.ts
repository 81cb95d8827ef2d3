import { timingSafeEqual } from 'node:crypto'
import type { Server } from 'node:net'
import type { Log } from '../../src/base/log.ts'
import type { CloudAccount } from './account.ts'

export type BrokerServer = {
  readonly server: Server
  /** Ends every connection and the broker itself. */
  close(): Promise<void>
}

const CONNECTIONS_MAX = 64
const PAYLOAD_BYTES_MAX = 256 * 1024
const CLIENT_ID_LENGTH_MAX = 64

/**
 * MQTT 3.1.1 by aedes: one account, which may publish below one prefix and listen to everything but the broker's own affairs.
 * Loaded only when somebody wants a broker.
 */
export async function createBrokerServer(
  account: CloudAccount,
  { prefix, patienceMs, log }: { readonly prefix: string; readonly patienceMs: number; readonly log: Log },
): Promise<BrokerServer> {
  const [{ Aedes }, { createServer }] = await Promise.all([import('aedes'), import('node:net')])
  const broker = await Aedes.createBroker({
    maxClientsIdLength: CLIENT_ID_LENGTH_MAX,
    connectTimeout: patienceMs,
    authenticate: (_client, username, password, done) =>
      done(null, username === account.mqttUsername && isSame(password, account.mqttPassword)),
    authorizePublish: (client, { topic, payload }, done) => {
      if (topic.startsWith(`${prefix}/`) && payload.length <= PAYLOAD_BYTES_MAX) return done(null)
      log.warn('cloud.publish_refused', { client: client?.id, topic, bytes: payload.length })
      done(new Error(`wanted a topic below ${prefix}/ and at most ${PAYLOAD_BYTES_MAX} bytes`))
    },
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic.startsWith('$') ? null : subscription), // Null is how 3.1.1 refuses.
  })
  const server = createServer({ noDelay: true }, broker.handle)
  server.maxConnections = CONNECTIONS_MAX
  return {
    server,
    async close() {
      await new Promise<void>((resolve) => broker.close(() => resolve()))
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function isSame(password: Readonly<Buffer> | undefined, wanted: string): boolean {
  const given = password === undefined ? Buffer.alloc(0) : Buffer.from(password)
  return given.length === Buffer.byteLength(wanted) && timingSafeEqual(given, Buffer.from(wanted))
}
