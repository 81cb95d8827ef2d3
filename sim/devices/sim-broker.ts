import { Fault } from '../../src/base/fault.ts'
import type { Broker, BrokerMessage } from '../../src/ports/broker.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Network } from './network.ts'
import type { SimClock } from './sim-clock.ts'

/** After so long without a word, the broker takes a client for gone and tells its will. */
const KEEP_ALIVE_MS = 45_000
const RECONNECT_MS = 2000

export type Published = { readonly message: BrokerMessage; readonly outcome: string }

/** A broker behind a network. What is retained outlives the doorbell; the household listens over a way of its own. */
export interface SimBroker {
  /** `clock` is that of the doorbell's incarnation: its driver waits with it before it connects again. */
  openClient(will: BrokerMessage, clock: Clock): Broker
  /** The power went: no goodbye. The will is told when the broker notices. */
  killClient(): void
  /** Calls back with what is retained, then with every message. The result ends it. */
  listen(onMessage: (message: BrokerMessage) => void): () => void
  onPublish: (published: Published) => void
}

type Client = {
  readonly will: BrokerMessage
  isUp: boolean
  isGone: boolean
  made: number
  sleepers: (() => void)[]
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
  let client: Client | undefined
  const tell = (message: BrokerMessage): void => {
    if (message.retain && message.payload === '') retained.delete(message.topic)
    else if (message.retain) retained.set(message.topic, message)
    for (const ear of ears) ear(message)
  }
  const wakeSleepers = (its: Client): void => {
    const { sleepers } = its
    its.sleepers = []
    for (const wake of sleepers) wake()
  }
  const connect = (its: Client): void => {
    if (its.isUp || its.isGone || !network.isUp('broker')) return
    its.isUp = true
    its.made++
    wakeSleepers(its)
  }
  /** Unless it is back by then. */
  const tellWillLater = (its: Client): void => {
    const made = its.made
    void clock.sleep(KEEP_ALIVE_MS, forever).then(() => {
      const isBack = client === its && its.isUp && its.made !== made
      if (!isBack && (client === its || client === undefined || !client.isUp)) tell(its.will)
    })
  }
  network.onChange((host, isUp) => {
    const its = client
    if (host !== 'broker' || its === undefined) return
    if (isUp) void clock.sleep(RECONNECT_MS, forever).then(() => connect(its))
    else if (its.isUp) {
      its.isUp = false
      tellWillLater(its)
    }
  })
  const hub: SimBroker = {
    onPublish: () => {},
    openClient(will) {
      const mine: Client = { will, isUp: false, isGone: false, made: 0, sleepers: [] }
      client = mine
      connect(mine)
      return {
        isConnected: () => mine.isUp,
        publish: async (message, { signal }) => {
          const outcome = await publishOne(network, mine, { message, signal, tell })
          if (mine.isGone && client !== mine) return await never()
          hub.onPublish({ message, outcome: outcome instanceof Fault ? outcome.kind : outcome })
          if (outcome instanceof Fault) throw outcome
        },
        connections: ({ signal }) => connectionsOf(mine, signal),
        async [Symbol.asyncDispose]() {
          mine.isUp = false
          mine.isGone = true
          wakeSleepers(mine)
        },
      }
    },
    killClient() {
      const its = client
      client = undefined
      if (its === undefined) return
      its.isGone = true
      if (its.isUp) tellWillLater(its)
      its.isUp = false
    },
    listen(onMessage) {
      for (const message of retained.values()) onMessage(message)
      ears.add(onMessage)
      return () => void ears.delete(onMessage)
    },
  }
  return hub
}

const never = (): Promise<never> => new Promise(() => {})
const forever = { signal: new AbortController().signal }

async function publishOne(
  network: Network,
  client: Client,
  {
    message,
    signal,
    tell,
  }: {
    readonly message: BrokerMessage
    readonly signal: AbortSignal
    readonly tell: (message: BrokerMessage) => void
  },
): Promise<'acknowledged' | Fault> {
  if (message.topic === '' || /[#+\0]/.test(message.topic))
    return new Fault('invalid', `topic “${message.topic}”: wanted one without #, + and NUL`)
  if (!client.isUp) return new Fault('unavailable', 'the broker is not connected')
  try {
    const bytes = message.topic.length + message.payload.length
    const work = (): void => tell(message)
    await network.request({ host: 'broker', what: `publish ${message.topic}`, bytes, signal, work })
    return 'acknowledged'
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

async function* connectionsOf(client: Client, signal: AbortSignal): AsyncGenerator<void> {
  let seen = client.isUp ? client.made - 1 : client.made
  while (!signal.aborted) {
    if (seen < client.made) {
      seen++
      yield
      continue
    }
    await new Promise<void>((resolve) => {
      client.sleepers.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
