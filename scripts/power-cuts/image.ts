/** An ext4 file system in a file, whose power can be cut. */
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { messageOf } from '../../src/base/fault.ts'
import { mustRun } from '../checks/tools.ts'

const IMAGE_BYTES = 32 * 1024 * 1024

/** How the kernel keeps bytes and names in step: `ordered` writes bytes before the names that lead to them. */
export const DATA_MODES = ['ordered', 'writeback'] as const
export type DataMode = (typeof DATA_MODES)[number]

/**
 * What is lost. `journal-lost`: everything that was not synced, as when the plug is pulled. `journal-written`: names and sizes
 * get to the disk, bytes do not, as when the journal was written a moment before. `all-written`: nothing, as when the
 * kernel happened to be done.
 */
export const CUT_KINDS = ['journal-lost', 'journal-written', 'all-written'] as const
export type CutKind = (typeof CUT_KINDS)[number]

/** EXT4_IOC_SHUTDOWN with the flag NOLOGFLUSH, or with `-f` LOGFLUSH. DEFAULT, which xfs_io has not, is a sync before. */
const SHUTDOWN: Readonly<Record<CutKind, readonly string[]>> = {
  'journal-lost': ['-c', 'shutdown'],
  'journal-written': ['-c', 'shutdown -f'],
  'all-written': ['-c', 'syncfs', '-c', 'shutdown'],
}

/** What has to be taken down on every way out. */
const standing = new Set<Image>()

/** For the end of the process, when nothing can wait any more. */
export function takeDownAll(): void {
  for (const image of standing) {
    image.takeDown()
    rmSync(image.folder, { recursive: true, force: true })
  }
}

/** Throws with what is missing where the machine forbids what is needed here. */
export async function tryMachine(): Promise<void> {
  try {
    await using image = await Image.make()
    await image.mount('ordered')
    await image.cut('journal-lost')
    await image.unmount()
  } catch (error) {
    const wanted = 'root, loop devices, and mounts of ext4 that can be shut down'
    throw new Error(`this machine forbids real power cuts: wanted ${wanted}; ${messageOf(error)}`, {
      cause: error,
    })
  }
}

export class Image implements AsyncDisposable {
  readonly folder: string
  readonly #device: string
  #isMounted = false

  private constructor(folder: string, device: string) {
    this.folder = folder
    this.#device = device
  }

  static async make(): Promise<Image> {
    const folder = await mkdtemp(path.join(tmpdir(), 'lintel-power-cut-'))
    try {
      const file = path.join(folder, 'disk.img')
      await writeFile(file, '')
      await truncate(file, IMAGE_BYTES)
      // 4 KiB blocks as on an SD card of today; the smallest journal, so that it wraps around often.
      await mustRun('mkfs.ext4', [
        '-q',
        '-F',
        '-b',
        '4096',
        '-J',
        'size=4',
        '-E',
        'lazy_itable_init=0,nodiscard',
        file,
      ])
      await mkdir(path.join(folder, 'mnt'))
      const { stdout } = await mustRun('losetup', ['--find', '--show', file])
      const image = new Image(folder, stdout.trim())
      standing.add(image)
      return image
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  get mountPoint(): string {
    return path.join(this.folder, 'mnt')
  }

  /** The data folder: not the root of the file system, which has a lost+found. */
  get root(): string {
    return path.join(this.mountPoint, 'data')
  }

  /** For whoever wants to look at something without touching it. */
  get scratch(): string {
    return path.join(this.folder, 'scratch')
  }

  async mount(data: DataMode): Promise<void> {
    await mustRun('mount', ['-t', 'ext4', '-o', `data=${data},noatime`, this.#device, this.mountPoint])
    this.#isMounted = true
  }

  /** From here on, nothing gets to the disk any more; whoever writes is refused. */
  async cut(kind: CutKind): Promise<void> {
    await mustRun('xfs_io', ['-x', ...SHUTDOWN[kind], this.mountPoint])
  }

  async unmount(): Promise<void> {
    await mustRun('umount', [this.mountPoint])
    this.#isMounted = false
  }

  /** The disk as it is now, for whoever has to look into it later. Only while nothing is mounted. */
  async keepCopy(): Promise<void> {
    await mustRun('cp', ['--sparse=auto', '--reflink=auto', path.join(this.folder, 'disk.img'), this.copy]) // Mostly holes.
  }

  get copy(): string {
    return path.join(this.folder, 'at-the-cut.img')
  }

  /** Leaves the file there, and nothing else. */
  takeDown(): void {
    if (!standing.delete(this)) return
    if (this.#isMounted) spawnSync('umount', ['--lazy', this.mountPoint])
    spawnSync('losetup', ['--detach', this.#device])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.takeDown()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
