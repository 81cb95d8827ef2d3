/**
 * Clips: what happens in front of the door, recorded so that only the household can watch it.
 *
 * Owns: the folders `clips/` and `quarantine/`, the tables `clip`, `part` and `grant`, the row `clips` of `device`.
 * Promises: packets go into clips as the camera made them; nothing unsealed touches the disk; a part is durable at most
 *   2 s after its light hit the sensor; what was acknowledged survives a power cut; nothing is lost silently.
 * When full: old clips expire, uploaded ones first; when that is not enough, parts are not recorded and it says so.
 * When it fails: any other fault of disk or index is final; recording stops with `storage-failed`, calls do nothing.
 * Stopping: seals what grows, as `stopped`; calls after that do nothing.
 * Not its job: deciding when somebody is there, uploading, keeping the preroll.
 * See: DESIGN.md here; `cutter.ts` decides, `recorder.ts` and `growing.ts` perform, `recovery.ts` starts, `rebuild.ts` finds what a lost index knew, `room.ts` expires and
 *   deletes, `clip-shelf.ts` shows what is here.
 */
export type { ClipHappening, ClipRules, Clips, ClipsDeps, Label, VisitNotes } from './clips.ts'
export type { Ended } from './cutter.ts'
export { findClips, type FoundClips } from './rebuild.ts'
export { createClips } from './recorder.ts'
export type { ExpiryReason } from './rows.ts'
