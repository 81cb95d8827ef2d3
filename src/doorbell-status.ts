/** Gathers what `health/` says in plain words. */
import { isFault, messageOf } from './base/fault.ts'
import type { Config } from './config/index.ts'
import type { Doorbell } from './doorbell.ts'
import { describeStatus, type StatusFacts } from './health/index.ts'
import type { Ports } from './ports/ports.ts'
import type { StatusReply } from './web/index.ts'

export type StatusOf = {
  readonly ports: Ports
  readonly config: Config
  readonly doorbell: Doorbell
  readonly version: string
}

export const statusOf = async (running: StatusOf): Promise<StatusReply> =>
  describeStatus(await factsOf(running))

export async function factsOf({ ports, config, doorbell, version }: StatusOf): Promise<StatusFacts> {
  const { clock, board, broker, store } = ports
  const waiting = doorbell.waiting()
  const heardAt = doorbell.heardAt()
  const { reserveBytes, bytesMax } = config.retention
  const free = await orUnknown(ports, () => ports.disk.free())
  return {
    version,
    alarms: doorbell.alarms(),
    cameraSilentMs: heardAt === undefined ? undefined : clock.mono() - heardAt,
    disk: free === undefined ? undefined : { ...free, reserveBytes },
    kept: { ...doorbell.kept(), bytesMax },
    storageProblem: doorbell.storageProblem(),
    uploads: waiting.uploads,
    messages: waiting.messages,
    unsealed: waiting.clips,
    celsius: await orUnknown(ports, async () => board?.temperatureC()),
    isUnderVoltage: await orUnknown(ports, async () => board?.isUnderVoltage()),
    isThrottled: await orUnknown(ports, async () => board?.isThrottled?.()),
    diskWorn: await orUnknown(ports, async () => board?.diskWorn?.()),
    clockTrusted: clock.wall().trusted,
    ...doorbell.seeing(),
    quiet: doorbell.quiet(),
    hasStore: store !== undefined,
    broker: brokerState(broker),
    viewers: doorbell.live.viewers(),
    sound: doorbell.talk.facts(),
  }
}

const brokerState = (broker: Ports['broker']): StatusFacts['broker'] =>
  broker === undefined ? 'none' : broker.isConnected() ? 'connected' : 'away'

/** What cannot be asked is not known; the rest of the page is there all the same. */
async function orUnknown<T>({ log }: Ports, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    log.warn('status.unknown', { problem: messageOf(error) })
    return undefined
  }
}
