import { describe, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import type { FileCalls } from './file-calls.ts'

const MODE = { mode: 0o600 }
const FOLDER = { mode: 0o700 }

/** What every file system, real or simulated, has to keep. Each test gets an empty one. */
export function describeFileCallsContract(
  name: string,
  open: () => Promise<{ readonly calls: FileCalls } & AsyncDisposable>,
): void {
  const within = (test: (calls: FileCalls) => Promise<void>) => async (): Promise<void> => {
    await using place = await open()
    await test(place.calls)
  }
  describe(`${name} keeps the contract of file calls`, () => {
    it(
      'reads what was written, in the order it was written',
      within(async (calls) => {
        const file = await calls.createFile('a', MODE)
        await file.write(utf8('one '))
        await file.write(utf8('two'))
        await file.sync()
        await file.close()
        await calls.syncFolder('')
        expect(Buffer.from(await calls.read('a')).toString()).toBe('one two')
      }),
    )
    it(
      'reads a range, no further than there is something, and tells the length of the whole',
      within(async (calls) => {
        const file = await calls.createFile('a', MODE)
        await file.write(utf8('0123456789'))
        await file.close()
        const { bytes, ofBytes } = await calls.readRange('a', { from: 7, to: 99 })
        expect([Buffer.from(bytes).toString(), ofBytes]).toEqual(['789', 10])
      }),
    )
    it(
      'makes a folder with its parents, and again without harm',
      within(async (calls) => {
        await calls.makeFolder('a/b/c', FOLDER)
        await calls.makeFolder('a/b/c', FOLDER)
        expect(await calls.list('a/b')).toEqual([{ name: 'c', isFolder: true, bytes: 0 }])
      }),
    )
    it(
      'says with the system’s own codes what cannot be',
      within(async (calls) => {
        await written(calls, 'there', 'x')
        await calls.makeFolder('folder', FOLDER)
        await written(calls, 'folder/full', 'x')
        await expect(calls.createFile('there', MODE)).rejects.toMatchObject({ code: 'EEXIST' })
        await expect(calls.createFile('no/such', MODE)).rejects.toMatchObject({ code: 'ENOENT' })
        await expect(calls.read('nothing')).rejects.toMatchObject({ code: 'ENOENT' })
        await expect(calls.read('folder')).rejects.toMatchObject({ code: 'EISDIR' })
        await expect(calls.list('nothing')).rejects.toMatchObject({ code: 'ENOENT' })
        await expect(calls.rename({ from: 'nothing', to: 'a' })).rejects.toMatchObject({ code: 'ENOENT' })
        await expect(calls.removeFile('nothing')).rejects.toMatchObject({ code: 'ENOENT' })
        await expect(calls.removeFile('folder')).rejects.toMatchObject({ code: 'EISDIR' })
        await expect(calls.removeFolder('folder')).rejects.toMatchObject({ code: 'ENOTEMPTY' })
        await expect(calls.syncFolder('nothing')).rejects.toMatchObject({ code: 'ENOENT' })
      }),
    )
    it(
      'renames over what is there, and takes away what is asked for',
      within(async (calls) => {
        await written(calls, 'old', 'old')
        await written(calls, 'new', 'new')
        await calls.rename({ from: 'new', to: 'old' })
        expect(Buffer.from(await calls.read('old')).toString()).toBe('new')
        expect((await calls.list('')).map((entry) => entry.name)).toEqual(['old'])
        await calls.removeFile('old')
        await calls.makeFolder('empty', FOLDER)
        await calls.removeFolder('empty')
        expect(await calls.list('')).toEqual([])
      }),
    )
    it(
      'knows how much room there is',
      within(async (calls) => {
        const { bytes, ofBytes } = await calls.free()
        expect(bytes).toBeGreaterThan(0)
        expect(ofBytes).toBeGreaterThanOrEqual(bytes)
      }),
    )
  })
}

async function written(calls: FileCalls, path: string, text: string): Promise<void> {
  const file = await calls.createFile(path, MODE)
  await file.write(utf8(text))
  await file.close()
}
