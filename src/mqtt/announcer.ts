import { isFault, messageOf } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import type { Broker } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Records } from '../ports/records.ts'
import { announcedBy, announcementsFor, type Announced, type DiscoveryRules } from './discovery.ts'
import type { Platform } from './discovery-table.ts'
import type { Telemetry } from './telemetry.ts'

export type AnnouncerDeps = {
  readonly broker: Broker
  readonly telemetry: Pick<Telemetry, 'announce'>
  readonly records: Records
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface Announcer {
  /** Announces what there is, takes back what there is no more, and again when Home Assistant says that it is there. */
  run(signal: AbortSignal): Promise<void>
}

const ROW_KEY = 'discovery'
/** Home Assistant asks everybody to wait a little, so that not all speak at once. */
const BIRTH_WAIT_MS_MAX = 5000

export function createAnnouncer(deps: AnnouncerDeps, rules: DiscoveryRules): Announcer {
  const { broker, telemetry, records, clock, random, log } = deps
  const now = announcedBy(rules)
  let before: Announced = now
  /** What is told is written down when the broker has all of it; until then it is told again, whole. */
  const told = async (): Promise<void> => {
    if (before === now) return
    try {
      await records.write([{ put: 'device', key: ROW_KEY, row: now }])
      before = now
    } catch (error) {
      if (!isFault(error) || error.kind === 'bug') throw error
      log.warn('discovery.not_noted', { problem: error.message })
    }
  }
  const announce = (): void => {
    telemetry.announce(() => announcementsFor(rules, before), told)
  }
  return {
    async run(signal) {
      before = await toldBefore(deps)
      announce()
      if (!rules.discovery) return
      const topic = `${rules.discoveryPrefix}/status`
      const onTrouble = (fault: unknown): void =>
        log.warn('discovery.birth_unheard', { problem: messageOf(fault) })
      for await (const { payload } of broker.listen([topic], { signal, onTrouble })) {
        if (payload !== 'online') continue
        await clock.sleep(random.uniform() * BIRTH_WAIT_MS_MAX, { signal }).catch(() => {}) // Aborted: the loop ends.
        announce()
      }
    },
  }
}

/** An index that cannot be read keeps nobody from announcing; what it named stays where it is. */
async function toldBefore({ records, log }: AnnouncerDeps): Promise<Announced> {
  try {
    return announcedIn(await records.read('device', ROW_KEY))
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    log.warn('discovery.not_read', { problem: error.message })
    return NOTHING
  }
}

const NOTHING: Announced = { components: {}, retained: [] }

/** A row that is none, or from another version, is as good as none: what it named stays where it is. */
function announcedIn(row: Json | undefined): Announced {
  if (typeof row !== 'object' || row === null || !('components' in row) || !('retained' in row))
    return NOTHING
  const { topic, components, retained } = row
  if (typeof components !== 'object' || components === null || Array.isArray(components)) return NOTHING
  return {
    ...(typeof topic === 'string' ? { topic } : {}),
    components: components as Readonly<Record<string, Platform>>, // Only we write this row.
    retained: Array.isArray(retained) ? retained.filter((each) => typeof each === 'string') : [],
  }
}
