/** Who listens at a simulated broker: subscriptions of a doorbell's connection, with the bounds of the driver. */
import { Fault } from '../../src/base/fault.ts'
import { BoundedQueue } from '../../src/base/queue.ts'
import { isTopicFilter, matchesTopic } from '../../src/base/topic-filter.ts'
import {
  HEARD_BYTES_MAX,
  HEARD_WAITING_MAX,
  type BrokerMessage,
  type HeardMessage,
  type ListenOptions,
} from '../../src/ports/broker.ts'

/** What a connection knows of those who listen through it. */
export class BrokerEars {
  readonly #ears = new Set<Ear>()
  readonly #retained: () => Iterable<BrokerMessage>
  readonly #refused: (filter: string) => boolean
  #isUp = false

  constructor(retained: () => Iterable<BrokerMessage>, refused: (filter: string) => boolean = () => false) {
    this.#retained = retained
    this.#refused = refused
  }

  get size(): number {
    return this.#ears.size
  }

  /** The connection was made: subscriptions are taken up anew, and what is kept comes again. */
  connected(): void {
    this.#isUp = true
    for (const ear of [...this.#ears]) this.#takeUp(ear)
  }

  disconnected(): void {
    this.#isUp = false
  }

  /** Somebody said something. */
  tell(message: BrokerMessage): void {
    if (!this.#isUp) return
    for (const ear of [...this.#ears]) if (ear.isListening) hear(ear, message, { retained: false })
  }

  listen(filters: readonly string[], options: ListenOptions): AsyncIterable<HeardMessage> {
    const wrong = filters.find((filter) => !isTopicFilter(filter))
    if (wrong !== undefined)
      throw new Fault(
        'invalid',
        `MQTT subscription “${wrong}”: wanted a topic, with + for one level and # at the end`,
      )
    return this.#heard(filters, options)
  }

  async *#heard(filters: readonly string[], options: ListenOptions): AsyncGenerator<HeardMessage> {
    const { signal } = options
    if (signal.aborted) return
    const queue = new BoundedQueue<HeardMessage>(HEARD_WAITING_MAX)
    const ear: Ear = { filters, options, queue, isListening: false }
    const stop = (): void => queue.end()
    signal.addEventListener('abort', stop, { once: true })
    this.#ears.add(ear)
    if (this.#isUp) this.#takeUp(ear)
    try {
      for await (const message of queue) {
        if (signal.aborted) return
        yield message
      }
    } finally {
      signal.removeEventListener('abort', stop)
      this.#ears.delete(ear)
    }
  }

  #takeUp(ear: Ear): void {
    const refused = ear.filters.filter((filter) => this.#refused(filter))
    ear.isListening = refused.length === 0
    if (!ear.isListening)
      return ear.options.onTrouble?.(
        new Fault('denied', `the broker does not let us listen to ${refused.join(', ')}: Not authorized`),
      )
    for (const message of this.#retained()) hear(ear, message, { retained: true })
    ear.options.onListening?.()
  }
}

type Ear = {
  readonly filters: readonly string[]
  readonly options: ListenOptions
  readonly queue: BoundedQueue<HeardMessage>
  isListening: boolean
}

function hear(
  { filters, options, queue }: Ear,
  { topic, payload }: BrokerMessage,
  { retained }: { readonly retained: boolean },
): void {
  if (!filters.some((filter) => matchesTopic(filter, topic))) return
  const bytes = Buffer.byteLength(payload)
  if (bytes <= HEARD_BYTES_MAX && queue.push({ topic, payload, retained })) return
  const why = bytes > HEARD_BYTES_MAX ? `it has ${bytes} bytes` : `${HEARD_WAITING_MAX} others wait`
  options.onTrouble?.(new Fault('full', `a message to ${topic} is lost: ${why}`))
}
