/**
 * A folder of our own on a disk that can lose power. Paths are relative, with `/`.
 *
 * Nothing is durable until synced: bytes by `sync`, names by `syncFolder`. A failed sync is never
 * tried again: the kernel may have dropped the bytes and would report success the second time.
 *
 * Paths have no empty, `.` or `..` steps; `''` is the folder itself, which can only be listed and synced.
 *
 * Faults: `missing`, `full` (ENOSPC, EDQUOT), `denied`, `corrupt` (EIO), `invalid` (a path that leaves the folder).
 */
export interface Disk {
  /** Creates missing parent folders. */
  makeFolder(path: string): Promise<void>
  /**
   * Creates the file (fault `invalid` if there is one), writes all of it and fdatasyncs. The name is durable after
   * `syncFolder`. When it fails, the name is free again unless the disk refuses that too.
   */
  create(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void>
  /** Replaces the whole file so that readers and power cuts see the old or the new one: temporary file, sync, rename, sync folder. */
  replace(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void>
  read(path: string): Promise<Uint8Array>
  /** The bytes `from ≤ … < to`, as far as there are any, and how many the file has. */
  readRange(path: string, range: ByteRange): Promise<RangeOfFile>
  /** Names in a folder (not recursive), sorted; empty when there is no such folder. */
  list(path: string): Promise<readonly { name: string; isFolder: boolean; bytes: number }[]>
  rename(paths: { from: string; to: string }): Promise<void>
  /** Removes a file or an empty folder (`invalid` if it is not empty); does nothing if it is gone already. */
  remove(path: string): Promise<void>
  syncFolder(path: string): Promise<void>
  free(): Promise<{ readonly bytes: number; readonly ofBytes: number }>
}

export type ByteRange = { readonly from: number; readonly to: number }
export type RangeOfFile = { readonly bytes: Uint8Array; readonly ofBytes: number }

/** Ends the names of the temporary files of `replace`. After a power cut, what is left of them is rubbish. */
export const TEMPORARY_SUFFIX = '.tmp'
