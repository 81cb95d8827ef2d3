import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClipId } from '../base/ids.ts'
import { monoMs, unixMs } from '../base/time.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import type { Disk } from '../ports/disk.ts'
import type { Records } from '../ports/records.ts'
import type { ClipsDeps } from './index.ts'
import { packetsFrom, Rig, track, visitId, type RigOptions } from './rig.fixture.ts'
import { planExpiry, type Candidate, type RoomRules, type Situation } from './room.ts'

const DAY_HOURS = 24
const rules: RoomRules = { retainBytes: 1000, retainMs: 2 * DAY_HOURS * 3_600_000, reserveBytes: 100 }
const plenty: Situation = { freeBytes: 1e9, hour: 1000, wantedBytes: 0 }

/** 'u' uploaded, 's' only sealed, 'g' growing; each of 300 bytes, begun in the given hour; 'h' at the end: held. */
const clips = (...words: readonly string[]): readonly Candidate[] =>
  words.map((word, index) => {
    const [kind, hour] = [word[0], word.slice(1)]
    return {
      clip: `${word}#${index}` as ClipId,
      bytes: 300,
      uploaded: kind === 'u',
      hour: hour === '' ? undefined : Number(hour.replace('h', '')),
      phase: kind === 'g' ? 'growing' : kind === 'u' ? 'uploaded' : 'sealed',
      held: word.includes('h'),
    }
  })

const planned = (candidates: readonly Candidate[], situation: Partial<Situation> = {}): readonly string[] =>
  planExpiry(candidates, { ...plenty, ...situation }, rules).map(({ clip, why }) => `${clip} ${why}`)

describe('which clips go', () => {
  it('is none while there is room and none is old', () => {
    expect(planned(clips('u999', 's999', 'g999'))).toEqual([])
  })

  it('is the oldest uploaded one when they are too many', () => {
    expect(planned(clips('s999', 'u999', 'u999', 's999'))).toEqual(['u999#1 room'])
  })

  it('is what was not uploaded only when nothing uploaded is left', () => {
    expect(planned(clips('s999', 'u999', 's999', 's999', 's999', 's999'))).toEqual([
      'u999#1 room',
      's999#0 room',
      's999#2 room',
    ])
  })

  it('is never one that grows', () => {
    expect(planned(clips('g1', 'g1', 'g1', 'g1', 'g1', 'u999'))).toEqual(['u999#5 room'])
  })

  it('is never one that is held, however old or large', () => {
    expect(planned(clips('u951h', 'u999h', 'u999h', 'u999h', 'u999h'))).toEqual([])
    expect(planned(clips('u951h', 'u999', 'u999h', 'u999', 'u999h'))).toEqual(['u999#1 room', 'u999#3 room'])
  })

  it('is as many as the disk needs to keep its reserve, and what is about to be written fits', () => {
    expect(planned(clips('u999', 'u999', 'u999'), { freeBytes: 100 })).toEqual([])
    expect(planned(clips('u999', 'u999', 'u999'), { freeBytes: 99 })).toEqual(['u999#0 room'])
    expect(planned(clips('u999', 'u999', 'u999'), { freeBytes: 100, wantedBytes: 301 })).toEqual([
      'u999#0 room',
      'u999#1 room',
    ])
  })

  it('is all that are too old, the uploaded ones first; that may be room enough', () => {
    expect(planned(clips('s951', 'u951', 'u999', 'u999', 'u999'))).toEqual(['u951#1 age', 's951#0 age'])
  })

  it('is not decided by age while a clock is not trusted: neither that of now nor that of the clip', () => {
    expect(planned(clips('u1', 's1'), { hour: undefined })).toEqual([])
    expect(planned(clips('u', 's'))).toEqual([])
  })
})

describe('a clip that expires', () => {
  let root: string
  let disk: Disk
  let records: Records
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lintel-room-'))
    disk = await openNodeDisk(root)
    records = await openSqliteRecords(join(root, 'index.sqlite'))
  })
  afterEach(async () => {
    await records[Symbol.asyncDispose]()
    await rm(root, { recursive: true })
  })

  async function rigWithClip(options: Partial<RigOptions> = {}): Promise<{ rig: Rig; clip: ClipId }> {
    const rig = new Rig({ disk, records, ...options })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(0, 2000))
    const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
    await rig.clips.endRun()
    await rig.clips.end({ at: monoMs(2000) })
    return { rig, clip }
  }
  const entries = async (): Promise<readonly unknown[]> =>
    (await records.list('ledger')).map(({ row }) => row)

  it('leaves no file and no object row; the ledger does not speak of it when the cloud has it', async () => {
    const { rig, clip } = await rigWithClip({ rules: { retainBytes: 10 } })
    await rig.uploadAll()
    await rig.clips.retain()
    expect(await disk.list('clips')).toEqual([])
    expect(await records.list('part')).toEqual([])
    expect(await records.read('clip', clip)).toMatchObject({ phase: 'expired', why: 'room' })
    expect(rig.of('clip-expired')).toEqual([{ kind: 'clip-expired', clip, why: 'room', uploaded: true }])
    expect(await entries()).toHaveLength(1)
  })

  it('is mourned aloud when it was not uploaded: log, happening and ledger', async () => {
    const { rig, clip } = await rigWithClip({ rules: { retainBytes: 10 } })
    await rig.clips.retain()
    expect(rig.of('clip-expired')).toEqual([{ kind: 'clip-expired', clip, why: 'room', uploaded: false }])
    expect(await entries()).toMatchObject([{ type: 'clip' }, { type: 'expired', clip }])
    expect(rig.logged.filter((line) => line.startsWith('warn clips.expired'))).toHaveLength(1)
  })

  it('goes by its age', async () => {
    const { rig, clip } = await rigWithClip()
    rig.now = monoMs(30 * 86_400_000)
    await rig.clips.retain()
    expect(rig.of('clip-expired')).toEqual([])
    rig.now = monoMs(31 * 86_400_000)
    await rig.clips.retain()
    expect(rig.of('clip-expired')).toMatchObject([{ clip, why: 'age' }])
  })

  const DAY_MS = 86_400_000
  /** Nobody knows the time before `trustedFrom`. */
  const clockOf = (
    time: { readonly now: () => number; readonly trustedFrom: number },
    bootedAt = 1_767_225_600_000,
  ): ClipsDeps['clock'] => ({
    mono: () => monoMs(time.now()),
    wall: () => {
      const trusted = time.now() >= time.trustedFrom
      return { at: unixMs(trusted ? bootedAt + time.now() : time.now()), trusted }
    },
    sleep: async () => {},
  })

  it('has its age from when it was begun, though the clock was set days later', async () => {
    let now = 0
    const { rig, clip } = await rigWithClip({
      deps: { clock: clockOf({ now: () => now, trustedFrom: 3 * DAY_MS }) },
    })
    for (now of [2 * DAY_MS, 3 * DAY_MS, 30 * DAY_MS]) await rig.clips.retain()
    expect(rig.of('clip-expired')).toEqual([])
    now = 31 * DAY_MS
    await rig.clips.retain()
    expect(rig.of('clip-expired')).toMatchObject([{ clip, why: 'age' }])
  })

  it('has its age from the first trusted hour when the device was restarted before the clock was set', async () => {
    const { clip } = await rigWithClip({ deps: { clock: clockOf({ now: () => 0, trustedFrom: Infinity }) } })
    let now = 0
    const next = new Rig({
      disk,
      records,
      seed: 1,
      deps: { clock: clockOf({ now: () => now, trustedFrom: DAY_MS }) },
    })
    await next.clips.open()
    for (now of [0, DAY_MS, 31 * DAY_MS]) await next.clips.retain()
    expect(next.of('clip-expired')).toEqual([])
    now = 32 * DAY_MS
    await next.clips.retain()
    expect(next.of('clip-expired')).toMatchObject([{ clip, why: 'age' }])
  })

  it('can no longer become uploaded by an upload that was under way', async () => {
    const { rig, clip } = await rigWithClip({ rules: { retainBytes: 10 } })
    const jobs = await rig.uploads()
    await rig.clips.retain()
    for (const job of jobs) expect(rig.clips.uploaded(job)).toEqual([])
    expect(await records.read('clip', clip)).toMatchObject({ phase: 'expired' })
  })
})
