import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import {
  decodeEntries,
  encodeEntry,
  leafHash,
  openNote,
  parseCheckpoint,
  rootOf,
  signerOf,
  signNote,
  type LedgerEntry,
} from '../formats/index.ts'
import { orderKey, type Records } from '../ports/records.ts'
import type { UploadJob } from '../upload/index.ts'
import type { DeviceKey } from '../vault/index.ts'
import { CHECKPOINT_KEY, openLedger, type Ledger } from './index.ts'

const started = (boot: number): LedgerEntry => ({ type: 'started', boot })

describe('the ledger', () => {
  it('is empty at first, and writes nothing by being opened', async () => {
    const house = new House()
    expect((await house.open()).size).toBe(0)
    expect(await house.records.list('device')).toEqual([])
  })

  it('writes the entry, the signed root over all, and what came along, in one transaction', async () => {
    const house = new House()
    const ledger = await house.open()
    await ledger.append(started(0), [{ put: 'clip', key: 'a', row: 'alongside' }])
    await ledger.append(started(1), [])
    expect(ledger.size).toBe(2)
    expect(await house.entries()).toEqual(['{"boot":0,"type":"started"}', '{"boot":1,"type":"started"}'])
    expect(await house.records.read('clip', 'a')).toBe('alongside')
    expect(await house.checkpoint()).toEqual({
      origin: house.key.name,
      size: 2,
      root: rootOf([started(0), started(1)].map((entry) => leafHash(utf8(encodeEntry(entry))))),
    })
  })

  it('writes nothing at all when the disk refuses, and goes on with the same number', async () => {
    const house = new House()
    const ledger = await house.open()
    await ledger.append(started(0), [])
    house.index.refuseWrites(new Fault('full', 'no room'))
    await expect(ledger.append(started(1), [{ put: 'clip', key: 'a', row: 1 }])).rejects.toThrow('no room')
    house.index.refuseWrites(undefined)
    expect(ledger.size).toBe(1)
    expect(await house.records.read('clip', 'a')).toBeUndefined()
    await ledger.append(started(2), [])
    expect(await house.entries()).toEqual(['{"boot":0,"type":"started"}', '{"boot":2,"type":"started"}'])
    expect((await house.open()).size).toBe(2)
  })

  it('keeps the order of those who append at once, and one failure does not stop the others', async () => {
    const house = new House()
    const ledger = await house.open()
    const bad: LedgerEntry = { type: 'clip', clip: 'c'.repeat(64), manifest: 'x'.repeat(70_000), name: '' }
    const outcomes = await Promise.allSettled(
      [started(0), started(1), bad, started(2)].map((entry) => ledger.append(entry, [])),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await house.entries()).toEqual([0, 1, 2].map((boot) => encodeEntry(started(boot))))
    expect((await house.checkpoint()).size).toBe(3)
  })

  it('goes on after a restart where it was', async () => {
    const house = new House()
    await house.grow(3)
    const again = await house.open()
    expect(again.size).toBe(3)
    await again.append(started(3), [])
    expect((await house.open()).size).toBe(4)
    expect(await house.entries()).toHaveLength(4)
  })

  it('queues for the store what changed, and the root only after what it stands for', async () => {
    const house = new House()
    await house.grow(2)
    expect(house.queued.slice(-3).map(({ name, replace, what }) => ({ name, replace, what }))).toEqual([
      { name: 'tile/entries/000.p/2', replace: false, what: 'ledger' },
      { name: 'tile/0/000.p/2', replace: false, what: 'ledger' },
      { name: 'checkpoint', replace: true, what: 'ledger' },
    ])
    expect(decodeEntries(house.queuedBytes('tile/entries/000.p/2')).map(fromUtf8)).toEqual(
      await house.entries(),
    )
    expect(fromUtf8(house.queuedBytes('checkpoint'))).toBe(await house.note())
  })

  it('remembers which root the store has acknowledged, and nothing of the other pieces', async () => {
    const house = new House()
    const ledger = await house.open()
    await ledger.append(started(0), [])
    expect(house.queued.map((job) => [job.name, ledger.uploaded(job)])).toEqual([
      ['tile/entries/000.p/1', []],
      ['tile/0/000.p/1', []],
      ['checkpoint', [{ put: 'device', key: 'stored-checkpoint', row: await house.note() }]],
    ])
  })

  it('never queues two different objects under one name that must not be replaced', async () => {
    const house = new House()
    await house.grow(260)
    const names = house.queued.filter(({ replace }) => !replace).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('tile/1/000.p/1')
  })
})

describe('a ledger that somebody changed is refused, when', () => {
  const corrupt = (words: RegExp): object => ({
    name: 'Fault',
    kind: 'corrupt',
    message: expect.stringMatching(words),
  })

  it('an entry says something else', async () => {
    const house = new House()
    await house.grow(3)
    await house.records.write([{ put: 'ledger', key: orderKey(1), row: encodeEntry(started(9)) }])
    await expect(house.open()).rejects.toMatchObject(corrupt(/not those that were signed for/))
  })

  it('two entries changed places', async () => {
    const house = new House()
    await house.grow(3)
    await house.records.write([
      { put: 'ledger', key: orderKey(1), row: encodeEntry(started(2)) },
      { put: 'ledger', key: orderKey(2), row: encodeEntry(started(1)) },
    ])
    await expect(house.open()).rejects.toMatchObject(corrupt(/not those that were signed for/))
  })

  it.each([
    [0, /wanted entry 0, got 000000000001/],
    [1, /wanted entry 1, got 000000000002/],
    [2, /the checkpoint is for 3 entries, there are 2/],
  ])('entry %i is gone', async (n, words) => {
    const house = new House()
    await house.grow(3)
    await house.records.write([{ remove: 'ledger', key: orderKey(n) }])
    await expect(house.open()).rejects.toMatchObject(corrupt(words))
  })

  it('there is one more', async () => {
    const house = new House()
    await house.grow(3)
    await house.records.write([{ put: 'ledger', key: orderKey(3), row: encodeEntry(started(3)) }])
    await expect(house.open()).rejects.toMatchObject(corrupt(/the checkpoint is for 3 entries, there are 4/))
  })

  it('nothing vouches for its entries', async () => {
    const house = new House()
    await house.grow(3)
    await house.records.write([{ remove: 'device', key: CHECKPOINT_KEY }])
    await expect(house.open()).rejects.toMatchObject(
      corrupt(/3 entries, and no checkpoint that vouches for them/),
    )
  })

  it('all of its entries are gone', async () => {
    const house = new House()
    await house.grow(2)
    await house.records.write([0, 1].map((n) => ({ remove: 'ledger', key: orderKey(n) })))
    await expect(house.open()).rejects.toMatchObject(corrupt(/the checkpoint is for 2 entries, there are 0/))
  })

  it('its root was signed with another key', async () => {
    const house = new House()
    await house.grow(2)
    const stranger = new House()
    await expect(
      openLedger({ records: house.records, key: stranger.key, queueUpload: () => [], wakeUploads: () => {} }),
    ).rejects.toMatchObject(corrupt(/ledger checkpoint: wanted the signature of/))
  })

  it.each([
    ['no JSON', /ledger entry 1: no JSON/],
    ['{"type":"party"}', /ledger entry 1: /],
  ])('an entry reads %s', async (row, words) => {
    const house = new House()
    await house.grow(3)
    await house.records.write([{ put: 'ledger', key: orderKey(1), row }])
    await expect(house.open()).rejects.toMatchObject(corrupt(words))
  })

  it('a row is no text', async () => {
    const house = new House()
    await house.grow(3)
    await house.records.write([{ put: 'ledger', key: orderKey(1), row: 7 }])
    await expect(house.open()).rejects.toMatchObject(corrupt(/wanted entry 1/))
    await house.records.write([{ put: 'device', key: CHECKPOINT_KEY, row: { size: 3 } }])
    await house.records.write([{ put: 'ledger', key: orderKey(1), row: encodeEntry(started(1)) }])
    await expect(house.open()).rejects.toMatchObject(corrupt(/the checkpoint is no text/))
  })
})

class House {
  readonly index = new MemoryRecords()
  readonly records: Records = this.index.open()
  readonly key: DeviceKey = makeKey()
  readonly queued: UploadJob[] = []

  open(): Promise<Ledger> {
    const queueUpload = (job: UploadJob): [] => {
      this.queued.push(job)
      return []
    }
    return openLedger({ records: this.records, key: this.key, queueUpload, wakeUploads: () => {} })
  }

  async grow(size: number): Promise<void> {
    const ledger = await this.open()
    for (let boot = 0; boot < size; boot++) await ledger.append(started(boot), [])
  }

  async entries(): Promise<readonly unknown[]> {
    return (await this.records.list('ledger')).map(({ row }) => row)
  }

  async note(): Promise<string> {
    const row = await this.records.read('device', CHECKPOINT_KEY)
    return typeof row === 'string' ? row : ''
  }

  async checkpoint(): Promise<ReturnType<typeof parseCheckpoint>> {
    return parseCheckpoint(openNote('checkpoint', await this.note(), this.key))
  }

  /** Of the job of this name that was queued last. */
  queuedBytes(name: string): Uint8Array {
    const job = this.queued.findLast((each) => each.name === name)
    return Buffer.from(job !== undefined && 'inline' in job.source ? job.source.inline : '', 'base64')
  }
}

function makeKey(): DeviceKey {
  const signer = signerOf('lintel', generateKeyPairSync('ed25519').privateKey)
  return {
    name: signer.name,
    publicKey: signer.publicKey,
    signNote: (body) => signNote(body, signer),
    sign: (text) => sign(null, text, signer.secret),
  }
}
