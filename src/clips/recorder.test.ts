import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
  plainSeal,
  Rig,
  samplesOf,
  testDeviceKey,
  track,
  visitId,
  type RigOptions,
} from './rig.fixture.ts'

let root: string
let disk: Disk
let records: Records
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lintel-clips-'))
  disk = await openNodeDisk(root)
  records = await openSqliteRecords(join(root, 'index.sqlite'))
})
afterEach(async () => {
  await records[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

/** Clips that are open, with a run that has been going on for `prerollMs`. */
async function rigRunning(prerollMs: number, options: Partial<RigOptions> = {}): Promise<Rig> {
  const rig = new Rig({ disk, records, ...options })
  await rig.clips.open()
  await rig.clips.beginRun(track)
  await rig.take(packetsFrom(0, prerollMs))
  return rig
}

const begin = (rig: Rig, visit: number, sinceMs: number): ReturnType<Rig['clips']['begin']> =>
  rig.clips.begin({ visit: visitId(visit), since: monoMs(sinceMs) })

const BOX = { x: 0.4, y: 0.2, width: 0.1, height: 0.5 }

describe('a clip', () => {
  it('holds the preroll from its key frame, and every packet until the visit ends, as the camera made them', async () => {
    const rig = await rigRunning(5050)
    const clip = await begin(rig, 1, 2500)
    await rig.take(packetsFrom(5100, 8000))
    await rig.clips.end({ at: monoMs(8000) })
    await rig.take(packetsFrom(8000, 9000))

    const wanted = packetsFrom(2000, 8000)
    const samples = await samplesOf(disk, clip)
    expect(samples.map(({ data }) => data)).toEqual(wanted.map(({ data }) => data))
    expect(samples.map(({ dts }) => dts)).toEqual(wanted.map(({ dts }) => dts - 180_000))
    expect(samples.map(({ pts, dts }) => pts - dts)).toEqual(wanted.map(() => 3600))
    expect(samples[0]?.isKey).toBe(true)
    expect(rig.of('clip-sealed')).toMatchObject([
      { clip, visit: visitId(1), from: 2000, to: 8000, parts: 4, ended: 'quiet' },
    ])
    expect(rig.clips.idle()).toBe(true)
  })

  it('takes a packet once that is in the preroll and then handed over too', async () => {
    const rig = await rigRunning(1000)
    rig.preroll = packetsFrom(0, 1300)
    const clip = await begin(rig, 1, 0)
    await rig.take(packetsFrom(1000, 2000))
    await rig.clips.end({ at: monoMs(2000) })
    await rig.clips.endRun()
    expect((await samplesOf(disk, clip)).map(({ data }) => data)).toEqual(
      packetsFrom(0, 2000).map(({ data }) => data),
    )
  })

  it('keeps what waits in turn while it begins', async () => {
    const rig = await rigRunning(1000)
    const late = packetsFrom(1000, 2000)
    const beginning = begin(rig, 1, 0)
    await Promise.all([...late.map((packet) => rig.clips.take(packet)), rig.clips.end({ at: monoMs(2000) })])
    await rig.clips.endRun()
    expect(await samplesOf(disk, await beginning)).toHaveLength(20)
  })

  it('makes every part durable as soon as it is complete', async () => {
    const rig = await rigRunning(100)
    await begin(rig, 1, 0)
    expect(rig.of('part-stored')).toEqual([])
    await rig.take(packetsFrom(100, 1400))
    expect(rig.of('part-stored')).toEqual([])
    await rig.take(packetsFrom(1400, 1500))
    expect(rig.of('part-stored')).toMatchObject([{ part: 0 }])
  })

  it('begins with the next key frame when there is none yet', async () => {
    const rig = new Rig({ disk, records })
    await rig.clips.open()
    const clip = await begin(rig, 1, 0)
    expect(rig.clips.idle()).toBe(false)
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(700, 3000))
    await rig.clips.endRun()
    expect(rig.of('clip-began')).toMatchObject([{ clip, from: 1000 }])
    expect(await samplesOf(disk, clip)).toHaveLength(20)
  })

  it('does not mix in pictures of a run before', async () => {
    const rig = await rigRunning(2000)
    await rig.clips.endRun()
    const before = rig.preroll
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(7000, 8000))
    rig.preroll = [...before, ...packetsFrom(7000, 8000)]
    const clip = await begin(rig, 1, 0)
    await rig.clips.endRun()
    expect((await samplesOf(disk, clip))[0]?.data).toEqual(packetsFrom(7000, 7100)[0]?.data)
  })

  it('is the same for the same visit, and another for another', async () => {
    const rig = await rigRunning(2000)
    const first = await begin(rig, 1, 0)
    expect(await begin(rig, 1, 1900)).toBe(first)
    await rig.clips.end({ at: monoMs(2500) })
    const second = await begin(rig, 2, 1500)
    expect(second).not.toBe(first)
    await rig.take(packetsFrom(2000, 4000))
    await rig.clips.endRun()
    expect(await samplesOf(disk, first)).toHaveLength(25)
    expect(await samplesOf(disk, second)).toHaveLength(30)
    expect(rig.of('clip-sealed').map(({ clip, ended }) => [clip, ended])).toEqual([
      [first, 'quiet'],
      [second, 'camera-lost'],
    ])
  })

  it('continues in a next one when the camera comes back during the visit', async () => {
    const rig = await rigRunning(1000)
    const first = await begin(rig, 1, 0)
    await rig.clips.endRun()
    expect(rig.clips.idle()).toBe(false)
    await rig.clips.note({ signs: ['press'], presses: [monoMs(3000)], labels: [] })
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(5500, 7000))
    await rig.clips.end({ at: monoMs(7000) })
    await rig.clips.endRun()
    const [, second] = rig.of('clip-began')
    expect(second).toMatchObject({ visit: visitId(1), from: 6000 })
    expect(await metaOf(disk, second?.clip ?? '')).toMatchObject({ continues: first, presses: [0] })
    expect(await metaOf(disk, first)).toMatchObject({ presses: [] })
  })

  it('begins nothing any more when the visit ends before the camera comes back', async () => {
    const rig = await rigRunning(1000)
    await begin(rig, 1, 0)
    await rig.clips.endRun()
    await rig.clips.end({ at: monoMs(2000) })
    expect(rig.clips.idle()).toBe(true)
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(5000, 7000))
    expect(rig.of('clip-began')).toHaveLength(1)
  })

  it('continues in a next one at the maximum length, without losing a packet', async () => {
    const rig = await rigRunning(1000, { rules: { clipMsMax: 3000 } })
    await begin(rig, 1, 0)
    await rig.clips.note({ signs: ['press'], presses: [monoMs(1000), monoMs(3500)], labels: [] })
    await rig.take(packetsFrom(1000, 8000))
    await rig.clips.end({ at: monoMs(8000) })
    await rig.clips.endRun()
    const clips = rig.of('clip-sealed')
    expect(clips.map(({ from, to, ended }) => [from, to, ended])).toEqual([
      [0, 3000, 'max-length'],
      [3000, 6000, 'max-length'],
      [6000, 8000, 'quiet'],
    ])
    const all = await Promise.all(clips.map(({ clip }) => samplesOf(disk, clip)))
    expect(all.flat().map(({ data }) => data)).toEqual(packetsFrom(0, 8000).map(({ data }) => data))
    const metas = await Promise.all(clips.map(({ clip }) => metaOf(disk, clip)))
    expect(metas.map(({ presses, continues }) => [presses, continues])).toEqual([
      [[1000], undefined],
      [[500], clips[0]?.clip],
      [[], clips[1]?.clip],
    ])
  })

  it('is cut at its maximum length already inside a long preroll', async () => {
    const rig = await rigRunning(5000, { rules: { clipMsMax: 2000 } })
    await begin(rig, 1, 0)
    await rig.take(packetsFrom(5000, 6000))
    await rig.clips.endRun()
    const all = await Promise.all(rig.of('clip-sealed').map(({ clip }) => samplesOf(disk, clip)))
    expect(all.map(({ length }) => length)).toEqual([20, 20, 20])
  })

  it('is sealed when the doorbell stops; after that nothing is recorded', async () => {
    const rig = await rigRunning(1000)
    await begin(rig, 1, 0)
    await rig.clips[Symbol.asyncDispose]()
    await rig.clips[Symbol.asyncDispose]()
    await rig.take(packetsFrom(1000, 4000))
    expect(rig.of('clip-sealed')).toMatchObject([{ ended: 'stopped' }])
    expect(rig.of('part-stored')).toHaveLength(1)
  })
})

describe('the meta', () => {
  it('holds when it was, who pressed when, and what was seen, and is written at every note', async () => {
    const rig = await rigRunning(2000)
    const clip = await begin(rig, 1, 1000)
    expect(await metaOf(disk, clip)).toMatchObject({ complete: false, presses: [] })
    const notes = {
      signs: ['motion', 'press'] as const,
      presses: [monoMs(2100), monoMs(2000.4)],
      labels: [{ label: 'person', score: 0.83, at: monoMs(2200), box: BOX, zones: ['path'] }],
    }
    await rig.clips.note(notes)
    expect(await metaOf(disk, clip)).toMatchObject({ complete: false, presses: [1100, 1000] })
    await rig.take(packetsFrom(2000, 3000))
    await rig.clips.end({ at: monoMs(3000) })
    await rig.clips.endRun()
    expect(await metaOf(disk, clip)).toEqual({
      format: 'sealed-clip-meta/1',
      clip,
      visit: visitId(1),
      device: 'Front door',
      fromUnixMs: 1_767_225_601_000,
      clockTrusted: true,
      boot: 0,
      fromMonoMs: 1000,
      durationMs: 2000,
      codec: 'h264',
      width: 640,
      height: 360,
      presses: [1100, 1000],
      signs: ['motion', 'press'],
      labels: [{ label: 'person', score: 0.83, atMs: 1200, box: BOX, zones: ['path'] }],
      complete: true,
    })
  })

  it('holds the edges around its presses, to the microsecond, and no others', async () => {
    const rig = await rigRunning(2000)
    const clip = await begin(rig, 1, 1000)
    const edge = (atMs: number, active: boolean) => ({ line: 'button', active, at: monoMs(atMs) }) as const
    const edges = [
      edge(900, true),
      edge(1600.0004, true),
      edge(1601.25, false),
      edge(2000, true),
      edge(2600, false),
    ]
    await rig.clips.note({ signs: ['press'], presses: [monoMs(2000)], labels: [], edges })
    expect(await metaOf(disk, clip)).toMatchObject({
      edges: [
        { line: 'button', active: true, atMs: 600 },
        { line: 'button', active: false, atMs: 601.25 },
        { line: 'button', active: true, atMs: 1000 },
      ],
    })
  })

  it('holds what was noted before the first picture came', async () => {
    const rig = new Rig({ disk, records })
    await rig.clips.open()
    const clip = await begin(rig, 1, 0)
    await rig.clips.note({ signs: ['press'], presses: [monoMs(100)], labels: [] })
    await rig.clips.beginRun(track)
    await rig.take(packetsFrom(1000, 3000))
    expect(await metaOf(disk, clip)).toMatchObject({ signs: ['press'], presses: [0] })
  })
})

describe('the manifest', () => {
  it('binds every object by name, size and hash, and the manifest before', async () => {
    const rig = await rigRunning(2000)
    const first = await begin(rig, 1, 0)
    await rig.clips.end({ at: monoMs(2000) })
    await rig.take(packetsFrom(2000, 3000))
    const second = await begin(rig, 2, 2000)
    await rig.clips.endRun()
    const manifest = await manifestOf(disk, first)
    const row = await records.read('clip', first)
    expect(row).toMatchObject({
      phase: 'sealed',
      ended: 'quiet',
      manifest: await hashOf(`clips/${first}/manifest.note`),
    })
    expect(manifest).toMatchObject({
      format: 'lintel-clip-manifest/1',
      clip: first,
      device: testDeviceKey.name,
      parts: [await boundFile(first, '0000.age'), await boundFile(first, '0001.age')],
      meta: await boundFile(first, 'meta.age'),
      poster: await boundFile(first, 'poster.age'),
      ended: 'quiet',
      previous: null,
    })
    expect(await manifestOf(disk, second)).toMatchObject({
      previous: await hashOf(`clips/${first}/manifest.note`),
    })
    expect((await records.list('ledger')).map((entry) => entry.row)).toMatchObject([
      { type: 'clip', clip: first, manifest: await hashOf(`clips/${first}/manifest.note`) },
      { type: 'clip', clip: second },
    ])
  })

  async function boundFile(clip: string, file: string): Promise<Record<string, unknown>> {
    const bytes = await disk.read(`clips/${clip}/${file}`)
    const row = await records.read('part', `${clip}/${file}`)
    const name = typeof row === 'object' && row !== null && 'name' in row ? row.name : undefined
    return { name, bytes: bytes.length, sha256: await hashOf(`clips/${clip}/${file}`) }
  }
  const hashOf = async (path: string): Promise<string> =>
    createHash('sha256')
      .update(await disk.read(path))
      .digest('hex')
})

describe('the uploads of a clip', () => {
  it('are queued in the order in which things become durable, the manifest last', async () => {
    const rig = await rigRunning(2000)
    const clip = await begin(rig, 1, 0)
    await rig.take(packetsFrom(2000, 3500))
    await rig.clips.endRun()
    const jobs = await rig.uploads()
    expect(jobs.map(({ what, part }) => (what === 'part' ? `part ${part}` : what))).toEqual(
      expect.arrayContaining(['meta', 'part 0', 'part 1', 'part 2', 'poster', 'manifest']),
    )
    expect(jobs[0]).toMatchObject({ what: 'meta', replace: true })
    expect(jobs.slice(-2).map(({ what }) => what)).toEqual(['meta', 'manifest'])
    expect(jobs[0]?.name).toBe(jobs.at(-2)?.name)
    expect(jobs.find(({ part }) => part === 1)).toMatchObject({
      clip,
      source: { file: `clips/${clip}/0001.age` },
    })
    expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length - 1)
  })

  it('make the clip uploaded once everything is stored, the newest meta included', async () => {
    const rig = await rigRunning(2000)
    const clip = await begin(rig, 1, 0)
    await rig.uploadAll()
    expect(rig.of('clip-uploaded')).toEqual([])
    await rig.clips.endRun()
    expect(await records.read('clip', clip)).toMatchObject({ phase: 'sealed' })
    await rig.uploadAll()
    expect(rig.of('clip-uploaded')).toEqual([{ kind: 'clip-uploaded', clip }])
    expect(await records.read('clip', clip)).toMatchObject({ phase: 'uploaded' })
  })

  it('give the same answer when it has to be asked again', async () => {
    const rig = await rigRunning(2000)
    await begin(rig, 1, 0)
    await rig.clips.endRun()
    const jobs = await rig.uploads()
    for (const job of jobs) expect(rig.clips.uploaded(job)).toEqual(rig.clips.uploaded(job))
  })
})

describe('the poster', () => {
  it('is the newest key frame at the moment the visit began', async () => {
    const asked: Uint8Array[] = []
    const stills = {
      async jpegOf(mp4: Uint8Array): Promise<Uint8Array> {
        asked.push(mp4)
        return new Uint8Array([1])
      },
    }
    const rig = await rigRunning(4050, { deps: { stills } })
    await begin(rig, 1, 0)
    await rig.clips.endRun()
    expect(asked).toHaveLength(1)
    expect(Buffer.from(asked[0] ?? []).includes('packet at 4000')).toBe(true)
  })

  it('is left out, and the log says so, when there is no decoder', async () => {
    const stills = {
      jpegOf: async (): Promise<Uint8Array> => {
        throw new Fault('missing', 'ffmpeg is not installed')
      },
    }
    const rig = await rigRunning(2000, { deps: { stills } })
    const clip = await begin(rig, 1, 0)
    await rig.clips.endRun()
    expect(await manifestOf(disk, clip)).not.toHaveProperty('poster')
    expect(rig.logged.join()).toContain('warn clips.no_poster {"problem":"ffmpeg is not installed"}')
  })
})

describe('a full disk', () => {
  it('costs the parts that do not fit, is told, and does not end the clip', async () => {
    let isFull = false
    const full = guarded(
      { disk, records },
      (call) => (isFull && call.startsWith('create') ? 'fail-before' : 'pass'),
      () => new Fault('full', 'no space left'),
    )
    const rig = await rigRunning(1500, full)
    const clip = await begin(rig, 1, 0)
    isFull = true
    await rig.take(packetsFrom(1500, 3000))
    isFull = false
    await rig.take(packetsFrom(3000, 4500))
    await rig.clips.end({ at: monoMs(4500) })
    await rig.clips.endRun()
    expect(rig.of('clip-gap')).toEqual([{ kind: 'clip-gap', clip, visit: visitId(1), ms: 1500 }])
    const kept = [...packetsFrom(0, 1500), ...packetsFrom(3000, 4500)]
    const samples = await samplesOf(disk, clip)
    expect(samples.map(({ dts }) => dts)).toEqual(kept.map(({ dts }) => dts))
    expect(await metaOf(disk, clip)).toMatchObject({ complete: false, durationMs: 4500 })
    expect(rig.of('clip-sealed')).toMatchObject([{ parts: 2, ended: 'quiet' }])
  })

  it('at the very beginning only delays it: the first part that fits opens the clip', async () => {
    let isFull = true
    const full = guarded(
      { disk, records },
      () => (isFull ? 'fail-before' : 'pass'),
      () => new Fault('full', 'no space left'),
    )
    const rig = new Rig(full)
    isFull = false
    await rig.clips.open()
    isFull = true
    await rig.clips.beginRun(track)
    const clip = await begin(rig, 1, 0)
    await rig.take(packetsFrom(0, 1500))
    isFull = false
    await rig.take(packetsFrom(1500, 3000))
    await rig.clips.endRun()
    const samples = await samplesOf(disk, clip)
    expect(samples.map(({ isKey }) => isKey)).toEqual([true, ...Array.from({ length: 9 }, () => false)])
    expect(await manifestOf(disk, clip)).toMatchObject({ parts: [{}] })
  })

  it('makes room by letting the oldest uploaded clip go, and tries once more', async () => {
    const rig = await rigRunning(2000)
    const old = await begin(rig, 1, 0)
    await rig.clips.endRun()
    await rig.uploadAll()
    const { bytes } = await disk.free()
    const reserveBytes = bytes - 50_000
    const free = async (): Promise<{ bytes: number; ofBytes: number }> => {
      const isThere = (await disk.list(`clips/${old}`)).length > 0
      return { bytes: isThere ? reserveBytes : reserveBytes + 100_000, ofBytes: 2 * bytes }
    }
    const next = new Rig({ disk: { ...bound(disk), free }, records, rules: { reserveBytes }, seed: 1 })
    await next.clips.open()
    await next.clips.beginRun(track)
    await next.take(packetsFrom(10_000, 10_100))
    const clip = await begin(next, 2, 10_000)
    await next.take(packetsFrom(10_100, 13_000))
    await next.clips.endRun()
    expect(next.of('clip-expired')).toEqual([
      { kind: 'clip-expired', clip: old, why: 'room', uploaded: true },
    ])
    expect(next.of('clip-gap')).toEqual([])
    expect(await samplesOf(disk, clip)).toHaveLength(30)
  })

  it('does not lose the seal of a clip: it is written when there is room again', async () => {
    let isFull = false
    const full = guarded(
      { disk, records },
      () => (isFull ? 'fail-before' : 'pass'),
      () => new Fault('full', 'no space left'),
    )
    const rig = await rigRunning(2000, full)
    const clip = await begin(rig, 1, 0)
    isFull = true
    await rig.clips.endRun()
    expect(rig.of('clip-sealed')).toEqual([])
    expect(rig.clips.idle()).toBe(false)
    isFull = false
    await rig.clips.retain()
    expect(rig.of('clip-sealed')).toMatchObject([{ clip, parts: 1 }])
  })

  it('does not end recording for good when it took all parts of a clip: that one is let go when there is room again', async () => {
    let isFull = false
    const full = guarded(
      { disk, records },
      () => (isFull ? 'fail-before' : 'pass'),
      () => new Fault('full', 'no space left'),
    )
    const rig = await rigRunning(500, full)
    const clip = await begin(rig, 1, 0)
    isFull = true
    await rig.take(packetsFrom(500, 2000))
    await rig.clips.endRun()
    expect(rig.clips.unsealed()).toBe(1)
    isFull = false
    await rig.clips.retain()
    expect(rig.of('clip-expired')).toMatchObject([{ clip, why: 'empty' }])
    expect(rig.of('storage-failed')).toEqual([])
    expect(rig.clips.unsealed()).toBe(0)
  })

  it('may have no room for what has to stand in the ledger before a clip: it begins with the first part that fits', async () => {
    let isFull = true
    const sealClip = async (): Promise<typeof plainSeal> => {
      if (isFull) throw new Fault('full', 'no room for a new list of recipients')
      return plainSeal
    }
    const rig = new Rig({ disk, records, deps: { sealClip } })
    await rig.clips.open()
    await rig.clips.beginRun(track)
    const clip = await begin(rig, 1, 0)
    await rig.take(packetsFrom(0, 1500))
    isFull = false
    await rig.take(packetsFrom(1500, 3000))
    await rig.clips.endRun()
    expect(rig.of('clip-gap')).toMatchObject([{ clip, ms: 1500 }, { ms: 500 }])
    expect(rig.of('clip-sealed')).toMatchObject([{ clip, parts: 1 }])
  })
})

describe('a disk that fails', () => {
  it.each(['create', 'syncFolder', 'replace', 'write'])(
    'at %s is never tried again: nothing more is acknowledged, it is told once, and the doorbell goes on',
    async (what) => {
      let isFailing = false
      let failures = 0
      const failing = guarded(
        { disk, records },
        (call) => {
          if (!isFailing) return 'pass'
          if (call.startsWith(what)) failures++
          return call.startsWith(what) ? 'fail-before' : 'pass'
        },
        () => new Fault('corrupt', 'input/output error'),
      )
      const rig = await rigRunning(2000, failing)
      const clip = await begin(rig, 1, 0)
      await rig.take(packetsFrom(2000, 3000))
      isFailing = true
      await rig.take(packetsFrom(3000, 6000))
      await rig.clips.note({ signs: ['press'], presses: [], labels: [] })
      await rig.clips.end({ at: monoMs(6000) })
      await rig.clips.endRun()
      await rig.clips.retain()
      expect(await begin(rig, 2, 0)).not.toBe(clip)
      expect(rig.of('storage-failed')).toEqual([{ kind: 'storage-failed', why: 'input/output error' }])
      expect(rig.happenings.at(-1)?.kind).toBe('storage-failed')
      expect(rig.clips.idle()).toBe(true)
      expect(failures).toBe(1)
    },
  )

  it('is not blamed for a bug of ours', async () => {
    const deps = { sealClip: () => Promise.reject(new TypeError('x is not a function')) }
    const rig = await rigRunning(1000, { deps })
    await expect(begin(rig, 1, 0)).rejects.toThrow('x is not a function')
  })
})

describe('the index', () => {
  it('knows no sign, label, name or time of day of a visit', async () => {
    const rig = await rigRunning(2000, { deps: { queueUpload: () => [] } })
    await begin(rig, 1, 0)
    await rig.clips.note({
      signs: ['press', 'motion'],
      presses: [monoMs(1500)],
      labels: [{ label: 'person', score: 0.83, at: monoMs(1000), box: BOX, zones: [] }],
    })
    await rig.clips.endRun()
    await records[Symbol.asyncDispose]()
    const index = await readFile(join(root, 'index.sqlite'), 'latin1')
    for (const secret of [
      'presses',
      'signs',
      'motion',
      'person',
      'Front door',
      '17672256',
      'packet at',
      'jpeg',
      'durationMs',
    ])
      expect(index.includes(secret)).toBe(false)
    expect(index.includes('"phase":"sealed"')).toBe(true)
    records = await openSqliteRecords(join(root, 'index.sqlite'))
  })
})

/** Its methods by themselves, to replace one of them. */
const bound = (whole: Disk): Disk => ({
  makeFolder: (path) => whole.makeFolder(path),
  create: (path, bytes, options) => whole.create(path, bytes, options),
  replace: (path, bytes, options) => whole.replace(path, bytes, options),
  read: (path) => whole.read(path),
  readRange: (path, range) => whole.readRange(path, range),
  list: (path) => whole.list(path),
  rename: (paths) => whole.rename(paths),
  remove: (path) => whole.remove(path),
  syncFolder: (path) => whole.syncFolder(path),
  free: () => whole.free(),
})
