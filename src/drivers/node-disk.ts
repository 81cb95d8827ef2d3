import { constants } from 'node:fs'
import {
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rmdir,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteRange, Disk, RangeOfFile } from '../ports/disk.ts'
import type { FileCalls, FolderEntry, NewFile } from '../ports/file-calls.ts'
import { createDurableDisk } from './durable-disk.ts'
import { faultOfErrno } from './errno.ts'

const ROOT_MODE = 0o700
/** A link in our folder is not ours: somebody wants us to write elsewhere. */
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
const CREATE_ONCE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW

/** Opens `root`, making it (readable by its owner only) where it is not there yet. */
export async function openNodeDisk(root: string): Promise<Disk> {
  try {
    await mkdir(root, { recursive: true, mode: ROOT_MODE })
    return createDurableDisk(nodeCalls(await realpath(root)), { mark: String(process.pid) })
  } catch (error) {
    throw faultOfErrno(error, `open the data folder ${root}`)
  }
}

/** The calls themselves, below `root`, which has to be there. */
export function nodeCalls(root: string): FileCalls {
  const at = (path: string): string => join(root, path)
  return {
    async makeFolder(path, { mode }) {
      await mkdir(at(path), { recursive: true, mode })
    },
    createFile: (path, { mode }) => createFile(at(path), mode),
    async read(path) {
      const buffer = await readFile(at(path))
      return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
    },
    readRange: (path, range) => readRange(at(path), range),
    list: (path) => listFolder(at(path)),
    rename: ({ from, to }) => rename(at(from), at(to)),
    removeFile: (path) => unlink(at(path)),
    removeFolder: (path) => rmdir(at(path)),
    syncFolder: (path) => syncFolder(at(path)),
    async free() {
      const facts = await statfs(root)
      return { bytes: facts.bavail * facts.bsize, ofBytes: facts.blocks * facts.bsize }
    },
  }
}

async function readRange(whole: string, { from, to }: ByteRange): Promise<RangeOfFile> {
  const file = await open(whole, constants.O_RDONLY)
  try {
    const { size } = await file.stat()
    const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, from + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return { bytes: bytes.subarray(0, filled), ofBytes: size }
  } finally {
    await file.close()
  }
}

async function createFile(whole: string, mode: number): Promise<NewFile> {
  const file = await open(whole, CREATE_ONCE, mode)
  return {
    write: (bytes) => file.writeFile(bytes),
    sync: () => file.datasync(),
    close: () => file.close(),
  }
}

async function listFolder(whole: string): Promise<readonly FolderEntry[]> {
  const entries = await readdir(whole, { withFileTypes: true })
  const facts = await Promise.all(
    entries.map(async (entry) => {
      const bytes = entry.isDirectory() ? 0 : await sizeOrGone(join(whole, entry.name))
      return { name: entry.name, isFolder: entry.isDirectory(), bytes }
    }),
  )
  return facts.flatMap((fact) => (fact.bytes === undefined ? [] : [{ ...fact, bytes: fact.bytes }]))
}

async function syncFolder(whole: string): Promise<void> {
  const folder = await open(whole, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Undefined when the file went away between listing and looking. */
async function sizeOrGone(whole: string): Promise<number | undefined> {
  return await stat(whole).then(
    ({ size }) => size,
    () => undefined,
  )
}
