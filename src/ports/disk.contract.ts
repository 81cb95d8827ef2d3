import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { FaultKind } from '../base/fault.ts'
import { TEMPORARY_SUFFIX, type Disk } from './disk.ts'

/** One fresh, empty disk to test. */
export interface DiskUnderTest extends AsyncDisposable {
  readonly disk: Disk
}

/** What every disk must do, real or simulated. */
export function describeDiskContract(name: string, setUp: () => Promise<DiskUnderTest>): void {
  describe(`${name} keeps the contract of a disk:`, () => {
    let subject: DiskUnderTest
    let disk: Disk
    beforeEach(async () => {
      subject = await setUp()
      disk = subject.disk
    })
    afterEach(async () => subject[Symbol.asyncDispose]())

    const textOf = async (path: string): Promise<string> => fromUtf8(await disk.read(path))
    const namesIn = async (path: string): Promise<readonly string[]> =>
      (await disk.list(path)).map(({ name: entry }) => entry)

    it('creates a file once: the second time is a mistake, and the first bytes stay', async () => {
      await disk.create('a', utf8('one'))
      await expectFault(disk.create('a', utf8('two')), 'invalid')
      expect(await textOf('a')).toBe('one')
    })

    it('keeps every byte, none and many', async () => {
      const many = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7)
      await disk.create('none', new Uint8Array())
      await disk.create('many', many)
      expect(await disk.read('none')).toEqual(new Uint8Array())
      expect(Buffer.compare(await disk.read('many'), many)).toBe(0)
    })

    it('reads a range of a file, as far as there is one, and tells how long the file is', async () => {
      await disk.create('ten', utf8('0123456789'))
      const read = async (from: number, to: number): Promise<readonly [string, number]> => {
        const { bytes, ofBytes } = await disk.readRange('ten', { from, to })
        return [fromUtf8(bytes), ofBytes]
      }
      expect(await read(2, 5)).toEqual(['234', 10])
      expect(await read(0, 10)).toEqual(['0123456789', 10])
      expect(await read(8, 100)).toEqual(['89', 10])
      expect(await read(10, 11)).toEqual(['', 10])
      expect(await read(4, 4)).toEqual(['', 10])
      await expectFault(disk.readRange('no', { from: 0, to: 1 }), 'missing', 'no')
      await expectFault(disk.readRange('ten', { from: -1, to: 1 }), 'invalid', 'ten')
      await expectFault(disk.readRange('ten', { from: 5, to: 4 }), 'invalid', 'ten')
      await expectFault(disk.readRange('../ten', { from: 0, to: 1 }), 'invalid')
    })

    it('makes folders with their parents, and does not mind if they are there', async () => {
      await disk.makeFolder('a/b/c')
      await disk.makeFolder('a/b/c')
      await disk.create('a/b/c/file', utf8('deep'))
      await disk.syncFolder('a/b/c')
      expect(await textOf('a/b/c/file')).toBe('deep')
    })

    it('does not make the folder of a file by itself', async () => {
      await expectFault(disk.create('no/file', utf8('x')), 'missing')
      await expectFault(disk.replace('no/file', utf8('x')), 'missing')
    })

    it('replaces a file, and makes it where there is none; no temporary file stays', async () => {
      await disk.replace('a', utf8('a long old text'))
      await disk.replace('a', utf8('new'))
      expect(await textOf('a')).toBe('new')
      expect(await namesIn('')).toEqual(['a'])
    })

    it('replaces the same file many times at once, and one of them wins whole', async () => {
      const texts = ['one', 'two two', 'three three three']
      await Promise.all(texts.map((text) => disk.replace('a', utf8(text))))
      expect(texts).toContain(await textOf('a'))
      expect((await namesIn('')).filter((entry) => entry.endsWith(TEMPORARY_SUFFIX))).toEqual([])
    })

    it('says what is missing', async () => {
      await expectFault(disk.read('no'), 'missing', 'no')
      await expectFault(disk.rename({ from: 'no', to: 'b' }), 'missing', 'no')
      await expectFault(disk.syncFolder('nowhere'), 'missing', 'nowhere')
    })

    it('lists names sorted, with what they are and their sizes, and nothing for a folder that is not there', async () => {
      await disk.makeFolder('b')
      await disk.create('c', utf8('12345'))
      await disk.create('a', utf8(''))
      expect(await disk.list('')).toMatchObject([
        { name: 'a', isFolder: false, bytes: 0 },
        { name: 'b', isFolder: true },
        { name: 'c', isFolder: false, bytes: 5 },
      ])
      expect(await disk.list('nowhere')).toEqual([])
    })

    it('renames files and folders, over an existing file too', async () => {
      await disk.makeFolder('from')
      await disk.makeFolder('to')
      await disk.create('from/a', utf8('new'))
      await disk.create('to/a', utf8('old'))
      await disk.rename({ from: 'from/a', to: 'to/a' })
      await disk.rename({ from: 'to', to: 'moved' })
      expect(await textOf('moved/a')).toBe('new')
      expect(await namesIn('')).toEqual(['from', 'moved'])
    })

    it('removes files and empty folders, and does not mind what is gone already', async () => {
      await disk.makeFolder('folder')
      await disk.create('folder/a', utf8('x'))
      await disk.remove('folder/a')
      await disk.remove('folder/a')
      await disk.remove('folder')
      expect(await disk.list('')).toEqual([])
    })

    it('does not remove a folder that still holds something', async () => {
      await disk.makeFolder('folder')
      await disk.create('folder/a', utf8('x'))
      await expectFault(disk.remove('folder'), 'invalid', 'folder')
      expect(await textOf('folder/a')).toBe('x')
    })

    it.each(['../out', 'a/../../out', '/etc/passwd', 'a/..', './a', 'a//b', 'a\0b'])(
      'refuses the path %j, which may leave the folder',
      async (path) => {
        await expectFault(disk.create(path, utf8('x')), 'invalid')
        await expectFault(disk.replace(path, utf8('x')), 'invalid')
        await expectFault(disk.read(path), 'invalid')
        await expectFault(disk.list(path), 'invalid')
        await expectFault(disk.remove(path), 'invalid')
        await expectFault(disk.makeFolder(path), 'invalid')
        await expectFault(disk.syncFolder(path), 'invalid')
        await expectFault(disk.rename({ from: path, to: 'b' }), 'invalid')
        await expectFault(disk.rename({ from: 'b', to: path }), 'invalid')
      },
    )

    it('refuses to touch the folder itself other than listing and syncing it', async () => {
      await disk.syncFolder('')
      await expectFault(disk.create('', utf8('x')), 'invalid')
      await expectFault(disk.remove(''), 'invalid')
    })

    it('knows how much room there is', async () => {
      const { bytes, ofBytes } = await disk.free()
      expect(bytes).toBeGreaterThanOrEqual(0)
      expect(ofBytes).toBeGreaterThanOrEqual(bytes)
    })
  })
}

/** Expects a `Fault` of this kind whose message names `where`. */
async function expectFault(attempt: Promise<unknown>, kind: FaultKind, where = ''): Promise<void> {
  await expect(attempt).rejects.toMatchObject({
    name: 'Fault',
    kind,
    message: expect.stringContaining(where),
  })
}
