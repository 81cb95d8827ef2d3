/** Home Assistant's device discovery: one retained message that says what a device is, and all it has. */
import type { Json } from '../base/json.ts'
import type { BrokerMessage } from '../ports/broker.ts'
import { ENTITIES, type Entity, type Having, type Platform } from './discovery-table.ts'
import type { TelemetryRules } from './telemetry.ts'
import { deviceLevel, TOPICS, topicOf, type TopicKind } from './topics.ts'

export type DiscoveryRules = Pick<TelemetryRules, 'prefix' | 'device' | 'name'> & {
  readonly discovery: boolean
  readonly discoveryPrefix: string
  readonly version: string
  readonly having: Having
}

/** What was told before, to be taken back when it is true no more. */
export type Announced = {
  /** Where Home Assistant was told; undefined: nowhere. */
  readonly topic?: string
  readonly components: Readonly<Record<string, Platform>>
  /** Retained topics that the broker keeps for us. */
  readonly retained: readonly string[]
}

export const discoveryTopic = ({ discoveryPrefix, device }: DiscoveryRules): string =>
  `${discoveryPrefix}/device/${deviceLevel(device)}/config`

/** What is announced now. */
export const announcedBy = (rules: DiscoveryRules): Announced => ({
  ...(rules.discovery ? { topic: discoveryTopic(rules) } : {}),
  components: Object.fromEntries(
    rules.discovery ? present(rules).map(({ key, platform }) => [key, platform]) : [],
  ),
  retained: retainedTopics(rules),
})

/** The messages that make it so, in their order: first what is taken away, then what there is. */
export function announcementsFor(rules: DiscoveryRules, before: Announced): readonly BrokerMessage[] {
  const now = announcedBy(rules)
  const messages = before.retained.filter((topic) => !now.retained.includes(topic)).map(emptied)
  if (before.topic !== undefined && before.topic !== now.topic) messages.push(emptied(before.topic))
  if (now.topic === undefined) return messages
  // A component that is gone is told once with nothing but its platform; then Home Assistant forgets it.
  const gone =
    before.topic === now.topic
      ? Object.entries(before.components).filter(([key, platform]) => now.components[key] !== platform)
      : []
  if (gone.length > 0) {
    const stubs = Object.fromEntries(gone.map(([key, platform]) => [key, { p: platform }]))
    messages.push(retainedJson(now.topic, discoveryPayload(rules, stubs)))
  }
  messages.push(retainedJson(now.topic, discoveryPayload(rules)))
  return messages
}

/** `gone`: components to be forgotten. One that changed its platform is first taken away. */
export function discoveryPayload(
  rules: DiscoveryRules,
  gone: Readonly<Record<string, Json>> = {},
): Readonly<Record<string, Json>> {
  const id = deviceLevel(rules.device)
  const components = Object.fromEntries(
    present(rules).map((entity) => [entity.key, componentOf(rules, entity)]),
  )
  return {
    dev: { ids: [id], name: rules.name, mf: 'Lintel', mdl: 'Video doorbell', sw: rules.version },
    o: { name: 'Lintel', sw: rules.version },
    availability_topic: topicOf(rules, 'availability'),
    cmps: { ...components, ...gone },
  }
}

const present = ({ having }: DiscoveryRules): readonly Entity[] =>
  ENTITIES.filter(({ when }) => when === undefined || when(having))

function componentOf(
  rules: DiscoveryRules,
  { key, platform, name, from, sets, more }: Entity,
): Readonly<Record<string, Json>> {
  const topic = topicOf(rules, from)
  return {
    p: platform,
    name,
    unique_id: `${deviceLevel(rules.device)}_${key}`,
    [platform === 'image' ? 'image_topic' : 'state_topic']: topic,
    ...(sets === undefined ? {} : { command_topic: `${topicOf(rules, 'set')}/${sets}` }),
    ...more,
  }
}

function retainedTopics(rules: DiscoveryRules): readonly string[] {
  const kinds = Object.keys(TOPICS) as TopicKind[] // It has no others.
  return kinds
    .filter((kind) => TOPICS[kind].retain && (kind !== 'picture' || rules.having.pictures))
    .map((kind) => topicOf(rules, kind))
}

const retainedJson = (topic: string, payload: Json): BrokerMessage => ({
  topic,
  payload: JSON.stringify(payload),
  qos: 1,
  retain: true,
})

/** How a broker is told to keep something no longer. */
const emptied = (topic: string): BrokerMessage => ({ topic, payload: '', qos: 1, retain: true })
