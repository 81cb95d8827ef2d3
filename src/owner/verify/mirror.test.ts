import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../../sim/devices/memory-records.ts'
import { utf8 } from '../../base/bytes.ts'
import { silentLog } from '../../base/log.ts'
import { openLedger } from '../../ledger/index.ts'
import type { Disk } from '../../ports/disk.ts'
import type { Records } from '../../ports/records.ts'
import { openDeviceKey } from '../../vault/index.ts'
import { verifyMirror } from './index.ts'

const pageOf = (n: number): string => `ledger/${String(n).padStart(12, '0')}.json`

async function ledgerOfFour(): Promise<{ readonly disk: Disk; readonly records: Records }> {
  const [disk, records] = [createMemoryDisk(), new MemoryRecords().open()]
  const key = await openDeviceKey({ disk, log: silentLog })
  const mirror = { disk, log: silentLog }
  const ledger = await openLedger({ records, key, queueUpload: () => [], wakeUploads: () => {}, mirror })
  for (let boot = 0; boot < 4; boot++) await ledger.append({ type: 'started', boot }, [])
  return { disk, records }
}

describe('the pages of the ledger beside the index', () => {
  it('are those of the ledger', async () => {
    expect(await verifyMirror(await ledgerOfFour())).toEqual([])
  })

  it('have no flipped bit that is not found', async () => {
    const place = await ledgerOfFour()
    const bytes = await place.disk.read(pageOf(1))
    for (let at = 0; at < bytes.length - 1; at++) {
      const flipped = bytes.with(at, (bytes[at] ?? 0) ^ 1)
      await place.disk.replace(pageOf(1), flipped)
      expect(await verifyMirror(place)).toMatchObject([{ verdict: 'changed', what: pageOf(1) }])
    }
  })

  it('are found when they changed places', async () => {
    const { disk, records } = await ledgerOfFour()
    const second = await disk.read(pageOf(1))
    await disk.replace(pageOf(1), await disk.read(pageOf(2)))
    await disk.replace(pageOf(2), second)
    expect((await verifyMirror({ disk, records })).map(({ what }) => what)).toEqual([pageOf(1), pageOf(2)])
  })

  it('may be behind, and the newest may be torn: the next start writes them', async () => {
    const place = await ledgerOfFour()
    await place.disk.replace(pageOf(3), utf8('{"entry'))
    await place.disk.remove(pageOf(0))
    expect((await verifyMirror(place)).map(({ verdict }) => verdict)).toEqual(['note', 'note'])
  })

  it('are not more than there are entries', async () => {
    const place = await ledgerOfFour()
    await place.disk.create(pageOf(4), utf8('another'))
    expect(await verifyMirror(place)).toMatchObject([{ verdict: 'unknown', what: pageOf(4) }])
  })
})
