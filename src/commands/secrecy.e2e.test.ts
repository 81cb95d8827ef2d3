import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEmbeddedCloud } from '../../sim/cloud/index.ts'
import { replay } from '../../sim/replay.ts'
import { pressAt } from '../../sim/script.ts'
import { concatBytes } from '../base/bytes.ts'
import { silentLog } from '../base/log.ts'
import { configDefaults } from '../config/index.ts'
import { ffmpegStills, probeVideo } from '../drivers/ffmpeg/index.ts'
import { openBroker } from '../drivers/mqtt/index.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { openS3Store } from '../drivers/s3/index.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import { openAge, pairOf, parseSecret } from '../formats/index.ts'
import { enrolOwner, makeSecret, parseIdentity } from '../owner/index.ts'
import type { ClipSealMaker } from '../vault/index.ts'
import { noisyVideo, runsFound } from './secrecy.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'lintel-secrecy-'))
const video = join(folder, 'visitor.mp4')
const { signal } = new AbortController()

beforeAll(() => expect(spawnSync('ffmpeg', noisyVideo(video)).status).toBe(0))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A test-only seal that seals nothing: it cannot be reached by settings, environment or arguments. */
const openSeal: ClipSealMaker = async () => ({ header: new Uint8Array(0), seal: (plaintext) => plaintext })

type Traces = {
  readonly disk: Uint8Array
  readonly told: Uint8Array
  readonly plaintexts: readonly Uint8Array[]
}

describe('what is written to the disk, the store and the broker', () => {
  it('holds no run of the video, the poster or the metadata; the same search finds them when nothing is sealed', async () => {
    const sealed = await record('sealed')
    expect(sealed.plaintexts.length).toBeGreaterThanOrEqual(6)
    expect(runsFound(sealed.plaintexts, [sealed.disk, sealed.told])).toEqual([])
    const open = await record('open', openSeal)
    expect(runsFound(sealed.plaintexts.slice(0, 3), [open.disk]).length).toBeGreaterThan(20)
  })
})

/** One replay with everything real; what it left behind, and (opened with the owner's key) what it must not have shown. */
async function record(name: string, sealClip?: ClipSealMaker): Promise<Traces> {
  const data = join(folder, name)
  const disk = await openNodeDisk(data)
  const secret = await makeSecret()
  const identity = await parseIdentity('owner', secret)
  await enrolOwner({ disk, identityText: secret, name: 'owner' })
  await using records = await openSqliteRecords(join(data, 'index.sqlite'))
  await using cloud = await openEmbeddedCloud({ folder: join(data, 'cloud'), mqttPort: 0, log: silentLog })
  const { endpoint, account, mqttUrl = '' } = cloud
  await using store = await openS3Store(
    { endpoint, region: account.region, bucket: account.bucket, pathStyle: true, credentials: account },
    { log: silentLog },
  )
  const told: Uint8Array[] = []
  const listener = await mqtt.connectAsync(mqttUrl, {
    username: account.mqttUsername,
    password: account.mqttPassword,
  })
  listener.on('message', (topic, payload) => void told.push(Buffer.from(topic), payload))
  await listener.subscribeAsync('#')
  const will = { topic: 'lintel/x/availability', payload: 'offline', qos: 1, retain: true } as const
  await using broker = await openBroker(
    {
      url: mqttUrl,
      username: account.mqttUsername,
      password: account.mqttPassword,
      clientId: 'door',
      protocolVersion: 4,
      will,
    },
    { log: silentLog },
  )
  for await (const _connection of broker.connections({ signal })) break
  const summary = await replay({
    video: { name: 'visitor', facts: await probeVideo(video) },
    edges: pressAt(5),
    config: configDefaults(),
    seed: 1,
    boot: 0,
    speed: 'max',
    devices: { disk, records, stills: ffmpegStills, vision: undefined, store, broker, log: silentLog },
    sleepReal: async () => {},
    realNowMs: () => 0,
    costSoFar: () => ({ cpuS: 0, wallS: 0, peakRssMb: 0 }),
    signal,
    ...(sealClip === undefined ? {} : { sealClip }),
  })
  await listener.endAsync()
  expect(told.length).toBeGreaterThan(4)
  const files = filesIn(data)
  const sealedFiles = files
    .filter((file) => file.endsWith('.age') && file.includes(summary.clips[0]?.id ?? ''))
    .sort()
  const pair = pairOf(parseSecret(identity.secret))
  return {
    disk: concatBytes(files.map((file) => readFileSync(file))),
    told: concatBytes(told),
    plaintexts: sealClip === undefined ? sealedFiles.map((file) => openAge(readFileSync(file), [pair])) : [],
  }
}

function filesIn(path: string): readonly string[] {
  return readdirSync(path).flatMap((name) => {
    const file = join(path, name)
    return statSync(file).isDirectory() ? filesIn(file) : [file]
  })
}
