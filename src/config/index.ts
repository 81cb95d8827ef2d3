/**
 * Config: what the household may choose, and the defaults for everything else.
 *
 * Owns: the schema, the defaults, and every message about a wrong setting.
 * Promises: what it returns is complete and checked; an unknown key is an error with the nearest valid name and its line.
 * When full: a file over 1 MiB is refused.
 * When it fails: `Fault('invalid')` naming the file, the line, what was wanted and what came; nothing is applied by halves.
 * Stopping: nothing runs.
 * Not its job: reading files or the environment (commands do), secrets in the open (they come from files).
 * See: `schema.ts` for every key with its unit and default; the README's configuration reference is made from it.
 */
export {
  configDefaults,
  describeConfig,
  parseWanted,
  type ConfigKey,
  type Config,
  type GpioConfig,
  type StoreConfig,
  type MqttConfig,
  type WebConfig,
  type CameraConfig,
  type NightConfig,
} from './schema.ts'
export { areasToHide, namesOf, planPrivacy, privateZonesRecorded, type PrivacyPlan } from './private-zones.ts'
export {
  keysSet,
  loadConfig,
  readChanges,
  SETTINGS_FILE,
  writeChanges,
  type Changes,
  type ConfigSource,
} from './load.ts'
export { check, didYouMean, isMapping, lineOf, readYaml, type Reading, type YamlText } from './yaml.ts'
export type { Day, QuietTime, Silenced } from './quiet.ts'
export type { ZoneConfig } from './zones.ts'
export type { ActionConfig } from './actions.ts'
