/**
 * The detector of people and things: a NanoDet model in a child process, so that no native library can take the doorbell down.
 * `engines.ts` knows what computes it, `nanodet.ts` what goes in and comes out, `vision.ts` holds the child.
 */
export { ENGINES, MODEL_FILE, type EngineName } from './engines.ts'
export { createVision, type ChildVision, type VisionOptions } from './vision.ts'
