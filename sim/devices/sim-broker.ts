import type { Broker, BrokerMessage } from '../../src/ports/broker.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { BrokerClient } from './broker-client.ts'
import { BrokerEars } from './broker-ears.ts'
import type { FrontDesk } from './broker-line.ts'
import type { Network } from './network.ts'
import type { SimClock } from './sim-clock.ts'

export type Published = {
  /** By the world's clock, when its outcome was known. */
  readonly atMs: number
  readonly message: BrokerMessage
  /** `acknowledged`, `handed over` (QoS 0), the kind of fault, or `cut-off`: nobody is left to hear it. */
  readonly outcome: string
}

/** A broker behind a network. What is retained outlives the doorbell; the household listens over a way of its own. */
export interface SimBroker {
  /**
   * The broker as one incarnation of the doorbell reaches it; connects by itself, at once and again and again. `clock` is
   * that of the incarnation: its driver waits with it before it connects again.
   */
  openClient(will: BrokerMessage, clock?: Clock): Broker
  /** The power went: no goodbye. The will is told when the broker notices, or when the doorbell is back. */
  killClient(): void
  /** Calls back with what is retained, then with every message. The result ends it. */
  listen(onMessage: (message: BrokerMessage) => void): () => void
  /** Somebody else of the household says something. */
  say(message: BrokerMessage): void
  readonly retained: ReadonlyMap<string, BrokerMessage>
  /** How many of the doorbell listen now. */
  listeners(): number
  onPublish: (published: Published) => void
}

export function createSimBroker({
  network,
  clock,
}: {
  readonly network: Network
  readonly clock: SimClock
}): SimBroker {
  const retained = new Map<string, BrokerMessage>()
  const ears = new Set<(message: BrokerMessage) => void>()
  let clients: BrokerClient[] = []
  const tell = (message: BrokerMessage): void => {
    if (message.retain && message.payload === '') retained.delete(message.topic)
    else if (message.retain) retained.set(message.topic, message)
    for (const ear of [...ears]) ear({ ...message, retain: false })
    for (const client of clients) client.ears.tell(message)
  }
  const desk = openDesk(clock, tell)
  const hub: SimBroker = {
    retained,
    listeners: () => clients.reduce((sum, { ears: its }) => sum + its.size, 0),
    say: tell,
    onPublish: () => {},
    openClient(will, its = clock) {
      const onPublish = (message: BrokerMessage, outcome: string): void =>
        hub.onPublish({ atMs: clock.mono(), message, outcome })
      const client = new BrokerClient({
        ...{ network, desk, will, clock: its, onPublish },
        ears: new BrokerEars(() => retained.values()),
      })
      clients = [...clients.filter((each) => !each.isClosed()), client]
      return client
    },
    killClient() {
      for (const client of clients) client.kill()
      clients = []
    },
    listen(onMessage) {
      for (const message of retained.values()) onMessage(message)
      ears.add(onMessage)
      return () => ears.delete(onMessage)
    },
  }
  return hub
}

/** What the broker knows of connections: those that ended without a goodbye, until it notices. */
function openDesk(clock: SimClock, tell: (message: BrokerMessage) => void): FrontDesk {
  const ghosts = new Set<{ readonly will: BrokerMessage; readonly noticing: AbortController }>()
  return {
    tell,
    enter() {
      // The doorbell has one name: who comes again by that name takes the place of who never said goodbye.
      for (const ghost of [...ghosts]) {
        ghosts.delete(ghost)
        ghost.noticing.abort()
        tell(ghost.will)
      }
    },
    vanish(will, noticedInMs) {
      if (noticedInMs <= 0) return tell(will)
      const ghost = { will, noticing: new AbortController() }
      ghosts.add(ghost)
      void clock.sleep(noticedInMs, ghost.noticing).then(
        () => {
          ghosts.delete(ghost)
          tell(will)
        },
        () => {}, // Told when the doorbell came back.
      )
    },
  }
}
