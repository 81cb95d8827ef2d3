import { isFault, messageOf } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { isoOf, unixMs } from '../base/time.ts'
import type { Broker, BrokerMessage } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Records } from '../ports/records.ts'
import { MessageLine } from './message-line.ts'

/** What is told, where, and whether the broker keeps it for those who come later. */
export const TOPICS = {
  availability: {
    retain: true,
    about: '`online` or `offline` (plain text; the last will says `offline` when the device vanishes)',
  },
  status: {
    retain: true,
    about: '`name`, `version` of the payloads (1), `dropped` messages since the start',
  },
  press: { retain: false, about: '`visit`, `at`, `iso`, `trustedClock`: the button was pushed' },
  visit: {
    retain: false,
    about:
      '`state` (`began`, `ended`), `visit`, `at`, `iso`, `trustedClock`; began: `sign`; ended: `durationMs`, `signs` (one text), `presses` (how many)',
  },
  motion: { retain: true, about: '`state` (`on`, `off`), `at`, `iso`, `trustedClock`' },
  clip: {
    retain: false,
    about:
      '`state` (`sealed`, `uploaded`, `expired`), `clip`; sealed: `visit`, `parts`, `bytes`, `durationMs`',
  },
} as const

export type MessageKind = 'press' | 'visit' | 'motion' | 'clip'
export type Payload = Readonly<Record<string, Json>>

export interface Telemetry {
  /** Loads presses that were not told before. */
  open(): Promise<void>
  /** Resolves when the message waits in the queue; a press then also stands on the disk. */
  publish(kind: MessageKind, payload: Payload): Promise<void>
  waiting(): number
  /** Messages the broker has acknowledged. */
  published(): number
  run(signal: AbortSignal): Promise<void>
}

export type TelemetryDeps = {
  readonly broker: Broker
  readonly clock: Clock
  readonly records: Records
  readonly log: Log
}
export type TelemetryRules = { readonly prefix: string; readonly device: string; readonly name: string }

const RETRY_MS = 2000
const FAREWELL_MS_MAX = 2000

export const topicOf = ({ prefix, device }: TelemetryRules, kind: keyof typeof TOPICS): string =>
  `${prefix}/${device.replaceAll('/', '-')}/${kind}`

/** The last will, which the driver hands to the broker when it connects. */
export const willOf = (rules: TelemetryRules): BrokerMessage => messageFor(rules, 'availability', 'offline')

export function createTelemetry(deps: TelemetryDeps, rules: TelemetryRules): Telemetry {
  const line = new MessageLine()
  let published = 0
  const publishNow = async (message: BrokerMessage, signal: AbortSignal): Promise<void> => {
    await deps.broker.publish(message, { signal })
    published++
  }
  /** Keys of presses that the broker has, whose rows the disk would not let go. */
  let toldKeys: readonly string[] = []
  const forget = async (key: string): Promise<void> => {
    toldKeys = [...toldKeys, key]
    try {
      await deps.records.write(toldKeys.map((told) => ({ remove: 'outbox', key: told })))
      toldKeys = []
    } catch (error) {
      if (isFault(error, 'bug') || !isFault(error)) throw error
      // Told twice after a restart is better than not telling what comes next.
      deps.log.warn('outbox.not_cleared', { problem: error.message })
    }
  }
  const teller: Teller = {
    line,
    async greet(signal) {
      const status = JSON.stringify({ version: 1, name: rules.name, dropped: line.dropped })
      await publishNow(messageFor(rules, 'availability', 'online'), signal)
      await publishNow(messageFor(rules, 'status', status), signal)
    },
    async sendFirst(signal) {
      const first = line.first()
      if (first === undefined) return
      await publishNow(first.message, signal)
      line.remove(first)
      if (first.key !== undefined) await forget(first.key)
    },
  }
  return {
    async open() {
      for (const { key, row } of await deps.records.list('outbox'))
        if (typeof row === 'string') line.reload(key, messageFor(rules, 'press', row))
    },
    async publish(kind, payload) {
      const text = JSON.stringify(withIso(payload))
      const message = messageFor(rules, kind, text)
      const key = kind === 'press' ? line.nextKey() : undefined
      // At once, so that nothing overtakes it. Even when the disk refuses, the household is told; only a restart would
      // then forget it. Should the broker be quicker than the disk: writes apply in the order of their calls.
      line.push({ key, message })
      if (key !== undefined) await deps.records.write([{ put: 'outbox', key, row: text }])
    },
    waiting: () => line.length,
    published: () => published,
    async run(signal) {
      await keepTelling(deps, teller, signal)
      await sayFarewell(deps, rules)
    },
  }
}

type Teller = {
  readonly line: MessageLine
  readonly greet: (signal: AbortSignal) => Promise<void>
  readonly sendFirst: (signal: AbortSignal) => Promise<void>
}

/** Greets once per connection, then sends what waits, oldest first. */
async function keepTelling(
  { broker, clock, log }: TelemetryDeps,
  teller: Teller,
  signal: AbortSignal,
): Promise<void> {
  let made = 0
  let greeted = 0
  const newConnections = (async () => {
    for await (const _connection of broker.connections({ signal })) {
      made++
      teller.line.bell.ring()
    }
  })()
  while (!signal.aborted) {
    try {
      const toGreet = made
      if (made === 0 || !broker.isConnected()) await teller.line.bell.untilRung(signal)
      else if (greeted < made) {
        await teller.greet(signal)
        greeted = toGreet
      } else if (teller.line.length > 0) await teller.sendFirst(signal)
      else await teller.line.bell.untilRung(signal)
    } catch (error) {
      if (signal.aborted) break
      if (!isFault(error, 'unavailable', 'denied')) throw error
      log.info('broker.waits', { kind: error.kind, problem: messageOf(error) })
      await clock.sleep(RETRY_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
    }
  }
  await newConnections
}

/** Said in an orderly goodbye; a broker that does not answer has the last will. */
async function sayFarewell({ broker, clock }: TelemetryDeps, rules: TelemetryRules): Promise<void> {
  if (!broker.isConnected()) return
  const enough = new AbortController()
  const patience = clock.sleep(FAREWELL_MS_MAX, { signal: enough.signal }).catch(() => {})
  const told = broker
    .publish(messageFor(rules, 'availability', 'offline'), { signal: enough.signal })
    .catch(() => {})
  await Promise.race([told, patience])
  enough.abort()
}

function messageFor(rules: TelemetryRules, kind: keyof typeof TOPICS, payload: string): BrokerMessage {
  return { topic: topicOf(rules, kind), payload, qos: 1, retain: TOPICS[kind].retain }
}

/** People read ISO 8601, programs count; both are told. */
function withIso(payload: Payload): Payload {
  return typeof payload.at === 'number' ? { ...payload, iso: isoOf(unixMs(payload.at)) } : payload
}
