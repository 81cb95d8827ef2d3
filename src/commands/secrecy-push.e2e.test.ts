import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryWeb } from '../../sim/devices/memory-web.ts'
import { createSimGpio } from '../../sim/devices/sim-gpio.ts'
import { createSimPushService, type SimPushService } from '../../sim/devices/sim-push-service.ts'
import { silentLog } from '../base/log.ts'
import { loadConfig } from '../config/index.ts'
import { createLoopingCamera, ffmpegStills, probeVideo } from '../drivers/ffmpeg/index.ts'
import { nodeClock as clock } from '../drivers/node-clock.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { nodeRandom as random } from '../drivers/node-random.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import { openAge, pairOf, parseSecret } from '../formats/index.ts'
import { startHousehold } from '../household.ts'
import { enrolOwner, makeSecret, parseIdentity } from '../owner/index.ts'
import { makeBrowserKeys } from '../ports/push-service.contract.ts'
import type { Disk } from '../ports/disk.ts'
import type { Records } from '../ports/records.ts'
import { openPush } from '../push/index.ts'
import { noisyVideo, runsFound } from './secrecy.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'lintel-secrecy-push-'))
const video = join(folder, 'visitor.mp4')
const PRESS_MS = 300
const NAME = 'Front door of the Example family'

beforeAll(() => expect(spawnSync('ffmpeg', noisyVideo(video)).status).toBe(0))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what a page that is closed is told', () => {
  it('holds no run of the video, the poster or the metadata, and names nobody', async () => {
    const service = createSimPushService()
    const plaintexts = await recordTelling(service)
    expect(plaintexts.length).toBeGreaterThanOrEqual(4)
    const payloads = service.sent.map(({ message }) => message.payload)
    expect(payloads.length).toBeGreaterThanOrEqual(1)
    expect(runsFound(plaintexts, payloads)).toEqual([])
    for (const payload of payloads) {
      // Nothing but these members, whatever is added to them later.
      const text = Buffer.from(payload).toString()
      expect(text).toMatch(/^\{"v":1,"what":"(press|notice)"(,"press":"[0-9a-f]+")?\}$/)
      for (const word of ['Example', 'Ada', 'age1', 'person']) expect(text).not.toContain(word)
    }
    // The search would find them: a payload that carried a piece of the poster, and one that carried the metadata.
    const leaks = plaintexts.map((plaintext) => plaintext.subarray(0, 600))
    expect(runsFound(plaintexts, leaks).length).toBeGreaterThan(plaintexts.length)
  }, 120_000)
})

/** A household in real time, with somebody who presses, until the clip is signed; what is in it, opened with the owner's key. */
async function recordTelling(service: SimPushService): Promise<readonly Uint8Array[]> {
  const data = join(folder, 'door')
  const disk = await openNodeDisk(data)
  const secret = await makeSecret()
  await enrolOwner({ disk, identityText: secret, name: 'Ada' })
  await using records = await openSqliteRecords(join(data, 'index.sqlite'))
  await subscribe({ disk, records, service })
  const gpio = createSimGpio(clock)
  const signed = Promise.withResolvers<void>()
  const sets = [
    `device.name=${NAME}`,
    'clip.msMax=10000', // The picture never stands still: the clip ends by its length.
    'capture.prerollMs=1000',
    'visit.record=[]',
    'detect.recognise=false',
  ]
  await using household = await startHousehold(
    {
      ...{ clock, random, disk, records, log: silentLog, push: service },
      server: new MemoryWeb().server,
      page: { read: async () => undefined },
      openPorts: async () => ({
        ...{ clock, random, disk, records, gpio, log: silentLog, stills: ffmpegStills },
        camera: createLoopingCamera({ clock, video: { name: 'visitor', facts: await probeVideo(video) } }),
      }),
    },
    {
      configWith: (changed) => loadConfig({ changed, sets }),
      fixedKeys: [],
      web: async () => ({ listen: { host: '127.0.0.1', port: 0 }, names: ['localhost'] }),
      version: '0',
      onCrash: signed.reject,
      onHappening({ kind }) {
        if (kind === 'clip-sealed') signed.resolve()
      },
    },
  )
  expect(household.doorbell()).toBeDefined()
  gpio.drive('button', true)
  await clock.sleep(PRESS_MS, { signal: new AbortController().signal })
  gpio.drive('button', false)
  await signed.promise
  const identity = await parseIdentity('owner', secret)
  const pair = pairOf(parseSecret(identity.secret))
  return readdirSync(join(data, 'clips'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.age'))
    .map((name) => openAge(readFileSync(join(data, 'clips', name)), [pair]))
}

/** A browser that wants to be told, as its page would have asked for it. */
async function subscribe(deps: {
  readonly disk: Disk
  readonly records: Records
  readonly service: SimPushService
}): Promise<void> {
  await using push = await openPush({ ...deps, clock, random, log: silentLog })
  const { publicKey, auth } = makeBrowserKeys()
  const [p256dh, secret] = [publicKey, auth].map((bytes) => Buffer.from(bytes).toString('base64url'))
  await push.subscribe('ada', {
    endpoint: 'https://push.example.com/1',
    p256dh: p256dh ?? '',
    auth: secret ?? '',
  })
}
