import { describe, expect, it } from 'vitest'
import { Fault } from '../../src/base/fault.ts'
import { describeRecordsContract } from '../../src/ports/records.contract.ts'
import { MemoryRecords } from './memory-records.ts'

describeRecordsContract('the simulated index', async () => {
  const index = new MemoryRecords()
  return { open: async () => index.open(), async [Symbol.asyncDispose]() {} }
})

describe('the simulated index', () => {
  it('refuses writes while told to, and then nothing of them is there', async () => {
    const index = new MemoryRecords()
    const records = index.open()
    index.refuseWrites(new Fault('full', 'no room'))
    await expect(records.write([{ put: 'clip', key: 'a', row: 1 }])).rejects.toMatchObject({ kind: 'full' })
    index.refuseWrites(undefined)
    expect(await records.list('clip')).toEqual([])
  })

  it('syncs with a transaction also those before it, whose process was ended meanwhile', async () => {
    const index = new MemoryRecords()
    await index.open().write([{ put: 'clip', key: 'a', row: 'growing' }])
    void index.open(() => new Promise(() => {})).write([{ put: 'clip', key: 'a', row: 'expiring' }])
    await index.open().write([{ remove: 'clip', key: 'a' }])
    index.cut(() => false)
    expect(index.rows('clip')).toEqual([])
  })
})
