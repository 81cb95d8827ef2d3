/**
 * Everything Home Assistant shows of the doorbell, a row an entity. What each platform takes is Home Assistant's to say:
 * https://www.home-assistant.io/integrations/mqtt/; `../home-assistant.fixture.ts` has its rules.
 */
import type { Json } from '../base/json.ts'
import type { TopicKind } from './topics.ts'

export type Platform = 'event' | 'binary_sensor' | 'sensor' | 'image' | 'number' | 'switch' | 'update'

/** What decides which entities there are. */
export type Having = {
  readonly board: boolean
  readonly store: boolean
  readonly pictures: boolean
  /** Somebody takes settings from the broker. */
  readonly settings: boolean
}

export type Entity = {
  /** Stands in the entity's unique id, so it stays for ever. */
  readonly key: string
  readonly platform: Platform
  /** After the device's own name. */
  readonly name: string
  readonly when?: (having: Having) => boolean
  /** What is heard of it. */
  readonly from: TopicKind
  /** What it does to a setting, unsigned: see `harmless-settings.ts`. */
  readonly sets?: string
  readonly more: Readonly<Record<string, Json>>
}

/** For who comes to the broker late, or hears twice: an old press is no ringing, and a press told again is the same. */
const RING =
  "{% if this.attributes.get('id') != value_json.id %}" +
  "{{ {'event_type': 'late' if value_json.trustedClock and as_timestamp(now()) - value_json.at / 1000 > 60 else 'ring', " +
  "'id': value_json.id, 'visit': value_json.visit, 'at': value_json.iso} | tojson }}{% endif %}"

const VERSION =
  "{{ {'installed_version': value_json.version, 'latest_version': value_json.latest | default(value_json.version)} | tojson }}"

const onOff = (template: string, more: Readonly<Record<string, Json>> = {}): Entity['more'] => ({
  value_template: template,
  payload_on: 'on',
  payload_off: 'off',
  ...more,
})
/** `None` is how Home Assistant is told that nobody knows. */
const vital = (member: string): string => `{{ value_json.${member} | default('None') }}`
const diagnostic = { entity_category: 'diagnostic' }
const config = { entity_category: 'config' }
const measurement = { state_class: 'measurement' }

export const ENTITIES: readonly Entity[] = [
  {
    ...{ key: 'ring', platform: 'event', name: 'Doorbell', from: 'press' },
    more: { device_class: 'doorbell', event_types: ['ring', 'late'], value_template: RING },
  },
  {
    ...{ key: 'motion', platform: 'binary_sensor', name: 'Motion', from: 'motion' },
    more: onOff('{{ value_json.state }}', { device_class: 'motion' }),
  },
  {
    ...{ key: 'person', platform: 'binary_sensor', name: 'Person', from: 'person' },
    more: onOff('{{ value_json.state }}', { device_class: 'occupancy' }),
  },
  {
    ...{ key: 'picture', platform: 'image', name: 'Last press', from: 'picture' },
    when: ({ pictures }) => pictures,
    more: { content_type: 'image/jpeg', image_encoding: 'b64' },
  },
  {
    ...{ key: 'camera', platform: 'binary_sensor', name: 'Camera', from: 'vitals' },
    more: onOff("{{ 'on' if value_json.camera == 'sending' else 'off' }}", {
      device_class: 'connectivity',
      ...diagnostic,
    }),
  },
  {
    ...{ key: 'alarms', platform: 'binary_sensor', name: 'Alarms', from: 'health' },
    more: onOff("{{ 'on' if value_json.alarms else 'off' }}", { device_class: 'problem', ...diagnostic }),
  },
  {
    ...{ key: 'clock', platform: 'binary_sensor', name: 'Time unknown', from: 'vitals' },
    more: onOff("{{ 'off' if value_json.clockTrusted else 'on' }}", {
      device_class: 'problem',
      ...diagnostic,
    }),
  },
  {
    ...{ key: 'storage', platform: 'sensor', name: 'Free storage', from: 'vitals' },
    more: {
      ...{ device_class: 'data_size', unit_of_measurement: 'GB', value_template: vital('freeGb') },
      ...{ suggested_display_precision: 1, ...measurement, ...diagnostic },
    },
  },
  {
    ...{ key: 'clips', platform: 'sensor', name: 'Clips', from: 'vitals' },
    more: { value_template: vital('clips'), icon: 'mdi:filmstrip', ...measurement, ...diagnostic },
  },
  {
    ...{ key: 'uploads', platform: 'sensor', name: 'Uploads waiting', from: 'vitals' },
    when: ({ store }) => store,
    more: { value_template: vital('uploads'), icon: 'mdi:cloud-upload', ...measurement, ...diagnostic },
  },
  {
    ...{ key: 'temperature', platform: 'sensor', name: 'Temperature', from: 'vitals' },
    when: ({ board }) => board,
    more: {
      ...{ device_class: 'temperature', unit_of_measurement: '°C', value_template: vital('celsius') },
      ...{ suggested_display_precision: 0, ...measurement, ...diagnostic },
    },
  },
  {
    ...{ key: 'update', platform: 'update', name: 'Version', from: 'vitals' },
    more: { value_template: VERSION, title: 'Lintel', ...diagnostic },
  },
  {
    ...{ key: 'sensitivity', platform: 'number', name: 'Sensitivity', from: 'settings', sets: 'sensitivity' },
    when: ({ settings }) => settings,
    more: {
      ...{ min: 0.3, max: 1, step: 0.05, mode: 'slider', icon: 'mdi:motion-sensor' },
      ...{ value_template: '{{ value_json.sensitivity }}', ...config },
    },
  },
  {
    ...{ key: 'quiet_after', platform: 'number', name: 'Quiet after', from: 'settings', sets: 'quiet-after' },
    when: ({ settings }) => settings,
    more: {
      ...{ min: 5, max: 120, step: 1, mode: 'box', device_class: 'duration', unit_of_measurement: 's' },
      ...{ value_template: "{{ value_json['quiet-after'] }}", ...config },
    },
  },
  {
    ...{
      key: 'recognise',
      platform: 'switch',
      name: 'Recognise people',
      from: 'settings',
      sets: 'recognise',
    },
    when: ({ settings }) => settings,
    more: {
      ...{ payload_on: 'on', payload_off: 'off', icon: 'mdi:account-search' },
      ...{ value_template: "{{ 'on' if value_json.recognise else 'off' }}", ...config },
    },
  },
]
