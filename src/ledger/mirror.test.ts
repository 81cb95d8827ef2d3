import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createMemoryDisk } from '../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import {
  encodePage,
  openNote,
  parseCheckpoint,
  parsePage,
  signerOf,
  signNote,
  type LedgerEntry,
} from '../formats/index.ts'
import type { Records } from '../ports/records.ts'
import type { DeviceKey } from '../vault/index.ts'
import { openLedger, problemOfIndex, restoreLedger, type Ledger } from './index.ts'

const started = (boot: number): LedgerEntry => ({ type: 'started', boot })

describe('the mirror of the ledger', () => {
  it('has a page for each entry, with the checkpoint that was signed when it was the newest', async () => {
    const house = new House()
    await house.grow(3)
    const pages = await house.pages()
    expect(pages.map(({ entry }) => entry)).toEqual([0, 1, 2].map((n) => `{"boot":${n},"type":"started"}`))
    const sizes = pages.map(({ checkpoint }) => parseCheckpoint(openNote('page', checkpoint, house.key)).size)
    expect(sizes).toEqual([1, 2, 3])
  })

  it('survives a power cut as soon as the entry was appended', async () => {
    const house = new House()
    await house.grow(3)
    house.disk.powerCut()
    expect(await house.pages()).toHaveLength(3)
  })

  it('is filled in at the start where it is missing, with the very bytes that were missed', async () => {
    const house = new House()
    await house.grow(5)
    const before = await house.files()
    for (const n of [1, 3, 4]) await house.disk.remove(path(n))
    await house.open()
    expect(await house.files()).toEqual(before)
    expect(await house.quarantined()).toEqual([])
  })

  it('is made whole for a ledger that never had one', async () => {
    const house = new House()
    await house.grow(4)
    const before = await house.files()
    for (const n of [0, 1, 2, 3]) await house.disk.remove(path(n))
    await house.disk.remove('ledger')
    await house.open()
    house.disk.powerCut()
    expect(await house.files()).toEqual(before)
  })

  it('gets back the page that a power cut has torn; what was there of it is put aside', async () => {
    const house = new House()
    await house.grow(3)
    const before = await house.files()
    await house.disk.replace(path(2), utf8('{"entry":'))
    await house.open()
    expect(await house.files()).toEqual(before)
    expect(await house.quarantined()).toEqual(['ledger-000000000002.json'])
  })

  it('holds nothing that the ledger does not: a page too many is put aside, a temporary file goes', async () => {
    const house = new House()
    await house.grow(2)
    await house.disk.create(path(7), utf8('of another ledger'))
    await house.disk.create('ledger/000000000001.json.1-1.tmp', utf8('half'))
    await house.open()
    expect((await house.files()).size).toBe(2)
    expect(await house.quarantined()).toEqual(['ledger-000000000007.json'])
  })

  it('never replaces what was put aside before', async () => {
    const house = new House()
    await house.grow(2)
    for (const text of ['one', 'another']) {
      await house.disk.replace(path(1), utf8(text))
      await house.open()
    }
    expect(await house.quarantined()).toEqual(['ledger-000000000001.json', 'ledger-000000000001.json-1'])
  })

  it('waits while there is no room, and catches up when there is; the ledger goes on meanwhile', async () => {
    const house = new House()
    const ledger = await house.grow(1)
    house.disk.refuse(new Fault('full', 'no room'))
    await ledger.append(started(1), [])
    await ledger.append(started(2), [])
    expect(ledger.size).toBe(3)
    expect(house.logged).toEqual(['error ledger.mirror_waits', 'error ledger.mirror_waits'])
    house.disk.refuse(undefined)
    await ledger.append(started(3), [])
    house.disk.powerCut()
    expect((await house.pages()).map(({ entry }) => entry)).toEqual(
      [0, 1, 2, 3].map((n) => `{"boot":${n},"type":"started"}`),
    )
  })

  it('stops at a broken disk until the next start; the ledger goes on', async () => {
    const house = new House()
    const ledger = await house.grow(1)
    house.disk.refuse(new Fault('corrupt', 'input/output error'))
    await ledger.append(started(1), [])
    house.disk.refuse(undefined)
    await ledger.append(started(2), [])
    expect(house.logged).toEqual(['error ledger.mirror_failed'])
    expect(await house.pages()).toHaveLength(1)
    await house.open()
    expect(await house.pages()).toHaveLength(3)
  })
})

describe('a ledger is restored from its mirror', () => {
  const restored = async (house: House): Promise<readonly [number, number]> => {
    const { texts, entries, lost } = await restoreLedger(house)
    expect(entries).toEqual(texts.map((_, n) => started(n)))
    return [texts.length, lost]
  }

  it('whole when all of it is there', async () => {
    const house = new House()
    await house.grow(300)
    expect(await restored(house)).toEqual([300, 0])
  })

  it('as far as it is unbroken; what signed checkpoints tell of beyond is lost', async () => {
    const house = new House()
    await house.grow(6)
    await house.disk.remove(path(2))
    expect(await restored(house)).toEqual([2, 4])
  })

  it.each<[string, (page: string) => string]>([
    ['no page', () => 'rubbish'],
    ['another entry', (page) => page.replace('boot\\":3', 'boot\\":9')],
    ['no entry', (page) => page.replace('started', 'party')],
  ])('up to a page that is %s', async (_what, change) => {
    const house = new House()
    await house.grow(6)
    await house.disk.replace(path(3), utf8(change(await house.read(3))))
    expect(await restored(house)).toEqual([3, 3])
  })

  it('also over a page whose checkpoint is spoilt, when a later one vouches for its entry', async () => {
    const house = new House()
    await house.grow(6)
    const { entry } = parsePage('page', await house.read(3))
    await house.disk.replace(path(3), utf8(encodePage({ entry, checkpoint: 'spoilt' })))
    expect(await restored(house)).toEqual([6, 0])
  })

  it('without a last page whose checkpoint is spoilt: nobody vouches for it', async () => {
    const house = new House()
    await house.grow(3)
    const { entry } = parsePage('page', await house.read(2))
    await house.disk.replace(path(2), utf8(encodePage({ entry, checkpoint: 'spoilt' })))
    expect(await restored(house)).toEqual([2, 0])
  })

  it('not from pages that another key signed', async () => {
    const house = new House()
    await house.grow(3)
    const { texts, lost } = await restoreLedger({ disk: house.disk, key: makeKey() })
    expect([texts.length, lost]).toEqual([0, 0])
  })
})

describe('an index that knows less than the mirror', () => {
  it('is told when it was set back', async () => {
    const house = new House()
    const ledger = await house.grow(2)
    const old = house.index.clone()
    await ledger.append(started(2), [])
    expect(await problemOfIndex(house)).toBeUndefined()
    expect(await problemOfIndex({ ...house, records: old.open() })).toBe(
      'ledger: the index has 2 entries, the mirror beside it 3',
    )
  })

  it('is not told when the page too many was signed by nobody', async () => {
    const house = new House()
    await house.grow(2)
    await house.disk.create(path(2), utf8('rubbish'))
    expect(await problemOfIndex(house)).toBeUndefined()
  })

  it('is not told of a ledger that another key signed: its mirror knows no better', async () => {
    const house = new House()
    await house.grow(2)
    expect(await problemOfIndex({ ...house, key: makeKey() })).toBeUndefined()
  })
})

const path = (n: number): string => `ledger/${String(n).padStart(12, '0')}.json`

class House {
  readonly disk = createMemoryDisk()
  readonly index = new MemoryRecords()
  readonly records: Records = this.index.open()
  readonly key: DeviceKey = makeKey()
  readonly logged: string[] = []

  open(): Promise<Ledger> {
    const { records, key, disk, log } = this
    return openLedger({
      records,
      key,
      queueUpload: () => [],
      wakeUploads: () => {},
      mirror: { disk, log },
    })
  }

  async grow(size: number): Promise<Ledger> {
    const ledger = await this.open()
    for (let boot = 0; boot < size; boot++) await ledger.append(started(boot), [])
    return ledger
  }

  async read(n: number): Promise<string> {
    return fromUtf8(await this.disk.read(path(n)))
  }

  async pages(): Promise<readonly { readonly entry: string; readonly checkpoint: string }[]> {
    return [...(await this.files())].map(([name, text]) => parsePage(name, text))
  }

  async files(): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>()
    for (const { name } of await this.disk.list('ledger'))
      files.set(name, fromUtf8(await this.disk.read(`ledger/${name}`)))
    return files
  }

  async quarantined(): Promise<readonly string[]> {
    return (await this.disk.list('quarantine')).map(({ name }) => name)
  }

  readonly log: Log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (event) => void this.logged.push(`error ${event}`),
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
