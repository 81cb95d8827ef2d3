import type { Bell } from '../base/bell.ts'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { isoOf, laterBy, unixMs, type MonoMs } from '../base/time.ts'
import type { Broker, BrokerMessage } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Records } from '../ports/records.ts'
import { createAnnouncing, type Announcement } from './announcing.ts'
import { MessageLine } from './message-line.ts'
import { TOPICS, topicOf } from './topics.ts'

export type MessageKind =
  | 'press'
  | 'visit'
  | 'notice'
  | 'motion'
  | 'clip'
  | 'alarm'
  | 'seeing'
  | 'health'
  | 'person'
  | 'vitals'
  | 'settings'
  | 'answer'
export type Payload = Readonly<Record<string, Json>>

export interface Telemetry {
  /**
   * Loads presses that were not told before, and writes down those that came since the start. It may come late, and be tried again:
   * everything else works before.
   */
  open(): Promise<void>
  /**
   * Resolves when the message waits in the queue; a press then also stands on the disk. Rejects with `unavailable` for a press
   * before `open`: it waits in memory, and is written down by `open`.
   */
  publish(kind: MessageKind, payload: Payload): Promise<void>
  /** Tells what counts only at this moment: a broker that is away, or does not answer, is not told later. */
  tellNow(kind: 'chime', payload: Payload): Promise<void>
  /** The time is known now: whatever waits and had none that one should believe gets its own. What is from an earlier start stays. */
  giveTimes(): void
  /**
   * What is to be told at every connection after the greeting, and now; in place of what was announced before. `told` is called each time the
   * broker has all of it. What the broker does not allow is said in the log, and waited for no longer.
   */
  announce(messages: () => readonly BrokerMessage[], told: () => Promise<void>): void
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
  /** A message waits with a time that nobody should believe. */
  readonly onUntimed?: () => void
}
export type TelemetryRules = {
  readonly prefix: string
  readonly device: string
  readonly name: string
  /** Names of private zones that are recorded all the same, because the owner wants it so. */
  readonly privateRecorded?: readonly string[]
}

const RETRY_MS = 2000
const RETRY_MS_MAX = 60_000
const FAREWELL_MS_MAX = 2000
const NOW_MS_MAX = 3000

/** The last will, which the driver hands to the broker when it connects. */
export const willOf = (rules: TelemetryRules): BrokerMessage => messageFor(rules, 'availability', 'offline')

export function createTelemetry(deps: TelemetryDeps, rules: TelemetryRules): Telemetry {
  const line = new MessageLine()
  const teller = createTeller(deps, rules, line)
  let isLoaded = false
  return {
    async open() {
      const rows = isLoaded ? [] : await deps.records.list('outbox')
      for (const { key, row } of rows)
        if (typeof row !== 'string') deps.log.error('outbox.row_damaged', { key })
      // From here to the write nothing is waited for: a press that comes now has its key, and its row, after these.
      line.reload(
        rows.map(({ key, row }) => ({
          key,
          message: typeof row === 'string' ? messageFor(rules, 'press', row) : undefined,
        })),
      )
      isLoaded = true
      await line.writeDown((presses) =>
        deps.records.write(presses.map(({ key, message }) => ({ put: 'outbox', key, row: message.payload }))),
      )
    },
    async publish(kind, payload) {
      const text = JSON.stringify(withIso(payload))
      const isPress = kind === 'press'
      const key = isPress && isLoaded ? line.nextKey() : undefined
      // At once, so that nothing overtakes it. Even when the disk refuses, the household is told; only a restart would
      // then forget it. Should the broker be quicker than the disk: writes apply in the order of their calls.
      const at = untrustedMono(payload, deps.clock)
      const message = messageFor(rules, kind, text)
      line.push({ key, isPress, message, ...(at === undefined ? {} : { untimed: { payload, at } }) })
      if (at !== undefined) deps.onUntimed?.()
      teller.knows(kind)
      if (key !== undefined) await deps.records.write([{ put: 'outbox', key, row: text }])
      else if (isPress) throw new Fault('unavailable', 'the index is not open yet; the press waits in memory')
    },
    giveTimes() {
      const { at: now, trusted } = deps.clock.wall()
      if (!trusted) return
      const agoMs = (at: MonoMs): number => deps.clock.mono() - at
      line.giveTimes(({ payload, at }) =>
        JSON.stringify(withIso({ ...payload, at: Math.round(now - agoMs(at)), trustedClock: true })),
      )
    },
    announce: (messages, told) => teller.announce({ messages, told }),
    waiting: () => line.length,
    published: () => teller.published(),
    tellNow: (kind, payload) => tellNow(deps, messageFor(rules, kind, JSON.stringify(withIso(payload)))),
    async run(signal) {
      await keepTelling(deps, teller, signal)
      await sayFarewell(deps, rules)
    },
  }
}

async function tellNow({ broker, clock, log }: TelemetryDeps, message: BrokerMessage): Promise<void> {
  if (!broker.isConnected()) return
  const enough = new AbortController()
  const patience = clock.sleep(NOW_MS_MAX, { signal: enough.signal }).then(
    () => enough.abort(),
    () => {}, // It was told before.
  )
  await broker.publish(message, { signal: enough.signal }).catch((error: unknown) => {
    if (isFault(error, 'bug')) throw error
    log.info('broker.not_told', { topic: message.topic, problem: messageOf(error) })
  })
  enough.abort()
  await patience
}

type Teller = {
  readonly line: MessageLine
  published(): number
  /** Messages were dropped that the status does not count yet. */
  hasNews(): boolean
  tellStatus(signal: AbortSignal): Promise<void>
  greet(signal: AbortSignal): Promise<void>
  sendFirst(signal: AbortSignal): Promise<void>
  announce(announcement: Announcement): void
  /** Something is announced that this connection has not heard. */
  hasAnnouncement(): boolean
  tellAnnouncement(signal: AbortSignal): Promise<void>
  /** What is retained of this kind is, or will be, of this start. */
  knows(kind: MessageKind): void
}

/** Puts one message after the other into the broker's hands. */
function createTeller(deps: TelemetryDeps, rules: TelemetryRules, line: MessageLine): Teller {
  const forget = createForgetting(deps)
  let published = 0
  let toldDropped = 0
  const known = new Set<MessageKind>()
  const announcer = createAnnouncing(deps, rules, (message, signal) => tell(message, signal))
  const tell = async (message: BrokerMessage, signal: AbortSignal): Promise<void> => {
    await deps.broker.publish(message, { signal })
    published++
    announcer.note(message)
  }
  const teller: Teller = {
    line,
    published: () => published,
    hasNews: () => line.dropped !== toldDropped,
    knows: (kind) => void known.add(kind),
    async tellStatus(signal) {
      const { dropped } = line
      const privateRecorded = (rules.privateRecorded ?? []).join(', ')
      const warning = privateRecorded === '' ? {} : { privateRecorded }
      const status = JSON.stringify({ version: 1, name: rules.name, dropped, ...warning })
      await tell(messageFor(rules, 'status', status), signal)
      toldDropped = dropped
    },
    announce(announcement) {
      announcer.announce(announcement)
      line.bell.ring()
    },
    hasAnnouncement: () => announcer.isOwed(),
    tellAnnouncement: (signal) => announcer.tell(signal),
    async greet(signal) {
      announcer.connected()
      await tell(messageFor(rules, 'availability', 'online'), signal)
      await teller.tellStatus(signal)
      // The broker may still hold an `on`, or an alarm, from before we lost power.
      for (const [kind, payload] of statesAtStart(deps.clock)) {
        if (known.has(kind)) continue
        await tell(messageFor(rules, kind, JSON.stringify(payload)), signal)
        known.add(kind)
      }
    },
    async sendFirst(signal) {
      const first = line.first()
      if (first === undefined) return
      await tell(first.message, signal).catch((error: unknown) => {
        if (!isFault(error, 'invalid')) throw error
        deps.log.error('broker.message_refused', { topic: first.message.topic, problem: error.message })
      })
      line.remove(first)
      if (first.key !== undefined) await forget(first.key)
    },
  }
  return teller
}

/** Takes presses out of the outbox that the broker has; those that the disk would not let go are taken out with the next. */
function createForgetting({ records, log }: TelemetryDeps): (key: string) => Promise<void> {
  let told: readonly string[] = []
  return async (key) => {
    told = [...told, key]
    try {
      await records.write(told.map((each) => ({ remove: 'outbox', key: each })))
      told = []
    } catch (error) {
      if (isFault(error, 'bug') || !isFault(error)) throw error
      // Told twice after a restart is better than not telling what comes next.
      log.warn('outbox.not_cleared', { problem: error.message })
    }
  }
}

/** Tells until it is told to stop. What goes wrong on the way is weather, waited out with growing pauses. */
async function keepTelling(
  { broker, clock, log }: TelemetryDeps,
  teller: Teller,
  signal: AbortSignal,
): Promise<void> {
  const greetings = countConnections(broker, teller.line.bell, signal)
  let failures = 0
  while (!signal.aborted) {
    try {
      await tellNext(broker, teller, greetings, signal)
      failures = 0
    } catch (error) {
      if (signal.aborted) break
      if (!isFault(error) || error.kind === 'bug') throw error
      log.info('broker.waits', { kind: error.kind, problem: messageOf(error) })
      const pauseMs = Math.min(RETRY_MS * 2 ** failures++, RETRY_MS_MAX)
      await clock.sleep(pauseMs, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
    }
  }
  await greetings.ended
}

type Greetings = { made: number; done: number; readonly ended: Promise<void> }

function countConnections(broker: Broker, bell: Bell, signal: AbortSignal): Greetings {
  const count = async (): Promise<void> => {
    for await (const _connection of broker.connections({ signal })) {
      greetings.made++
      bell.ring()
    }
  }
  const greetings: Greetings = { made: 0, done: 0, ended: Promise.resolve().then(count) }
  return greetings
}

/** Greets once for each connection, then sends what waits, oldest first, then waits for more. */
async function tellNext(
  broker: Broker,
  teller: Teller,
  greetings: Greetings,
  signal: AbortSignal,
): Promise<void> {
  const { made } = greetings
  if (made === 0 || !broker.isConnected()) await teller.line.bell.untilRung(signal)
  else if (greetings.done < made) {
    await teller.greet(signal)
    greetings.done = made
  } else if (teller.line.length > 0) await teller.sendFirst(signal)
  else if (teller.hasAnnouncement()) await teller.tellAnnouncement(signal)
  else if (teller.hasNews()) await teller.tellStatus(signal)
  else await teller.line.bell.untilRung(signal)
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

/** When that was, by the clock that never jumps; undefined when its time may be believed, or it has none. */
function untrustedMono({ at, trustedClock }: Payload, clock: Clock): MonoMs | undefined {
  if (typeof at !== 'number' || trustedClock !== false) return undefined
  return laterBy(clock.mono(), at - clock.wall().at)
}

/** Nobody has moved yet, and nothing is wrong yet. */
function statesAtStart(clock: Clock): readonly (readonly ['motion' | 'health' | 'person', Payload])[] {
  const { at, trusted } = clock.wall()
  const nobody = withIso({ state: 'off', at: Math.round(at), trustedClock: trusted })
  return [
    ['motion', nobody],
    ['health', { alarms: '' }],
    ['person', nobody],
  ]
}

/** People read ISO 8601, programs count; both are told. */
function withIso(payload: Payload): Payload {
  return typeof payload.at === 'number' ? { ...payload, iso: isoOf(unixMs(payload.at)) } : payload
}
