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
import { dirname, join } from 'node:path'
import { Fault } from '../base/fault.ts'
import { TEMPORARY_SUFFIX, type Disk } from '../ports/disk.ts'
import { errnoOf, faultOfErrno } from './errno.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** A link in our folder is not ours: somebody wants us to write elsewhere. */
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
const CREATE_ONCE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW

/** Opens `root`, making it (readable by its owner only) where it is not there yet. */
export async function openNodeDisk(root: string): Promise<Disk> {
  try {
    await mkdir(root, { recursive: true, mode: FOLDER_MODE })
    return new NodeDisk(await realpath(root))
  } catch (error) {
    throw faultOfErrno(error, `open the data folder ${root}`)
  }
}

class NodeDisk implements Disk {
  readonly #root: string
  #replaced = 0

  constructor(root: string) {
    this.#root = root
  }

  async makeFolder(path: string): Promise<void> {
    const whole = this.#fileAt(path)
    await naming(`make folder ${path}`, mkdir(whole, { recursive: true, mode: FOLDER_MODE }))
  }

  async create(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void> {
    await naming(`create ${path}`, writeNewFile(this.#fileAt(path), bytes, options?.mode ?? FILE_MODE))
  }

  async replace(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void> {
    const whole = this.#fileAt(path)
    // Numbered, so that two replaces of one file at once do not share a temporary file.
    const temporary = `${whole}.${process.pid}-${this.#replaced++}${TEMPORARY_SUFFIX}`
    await naming(
      `replace ${path}`,
      (async () => {
        await writeNewFile(temporary, bytes, options?.mode ?? FILE_MODE)
        await rename(temporary, whole).catch(async (error: unknown) => {
          await unlink(temporary).catch(() => {}) // Why the rename failed matters more.
          throw error
        })
        await syncFolderAt(dirname(whole))
      })(),
    )
  }

  async read(path: string): Promise<Uint8Array> {
    const buffer = await naming(`read ${path}`, readFile(this.#fileAt(path)))
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
  }

  async list(path: string): ReturnType<Disk['list']> {
    const whole = this.#folderAt(path)
    try {
      const entries = await readdir(whole, { withFileTypes: true })
      entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
      const facts = await Promise.all(
        entries.map(async (entry) => {
          const bytes = entry.isDirectory() ? 0 : await sizeOrGone(join(whole, entry.name))
          return { name: entry.name, isFolder: entry.isDirectory(), bytes }
        }),
      )
      return facts.flatMap((fact) => (fact.bytes === undefined ? [] : [{ ...fact, bytes: fact.bytes }]))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw faultOfErrno(error, `list ${path}`)
    }
  }

  async rename({ from, to }: { from: string; to: string }): Promise<void> {
    await naming(`rename ${from} to ${to}`, rename(this.#fileAt(from), this.#fileAt(to)))
  }

  async remove(path: string): Promise<void> {
    const whole = this.#fileAt(path)
    try {
      // Linux answers EISDIR for a folder, other systems EPERM.
      await unlink(whole).catch((error: unknown) => {
        if (errnoOf(error) !== 'EISDIR' && errnoOf(error) !== 'EPERM') throw error
        return rmdir(whole)
      })
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw faultOfErrno(error, `remove ${path}`)
    }
  }

  async syncFolder(path: string): Promise<void> {
    await naming(`sync folder ${path}`, syncFolderAt(this.#folderAt(path)))
  }

  async free(): Promise<{ readonly bytes: number; readonly ofBytes: number }> {
    const facts = await naming('ask how much room is left', statfs(this.#root))
    return { bytes: facts.bavail * facts.bsize, ofBytes: facts.blocks * facts.bsize }
  }

  #fileAt(path: string): string {
    if (path === '') throw new Fault('invalid', 'path: wanted a name in the data folder, got nothing')
    return this.#folderAt(path)
  }

  #folderAt(path: string): string {
    if (path === '') return this.#root
    const steps = path.split('/')
    const leaves = steps.some((step) => step === '' || step === '.' || step === '..')
    if (leaves || path.includes('\0')) {
      throw new Fault('invalid', `path: wanted one inside the data folder, got ${JSON.stringify(path)}`)
    }
    return join(this.#root, path)
  }
}

/** On trouble nothing is left behind where that can be helped: half a file must not look like a whole one. */
async function writeNewFile(whole: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(whole, CREATE_ONCE, mode)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } catch (error) {
    await unlink(whole).catch(() => {}) // Why the write failed matters more.
    throw error
  } finally {
    await file.close()
  }
}

async function syncFolderAt(whole: string): Promise<void> {
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

async function naming<T>(what: string, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt
  } catch (error) {
    throw faultOfErrno(error, what)
  }
}
