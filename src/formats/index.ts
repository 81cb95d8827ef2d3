/**
 * Formats: everything that the device writes for the owner, and the owner for the device, as bytes.
 *
 * Owns: age v1 files, RFC 6962 trees, signed notes, tiles, and the five documents.
 * Promises: standards where there are any, so that other people's tools open and verify what we write; strict reading.
 * When full: a header over 64 KiB, a list of over 32 recipients or a ledger entry over 65,535 bytes is refused.
 * When it fails: `Fault('corrupt')` for damage, `Fault('denied')` for another key, `Fault('invalid')` for what people typed.
 * Stopping: nothing runs.
 * Not its job: keys at rest, files, the network, deciding whom to trust.
 * See: https://c2sp.org/age, https://c2sp.org/signed-note, https://c2sp.org/tlog-tiles, RFC 6962.
 */
export {
  hasHeader,
  makeFileKey,
  openAge,
  openPayload,
  openRange,
  parseHeader,
  PayloadOpener,
  sealAge,
  splitAge,
  unwrapFileKey,
  wrapFileKey,
  type AgeFile,
} from './age.ts'
export * from './documents.ts'
export { leafHash, MerkleEdge, nodeHash, rootOf, sha256 } from './merkle.ts'
export {
  bodyOfNote,
  formatCheckpoint,
  keyName,
  noteText,
  openNote,
  parseCheckpoint,
  signerOf,
  signNote,
  type Checkpoint,
  type NoteKey,
  type NoteSigner,
} from './note.ts'
export { consistencyProof, inclusionProof, isConsistent, isIncluded, type TreeHead } from './proofs.ts'
export {
  CHECKPOINT_NAME,
  decodeEntries,
  encodeEntries,
  entriesName,
  entryBundles,
  objectsAfterAppend,
  objectsOfLedger,
  namesInLedger,
  sizeAtTile,
  tileName,
  type LedgerObject,
} from './tiles.ts'
export { formatRecipient, makePair, pairOf, parseRecipient, parseSecret, type X25519Pair } from './x25519.ts'
export {
  ORDER_ALGORITHM,
  ORDER_BYTES_MAX,
  ORDER_SECONDS_MAX,
  ORDER_TYPE,
  parseOrderClaims,
  type Order,
  type OrderClaims,
} from './order.ts'
