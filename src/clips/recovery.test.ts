import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import { monoMs } from '../base/time.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import type { Disk } from '../ports/disk.ts'
import type { Records } from '../ports/records.ts'
import {
  guarded,
  manifestOf,
  metaOf,
  packetsFrom,
  Rig,
  samplesOf,
  track,
  visitId,
  type UploadRow,
  type Verdict,
} from './rig.fixture.ts'

let root: string
let disk: Disk
let records: Records
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lintel-recovery-'))
  await openAt(root)
})
afterEach(async () => {
  await records[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

async function openAt(folder: string): Promise<void> {
  disk = await openNodeDisk(folder)
  records = await openSqliteRecords(join(folder, 'index.sqlite'))
}

async function startAgain(seed = 1): Promise<Rig> {
  const rig = new Rig({ disk, records, seed })
  await rig.clips.open()
  return rig
}

/** Two visits, one in the cloud and expiring, one with notes and a poster. Everything that is ever written is written. */
async function liveThrough(rig: Rig): Promise<void> {
  await rig.clips.open()
  await rig.clips.beginRun(track)
  await rig.take(packetsFrom(0, 2000))
  await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
  await rig.clips.end({ at: monoMs(2000) })
  await rig.take(packetsFrom(2000, 3000))
  await rig.clips.begin({ visit: visitId(2), since: monoMs(2000) })
  await rig.clips.note({ signs: ['press'], presses: [monoMs(2500)], labels: [] })
  await rig.take(packetsFrom(3000, 6000))
  await rig.clips.retain()
  await rig.clips.end({ at: monoMs(6000) })
  await rig.clips.endRun()
}

/** The power goes at call number `at`, which may or may not have been done. Nothing after it happens. */
function powerCut(at: number, verdict: Verdict): { ports: ReturnType<typeof guarded>; calls: () => number } {
  let calls = 0
  const ports = guarded(
    { disk, records },
    () => {
      calls++
      if (calls < at) return 'pass'
      return calls === at ? verdict : 'fail-before'
    },
    () => new Fault('corrupt', 'the power went'),
  )
  return { ports, calls: () => calls }
}

describe('after the power went', () => {
  it('a clip that grew is closed with the parts that were acknowledged, and uploads', async () => {
    const rig = new Rig({ disk, records })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(0, 2000))
    const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
    await rig.clips.note({ signs: ['press'], presses: [monoMs(1500)], labels: [] })
    await rig.take(packetsFrom(2000, 4000))
    await posterStored(clip)

    const next = await startAgain()
    expect(next.of('clip-recovered')).toMatchObject([{ clip, visit: visitId(1), parts: 2 }])
    expect(await samplesOf(disk, clip)).toHaveLength(30)
    expect(await metaOf(disk, clip)).toMatchObject({ complete: false, presses: [1500] })
    expect(await manifestOf(disk, clip)).toMatchObject({ ended: 'recovered', parts: [{}, {}], poster: {} })
    await next.uploadAll()
    expect(next.of('clip-uploaded')).toEqual([{ kind: 'clip-uploaded', clip }])
  })

  it('no upload is taken for done before the clips are known: it would never be noted', async () => {
    const rig = new Rig({ disk, records })
    await liveThrough(rig)
    const next = new Rig({ disk, records, seed: 1 })
    await expect(next.uploadAll()).rejects.toThrow('the shelf is loaded before uploads begin')
    await next.clips.open()
    await next.uploadAll()
    expect(next.of('clip-uploaded')).not.toEqual([])
  })

  it('a clip without any part is let go, with the meta that was written', async () => {
    const stills = { jpegOf: () => Promise.reject(new Fault('missing', 'no decoder')) }
    const rig = new Rig({ disk, records, deps: { stills } })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(0, 500))
    const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
    const next = await startAgain()
    expect(next.of('clip-expired')).toMatchObject([{ clip, why: 'empty' }])
    expect(await disk.list('clips')).toEqual([])
    expect(await records.list('ledger')).toEqual([])
  })

  it('files that nobody acknowledged are put aside, temporary ones go', async () => {
    const rig = new Rig({ disk, records })
    await liveThrough(rig)
    const clip = rig.of('clip-sealed')[0]?.clip ?? ''
    await disk.create(`clips/${clip}/0007.age`, utf8('half a part'))
    await disk.create(`clips/${clip}/meta.age.1-1.tmp`, utf8('half a meta'))
    await disk.makeFolder('clips/ffffffffffffffff')
    await disk.create('clips/ffffffffffffffff/meta.age', utf8('a clip that had no row yet'))

    await startAgain()
    expect((await disk.list('quarantine')).map(({ name }) => name)).toEqual(
      [`${clip}-0007.age`, 'ffffffffffffffff'].sort(),
    )
    expect(await disk.list('quarantine/ffffffffffffffff')).toMatchObject([{ name: 'meta.age' }])
    expect((await disk.list(`clips/${clip}`)).map(({ name }) => name)).toEqual([
      '0000.age',
      '0001.age',
      'manifest.note',
      'meta.age',
      'poster.age',
    ])
  })

  it('an acknowledged part that is gone is missed aloud, and the clip is closed without it', async () => {
    const rig = new Rig({ disk, records })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(0, 4600))
    const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
    await posterStored(clip)
    await disk.remove(`clips/${clip}/0001.age`)

    const next = await startAgain()
    expect(next.of('object-lost')).toEqual([{ kind: 'object-lost', clip, file: '0001.age' }])
    expect(next.logged.join('\n')).toContain('error clips.object_lost')
    const { parts } = await manifestOf(disk, clip)
    expect(parts).toHaveLength(2)
    const again = await startAgain(2)
    expect(again.happenings).toEqual([])
  })

  it('a part that is gone from the disk, but is in the cloud, stays in the manifest', async () => {
    const rig = new Rig({ disk, records })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(0, 3100))
    const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
    await posterStored(clip)
    await rig.uploadAll()
    await disk.remove(`clips/${clip}/0001.age`)
    const next = await startAgain()
    expect(next.of('object-lost')).toEqual([])
    expect((await manifestOf(disk, clip)).parts).toHaveLength(2)
  })

  it('what a full disk does not let finish is finished when there is room', async () => {
    const rig = new Rig({ disk, records })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(0, 2000))
    const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
    await rig.take(packetsFrom(2000, 4000))
    await posterStored(clip)
    await disk.remove(`clips/${clip}/0001.age`)

    let isFull = true
    const full = guarded(
      { disk, records },
      (call) => (isFull && /^(create|replace|write)/.test(call) ? 'fail-before' : 'pass'),
      () => new Fault('full', 'no space left'),
    )
    const next = new Rig({ ...full, seed: 1 })
    await next.clips.open()
    expect(next.happenings).toEqual([])
    expect(next.clips.unsealed()).toBe(1)
    isFull = false
    await next.clips.retain()
    expect(next.of('object-lost')).toMatchObject([{ clip, file: '0001.age' }])
    expect(next.of('clip-recovered')).toMatchObject([{ clip, parts: 1 }])
    expect(next.clips.unsealed()).toBe(0)
  })

  it('a clip that is in the cloud is closed even when the disk lost its folder', async () => {
    const rig = new Rig({ disk, records })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(0, 3100))
    const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
    await posterStored(clip)
    await rig.uploadAll()
    await rm(join(root, 'clips', clip), { recursive: true })
    const next = await startAgain()
    expect(next.of('clip-recovered')).toMatchObject([{ clip, parts: 2 }])
    expect(await manifestOf(disk, clip)).toMatchObject({ ended: 'recovered', parts: [{}, {}] })
  })
})

describe('whenever the power goes,', () => {
  it('every acknowledged part is there after the next start, all is told, sealed, queued, and starting again changes nothing', async () => {
    const whole = await callsIn(async (cut) => liveThrough(new Rig({ ...cut, rules: { retainBytes: 3000 } })))
    expect(whole).toBeGreaterThan(40)
    for (let at = 1; at <= whole; at++) {
      for (const verdict of ['fail-before', 'fail-after'] as const) {
        await inFreshFolder(async () => {
          const { ports } = powerCut(at, verdict)
          const rig = new Rig({ ...ports, rules: { retainBytes: 3000 } })
          await liveThrough(rig).catch(ignoreCut)
          await ports.settled()
          const next = await startAgain()
          await expectSound(rig, next)
        })
      }
    }
  })

  it('also when it goes again and again while recovering', async () => {
    for (let at = 14; at < 54; at += 8) {
      for (let second = 1; second < 24; second++) {
        await inFreshFolder(async () => {
          const { ports } = powerCut(at, 'fail-after')
          const rig = new Rig(ports)
          await liveThrough(rig).catch(ignoreCut)
          await ports.settled()
          const again = powerCut(second, second % 2 === 0 ? 'fail-after' : 'fail-before')
          const during = new Rig({ ...again.ports, seed: 1 })
          await during.clips.open().catch(ignoreCut)
          await expectSound(rig, await startAgain(2))
        })
      }
    }
  })

  async function callsIn(live: (ports: { disk: Disk; records: Records }) => Promise<void>): Promise<number> {
    const { ports, calls } = powerCut(Infinity, 'pass')
    await live(ports)
    return calls()
  }
})

async function inFreshFolder(body: () => Promise<void>): Promise<void> {
  const [outerDisk, outerRecords] = [disk, records]
  const folder = await mkdtemp(join(tmpdir(), 'lintel-cut-'))
  await openAt(folder)
  try {
    await body()
  } finally {
    await records[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
    ;[disk, records] = [outerDisk, outerRecords]
  }
}

function ignoreCut(error: unknown): void {
  if (!(error instanceof Fault) || error.message !== 'the power went') throw error
}

/** The invariants of DESIGN.md, looked up on the disk and in the index themselves. */
async function expectSound(before: Rig, after: Rig): Promise<void> {
  await expectObjectsThere()
  await expectAcknowledgedKept(before)
  await expectNothingElse()
  await expectSealedAndQueued()
  expect(after.of('object-lost')).toEqual([])
  const dump = await dumpAll()
  const again = await startAgain(3)
  expect(again.happenings).toEqual([])
  expect(await dumpAll()).toEqual(dump)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function expectObjectsThere(): Promise<void> {
  for (const { key, row } of await records.list('part')) {
    const bytes = await disk.read(`clips/${key}`)
    expect(row).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes), lost: false })
  }
}

async function expectAcknowledgedKept(before: Rig): Promise<void> {
  for (const { clip, part } of before.of('part-stored')) {
    const row = await records.read('clip', clip)
    const isExpired = typeof row === 'object' && row !== null && 'phase' in row && row.phase === 'expired'
    const object = await records.read('part', `${clip}/000${part}.age`)
    expect(object !== undefined || isExpired).toBe(true)
  }
}

async function expectNothingElse(): Promise<void> {
  const known = new Set((await records.list('part')).map(({ key }) => key))
  for (const { name: clip } of await disk.list('clips')) {
    for (const { name } of await disk.list(`clips/${clip}`)) expect(known).toContain(`${clip}/${name}`)
  }
}

async function expectSealedAndQueued(): Promise<void> {
  const ledger = (await records.list('ledger')).map(({ row }) => row)
  const queued = (await records.list('upload')).map(({ row }) => (row as UploadRow).sha256) // The rig's own rows.
  for (const { key, row } of await records.list('clip')) {
    if (typeof row !== 'object' || row === null || !('phase' in row)) throw new Error(`clip ${key}: no phase`)
    expect(['sealed', 'expired']).toContain(row.phase)
    if (row.phase === 'expired') continue
    const note = await disk.read(`clips/${key}/manifest.note`)
    expect(ledger.filter((entry) => JSON.stringify(entry).includes(sha256(note)))).toHaveLength(1)
    const { parts, meta, poster } = await manifestOf(disk, key)
    const objects = [...parts, meta, ...(poster === undefined ? [] : [poster])]
    for (const { sha256: hash } of [...objects, { sha256: sha256(note) }]) expect(queued).toContain(hash)
  }
}

async function dumpAll(): Promise<unknown> {
  const tables = await Promise.all(
    (['clip', 'part', 'ledger', 'upload', 'device'] as const).map((table) => records.list(table)),
  )
  const folders = await disk.list('clips')
  const files = await Promise.all(folders.map(({ name }) => disk.list(`clips/${name}`)))
  return { tables, folders, files }
}

/** It is made beside the recording; a test that stops in the middle waits for it. */
async function posterStored(clip: string): Promise<void> {
  await expect.poll(() => records.read('part', `${clip}/poster.age`)).toBeDefined()
}
