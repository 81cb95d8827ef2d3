/**
 * MQTT: telling the household's broker what happens at the door.
 *
 * Owns: the topics below, the table `outbox`, and what Home Assistant is told of all that (`discovery-table.ts`).
 * Promises: a press is on disk before `publish` resolves, and is told until the broker has acknowledged it, also after a
 *   restart, with its original time; messages keep their order; no key or name of a file ever goes out, and no picture unless the owner wants it so.
 * When full: over 1,000 messages the oldest that is no press goes, and the loss is counted in the status.
 * When it fails: a broker that is away is waited for; nothing else of the doorbell waits for it.
 * Stopping: `run` ends when its signal is aborted, after it has said `offline`; whatever waits stays in the outbox if it is a press.
 * Not its job: connecting (`drivers/mqtt`), orders (`orders/`), performing a change of settings (`../household.ts`).
 * See: `TOPICS` in `topics.ts`; the README's table is made from it.
 */
export { createAnnouncer, type Announcer, type AnnouncerDeps } from './announcer.ts'
export { discoveryPayload, discoveryTopic, type DiscoveryRules } from './discovery.ts'
export type { Having } from './discovery-table.ts'
export { HARMLESS_SETTINGS, type HarmlessSetting } from './harmless-settings.ts'
export {
  createTelemetry,
  willOf,
  type MessageKind,
  type Payload,
  type Telemetry,
  type TelemetryDeps,
  type TelemetryRules,
} from './telemetry.ts'
export { deviceLevel, TOPICS, topicOf } from './topics.ts'
