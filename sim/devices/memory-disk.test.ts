import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { Fault } from '../../src/base/fault.ts'
import { describeDiskContract } from '../../src/ports/disk.contract.ts'
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts'

describeDiskContract('the simulated disk', async () => ({
  disk: createMemoryDisk(),
  async [Symbol.asyncDispose]() {},
}))

describe('the simulated disk', () => {
  const names = async (disk: MemoryDisk): Promise<readonly string[]> =>
    (await disk.list('')).map(({ name }) => name)

  it('forgets names that were not synced when the power goes', async () => {
    const disk = createMemoryDisk()
    await disk.create('kept', utf8('x'))
    await disk.makeFolder('folder')
    await disk.syncFolder('')
    await disk.create('lost', utf8('x'))
    await disk.create('folder/lost', utf8('x'))
    await disk.remove('kept')
    disk.powerCut()
    expect(await names(disk)).toEqual(['folder', 'kept'])
    expect(await disk.list('folder')).toEqual([])
  })

  it('keeps what was replaced when the power goes', async () => {
    const disk = createMemoryDisk()
    await disk.replace('a', utf8('new'))
    disk.powerCut()
    expect(await disk.read('a')).toEqual(utf8('new'))
  })

  it('is full when it is full, and has room again when something goes', async () => {
    const disk = createMemoryDisk({ ofBytes: 10 })
    await disk.create('a', new Uint8Array(8))
    await expect(disk.create('b', new Uint8Array(3))).rejects.toMatchObject({ kind: 'full' })
    await disk.remove('a')
    await disk.create('b', new Uint8Array(10))
    expect(await disk.free()).toEqual({ bytes: 0, ofBytes: 10 })
  })

  it('damages a byte, and refuses everything, when told to', async () => {
    const disk = createMemoryDisk()
    await disk.create('a', utf8('abc'))
    disk.damage('a', 1)
    expect([...(await disk.read('a'))]).toEqual([97, 98 ^ 0xff, 99])
    disk.refuse(new Fault('corrupt', 'the card died'))
    await expect(disk.read('a')).rejects.toMatchObject({ kind: 'corrupt' })
  })
})
