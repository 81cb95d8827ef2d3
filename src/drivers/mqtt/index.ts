/** An MQTT broker, through mqtt.js. */
import { randomInt } from 'node:crypto'
import type { IClientOptions, MqttClient } from 'mqtt'
import { Fault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { retryDelayMs, type RetryRules } from '../../base/retry.ts'
import type { Broker, BrokerMessage } from '../../ports/broker.ts'
import { listenTo } from './listen.ts'
import { publishMessage } from './publish.ts'

export type BrokerOptions = {
  /** `mqtt://` or `mqtts://`. */
  readonly url: string
  readonly username?: string
  readonly password?: string
  readonly clientId: string
  /** A broker that refuses 5 is asked again with 4 (3.1.1). */
  readonly protocolVersion: 4 | 5
  /** PEM. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** False accepts any certificate: for trying things out, never for a household. */
  readonly rejectUnauthorized?: boolean
  /** What the broker tells others when we vanish. */
  readonly will: BrokerMessage
}

export type BrokerDeps = {
  readonly log: Log
  /** Spreads the attempts of many devices that lost the same broker. */
  readonly random?: { uniform(): number }
}

const RECONNECT: RetryRules = { delayMsMin: 500, delayMsMax: 60_000 }
const CONNECT_MS_MAX = 10_000
const CLOSE_MS_MAX = 2000
const KEEPALIVE_S = 30

const anyChance = { uniform: (): number => randomInt(2 ** 32) / 2 ** 32 }

/** Begins to connect, and goes on by itself for as long as it is open. */
export async function openBroker(options: BrokerOptions, deps: BrokerDeps): Promise<Broker> {
  if (!/^mqtts?:\/\/[^/\s]/.test(options.url))
    throw new Fault('invalid', 'the broker’s address: wanted mqtt://host:port or mqtts://host:port')
  const { default: mqtt } = await import('mqtt')
  const client = begin(() => mqtt.connect(options.url, clientOptions(options)))
  keepComingBack(client, deps.random ?? anyChance)
  sayWhatIsWrong(client, deps.log)
  const connections = countConnections(client)
  return {
    isConnected: () => client.connected,
    publish: (message, { signal }) => publishMessage(client, message, signal),
    async *connections({ signal }) {
      let seen = client.connected ? connections.made() - 1 : connections.made()
      while (!signal.aborted) {
        if (seen === connections.made()) await connections.untilMade(signal)
        else {
          seen++
          yield
        }
      }
    },
    listen: (filters, listening) => listenTo(client, filters, listening),
    [Symbol.asyncDispose]: () => closeClient(client),
  }
}

/** An address or a certificate that can never work is noticed at once. */
function begin(connect: () => MqttClient): MqttClient {
  try {
    return connect()
  } catch (cause) {
    throw new Fault('invalid', `the broker’s address or certificates: ${messageOf(cause)}`, { cause })
  }
}

function clientOptions(options: BrokerOptions): IClientOptions {
  const { username, password, clientId, protocolVersion, ca, cert, key, rejectUnauthorized, will } = options
  return {
    clientId,
    protocolVersion,
    clean: true,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: RECONNECT.delayMsMin,
    reconnectOnConnackError: true, // Else a broker that was still starting, or a password that was wrong, is for ever.
    connectTimeout: CONNECT_MS_MAX,
    queueQoSZero: false,
    resubscribe: false,
    rejectUnauthorized: rejectUnauthorized !== false,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: will.retain },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** mqtt.js looks at its period each time it sets its timer, so changing the period is how it backs off. */
function keepComingBack(client: MqttClient, random: { uniform(): number }): void {
  let attempt = 1
  const next = (): void => {
    client.options.reconnectPeriod = retryDelayMs(attempt, random.uniform(), RECONNECT)
  }
  next()
  client.on('close', () => {
    attempt++
    next()
  })
  client.on('connect', () => {
    attempt = 1
    next()
  })
}

/** What brokers of 3.1.1 answer to version 5, and what brokers of 5 call that. */
const VERSION_REFUSED: ReadonlySet<unknown> = new Set([1, 0x84])

/** Once per kind of trouble, not once per try. */
function sayWhatIsWrong(client: MqttClient, log: Log): void {
  let said = ''
  client.on('connect', () => (said = ''))
  client.on('error', (error) => {
    const problem = wordsOf(error)
    if ('code' in error && VERSION_REFUSED.has(error.code) && client.options.protocolVersion === 5) {
      client.options.protocolVersion = 4
      log.info('broker.speaks_3_1_1', { problem })
    } else if (problem !== said) {
      said = problem
      log.warn('broker.unreachable', { problem })
    }
  })
}

/** An attempt over several addresses fails without words of its own; what the first said tells most. */
function wordsOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0])
  return error.message
}

type Connections = { made(): number; untilMade(signal: AbortSignal): Promise<void> }

function countConnections(client: MqttClient): Connections {
  let made = 0
  const sleepers = new Set<() => void>()
  client.on('connect', () => {
    made++
    for (const wake of sleepers) wake()
  })
  return {
    made: () => made,
    untilMade: (signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        sleepers.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      }),
  }
}

/** Says goodbye; but mqtt.js would wait for ever for a broker that acknowledges no more. */
async function closeClient(client: MqttClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS_MAX)))
  await Promise.race([client.endAsync(!client.connected), enough])
  clearTimeout(timer)
  client.stream.destroy()
}
