/**
 * Night: when the infrared light is on.
 *
 * Owns: what the pictures have said of the light so far.
 * Promises: it neither flickers at dusk nor because of its own light; headlights are no day; without pictures it keeps to what it knew.
 * When full: nothing grows.
 * When it fails: as long as the time is not known, the schedule gives way to the pictures.
 * Stopping: `run` ends when its signal is aborted, with the light off.
 * Not its job: the line itself (a driver), what a camera does in the dark by itself.
 * See: `daylight.ts` decides from pictures; `../seeing.ts` gives them.
 */
export { createNight, type Night, type NightDeps, type NightRules } from './night.ts'
