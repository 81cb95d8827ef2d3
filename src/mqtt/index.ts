/**
 * MQTT: telling the household's broker what happens at the door.
 *
 * Owns: the topics below and the table `outbox`.
 * Promises: a press is on disk before `publish` resolves, and is told until the broker has acknowledged it, also after a
 *   restart, with its original time; messages keep their order; no picture, key or name of a file ever goes out.
 * When full: over 1,000 messages the oldest that is no press goes, and the loss is counted in the status.
 * When it fails: a broker that is away is waited for; nothing else of the doorbell waits for it.
 * Stopping: `run` ends when its signal is aborted, after it has said `offline`; whatever waits stays in the outbox if it is a press.
 * Not its job: connecting (`drivers/mqtt`), commands, Home Assistant's discovery.
 * See: `TOPICS` in `telemetry.ts`; the README's table is made from it.
 */
export {
  createTelemetry,
  TOPICS,
  topicOf,
  willOf,
  type MessageKind,
  type Payload,
  type Telemetry,
  type TelemetryDeps,
  type TelemetryRules,
} from './telemetry.ts'
