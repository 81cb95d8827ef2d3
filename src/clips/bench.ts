import type { ClipsDeps, ClipRules } from './clips.ts'
import type { Room } from './room.ts'
import type { Shelf } from './shelf.ts'

/** What everybody in this folder works with. */
export type Bench = {
  readonly deps: ClipsDeps
  readonly rules: ClipRules
  readonly shelf: Shelf
  readonly room: Room
}
