/**
 * Detect: small grey pictures in, movement out.
 *
 * Owns: what the camera's view looks like when nobody is there, and who is followed in it at the moment.
 * Promises: the same pictures at the same times give the same answers; a movement is reported with the time it really
 *   began; size and rate of the pictures do not matter; nothing is allocated per cell after the first picture.
 * When full: follows 48 things; when more move at once, the smallest newcomers wait.
 * When it fails: a picture that is no picture is a `Fault` of kind `invalid`; a picture of another size begins anew.
 * Stopping: nothing to stop; the caller drops the detector.
 * Not its job: decoding, saying what it is that moves, deciding what a visit is (`visits/`).
 * See: `motion.ts` for the order of things, `background.ts` and `light.ts` for the model, `tracks.ts` for the evidence.
 */
export { createMotionDetector } from './motion.ts'
export type { MotionDetector, MotionRules } from './motion.ts'
export type { MotionView } from './inspect.ts'
export type { Box, MotionEvent, MotionResult } from './spell.ts'
export type { Zone } from './zones.ts'
