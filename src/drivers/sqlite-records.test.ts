import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeRecordsContract } from '../ports/records.contract.ts'
import { orderKey, type Change } from '../ports/records.ts'
import { mountSmallDisk } from './small-disk.fixture.ts'
import { openSqliteRecords } from './sqlite-records.ts'

describeRecordsContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-index-'))
  return {
    open: () => openSqliteRecords(join(folder, 'index.sqlite')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
})

describe('the index in SQLite', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lintel-index-'))
    path = join(folder, 'index.sqlite')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('syncs every transaction and writes ahead', async () => {
    await using records = await openSqliteRecords(path)
    await records.write([put(1)])
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(0)
    const db = new DatabaseSync(path)
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    db.close()
  })

  it('says what to do with a file that is no database', async () => {
    await writeFile(path, 'holiday pictures'.repeat(1000))
    const attempt = openSqliteRecords(path)
    await expect(attempt).rejects.toMatchObject({ kind: 'corrupt' })
    await expect(attempt).rejects.toThrow(/index\.sqlite.*puts the file aside and builds a new one/)
  })

  it('finds a damaged page when it opens', async () => {
    await fill(path, 2000)
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(6000, 0xab), 0, 6000, 3 * 4096)
    await file.close()
    await expect(openSqliteRecords(path)).rejects.toMatchObject({ kind: 'corrupt' })
  })

  it('refuses the file of a newer version in words', async () => {
    await fill(path, 1)
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const attempt = openSqliteRecords(path)
    await expect(attempt).rejects.toMatchObject({ kind: 'invalid' })
    await expect(attempt).rejects.toThrow(/newer Lintel \(version 99, this one knows up to 2\)/)
  })

  it('says where the folder is missing', async () => {
    await expect(openSqliteRecords(join(folder, 'no/index.sqlite'))).rejects.toMatchObject({ kind: 'denied' })
  })

  it('reports a row that somebody edited into nonsense', async () => {
    await fill(path, 1)
    const db = new DatabaseSync(path)
    db.exec(`UPDATE clip SET row = '{half'`)
    db.close()
    await using records = await openSqliteRecords(path)
    await expect(records.list('clip')).rejects.toThrow(/row 000000000000 of clip: wanted JSON, got "{half"/)
  })

  it('shows nothing of a write that another program kept it from', async () => {
    await using records = await openSqliteRecords(path)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(records.write([put(1)])).rejects.toMatchObject({ kind: 'unavailable' })
    other.exec('ROLLBACK')
    other.close()
    expect(await records.list('clip')).toEqual([])
    await records.write([put(2)])
    expect(await records.list('clip')).toHaveLength(1)
  })

  it('still has every acknowledged row when its process is killed', async () => {
    const { code, out } = await writeUntilKilled(path)
    expect(code).toBeNull()
    const acknowledged = out.trim().split('\n').length
    await using records = await openSqliteRecords(path)
    const rows = await records.list('clip')
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged)
    expect(rows.map(({ key }) => key)).toEqual(rows.map((_, n) => orderKey(n)))
  })
})

const small = mountSmallDisk()

describe('the index on a full disk', () => {
  afterAll(() => small?.unmount())

  it.skipIf(small === undefined)(
    'says that it is full, keeps what it had, and goes on once there is room',
    async () => {
      await using records = await openSqliteRecords(join(small?.path ?? '', 'index.sqlite'))
      await records.write([put(0)])
      const big: Change = { put: 'part', key: 'big', row: 'x'.repeat(2_000_000) }
      await expect(records.write([put(1), big])).rejects.toMatchObject({ kind: 'full' })
      expect(await records.list('clip')).toHaveLength(1)
      await records.write([put(1)])
      expect(await records.list('clip')).toHaveLength(2)
    },
  )
})

const put = (n: number): Change => ({
  put: 'clip',
  key: orderKey(n),
  row: { n, text: 'a row of some length' },
})

async function fill(path: string, rows: number): Promise<void> {
  await using records = await openSqliteRecords(path)
  await records.write(Array.from({ length: rows }, (_, n) => put(n)))
}

/** Another process writes row after row and names each one acknowledged; it is killed in the middle. */
async function writeUntilKilled(path: string): Promise<{ code: number | null; out: string }> {
  const driver = new URL('./sqlite-records.ts', import.meta.url).href
  const script = `
    const { openSqliteRecords } = await import(${JSON.stringify(driver)})
    const records = await openSqliteRecords(${JSON.stringify(path)})
    for (let n = 0; ; n++) {
      await records.write([{ put: 'clip', key: String(n).padStart(12, '0'), row: { n } }])
      process.stdout.write(n + '\\n')
      await new Promise((resolve) => setImmediate(resolve))
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (out.split('\n').length > 50) child.kill('SIGKILL')
  })
  const [code] = await once(child, 'close')
  return { code: typeof code === 'number' ? code : null, out }
}
