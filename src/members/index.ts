/**
 * Members: who belongs to the household, and how the device knows them again.
 *
 * Owns: the tables `member`, `session` and `invite`, the row `enrolled` of `device`, the file `enrol.secret`; writes `recipients.note`
 *   when the first owner enrols and when an owner has signed a newer list.
 * Promises: no default password; no private key is ever asked for; the index holds hashes of what is secret, and the one secret that
 *   has to be shown again (that of the sticker) lies in a file only the device reads, until it was used. Guesses are refused
 *   before they cost anything; guessing strangers do not lock out whoever has signed in before, holds a key, or has the code.
 * When full: 32 members, 32 invitations, 16 sessions and 16 known browsers a member (the longest unused goes); 8 passphrases wait to be
 *   checked, one at a time: more are told to come back.
 * When it fails: a fault of disk or index is passed on and nothing has changed; an enrolment that was cut in half can be done again.
 * Stopping: nothing runs.
 * Not its job: cookies and replies (`web/`), the list of recipients as the vault works with it (`vault/`), who did what (`activity/`).
 *   Buttons: nothing at the door starts an enrolment or a reset; `reopenEnrolment` belongs to a recessed button or somebody at the terminal.
 * See: `../web/DESIGN.md`, `guesses.ts`.
 */
export { createMembers, type MembersDeps } from './members.ts'
export { ENROL_FILE } from './enrolment.ts'
export type { Admission, Caller, Entered, MemberEvent, Members, Refusal, SignedIn } from './types.ts'
