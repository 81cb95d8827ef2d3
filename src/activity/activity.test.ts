import { describe, expect, it } from 'vitest'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import { Fault } from '../base/fault.ts'
import { monoMs, unixMs } from '../base/time.ts'
import type { LedgerEntry } from '../formats/index.ts'
import type { Ledger } from '../ledger/index.ts'
import type { Change } from '../ports/records.ts'
import { createActivities, hashOfRow, type ActivityDesk } from './index.ts'

const ANNA = { member: 'm1', name: 'Anna' }
const DAY_MS = 86_400_000

class Home {
  readonly records = new MemoryRecords().open()
  readonly entries: LedgerEntry[] = []
  now = 0
  refusal: Fault | undefined
  readonly book: ActivityDesk = createActivities({
    records: this.records,
    random: createSeededRandom(1),
    clock: {
      mono: () => monoMs(this.now),
      wall: () => ({ at: unixMs(1_767_225_600_000 + this.now), trusted: true }),
      sleep: async () => {},
    },
  })
  readonly ledger: Pick<Ledger, 'append'> = {
    append: async (entry, alongside: readonly Change[]) => {
      if (this.refusal !== undefined) throw this.refusal
      await this.records.write(alongside)
      this.entries.push(entry)
    },
  }

  async rows(): Promise<readonly Parameters<typeof hashOfRow>[0][]> {
    return (await this.records.list('activity')).map(({ row }) => row as Parameters<typeof hashOfRow>[0])
  }
}

describe('what somebody did', () => {
  it('stands on the device in words, and in the ledger as a hash that says nothing', async () => {
    const home = new Home()
    await home.book.attach(home.ledger)
    await home.book.note(ANNA, 'deleted', { clip: 'clip-one', detail: 'from the kitchen' })
    const [row] = await home.rows()
    expect(row).toMatchObject({ member: 'm1', name: 'Anna', what: 'deleted', clip: 'clip-one' })
    expect(home.entries).toEqual([{ type: 'activity', sha256: row && hashOfRow(row) }])
    expect(JSON.stringify(home.entries)).not.toMatch(/Anna|deleted|clip-one/)
  })

  it('has another hash each time, though it is the same', async () => {
    const home = new Home()
    await home.book.attach(home.ledger)
    await home.book.note(ANNA, 'signed-in')
    await home.book.note(ANNA, 'signed-in')
    const [a, b] = home.entries
    expect(a).not.toEqual(b)
  })

  it('is listed newest first, page by page', async () => {
    const home = new Home()
    await home.book.attach(home.ledger)
    for (const detail of ['1', '2', '3']) await home.book.note(ANNA, 'held', { detail })
    const first = await home.book.list({ limit: 2 })
    expect(first.activity.map(({ detail }) => detail)).toEqual(['3', '2'])
    expect(first.more).toBe(true)
    const rest = await home.book.list({ limit: 2, before: first.activity[1]?.id ?? '' })
    expect(rest).toMatchObject({ activity: [{ detail: '1' }], more: false })
  })

  it('waits for the ledger while no doorbell runs, and is entered when one does, in order', async () => {
    const home = new Home()
    await home.book.note(ANNA, 'enrolled')
    await home.book.note(ANNA, 'signed-in')
    expect(await home.rows()).toMatchObject([{ waits: true }, { waits: true }])
    await home.book.attach(home.ledger)
    const rows = await home.rows()
    expect(rows.map((row) => 'waits' in row)).toEqual([false, false])
    expect(home.entries).toEqual(rows.map((row) => ({ type: 'activity', sha256: hashOfRow(row) })))
    await home.book.detach()
    await home.book.note(ANNA, 'signed-out')
    expect(home.entries).toHaveLength(2)
  })

  it('is not noted when the ledger cannot be written, and whoever did it hears of that', async () => {
    const home = new Home()
    await home.book.attach(home.ledger)
    home.refusal = new Fault('full', 'no room')
    await expect(home.book.note(ANNA, 'held')).rejects.toMatchObject({ kind: 'full' })
    expect(await home.rows()).toEqual([])
    home.refusal = undefined
    await home.book.note(ANNA, 'held')
    expect(await home.rows()).toHaveLength(1)
  })

  it('is one thing when a page plays a clip again and again, until a minute has gone', async () => {
    const home = new Home()
    await home.book.attach(home.ledger)
    for (let n = 0; n < 20; n++) await home.book.note(ANNA, 'played', { clip: 'c1' })
    await home.book.note(ANNA, 'played', { clip: 'c2' })
    home.now = 60_000
    await home.book.note(ANNA, 'played', { clip: 'c1' })
    expect((await home.rows()).map(({ clip }) => clip)).toEqual(['c1', 'c2', 'c1'])
  })

  it('is forgotten after 400 days, and the ledger stays', async () => {
    const home = new Home()
    await home.book.attach(home.ledger)
    for (let n = 0; n < 3; n++) await home.book.note(ANNA, 'held', { detail: String(n) })
    home.now = 401 * DAY_MS
    await home.book.note(ANNA, 'released')
    expect((await home.rows()).map(({ what }) => what)).toEqual(['released'])
    expect(home.entries).toHaveLength(4)
  })
})
