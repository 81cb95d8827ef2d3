import { Fault } from '../../src/base/fault.ts'
import type { Broker, BrokerMessage } from '../../src/ports/broker.ts'
import { BrokerEars } from './broker-ears.ts'

/** The puppeteer's face of a broker: who listens, and whether the network is there. */
export type MemoryBroker = {
  /** What the doorbell gets. */
  open(will: BrokerMessage): Broker
  /** Calls back with what is retained, then with every message. The result ends it. */
  listen(onMessage: (message: BrokerMessage) => void): () => void
  /** Somebody else of the household says something. */
  say(message: BrokerMessage): void
  /** True for what the doorbell may not listen to. */
  refuses: (filter: string) => boolean
  /** Everything that was told, wills included. */
  readonly told: readonly BrokerMessage[]
  /** Breaks every connection; nobody comes through until `mend`. */
  cut(): void
  mend(): void
  /** Asked before a message is taken: a fault refuses it, `lose-answer` takes it and never says so. */
  onPublish: (message: BrokerMessage) => Fault | 'lose-answer' | undefined
}

type Link = { isUp: boolean; readonly ears: BrokerEars; connect(): void; breakOff(): void }

/** An honest MQTT broker in memory, and the connections to it. They are made and broken at once. */
export function createMemoryBroker(): MemoryBroker {
  const told: BrokerMessage[] = []
  const retained = new Map<string, BrokerMessage>()
  const ears = new Set<(message: BrokerMessage) => void>()
  const links = new Set<Link>()
  let isCut = false
  const tell = (message: BrokerMessage): void => {
    told.push(message)
    if (message.retain && message.payload === '') retained.delete(message.topic)
    else if (message.retain) retained.set(message.topic, message)
    for (const ear of ears) ear({ ...message, retain: false })
    for (const link of links) link.ears.tell(message)
  }
  const newEars = (): BrokerEars =>
    new BrokerEars(
      () => retained.values(),
      (filter) => hub.refuses(filter),
    )
  const hub: MemoryBroker = {
    told,
    say: tell,
    refuses: () => false,
    onPublish: () => undefined,
    open(will) {
      const answer = (message: BrokerMessage): Fault | 'lose-answer' | undefined => hub.onPublish(message)
      const { broker, link } = openLink({ tell, will, answer, ears: newEars() }, () => links.delete(link))
      links.add(link)
      if (!isCut) link.connect()
      return broker
    },
    listen(onMessage) {
      ears.add(onMessage)
      for (const message of retained.values()) onMessage(message)
      return () => ears.delete(onMessage)
    },
    cut() {
      isCut = true
      for (const link of links) link.breakOff()
    },
    mend() {
      isCut = false
      for (const link of links) link.connect()
    },
  }
  return hub
}

type LinkDeps = {
  readonly tell: (message: BrokerMessage) => void
  readonly will: BrokerMessage
  readonly answer: (message: BrokerMessage) => Fault | 'lose-answer' | undefined
  readonly ears: BrokerEars
}

function openLink(deps: LinkDeps, onClose: () => void): { broker: Broker; link: Link } {
  let made = 0
  let sleepers: (() => void)[] = []
  const link: Link = {
    isUp: false,
    ears: deps.ears,
    connect() {
      if (link.isUp) return
      link.isUp = true
      made++
      deps.ears.connected()
      for (const wake of sleepers.splice(0)) wake()
    },
    breakOff() {
      if (!link.isUp) return
      link.isUp = false
      deps.ears.disconnected()
      deps.tell(deps.will)
    },
  }
  const untilMade = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      sleepers.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  const broker: Broker = {
    isConnected: () => link.isUp,
    publish: (message, { signal }) => publishOne(deps, link, message, signal),
    async *connections({ signal }) {
      let seen = link.isUp ? made - 1 : made
      while (!signal.aborted) {
        if (seen === made) await untilMade(signal)
        else {
          seen++
          yield
        }
      }
    },
    listen: (filters, options) => deps.ears.listen(filters, options),
    async [Symbol.asyncDispose]() {
      link.isUp = false
      deps.ears.disconnected()
      sleepers = []
      onClose()
    },
  }
  return { broker, link }
}

async function publishOne(
  { tell, answer }: LinkDeps,
  link: Link,
  message: BrokerMessage,
  signal: AbortSignal,
): Promise<void> {
  if (message.topic === '' || /[#+\0]/.test(message.topic))
    throw new Fault('invalid', `topic “${message.topic}”: wanted one without #, + and NUL`)
  if (signal.aborted) throw new Fault('aborted', 'publishing was stopped')
  if (!link.isUp) throw new Fault('unavailable', 'the broker is not connected')
  const trouble = answer(message)
  if (trouble instanceof Fault) throw trouble
  tell(message)
  if (trouble === 'lose-answer') throw new Fault('unavailable', 'the broker did not acknowledge')
}
