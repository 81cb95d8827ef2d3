import { Fault } from '../base/fault.ts'
import { TEMPORARY_SUFFIX, type ByteRange, type Disk, type RangeOfFile } from '../ports/disk.ts'
import type { FileCalls } from '../ports/file-calls.ts'
import { errnoOf, faultOfErrno } from './errno.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

export type DurableDiskOptions = {
  /** In the names of temporary files, so that two processes never share one. */
  readonly mark: string
}

/** The order of calls that keeps what `Disk` promises. Knows no hardware: the simulator tries it on a disk that loses power. */
export function createDurableDisk(calls: FileCalls, { mark }: DurableDiskOptions): Disk {
  return new DurableDisk(calls, mark)
}

class DurableDisk implements Disk {
  readonly #calls: FileCalls
  readonly #mark: string
  #replaced = 0

  constructor(calls: FileCalls, mark: string) {
    this.#calls = calls
    this.#mark = mark
  }

  async makeFolder(path: string): Promise<void> {
    checkFile(path)
    await naming(`make folder ${path}`, this.#calls.makeFolder(path, { mode: FOLDER_MODE }))
  }

  async create(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void> {
    checkFile(path)
    await naming(`create ${path}`, this.#writeNewFile(path, bytes, options?.mode ?? FILE_MODE))
  }

  async replace(path: string, bytes: Uint8Array, options?: { mode?: number }): Promise<void> {
    checkFile(path)
    // Numbered, so that two replaces of one file at once do not share a temporary file.
    const temporary = `${path}.${this.#mark}-${this.#replaced++}${TEMPORARY_SUFFIX}`
    await naming(
      `replace ${path}`,
      (async () => {
        await this.#writeNewFile(temporary, bytes, options?.mode ?? FILE_MODE)
        await this.#calls.rename({ from: temporary, to: path }).catch(async (error: unknown) => {
          await this.#calls.removeFile(temporary).catch(() => {}) // Why the rename failed matters more.
          throw error
        })
        await this.#calls.syncFolder(folderOf(path))
      })(),
    )
  }

  async read(path: string): Promise<Uint8Array> {
    checkFile(path)
    return naming(`read ${path}`, this.#calls.read(path))
  }

  async readRange(path: string, range: ByteRange): Promise<RangeOfFile> {
    checkFile(path)
    const { from, to } = range
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from)
      throw new Fault('invalid', `read ${path}: wanted bytes from ≤ to, got ${from} to ${to}`)
    return naming(`read ${path}`, this.#calls.readRange(path, range))
  }

  async list(path: string): ReturnType<Disk['list']> {
    checkPath(path)
    try {
      const entries = [...(await this.#calls.list(path))]
      return entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw faultOfErrno(error, `list ${path}`)
    }
  }

  async rename({ from, to }: { from: string; to: string }): Promise<void> {
    checkFile(from)
    checkFile(to)
    await naming(`rename ${from} to ${to}`, this.#calls.rename({ from, to }))
  }

  async remove(path: string): Promise<void> {
    checkFile(path)
    try {
      // Linux answers EISDIR for a folder, other systems EPERM.
      await this.#calls.removeFile(path).catch((error: unknown) => {
        if (errnoOf(error) !== 'EISDIR' && errnoOf(error) !== 'EPERM') throw error
        return this.#calls.removeFolder(path)
      })
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw faultOfErrno(error, `remove ${path}`)
    }
  }

  async syncFolder(path: string): Promise<void> {
    checkPath(path)
    await naming(`sync folder ${path}`, this.#calls.syncFolder(path))
  }

  async free(): Promise<{ readonly bytes: number; readonly ofBytes: number }> {
    return naming('ask how much room is left', this.#calls.free())
  }

  /** On trouble nothing is left behind where that can be helped: half a file must not look like a whole one. */
  async #writeNewFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
    const file = await this.#calls.createFile(path, { mode })
    try {
      await file.write(bytes)
      await file.sync()
    } catch (error) {
      await this.#calls.removeFile(path).catch(() => {}) // Why the write failed matters more.
      throw error
    } finally {
      await file.close()
    }
  }
}

const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/')

function checkFile(path: string): void {
  if (path === '') throw new Fault('invalid', 'path: wanted a name in the data folder, got nothing')
  checkPath(path)
}

function checkPath(path: string): void {
  if (path === '') return
  const leaves = path.split('/').some((step) => step === '' || step === '.' || step === '..')
  if (leaves || path.includes('\0'))
    throw new Fault('invalid', `path: wanted one inside the data folder, got ${JSON.stringify(path)}`)
}

async function naming<T>(what: string, attempt: Promise<T>): Promise<T> {
  try {
    return await attempt
  } catch (error) {
    throw faultOfErrno(error, what)
  }
}
