/**
 * Rings: a press on every open page.
 *
 * Owns: what pages are told while they are open, and the pictures of the last presses, sealed to the household.
 * Promises: who is subscribed hears of a press before `press` returns; nobody who watches can hold up the bell; a picture is sealed as soon as
 *   it is made, and kept in memory only; each press is over once: answered, ignored, or timed out; who
 *   subscribes while it rings hears it at once.
 * When full: pictures of the last 8 presses are kept; one picture is made at a time, others wait.
 * When it fails: without a picture the press still rings; a subscriber that throws is logged and dropped from nothing else.
 * Stopping: disposal stops the timers; outlives the doorbell, so that pages stay connected while it starts anew.
 * Not its job: the chime (`chime/`), Web Push (`push/`), who may see what (`web/`).
 * See: `rings.ts`; `../household.ts` feeds it.
 */
export { createRings, type Rings, type RingsDeps, type RingingPress } from './rings.ts'
