/**
 * What Home Assistant asks of a device's discovery message, transcribed from its source: github.com/home-assistant/core,
 * homeassistant/components/mqtt: `discovery.py` and `schemas.py` as of 0f5c1b547043 (device discovery, 2024.12), `event.py` as of 03ffd74c83de,
 * `image.py` as of 02e6124621fb, `binary_sensor.py`, `sensor.py`, `switch.py`, `number.py` and `update.py` as of the releases from 2024.12 on; device
 * classes and their units from homeassistant/components/{event,binary_sensor,sensor,number}/const.py.
 *
 * Stricter in one thing: keys that Home Assistant would drop without a word are faults here.
 */
type Rule = (value: unknown) => boolean
type Keys = Readonly<Record<string, Rule>>

const isText: Rule = (value) => typeof value === 'string'
const isBoolean: Rule = (value) => typeof value === 'boolean'
const isPositiveInt: Rule = (value) => Number.isInteger(value) && Number(value) >= 0
const isNumber: Rule = (value) => typeof value === 'number' && Number.isFinite(value)
const isList: Rule = (value) => Array.isArray(value) && value.every(isText)
const oneOf =
  (...names: readonly string[]): Rule =>
  (value) =>
    names.includes(String(value))
/** `cv.icon`: a set and a name. */
const isIcon: Rule = (value) => isText(value) && String(value).includes(':')
/** `cv.template` parses it with Jinja; here only that brackets are closed. */
const isTemplate: Rule = (value) =>
  isText(value) &&
  String(value).split('{{').length === String(value).split('}}').length &&
  /\{[{%]/.test(String(value))
/** `valid_topic` in util.py, and no wildcards in what is published to. */
const isTopic: Rule = (value) =>
  // oxlint-disable-next-line no-control-regex -- which of them are refused is what it is about
  isText(value) &&
  value !== '' &&
  Buffer.byteLength(String(value)) <= 65_535 &&
  !/[\u0000-\u001f\u007f-\u009f+#]/.test(String(value))

const AVAILABILITY: Keys = {
  availability_topic: isTopic,
  availability_template: isTemplate,
  payload_available: isText,
  payload_not_available: isText,
  availability_mode: oneOf('all', 'any', 'latest'),
}

/** MQTT_BASE_SCHEMA and MQTT_ENTITY_COMMON_SCHEMA. */
const COMMON: Keys = {
  ...AVAILABILITY,
  qos: oneOf('0', '1', '2'),
  encoding: isText,
  enabled_by_default: isBoolean,
  entity_category: oneOf('config', 'diagnostic'),
  entity_picture: isText,
  icon: isIcon,
  json_attributes_topic: isTopic,
  json_attributes_template: isTemplate,
  default_entity_id: isText,
  unique_id: isText,
  name: isText,
}
/** MQTT_RO_SCHEMA. */
const READ_ONLY: Keys = { ...COMMON, state_topic: isTopic, value_template: isTemplate }
/** MQTT_RW_SCHEMA. */
const READ_WRITE: Keys = {
  ...COMMON,
  state_topic: isTopic,
  command_topic: isTopic,
  command_template: isTemplate,
  optimistic: isBoolean,
  retain: isBoolean,
  value_template: isTemplate,
}

const BINARY_CLASSES = [
  ...[
    'battery',
    'battery_charging',
    'carbon_monoxide',
    'cold',
    'connectivity',
    'door',
    'garage_door',
    'gas',
    'heat',
  ],
  ...[
    'light',
    'lock',
    'moisture',
    'motion',
    'moving',
    'occupancy',
    'opening',
    'plug',
    'power',
    'presence',
    'problem',
  ],
  ...['running', 'safety', 'smoke', 'sound', 'tamper', 'update', 'vibration', 'window'],
]
/** Of those sensors we have; `state_class` none but `measurement` makes sense for them. */
const SENSOR_UNITS: Readonly<Record<string, readonly string[]>> = {
  data_size: [
    'bit',
    'kbit',
    'Mbit',
    'Gbit',
    'B',
    'kB',
    'MB',
    'GB',
    'TB',
    'PB',
    'EB',
    'KiB',
    'MiB',
    'GiB',
    'TiB',
  ],
  temperature: ['°C', '°F', 'K'],
  duration: ['d', 'h', 'min', 's', 'ms'],
}

type PlatformRules = { readonly keys: Keys; readonly required: readonly string[] }

const PLATFORMS: Readonly<Record<string, PlatformRules>> = {
  event: {
    keys: { ...READ_ONLY, device_class: oneOf('doorbell', 'button', 'motion'), event_types: isList },
    required: ['state_topic', 'event_types'],
  },
  binary_sensor: {
    keys: {
      ...READ_ONLY,
      device_class: oneOf(...BINARY_CLASSES),
      expire_after: isPositiveInt,
      force_update: isBoolean,
      off_delay: isPositiveInt,
      payload_off: isText,
      payload_on: isText,
      entity_category: oneOf('diagnostic'),
    },
    required: ['state_topic'],
  },
  sensor: {
    keys: {
      ...READ_ONLY,
      device_class: oneOf(...Object.keys(SENSOR_UNITS)),
      expire_after: isPositiveInt,
      force_update: isBoolean,
      options: isList,
      suggested_display_precision: isPositiveInt,
      state_class: oneOf('measurement', 'total', 'total_increasing'),
      unit_of_measurement: isText,
      entity_category: oneOf('diagnostic'),
    },
    required: ['state_topic'],
  },
  image: {
    keys: {
      ...COMMON,
      content_type: isText,
      image_topic: isTopic,
      image_encoding: oneOf('b64'),
      url_topic: isTopic,
      url_template: isTemplate,
    },
    required: ['image_topic'],
  },
  number: {
    keys: {
      ...READ_WRITE,
      device_class: oneOf(...Object.keys(SENSOR_UNITS)),
      min: isNumber,
      max: isNumber,
      step: (value) => isNumber(value) && Number(value) >= 1e-3,
      mode: oneOf('auto', 'box', 'slider'),
      payload_reset: isText,
      unit_of_measurement: isText,
    },
    required: ['command_topic'],
  },
  switch: {
    keys: {
      ...READ_WRITE,
      device_class: oneOf('outlet', 'switch'),
      payload_off: isText,
      payload_on: isText,
      state_off: isText,
      state_on: isText,
    },
    required: ['command_topic'],
  },
  update: {
    keys: {
      ...READ_ONLY,
      command_topic: isTopic,
      device_class: oneOf('firmware'),
      display_precision: isPositiveInt,
      latest_version_template: isTemplate,
      latest_version_topic: isTopic,
      payload_install: isText,
      release_summary: isText,
      release_url: isText,
      retain: isBoolean,
      title: isText,
    },
    required: [],
  },
}

/** `abbreviations.py`: those that we use. */
const ABBREVIATIONS = { dev: 'device', o: 'origin', cmps: 'components', p: 'platform' } as const
const DEVICE_ABBREVIATIONS = {
  ids: 'identifiers',
  mf: 'manufacturer',
  mdl: 'model',
  sw: 'sw_version',
} as const
const ORIGIN_ABBREVIATIONS = { sw: 'sw_version', url: 'support_url' } as const
const DEVICE: Keys = {
  ...{
    identifiers: isList,
    manufacturer: isText,
    model: isText,
    model_id: isText,
    name: isText,
    hw_version: isText,
  },
  ...{ serial_number: isText, sw_version: isText, via_device: isText, suggested_area: isText },
}
const ORIGIN: Keys = { name: isText, sw_version: isText, support_url: isText }

/** TOPIC_MATCHER, after the prefix. */
const TOPIC = /^(?<component>\w+)\/(?:(?<node>[a-zA-Z0-9_-]+)\/)?(?<object>[a-zA-Z0-9_-]+)\/config$/

type Dict = Readonly<Record<string, unknown>>

/** What Home Assistant would not take, in words; none: it takes all of it. */
export function faultsOfDiscovery(
  topic: string,
  payload: string,
  prefix = 'homeassistant',
): readonly string[] {
  const match = TOPIC.exec(topic.slice(prefix.length + 1))
  if (!topic.startsWith(`${prefix}/`) || match?.groups?.['component'] !== 'device') return [`topic ${topic}`]
  const message = expanded(dictOf(JSON.parse(payload)), ABBREVIATIONS)
  const { device, origin, components, ...rest } = message
  const { component: _, ...found } = match.groups
  return [
    ...faultsOf('device', expanded(dictOf(device), DEVICE_ABBREVIATIONS), DEVICE, ['identifiers']),
    ...faultsOf('origin', expanded(dictOf(origin), ORIGIN_ABBREVIATIONS), ORIGIN, ['name']),
    ...faultsOf(
      'message',
      rest,
      { ...AVAILABILITY, state_topic: isTopic, command_topic: isTopic, qos: isNumber, encoding: isText },
      [],
    ),
    ...(components === undefined ? ['no components'] : []),
    ...Object.entries(dictOf(components)).flatMap(([key, config]) =>
      componentFaults(key, expanded(dictOf(config), ABBREVIATIONS)),
    ),
    ...(found['object'] === undefined ? ['no object id'] : []),
    ...twins(dictOf(components)),
  ]
}

function componentFaults(key: string, { platform, ...config }: Dict): readonly string[] {
  const rules = PLATFORMS[String(platform)]
  if (rules === undefined) return [`${key}: platform ${String(platform)}`]
  if (Object.keys(config).length === 0) return [] // To be taken away.
  return [
    ...faultsOf(key, config, rules.keys, [...rules.required, 'unique_id']),
    ...moreFaults(key, String(platform), config),
  ]
}

/** What the schemas check across keys. */
function moreFaults(key: string, platform: string, config: Dict): readonly string[] {
  const faults: string[] = []
  const units = SENSOR_UNITS[String(config['device_class'])]
  const unit = config['unit_of_measurement']
  if (units !== undefined && !units.includes(String(unit))) faults.push(`${key}: unit ${String(unit)}`)
  if (platform === 'number' && Number(config['min'] ?? 1) > Number(config['max'] ?? 100))
    faults.push(`${key}: min above max`)
  const types = config['event_types']
  if (config['device_class'] === 'doorbell' && !(Array.isArray(types) && types.includes('ring')))
    faults.push(`${key}: a doorbell rings`)
  return faults
}

function faultsOf(where: string, given: Dict, keys: Keys, required: readonly string[]): readonly string[] {
  const missing = required.filter((key) => given[key] === undefined)
  const wrong = Object.entries(given).filter(([key, value]) => keys[key]?.(value) !== true)
  return [
    ...missing.map((key) => `${where}: ${key} is missing`),
    ...wrong.map(
      ([key, value]) =>
        `${where}: ${key} ${keys[key] === undefined ? 'is not known' : `is ${JSON.stringify(value)}`}`,
    ),
  ]
}

function twins(components: Dict): readonly string[] {
  const ids = Object.values(components).map((config) => dictOf(config)['unique_id'])
  return ids
    .filter((id, index) => id !== undefined && ids.indexOf(id) !== index)
    .map((id) => `twice: ${String(id)}`)
}

const expanded = (dict: Dict, names: Readonly<Record<string, string>>): Dict =>
  Object.fromEntries(Object.entries(dict).map(([key, value]) => [names[key] ?? key, value]))

const dictOf = (value: unknown): Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Dict) : {} // Any object has string keys.
