/**
 * Quiet hours: when a press, or somebody who comes, makes no sound.
 *
 * Owns: nothing but the rules it is given.
 * Promises: times are those on a clock on the wall in the doorbell's time zone, also where it is put forward or back; a time that passes midnight
 *   belongs to the day on which it begins; as long as the time is not known, nothing is silent.
 * When full: sixteen times (`config/`).
 * When it fails: it cannot; the time zone was checked with the configuration.
 * Stopping: nothing runs.
 * Not its job: what is silent then (`../desk.ts`, `../household.ts`, the page); recording, which goes on.
 * See: `../config/quiet.ts`.
 */
export { createQuiet, type Quiet, type QuietRules, type QuietState } from './quiet-hours.ts'
export type { Silenced } from '../config/index.ts'
