import type { IPublishPacket, ISubscriptionMap, MqttClient } from 'mqtt'
import { Fault, messageOf } from '../../base/fault.ts'
import { BoundedQueue } from '../../base/queue.ts'
import { isTopicFilter, matchesTopic } from '../../base/topic-filter.ts'
import {
  HEARD_BYTES_MAX,
  HEARD_WAITING_MAX,
  type HeardMessage,
  type ListenOptions,
} from '../../ports/broker.ts'

/** How mqtt.js says that a SUBACK refused (MQTT 5, 3.9.3; 0x80 is all that 3.1.1 can say); it passes no code on. */
const REFUSED = /^Subscribe error/

export function listenTo(
  client: MqttClient,
  filters: readonly string[],
  options: ListenOptions,
): AsyncIterable<HeardMessage> {
  const wrong = filters.find((filter) => !isTopicFilter(filter))
  if (wrong !== undefined)
    throw new Fault(
      'invalid',
      `MQTT subscription “${wrong}”: wanted a topic, with + for one level and # at the end`,
    )
  return heardBy(client, filters, options)
}

async function* heardBy(
  client: MqttClient,
  filters: readonly string[],
  { signal, onListening, onTrouble }: ListenOptions,
): AsyncGenerator<HeardMessage> {
  const queue = new BoundedQueue<HeardMessage>(HEARD_WAITING_MAX)
  const hear = (topic: string, payload: Buffer, packet: IPublishPacket): void => {
    if (!filters.some((filter) => matchesTopic(filter, topic))) return
    const isLarge = payload.length > HEARD_BYTES_MAX
    if (!isLarge && queue.push({ topic, payload: payload.toString('utf8'), retained: packet.retain })) return
    const why = isLarge ? `it has ${payload.length} bytes` : `${HEARD_WAITING_MAX} others wait`
    onTrouble?.(new Fault('full', `a message to ${topic} is lost: ${why}`))
  }
  const subscribe = (): void =>
    void subscribeOnce(client, filters).then(
      () => onListening?.(),
      (error: unknown) => {
        if (error instanceof Fault) onTrouble?.(error) // Otherwise the connection broke, and the next one asks again.
      },
    )
  const stop = (): void => queue.end()
  if (signal.aborted) return
  signal.addEventListener('abort', stop, { once: true })
  client.on('message', hear)
  client.on('connect', subscribe)
  if (client.connected) subscribe()
  try {
    for await (const message of queue) {
      if (signal.aborted) return
      yield message
    }
  } finally {
    signal.removeEventListener('abort', stop)
    client.removeListener('message', hear)
    client.removeListener('connect', subscribe)
    // Others of this process may listen to the same; and who listens no more is told nothing anyway.
  }
}

async function subscribeOnce(client: MqttClient, filters: readonly string[]): Promise<void> {
  const wanted: ISubscriptionMap = Object.fromEntries(filters.map((filter) => [filter, { qos: 1 }]))
  try {
    await client.subscribeAsync(wanted)
  } catch (cause) {
    if (!(cause instanceof Error && REFUSED.test(cause.message))) throw cause
    throw new Fault(
      'denied',
      `the broker does not let us listen to ${filters.join(', ')}: ${messageOf(cause)}`,
      {
        cause,
      },
    )
  }
}
