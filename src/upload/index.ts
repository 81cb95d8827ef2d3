/**
 * Upload: the durable queue to the cloud.
 *
 * Owns: the table `upload`.
 * Promises: first in, first out, one at a time; an object counts as stored only when the store has acknowledged it and its
 *   checksum agrees; removals come after all uploads; a row goes, and what follows from it becomes true, in one transaction; it survives a restart.
 * When full: as long as the clips on the device; retention decides what is given up, here nothing is.
 * When it fails: removals that fail keep no upload waiting; weather (network, credentials, quota, bytes damaged on the way, a disk that cannot note the outcome) is
 *   waited out with growing, jittered pauses; a file damaged on our disk, or an object that the store refuses for good, is
 *   set aside (its row stays, marked) and said; the next start tries it once more.
 * Stopping: `run` ends when its signal is aborted; what was under way is sent again next time.
 * Not its job: what is uploaded (`clips/`, `ledger/`), how (`drivers/s3`).
 * See: `queue.ts`.
 */
export {
  createUploads,
  isRemoval,
  type QueuedJob,
  type RemovalJob,
  type UploadDeps,
  type UploadJob,
  type Uploads,
} from './queue.ts'
export { rebuiltQueue } from './rebuilt.ts'
