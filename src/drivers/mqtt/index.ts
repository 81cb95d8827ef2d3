/** An MQTT broker, through mqtt.js. */
import type { IClientOptions, MqttClient } from 'mqtt'
import { Fault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { Broker, BrokerMessage } from '../../ports/broker.ts'

export type BrokerOptions = {
  /** `mqtt://` or `mqtts://`. */
  readonly url: string
  readonly username?: string
  readonly password?: string
  readonly clientId: string
  readonly protocolVersion: 4 | 5
  /** PEM. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** What the broker tells others when we vanish. */
  readonly will: BrokerMessage
}

const RECONNECT_MS = 2000
const CONNECT_MS_MAX = 10_000
const ACKNOWLEDGE_MS_MAX = 20_000
const CLOSE_MS_MAX = 2000
const KEEPALIVE_S = 30

/** Begins to connect, and goes on by itself for as long as it is open. */
export async function openBroker(options: BrokerOptions, { log }: { readonly log: Log }): Promise<Broker> {
  const { default: mqtt } = await import('mqtt')
  const client = mqtt.connect(options.url, clientOptions(options))
  let made = 0
  const sleepers = new Set<() => void>()
  let saidProblem = ''
  client.on('connect', () => {
    saidProblem = ''
    made++
    for (const wake of sleepers) wake()
  })
  const untilMade = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        sleepers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      sleepers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  client.on('error', (error) => {
    if (error.message === saidProblem) return // Once per kind of trouble, not once per try.
    saidProblem = error.message
    log.warn('broker.unreachable', { problem: error.message })
  })
  return {
    isConnected: () => client.connected,
    publish: (message, { signal }) => publishOne(client, message, signal),
    async *connections({ signal }) {
      let seen = client.connected ? made - 1 : made
      while (!signal.aborted) {
        if (seen === made) await untilMade(signal)
        else {
          seen++
          yield
        }
      }
    },
    [Symbol.asyncDispose]: () => closeClient(client),
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

function clientOptions(options: BrokerOptions): IClientOptions {
  const { username, password, clientId, protocolVersion, ca, cert, key, will } = options
  return {
    clientId,
    protocolVersion,
    clean: true,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: CONNECT_MS_MAX,
    queueQoSZero: false,
    resubscribe: false,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: will.retain },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

async function publishOne(
  client: MqttClient,
  { topic, payload, qos, retain }: BrokerMessage,
  signal: AbortSignal,
): Promise<void> {
  if (topic === '' || /[#+\0]/.test(topic))
    throw new Fault('invalid', `MQTT topic “${topic}”: wanted one without #, + and NUL`)
  if (signal.aborted) throw new Fault('aborted', 'publishing was stopped')
  if (!client.connected) throw new Fault('unavailable', 'the broker is not connected')
  const enough = new AbortController()
  try {
    await Promise.race([
      client.publishAsync(topic, payload, { qos, retain }),
      giveUp(client, AbortSignal.any([signal, enough.signal])),
    ])
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('unavailable', `publishing to ${topic}: ${messageOf(cause)}`, { cause })
  } finally {
    enough.abort()
  }
}

/** Rejects when the connection closes, time is up, or somebody asked us to stop; resolves when it no longer matters. */
function giveUp(client: MqttClient, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const lost = (): void => finish(new Fault('unavailable', 'the broker went away before it acknowledged'))
    const timer = setTimeout(
      () =>
        finish(new Fault('unavailable', `the broker did not acknowledge within ${ACKNOWLEDGE_MS_MAX} ms`)),
      ACKNOWLEDGE_MS_MAX,
    )
    const stopped = (): void => finish(new Fault('aborted', 'publishing was stopped'))
    const finish = (fault: Fault): void => {
      clearTimeout(timer)
      client.removeListener('close', lost)
      signal.removeEventListener('abort', stopped)
      reject(fault)
    }
    client.once('close', lost)
    signal.addEventListener('abort', stopped, { once: true })
  })
}
