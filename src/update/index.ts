/**
 * Update: which version runs, and which one may.
 *
 * Owns: the rules of releases, of trials, and of data formats.
 * Promises: only what the release key signed is ever put on trial; versions only go up unless the owner insists; a version that does not
 * become ready and stay up is left again after three starts, by a rule that the new version has no part in.
 * When full: the last 20 versions that failed are remembered.
 * When it fails: `Fault('invalid')` for a release that must not be installed, `Fault('corrupt')` for a wrong signature or a damaged state; the
 * package that apt installed runs then.
 * Stopping: nothing runs.
 * Not its job: files, processes, systemd (`commands/update*.ts`), fetching releases, updates of Debian itself.
 * See: `firmware-config/systemd/`, `../formats/note.ts`.
 */
export { claimDataFormat, DATA_FORMAT } from './data-format.ts'
export { formatRelease, formatReleaseKey, openRelease, parseReleaseKey, type Release } from './release.ts'
export {
  beginTrial,
  chooseSlot,
  confirmTrial,
  decodeSlots,
  encodeSlots,
  firstSlots,
  neededVersions,
  returnToPackage,
  type Host,
  type Insists,
  type Slot,
  type Slots,
} from './slots.ts'
export { checkVersion } from './version.ts'
