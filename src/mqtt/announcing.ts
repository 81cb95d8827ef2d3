import { isFault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { BrokerMessage } from '../ports/broker.ts'
import { topicOf } from './topics.ts'

export type Announcement = {
  readonly messages: () => readonly BrokerMessage[]
  readonly told: () => Promise<void>
}

const HANG_UPS_MAX = 3

export type Announcing = {
  /** The broker has this message. */
  note(message: BrokerMessage): void
  connected(): void
  announce(announcement: Announcement): void
  isOwed(): boolean
  tell(signal: AbortSignal): Promise<void>
}

/** After what is announced come the states as they were told last: a broker that was started anew may have kept none. */
export function createAnnouncing(
  { log }: { readonly log: Log },
  rules: { readonly prefix: string; readonly device: string },
  tellOne: (message: BrokerMessage, signal: AbortSignal) => Promise<void>,
): Announcing {
  const states = new Map<string, BrokerMessage>()
  const greeted = new Set([topicOf(rules, 'availability'), topicOf(rules, 'status')])
  let announcement: Announcement | undefined
  let isOwed = false
  let connections = 0
  const hangUps = new Map<string, number>()
  /**
   * False when the broker does not allow it. One of 3.1.1 can say so only by hanging up, which the network does too: what was cut off
   * three times running is not said again.
   */
  const tellAllowed = async (message: BrokerMessage, signal: AbortSignal): Promise<boolean> => {
    const { topic } = message
    const hungUp = hangUps.get(topic) ?? 0
    if (hungUp >= HANG_UPS_MAX) return false
    try {
      await tellOne(message, signal)
      hangUps.delete(topic)
      return true
    } catch (error) {
      if (isFault(error, 'unavailable')) hangUps.set(topic, hungUp + 1)
      const isOver = hungUp + 1 >= HANG_UPS_MAX && isFault(error, 'unavailable')
      if (!isOver && !isFault(error, 'denied', 'invalid')) throw error
      log.warn('broker.announcement_refused', { topic, problem: messageOf(error) })
      return false
    }
  }
  return {
    note(message) {
      if (message.retain && message.payload !== '' && !greeted.has(message.topic))
        states.set(message.topic, message)
    },
    connected() {
      isOwed = true
      connections++
    },
    announce(next) {
      announcement = next
      isOwed = true
      hangUps.clear()
    },
    isOwed: () => isOwed && announcement !== undefined,
    async tell(signal) {
      const { messages, told } = announcement ?? { messages: () => [], told: async () => {} }
      const announced = messages()
      const topics = new Set(announced.map(({ topic }) => topic))
      const again = connections > 1 ? [...states.values()].filter(({ topic }) => !topics.has(topic)) : []
      const before = announcement
      const outcomes: boolean[] = []
      for (const message of announced) outcomes.push(await tellAllowed(message, signal))
      for (const message of again) await tellAllowed(message, signal)
      if (announcement === before) isOwed = false
      if (outcomes.every(Boolean)) await told()
    },
  }
}
