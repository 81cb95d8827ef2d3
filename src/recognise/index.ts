/**
 * Recognise: who or what it is that moves, for as long as a visit has not told.
 *
 * Owns: when to look, where, how often, and the votes of the last looks.
 * Promises: a label has two of three looks behind it; whoever stands still is seen again and again, so that the visit stays
 *   open; when nobody can look it says so within seconds, once a visit; nothing here holds up a press or a clip.
 * When full: one look at a time; while it lasts, newer pictures are not looked at.
 * When it fails: a look that cannot be done is skipped, the next is tried; weather is logged once.
 * Stopping: `run` ends when its signal is aborted.
 * Not its job: finding movement (`detect/`), what follows from a label (`visits/`), computing (`ports/vision.ts`).
 * See: `recogniser.ts`; `votes.ts` and `region.ts` are pure.
 */
export { createRecogniser } from './recogniser.ts'
export type { LookedAt, Recogniser, RecogniserDeps, RecogniserRules, Recognised } from './recogniser.ts'
export { lookWithin, tellVisitors, zonesOf, type Region } from './region.ts'
export { isSure, NO_VOTES, vote, type Votes } from './votes.ts'
