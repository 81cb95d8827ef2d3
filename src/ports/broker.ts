/**
 * An MQTT broker. The driver connects by itself, again and again, with the last will set at `open`.
 * Faults of `publish`: `unavailable` (not connected, or no acknowledgement), `denied`, `invalid` (topic).
 */
export interface Broker extends AsyncDisposable {
  /** Resolves when the broker has acknowledged (QoS 1) or the message was handed to the network (QoS 0). */
  publish(message: BrokerMessage, options: { signal: AbortSignal }): Promise<void>
  isConnected(): boolean
  /** Yields once per connection made, the first included; ends when the signal is aborted. */
  connections(options: { signal: AbortSignal }): AsyncIterable<void>
}

export type BrokerMessage = {
  readonly topic: string
  readonly payload: string
  readonly qos: 0 | 1
  readonly retain: boolean
}
