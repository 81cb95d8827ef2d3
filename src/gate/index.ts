/**
 * Gate: whether pictures are worth decoding, from what costs nothing.
 *
 * Owns: the usual sizes of a camera's packets, and how far they can be trusted to tell of movement.
 * Promises: decodes everything until every movement of enough would have been foreseen with room to spare; takes trust back at the
 *   first miss; samples now and then; the same packets and looks give the same advice.
 * When full: remembers the last 128 movements and some seconds of levels; nothing grows.
 * When it fails: doubt means decoding.
 * Stopping: nothing to stop; the caller drops it.
 * Not its job: decoding, detecting, the camera.
 * See: `packet-gate.ts` decides, `unease.ts` measures, `evidence.ts` judges.
 */
export { createPacketGate } from './packet-gate.ts'
export { createPirGate } from './pir-gate.ts'
export type { GateAdvice, GateLook, GateStatus, PacketFact, PacketGate } from './packet-gate.ts'
