import { cp, mkdtemp, open, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { guarded, type Verdict } from './rig.fixture.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { House, live, type Lived } from './rebuild.fixture.ts'
import { openIndex } from '../commands/open-index.ts'

let folder: string
let index: string
let house: House
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-open-index-'))
  index = join(folder, 'index.sqlite')
  const disk = await openNodeDisk(folder)
  house = new House({ disk, records: await openIndex({ folder, disk, log: silentLog }) })
  await house.enrol()
})
afterEach(async () => {
  await house.records[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** The index as a power cut leaves it: with its log, which an orderly closing would write back. */
async function pullPlug(): Promise<void> {
  const copies = ['', '-wal', '-shm'].map((end) => [index + end, `${index}${end}.cut`] as const)
  for (const [from, to] of copies) await cp(from, to)
  await house.records[Symbol.asyncDispose]()
  for (const [from, to] of copies) {
    await cp(to, from)
    await unlink(to)
  }
}

async function overwrite(path: string, from: number, bytes: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(bytes, 0xa5), 0, bytes, from)
  await file.close()
}

/** Brings everything from the log into the file itself. */
function checkpoint(): void {
  const db = new DatabaseSync(index)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

const openAgain = async (): Promise<void> => {
  house.records = await openIndex({ folder, disk: house.disk, log: house.log })
}

const quarantine = async (): Promise<readonly string[]> =>
  (await house.disk.list('quarantine/index-1')).map(({ name }) => name)

const DAMAGES: readonly (readonly [string, () => Promise<void> | void])[] = [
  ['is no database', () => (checkpoint(), writeFile(index, 'holiday pictures'.repeat(1000)))],
  ['has its first page overwritten', () => (checkpoint(), overwrite(index, 0, 4096))],
  [
    'has pages overwritten',
    async () => {
      checkpoint()
      await overwrite(index, 4096, (await stat(index)).size - 4096)
    },
  ],
  [
    'was cut in half',
    async () => {
      checkpoint()
      await truncate(index, Math.floor((await stat(index)).size / 2))
    },
  ],
  ['is empty', () => truncate(index, 0)],
  [
    'is empty, and its log is gone',
    async () => {
      await truncate(index, 0)
      await unlink(`${index}-wal`)
    },
  ],
  ['is gone', () => unlink(index)],
  [
    'is gone with its log',
    async () => {
      for (const end of ['', '-wal', '-shm']) await unlink(index + end)
    },
  ],
  ['lost its log, and is older than it was', () => unlink(`${index}-wal`)],
  [
    'has a log that is damaged in its middle',
    async () => {
      await overwrite(`${index}-wal`, Math.floor((await stat(`${index}-wal`)).size / 2), 9000)
    },
  ],
  [
    'has rows that are no JSON any more',
    () => {
      const db = new DatabaseSync(index)
      db.exec(`UPDATE clip SET row = '{half'`)
      db.close()
    },
  ],
  [
    'has an entry of the ledger that says something else',
    () => {
      const db = new DatabaseSync(index)
      db.exec(`UPDATE ledger SET row = replace(row, 'boot\\":0', 'boot\\":7')`)
      db.close()
    },
  ],
]

describe('a doorbell whose index', () => {
  it.each(DAMAGES)(
    '%s starts, with every clip that was acknowledged, and deletes nothing',
    async (_what, damage) => {
      const lived = await live(house, await house.start())
      const before = await house.files()
      await pullPlug()
      await damage()
      const files = (await house.disk.list('')).filter(({ name }) => name.startsWith('index.sqlite'))

      await openAgain()
      const life = await house.start()
      expect(life.rebuilt).toMatchObject({ sealed: 2, growing: 1, entriesLost: 0 })
      await expectAllThere(lived)
      const hashes = new Set((await house.files()).values())
      for (const [path, hash] of before) expect([path, hashes.has(hash)]).toEqual([path, true])
      const [main] = files
      if (main !== undefined && main.bytes > 0) expect(await quarantine()).toContain(main.name)
      await house.uploadAll(life)
      expect(await house.problems()).toEqual([])
      await house.records[Symbol.asyncDispose]()
      await openAgain()
      expect((await house.start()).rebuilt).toBeUndefined()
    },
  )

  it('is sound is opened as it is', async () => {
    await live(house, await house.start())
    await pullPlug()
    await openAgain()
    expect((await house.start()).rebuilt).toBeUndefined()
    expect(house.logged.filter((line) => line.includes('index.'))).toEqual([])
  })

  it('comes from a newer version is left where it is', async () => {
    await house.start()
    await house.records[Symbol.asyncDispose]()
    const db = new DatabaseSync(index)
    db.exec('PRAGMA user_version = 99')
    db.close()
    await expect(openAgain()).rejects.toMatchObject({ kind: 'invalid' })
    expect((await stat(index)).size).toBeGreaterThan(0)
    expect(await house.disk.list('quarantine')).toEqual([])
  })

  it('belongs to a key that was changed is left where it is: it is not the index that is damaged', async () => {
    await house.start()
    await house.records[Symbol.asyncDispose]()
    await unlink(join(folder, 'device.key'))
    await openAgain()
    await expect(house.start()).rejects.toThrow(/wanted the signature of/)
    await house.records[Symbol.asyncDispose]()
    await openAgain()
    expect(await house.disk.list('quarantine')).toEqual([])
  })

  it('is put aside when the power goes: the next start goes on with it', async () => {
    const lived = await live(house, await house.start())
    await pullPlug()
    await truncate(index, 0)
    for (let at = 1; at <= 8; at++) {
      let calls = 0
      const ask = (): Verdict => (++calls < at ? 'pass' : 'fail-before')
      const cut = guarded(house, ask, () => new Fault('corrupt', 'the power went'))
      await openIndex({ folder, disk: cut.disk, log: house.log }).then(
        (records) => records[Symbol.asyncDispose](),
        () => {},
      )
    }
    await openAgain()
    expect((await house.start()).rebuilt).toMatchObject({ sealed: 2, growing: 1 })
    await expectAllThere(lived)
    const aside = await house.disk.list('quarantine')
    const folders = await Promise.all(aside.map(({ name }) => house.disk.list(`quarantine/${name}`)))
    expect(folders.flat().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['index.sqlite', 'index.sqlite-wal']),
    )
  })
})

async function expectAllThere(lived: Lived): Promise<void> {
  const files = await house.files('clips')
  for (const [key, hash] of lived.acknowledged) expect(files.get(`clips/${key}`)).toBe(hash)
  expect(await house.films()).toEqual(lived.films)
}
