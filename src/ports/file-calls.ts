/**
 * The few calls of an operating system that a `Disk` is made of, so that the order in which they are made can be tried on
 * a simulated file system that loses power between any two of them.
 *
 * Paths are relative, with `/`, already checked; `''` is the folder itself. Errors are those of Node: an `Error` with a
 * `code` (`ENOENT`, `EEXIST`, `ENOSPC`, `EIO` …).
 */
export interface FileCalls {
  /** Makes the folder and its missing parents; does nothing when it is there. */
  makeFolder(path: string, options: { readonly mode: number }): Promise<void>
  /** Makes an empty file and opens it for writing; `EEXIST` when the name is taken. Follows no links. */
  createFile(path: string, options: { readonly mode: number }): Promise<NewFile>
  read(path: string): Promise<Uint8Array>
  /** The bytes `from ≤ … < to`, as far as there are any, and how many the file has. */
  readRange(
    path: string,
    range: { readonly from: number; readonly to: number },
  ): Promise<{ readonly bytes: Uint8Array; readonly ofBytes: number }>
  /** `ENOENT` when there is no such folder. In no order; what goes away while it is listed is left out. */
  list(path: string): Promise<readonly FolderEntry[]>
  rename(paths: { readonly from: string; readonly to: string }): Promise<void>
  /** `EISDIR` or `EPERM` for a folder. */
  removeFile(path: string): Promise<void>
  /** `ENOTEMPTY` or `EEXIST` when something is in it. */
  removeFolder(path: string): Promise<void>
  /** The names in the folder survive a power cut from now on. */
  syncFolder(path: string): Promise<void>
  free(): Promise<{ readonly bytes: number; readonly ofBytes: number }>
}

export interface NewFile {
  /** Appends all of the bytes. */
  write(bytes: Uint8Array): Promise<void>
  /** The bytes and the length survive a power cut from now on; the name does not. */
  sync(): Promise<void>
  close(): Promise<void>
}

export type FolderEntry = { readonly name: string; readonly isFolder: boolean; readonly bytes: number }
