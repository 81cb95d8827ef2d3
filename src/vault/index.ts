/**
 * Vault: sealing, and the device's own key.
 *
 * Owns: the list of recipients as the device knows it, and the key the device signs with.
 * Promises: what it seals only the owners open; a list is replaced only by a newer one that the same owner signed;
 *   a private age key is never asked for, never read, never held.
 * When full: at most 32 recipients.
 * When it fails: without a list `Fault('missing')` says how to make one; a list that was changed is `Fault('corrupt')`.
 * Stopping: nothing runs; a clip's file key is forgotten with its `ClipSeal`.
 * Not its job: opening anything (`owner/`), the formats themselves (`formats/`), what is sealed (`clips/`).
 * See: `../formats/age.ts`, `../formats/documents.ts`.
 */
export { openDeviceKey, type DeviceKey } from './device-key.ts'
export {
  acceptRecipients,
  openRecipients,
  rebuiltPin,
  RECIPIENTS_FILE,
  type Recipients,
} from './recipients.ts'
export { beginClipSeal, type ClipSeal, type ClipSealMaker } from './seal.ts'
