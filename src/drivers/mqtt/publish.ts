import type { MqttClient } from 'mqtt'
import { errorOf, Fault, messageOf, type FaultKind } from '../../base/fault.ts'
import type { BrokerMessage } from '../../ports/broker.ts'

const ACKNOWLEDGE_MS_MAX = 20_000

/** Reason codes of MQTT 5 (2.4); all others are weather. A broker of 3.1.1 gives no reasons. */
const KINDS: ReadonlyMap<unknown, FaultKind> = new Map([
  [0x87, 'denied'], // not authorized
  [0x90, 'invalid'], // topic name
  [0x95, 'invalid'], // packet too large
  [0x97, 'full'], // quota
  [0x99, 'invalid'], // payload format
])

export async function publishMessage(
  client: MqttClient,
  message: BrokerMessage,
  signal: AbortSignal,
): Promise<void> {
  const { topic } = message
  if (topic === '' || /[#+\0]/.test(topic))
    throw new Fault('invalid', `MQTT topic “${topic}”: wanted one without #, + and NUL`)
  if (signal.aborted) throw new Fault('aborted', 'publishing was stopped')
  if (!client.connected) throw new Fault('unavailable', 'the broker is not connected')
  try {
    await hand(client, message, signal)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    throw new Fault(KINDS.get(code) ?? 'unavailable', `publishing to ${topic}: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/** Resolves with the acknowledgement; gives up when the connection closes, time is up or somebody asks to stop. */
function hand(
  client: MqttClient,
  { topic, payload, qos, retain }: BrokerMessage,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const before = client.getLastMessageId()
    const finish = (error: unknown): void => {
      clearTimeout(timer)
      client.removeListener('close', lost)
      signal.removeEventListener('abort', stopped)
      if (error === undefined || error === null) resolve()
      else reject(errorOf(error))
    }
    const giveUp = (kind: 'unavailable' | 'aborted', message: string): void => {
      finish(new Fault(kind, message))
      // Who asked decides whether to try again; mqtt.js must not do so behind their back.
      if (id !== undefined) client.removeOutgoingMessage(id)
    }
    const lost = (): void => giveUp('unavailable', 'the broker went away before it acknowledged')
    const stopped = (): void => giveUp('aborted', 'publishing was stopped')
    const timer = setTimeout(
      () => giveUp('unavailable', `the broker did not acknowledge within ${ACKNOWLEDGE_MS_MAX} ms`),
      ACKNOWLEDGE_MS_MAX,
    )
    client.once('close', lost)
    signal.addEventListener('abort', stopped, { once: true })
    client.publish(topic, payload, { qos, retain }, finish)
    const last = client.getLastMessageId()
    const id = last === before ? undefined : last // QoS 0 has no identifier.
  })
}
