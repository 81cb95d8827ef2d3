import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concatBytes, fromUtf8, hex } from '../base/bytes.ts'
import { silentLog } from '../base/log.ts'
import { monoMs } from '../base/time.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import { formatRecipient, makePair, openAge, openManifest, parseMeta, sha256 } from '../formats/index.ts'
import { openLedger } from '../ledger/index.ts'
import { Fmp4Reader } from '../media/index.ts'
import type { Packet } from '../ports/camera.ts'
import type { Disk } from '../ports/disk.ts'
import { orderKey, type Records } from '../ports/records.ts'
import { beginClipSeal, openDeviceKey } from '../vault/index.ts'
import type { ClipsDeps } from './index.ts'
import { packetsFrom, plainSeal, Rig, track, visitId } from './rig.fixture.ts'

const owner = makePair()
const picture = new Uint8Array(randomBytes(5000))
/** Noise, as compressed video is: every run of bytes is found where it was written, and nowhere else. */
const packets: readonly Packet[] = packetsFrom(0, 6000).map((packet) => ({
  ...packet,
  data: new Uint8Array(randomBytes(30_000)),
}))

let root: string
let disk: Disk
let records: Records
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lintel-sealed-'))
  disk = await openNodeDisk(root)
  records = await openSqliteRecords(join(root, 'index.sqlite'))
})
afterEach(async () => {
  await records[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

/** One visit with everything about it, on the real vault and the real ledger. */
async function recordVisit(sealClip: ClipsDeps['sealClip']): Promise<string> {
  const deviceKey = await openDeviceKey({ disk, log: silentLog })
  let queued = 0
  const queueUpload: ClipsDeps['queueUpload'] = (job) => [
    { put: 'upload', key: orderKey(queued++), row: { ...job } },
  ]
  const ledger = await openLedger({ records, key: deviceKey, queueUpload, wakeUploads: () => {} })
  const stills = { jpegOf: async (): Promise<Uint8Array> => picture }
  const rig = new Rig({ disk, records, deps: { sealClip, deviceKey, ledger, queueUpload, stills } })
  await rig.clips.open()
  await rig.clips.beginRun(track)
  await rig.take(packets.slice(0, 20))
  const clip = await rig.clips.begin({ visit: visitId(1), since: monoMs(0) })
  await rig.clips.note({
    signs: ['motion', 'press'],
    presses: [monoMs(2345)],
    labels: [
      {
        label: 'person with umbrella',
        score: 0.83,
        at: monoMs(1000),
        box: { x: 0, y: 0, width: 1, height: 1 },
        zones: [],
      },
    ],
  })
  await rig.take(packets.slice(20))
  await rig.clips.endRun()
  return clip
}

const sealForOwner: ClipsDeps['sealClip'] = () => beginClipSeal([formatRecipient(owner.publicKey)])

describe('what lies on the disk', () => {
  it('opens for the owner, and is the film, the meta and the poster', async () => {
    const clip = await recordVisit(sealForOwner)
    const manifest = openManifest(clip, fromUtf8(await disk.read(`clips/${clip}/manifest.note`)))
    const files = await Promise.all(
      manifest.parts.map((_, part) => disk.read(`clips/${clip}/${String(part).padStart(4, '0')}.age`)),
    )
    expect(files.map((file) => hex(sha256(file)))).toEqual(manifest.parts.map((part) => part.sha256))
    const film = new Fmp4Reader().push(concatBytes(files.map((file) => openAge(file, [owner]))))
    const samples = film.filter((item) => item.kind === 'sample')
    expect(samples.map(({ data }) => hex(sha256(data)))).toEqual(packets.map(({ data }) => hex(sha256(data))))
    const meta = openAge(await disk.read(`clips/${clip}/meta.age`), [owner])
    expect(parseMeta(clip, fromUtf8(meta))).toMatchObject({ presses: [2345], complete: true })
    expect(openAge(await disk.read(`clips/${clip}/poster.age`), [owner])).toEqual(picture)
  })

  it('has no run of plain bytes anywhere; the same search finds them when nothing is sealed', async () => {
    await recordVisit(sealForOwner)
    expect(await findPlain()).toEqual([])
    await records[Symbol.asyncDispose]()
    await rm(root, { recursive: true })
    disk = await openNodeDisk(root)
    records = await openSqliteRecords(join(root, 'index.sqlite'))
    await recordVisit(async () => plainSeal)
    expect(await findPlain()).toEqual(['label', 'meta', 'poster', 'press', 'video'])
  })

  it.skipIf(spawnSync('age', ['--version']).status !== 0)(
    'opens with the age of the distribution',
    async () => {
      const clip = await recordVisit(() => beginClipSeal([agePublicKey()]))
      const opened = spawnSync('age', [
        '-d',
        '-i',
        join(root, 'owner.txt'),
        join(root, `clips/${clip}/0001.age`),
      ])
      expect(opened.stderr.toString()).toBe('')
      expect(opened.stdout.includes(Buffer.from(packets[20]?.data ?? 'nothing'))).toBe(true)
    },
  )

  function agePublicKey(): string {
    const made = spawnSync('age-keygen', ['-o', join(root, 'owner.txt')])
    return /age1\w+/.exec(made.stderr.toString())?.[0] ?? ''
  }
})

/** Which plain things can be found in any file below the root, also inside base64. */
async function findPlain(): Promise<readonly string[]> {
  const needles: Readonly<Record<string, readonly Uint8Array[]>> = {
    video: packets.map(({ data }) => data.subarray(1000, 1016)),
    poster: [picture.subarray(2000, 2016)],
    label: [Buffer.from('person with umbrella')],
    press: [Buffer.from('"presses":[2345]')],
    meta: [Buffer.from('"fromUnixMs":17672256')],
  }
  const found = new Set<string>()
  for (const bytes of await everyFile()) {
    for (const [what, runs] of Object.entries(needles))
      if (runs.some((run) => bytes.includes(Buffer.from(run)))) found.add(what)
  }
  return [...found].sort()
}

async function everyFile(): Promise<readonly Buffer[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const whole = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name))))
  const inside = (await records.list('upload')).flatMap(({ row }) => {
    const source = typeof row === 'object' && row !== null && 'source' in row ? row.source : undefined
    const inline =
      typeof source === 'object' && source !== null && 'inline' in source ? source.inline : undefined
    return typeof inline === 'string' ? [Buffer.from(inline, 'base64')] : []
  })
  return [...whole, ...inside]
}
