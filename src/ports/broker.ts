import type { Fault } from '../base/fault.ts'

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
  /**
   * What others say to these topics (`+` and `#` as in MQTT), from now on and over every connection, until the signal is aborted. What the
   * broker had kept comes again with each connection, marked as such. Throws `Fault('invalid')` for what is no filter.
   */
  listen(filters: readonly string[], options: ListenOptions): AsyncIterable<HeardMessage>
}

export type HeardMessage = {
  readonly topic: string
  /** As UTF-8; bytes that are none become U+FFFD. */
  readonly payload: string
  /** The broker had kept it from before we listened: nobody says it now. */
  readonly retained: boolean
}

export type ListenOptions = {
  readonly signal: AbortSignal
  /** The broker has taken up the subscription, once a connection. */
  readonly onListening?: () => void
  /** `denied`: the broker does not let us listen; `full`: a message came that found no room, or was too large, and is lost. */
  readonly onTrouble?: (fault: Fault) => void
}

/** So many messages wait to be taken; what comes on top of that is lost, and said. */
export const HEARD_WAITING_MAX = 64
/** A larger message is lost, and said. */
export const HEARD_BYTES_MAX = 64 * 1024

export type BrokerMessage = {
  readonly topic: string
  readonly payload: string
  readonly qos: 0 | 1
  readonly retain: boolean
}
