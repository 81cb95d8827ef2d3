import { describe, expect, it } from 'vitest'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { Fault } from '../base/fault.ts'
import { describeRecordsContract } from '../ports/records.contract.ts'
import type { Records } from '../ports/records.ts'
import { openRecordsLazily } from './lazy-records.ts'

describeRecordsContract('an index that is opened lazily', async () => {
  const index = new MemoryRecords()
  return {
    open: async () => openRecordsLazily(async () => index.open()),
    async [Symbol.asyncDispose]() {},
  }
})

describe('an index that is opened lazily', () => {
  it('is not opened before somebody asks, and once only', async () => {
    const place = new Place()
    const records = openRecordsLazily(() => place.open())
    expect(place.tries).toBe(0)
    await Promise.all([records.read('clip', 'a'), records.list('clip')])
    expect(place.tries).toBe(1)
  })

  it('says why it cannot be opened to whoever asks, and tries again for the next', async () => {
    const place = new Place()
    place.fault = new Fault('denied', 'read-only file system')
    const records = openRecordsLazily(() => place.open())
    await expect(records.list('clip')).rejects.toThrow('read-only file system')
    await expect(records.write([])).rejects.toThrow('read-only file system')
    expect(place.tries).toBe(2)
    place.fault = undefined
    await records.write([{ put: 'clip', key: 'a', row: 1 }])
    expect(await records.read('clip', 'a')).toBe(1)
  })

  it('closes though it was never opened, or could not be', async () => {
    const place = new Place()
    place.fault = new Fault('denied', 'read-only file system')
    await openRecordsLazily(() => place.open())[Symbol.asyncDispose]()
    const records = openRecordsLazily(() => place.open())
    await records.list('clip').catch(() => {})
    await records[Symbol.asyncDispose]()
    expect(place.tries).toBe(1)
  })
})

class Place {
  tries = 0
  fault: Fault | undefined
  readonly #index = new MemoryRecords()

  async open(): Promise<Records> {
    this.tries++
    if (this.fault !== undefined) throw this.fault
    return this.#index.open()
  }
}
