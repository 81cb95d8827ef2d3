/**
 * Visits: which signs belong together, and what follows from them.
 *
 * Owns: the one state that says whether somebody is there.
 * Promises: a press always begins or marks a clip, chimes and notifies, whatever else is going on; a visit ends
 *   `quietAfterMs` after its last sign, or `leftAfterMs` after all were seen to leave; the same signs at the same times give the same effects.
 * When full: holds one visit; a visit that never ends is cut into clips by `clips/`, not here.
 * When it fails: it cannot: no clock, no I/O. Signs that arrive late keep their own time and never move an end backwards.
 * Stopping: nothing to stop; the caller forgets the state.
 * Not its job: performing effects, deciding what is motion, cutting clips.
 * See: `visit.ts`; `../doorbell.ts` performs the effects.
 */
export type { Fusion } from './fusion.ts'
export { idle, quietDeadline, step } from './visit.ts'
export type { Effect, Seen, Sign, SignKind, VisitLabel, VisitRules, VisitState, Wanted } from './visit.ts'
