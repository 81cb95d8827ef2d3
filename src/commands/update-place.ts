/** Where versions lie on a machine: the package's own, unpacked releases beside it, the state of trials, and the link that says which runs. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, copyFile, mkdir, open, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import type { Disk } from '../ports/disk.ts'
import { decodeSlots, encodeSlots, firstSlots, type Release, type Slot, type Slots } from '../update/index.ts'
import { fileFault } from './owner-files.ts'

const run = promisify(execFile)
const HOME = 'usr/lib/lintel'
const STATE = 'slots.json'

export type UpdatePlace = {
  readonly packageVersion: string
  readonly keyFile: string
  /** Versions whose files are complete. */
  there(): Promise<readonly string[]>
  read(): Promise<Slots>
  write(slots: Slots): Promise<void>
  /** Checks the archive against the release, and unpacks it. Durable when it resolves. */
  unpack(archive: string, release: Release): Promise<void>
  removeAllBut(versions: readonly string[]): Promise<void>
  /** Says for the next start which version runs. */
  point(slot: Slot): Promise<void>
}

/** `root`: `/`, or a folder that stands for it. */
export async function openUpdatePlace(root: string): Promise<UpdatePlace> {
  const packageVersion = await versionIn(join(root, HOME))
  const folder = join(root, 'var/lib/lintel-versions')
  const trees = join(folder, 'trees')
  const disk = (): Promise<Disk> => openState(folder)
  return {
    packageVersion,
    keyFile: join(root, 'etc/lintel/update-key'),
    there: async () => (await foldersIn(trees)).filter((name) => !name.endsWith('.new')),
    read: async () => readSlots(await disk(), packageVersion),
    write: async (slots) => (await disk()).replace(STATE, utf8(encodeSlots(slots))),
    async unpack(archive, release) {
      await mkdir(trees, { recursive: true, mode: 0o755 })
      await unpackInto(trees, archive, release)
    },
    async removeAllBut(versions) {
      for (const name of await foldersIn(trees))
        if (!versions.includes(name)) await rm(join(trees, name), { recursive: true, force: true })
    },
    point: (slot) => pointTo(join(root, 'run/lintel-version'), slot, trees),
  }
}

/** The state is root's alone; the trees beside it are for the doorbell to read. */
async function openState(folder: string): Promise<Disk> {
  await mkdir(folder, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    throw fileFault(folder, cause)
  })
  return openNodeDisk(join(folder, 'state'))
}

async function versionIn(home: string): Promise<string> {
  const file = join(home, 'package.json')
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('missing', `${file}: updates are for an installed package, and none is installed here`, {
      cause,
    })
  })
  const { version } = JSON.parse(text) as { version?: unknown } // Written by scripts/package.
  if (typeof version === 'string') return version
  throw new Fault('corrupt', `${file}: wanted a version, got none`)
}

const foldersIn = async (place: string): Promise<readonly string[]> => readdir(place).catch(() => [])

async function readSlots(disk: Disk, packageVersion: string): Promise<Slots> {
  try {
    return decodeSlots(fromUtf8(await disk.read(STATE)))
  } catch (error) {
    if (isFault(error, 'missing')) return firstSlots(packageVersion)
    throw error
  }
}

/** What was checked is what is unpacked: a copy that only root can write. */
async function unpackInto(trees: string, archive: string, release: Release): Promise<void> {
  const work = join(trees, `${release.version}.new`)
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { mode: 0o755 })
  const copy = join(work, 'archive.deb')
  try {
    await copyFile(archive, copy).catch((cause: unknown) => {
      throw fileFault(archive, cause)
    })
    await chmod(copy, 0o600)
    await checkArchive(archive, copy, release)
    await run('dpkg-deb', ['-x', copy, work])
    await rm(copy)
    const inside = await versionIn(join(work, HOME))
    if (inside !== release.version)
      throw new Fault('corrupt', `${archive}: wanted version ${release.version} in it, got ${inside}`)
    await run('sync', ['-f', work]) // All of it, before the name says that it is complete.
    await rm(join(trees, release.version), { recursive: true, force: true })
    await rename(work, join(trees, release.version))
    await syncFolder(trees)
  } catch (error) {
    await rm(work, { recursive: true, force: true })
    if (error instanceof Fault) throw error
    throw new Fault('unavailable', `${archive}: it could not be unpacked: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

async function checkArchive(name: string, copy: string, release: Release): Promise<void> {
  const { size } = await stat(copy)
  if (size !== release.bytes)
    throw new Fault('corrupt', `${name}: wanted ${release.bytes} bytes as the release says, got ${size}`)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(copy)) hash.update(chunk as Uint8Array) // Without an encoding they are bytes.
  const found = hash.digest('hex')
  if (found !== release.sha256)
    throw new Fault('corrupt', `${name}: wanted SHA-256 ${release.sha256} as the release says, got ${found}`)
}

async function syncFolder(place: string): Promise<void> {
  const folder = await open(place)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** No link: the package's own. In `/run`, so that nothing of it outlives a restart of the board. */
async function pointTo(link: string, slot: Slot, trees: string): Promise<void> {
  await rm(link, { force: true })
  if (slot !== 'package') await symlink(join(trees, slot.version, HOME), link)
}
