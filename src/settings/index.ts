/**
 * Settings: what was changed on the owner's page.
 *
 * Owns: the file `settings.yaml` in the data folder, one dotted key a line, between the configuration file and `--set`.
 * Promises: a change is checked whole, together with everything else, before any of it is written; all or none; the file is replaced whole;
 *   what it holds is names of files, never what is in them.
 * When full: as many as there are settings.
 * When it fails: `Fault('invalid')` names the setting, what was wanted and what came; a doorbell that will not start with the change gets its
 *   old settings back, and the fault is passed on.
 * Stopping: nothing runs.
 * Not its job: what the settings mean (`config/`), starting the doorbell anew (`../household.ts`), who may change them (`web/`).
 * See: `../config/schema.ts`.
 */
export { createSettings, openChanges, type SettingsDeps } from './settings.ts'
