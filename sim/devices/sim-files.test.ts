import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { FileCalls } from '../../src/ports/file-calls.ts'
import { describeFileCallsContract } from '../../src/ports/file-calls.contract.ts'
import { errno, openGate, SimFiles } from './sim-files.ts'

describeFileCallsContract('the simulated file system', async () => ({
  calls: new SimFiles().openClient(openGate),
  async [Symbol.asyncDispose]() {},
}))

const MODE = { mode: 0o600 }
const none = (): boolean => false
const all = (): boolean => true

describe('the simulated file system, when the power goes', () => {
  it('has a file whose name was synced and whose bytes were not: empty, or with any of its sectors', async () => {
    const sizes = new Set<number>()
    for (let subset = 0; subset < 8; subset++) {
      const { files, calls } = openFiles()
      const file = await calls.createFile('a', MODE)
      await calls.syncFolder('')
      await file.write(new Uint8Array(9000).fill(7))
      expect(files.unsynced()).toBe(3)
      files.cut(bitsOf(subset))
      const bytes = await calls.read('a')
      sizes.add(bytes.length)
      for (const [sector, at] of [0, 4096, 8192].entries())
        if (at < bytes.length) expect(bytes[at]).toBe((subset >> sector) & 1 ? 7 : 0)
    }
    expect([...sizes].sort((a, b) => a - b)).toEqual([0, 4096, 8192, 9000])
  })

  it('loses a file whose bytes were synced and whose name was not, unless chance keeps the name', async () => {
    for (const survives of [none, all]) {
      const { files, calls } = openFiles()
      const file = await calls.createFile('a', MODE)
      await file.write(utf8('x'))
      await file.sync()
      files.cut(survives)
      expect((await calls.list('')).length).toBe(survives === all ? 1 : 0)
    }
  })

  it('shows the old or the new file after a rename that was not synced', async () => {
    const seen = new Set<string>()
    for (let subset = 0; subset < 4; subset++) {
      const { files, calls } = openFiles()
      await written(calls, 'a', 'old')
      await calls.syncFolder('')
      await written(calls, 'a.tmp', 'new')
      await calls.rename({ from: 'a.tmp', to: 'a' })
      files.cut(bitsOf(subset))
      seen.add(String(await calls.read('a')))
    }
    expect([...seen].sort()).toEqual([String(utf8('new')), String(utf8('old'))].sort())
  })

  it('brings back what was removed without a sync', async () => {
    const { files, calls } = openFiles()
    await written(calls, 'a', 'x')
    await calls.syncFolder('')
    await calls.removeFile('a')
    files.cut(none)
    expect(await calls.read('a')).toEqual(utf8('x'))
  })

  it('loses all of a folder that its parent never synced, however well its files were', async () => {
    const { files, calls } = openFiles()
    await calls.makeFolder('deep/folder', MODE)
    await written(calls, 'deep/folder/a', 'x')
    await calls.syncFolder('deep/folder')
    await calls.syncFolder('deep')
    files.cut(none)
    expect(await calls.list('')).toEqual([])
  })

  it('has what was synced, whatever chance says', async () => {
    const { files, calls } = openFiles()
    await calls.makeFolder('folder', MODE)
    await calls.syncFolder('')
    await written(calls, 'folder/a', 'x')
    await calls.syncFolder('folder')
    expect(files.unsynced()).toBe(0)
    files.cut(none)
    expect(await calls.read('folder/a')).toEqual(utf8('x'))
  })

  it('goes another way in a clone', async () => {
    const { files, calls } = openFiles()
    await written(calls, 'a', 'x')
    const other = files.clone()
    other.cut(none)
    files.cut(all)
    expect([...files.files()].length).toBe(1)
    expect([...other.files()].length).toBe(0)
  })
})

describe('the simulated file system, in bad weather', () => {
  it('that lies about syncing loses what it said it had', async () => {
    const { files, calls } = openFiles()
    files.isLying = true
    await written(calls, 'a', 'x')
    await calls.syncFolder('')
    files.cut(none)
    expect(await calls.list('')).toEqual([])
  })

  it('that failed to sync once never writes those bytes, though the next sync says yes', async () => {
    const files = new SimFiles()
    let isBroken = true
    const calls = files.openClient(async ({ call }) => {
      if (call === 'sync' && isBroken) throw errno('EIO', 'i/o error')
    })
    const file = await calls.createFile('a', MODE)
    await calls.syncFolder('')
    await file.write(utf8('x'))
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
    isBroken = false
    await file.sync()
    files.cut(all)
    expect((await calls.read('a')).length).toBe(0)
  })

  it('that is full writes what fits and says so; and has room again when something goes', async () => {
    const { files, calls } = openFiles()
    files.ofBytes = 10
    const file = await calls.createFile('a', MODE)
    await expect(file.write(new Uint8Array(12))).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await calls.free()).toEqual({ bytes: 0, ofBytes: 10 })
    await calls.removeFile('a')
    expect(await calls.free()).toEqual({ bytes: 10, ofBytes: 10 })
  })
})

function openFiles(): { readonly files: SimFiles; readonly calls: FileCalls } {
  const files = new SimFiles()
  return { files, calls: files.openClient(openGate) }
}

async function written(calls: FileCalls, path: string, text: string): Promise<void> {
  const file = await calls.createFile(path, MODE)
  await file.write(utf8(text))
  await file.sync()
}

/** Answers with the bits of a number, lowest first. */
function bitsOf(subset: number): () => boolean {
  let at = 0
  return () => ((subset >> at++) & 1) === 1
}
