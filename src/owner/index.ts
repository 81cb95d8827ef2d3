/**
 * Owner: the household's side. The only code that touches a private age key.
 *
 * Owns: identity files and their recovery words, the signed list of recipients, what was seen of a device before,
 *   finding, opening and sharing clips, verifying them.
 * Promises: nothing is shown as genuine that the device's signature and the ledger do not vouch for; a key is never
 *   overwritten and never stands in a message; sharing one clip opens no other.
 * When full: 32 recipients; identity files up to 64 KiB.
 * When it fails: `Fault('denied')` for another key, `Fault('corrupt')` naming the part, `Fault('missing')` for what is not there.
 * Stopping: nothing runs; whoever waits gives a signal.
 * Not its job: files and network (it takes ports), the terminal (`commands/`), recording and sealing (`clips/`, `vault/`).
 * See: `../formats/`.
 */
export {
  checkRecipient,
  formatIdentity,
  isLocked,
  lockIdentity,
  makeSecret,
  pairsOf,
  parseIdentity,
  readIdentity,
  secretFromBytes,
  type OwnerIdentity,
} from './identity.ts'
export { acceptPin, comparePins, formatPins, noPins, parsePins, type Pins, type SeenLedger } from './pins.ts'
export { signOrder, type SignedOrder } from './order.ts'
export {
  addRecipient,
  enrolOwner,
  readRecipients,
  removeRecipient,
  type SignedRecipients,
} from './recipients.ts'
export { recoveryKit, secretOfWords, wordsOfSecret } from './words.ts'
export {
  clipOfNote,
  openLibrary,
  type Library,
  type Shelf,
  type ShelfHead,
  type SignedClip,
} from './library.ts'
export { listClips, type ClipState, type ListedClip } from './list.ts'
export { fileOf, localSource } from './local-source.ts'
export { loneClip, loneShelf, verifyLoneClip } from './lone.ts'
export { openParts, openPoster, openTime, type OpenedPart, type Opener } from './open.ts'
export { readGrant, shareClip, withGrantHeader, type ReceivedGrant, type SharedClip } from './share.ts'
export { timeOf, type ClipTime } from './time.ts'
export { findUnsigned, namesIn, type UnsignedClip } from './unsigned.ts'

export type { ClipSource, GrowingClip, KnownObject, ObjectKind, ObjectRef } from './source.ts'
export { storeSource } from './store-source.ts'
export {
  doorbellFacts,
  isClean,
  objectsOf,
  problemOf,
  verifyMirror,
  verifyRecipients,
  verifySource,
  type DoorbellFacts,
  type Finding,
  type Verdict,
  type Verification,
  type VerifyOptions,
} from './verify/index.ts'
