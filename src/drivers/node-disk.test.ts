import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { describeDiskContract } from '../ports/disk.contract.ts'
import type { Disk } from '../ports/disk.ts'
import { describeFileCallsContract } from '../ports/file-calls.contract.ts'
import { nodeCalls, openNodeDisk } from './node-disk.ts'
import { mountSmallDisk } from './small-disk.fixture.ts'

describeDiskContract('the machine’s disk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'lintel-disk-'))
  return {
    disk: await openNodeDisk(root),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
})

describeFileCallsContract('the machine’s file system', async () => {
  const root = await mkdtemp(join(tmpdir(), 'lintel-calls-'))
  return { calls: nodeCalls(root), [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
})

describe('the machine’s disk', () => {
  let root: string
  let disk: Disk
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lintel-disk-'))
    disk = await openNodeDisk(join(root, 'data/deep'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('makes its folder and its files for the owner’s eyes only, unless told otherwise', async () => {
    await disk.create('a', utf8('x'))
    await disk.replace('b', utf8('x'))
    await disk.create('c', utf8('x'), { mode: 0o640 })
    await disk.makeFolder('d')
    const modes = await Promise.all(
      ['', 'a', 'b', 'c', 'd'].map(async (path) => (await stat(join(root, 'data/deep', path))).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o640, 0o700])
  })

  it('does not follow a link that somebody put where a file should be', async () => {
    await symlink(join(root, 'elsewhere'), join(root, 'data/deep/a'))
    await expect(disk.create('a', utf8('x'))).rejects.toMatchObject({ kind: 'invalid' })
    await expect(stat(join(root, 'elsewhere'))).rejects.toThrow('ENOENT')
  })

  it.skipIf(process.getuid?.() === 0)('says so when it may not write', async () => {
    await chmod(join(root, 'data/deep'), 0o500)
    await expect(disk.create('a', utf8('x'))).rejects.toMatchObject({ kind: 'denied' })
    await chmod(join(root, 'data/deep'), 0o700)
  })

  it('says so when its folder cannot be one', async () => {
    await writeFile(join(root, 'file'), 'x')
    await expect(openNodeDisk(join(root, 'file'))).rejects.toMatchObject({ name: 'Fault', kind: 'invalid' })
    await expect(openNodeDisk(join(root, 'file/below'))).rejects.toMatchObject({ kind: 'missing' })
  })
})

const small = mountSmallDisk()

describe('a disk that is full', () => {
  afterAll(() => small?.unmount())

  it.skipIf(small === undefined)(
    'is reported as full, leaves nothing behind, and works again once there is room',
    async () => {
      const disk = await openNodeDisk(small?.path ?? '')
      const { bytes } = await disk.free()
      await disk.create('half', new Uint8Array(bytes / 2))
      const tooMuch = new Uint8Array(bytes)
      await expect(disk.create('a', tooMuch)).rejects.toMatchObject({ kind: 'full' })
      await expect(disk.replace('half', tooMuch)).rejects.toMatchObject({ kind: 'full' })
      expect(await disk.list('')).toMatchObject([{ name: 'half', bytes: bytes / 2 }])
      await disk.remove('half')
      await disk.create('a', new Uint8Array(bytes / 2))
    },
  )
})
