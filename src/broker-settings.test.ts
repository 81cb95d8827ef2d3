import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryBroker } from '../sim/devices/memory-broker.ts'
import { createMemoryDisk } from '../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../sim/devices/memory-records.ts'
import { createSeededRandom } from '../sim/devices/seeded-random.ts'
import { SimClock } from '../sim/devices/sim-clock.ts'
import { Fault } from './base/fault.ts'
import { silentLog } from './base/log.ts'
import { startLoop } from './base/scope.ts'
import { unixMs } from './base/time.ts'
import { startBrokerSide } from './broker-side.ts'
import { loadConfig } from './config/index.ts'
import { createTelemetry, topicOf } from './mqtt/index.ts'
import type { Ports } from './ports/ports.ts'
import { openDeviceKey } from './vault/index.ts'

describe('a harmless setting', () => {
  let home: Home
  beforeEach(async () => {
    home = new Home()
    await home.start()
    return () => home[Symbol.asyncDispose]()
  })

  it('is told as it is, and handed to who changes settings when somebody asks', async () => {
    expect(home.settings()).toEqual([{ sensitivity: 0.5, 'quiet-after': 8, recognise: true }])
    home.sayNow('sensitivity', '0.7')
    await home.say('quiet-after', '12')
    expect(home.wanted).toEqual([{ 'detect.sensitivity': 0.7, 'visit.quietAfterMs': 12_000 }])
  })

  it('is changed once however often somebody moves a slider', async () => {
    for (let n = 40; n < 100; n++) home.sayNow('sensitivity', `0.${n}`)
    await home.clock.advance(5000)
    expect(home.wanted).toEqual([{ 'detect.sensitivity': 0.99 }])
  })

  it.each<[string, string]>([
    ['sensitivity', '0.1'],
    ['sensitivity', '2'],
    ['sensitivity', 'NaN'],
    ['sensitivity', ''],
    ['sensitivity', '-1'],
    ['sensitivity', '1e-1'],
    ['quiet-after', '0'],
    ['quiet-after', '9999999999'],
    ['recognise', 'ON'],
    ['recognise', 'x'.repeat(60_000)],
  ])('%s stays as it is when somebody says %j, and is told again', async (name, payload) => {
    await home.say(name, payload)
    expect(home.wanted).toEqual([])
    expect(home.settings()).toHaveLength(2)
  })

  it('is not changed to what it is', async () => {
    await home.say('sensitivity', '0.5')
    expect(home.wanted).toEqual([])
  })

  it.each(['retention.daysMax', 'notify', 'order', '__proto__'])('is not %s', async (name) => {
    await home.say(name, '1')
    expect(home.wanted).toEqual([])
  })

  it('is not what the broker had kept', async () => {
    await home[Symbol.asyncDispose]()
    home.hub.say({ topic: `${home.base}/set/sensitivity`, payload: '0.9', qos: 1, retain: true })
    await home.start()
    await home.clock.advance(5000)
    expect(home.wanted).toEqual([])
  })

  it('that cannot be changed is told again as it is', async () => {
    home.refusal = new Fault('invalid', 'detect.sensitivity: fixed by --set')
    await home.say('sensitivity', '0.7')
    expect(home.settings()).toHaveLength(2)
  })
})

class Home implements AsyncDisposable {
  readonly hub = createMemoryBroker()
  readonly clock = new SimClock({ bootWall: unixMs(1_767_225_600_000) })
  readonly wanted: unknown[] = []
  refusal: Fault | undefined
  base = ''
  readonly #records = new MemoryRecords().open()
  readonly #disk = createMemoryDisk()
  readonly #loops: AsyncDisposable[] = []

  async start(): Promise<void> {
    const { clock, hub } = this
    const log = silentLog
    const key = await openDeviceKey({ disk: this.#disk, log })
    const broker = hub.open({ topic: 'will', payload: '', qos: 0, retain: false })
    const config = loadConfig({ sets: ['mqtt.url=mqtt://broker.lan'] })
    const rules = { prefix: 'lintel', device: key.name, name: 'Front door' }
    this.base = topicOf(rules, 'set').slice(0, -'/set'.length)
    const telemetry = createTelemetry({ broker, clock, records: this.#records, log }, rules)
    const onCrash = (error: unknown): void => expect(error).toBeUndefined()
    const loop = (_name: string, run: (signal: AbortSignal) => Promise<void>): void =>
      void this.#loops.push(startLoop(run, onCrash))
    loop('telemetry', (signal) => telemetry.run(signal))
    const ports = {
      broker,
      clock,
      log,
      records: this.#records,
      disk: this.#disk,
      random: createSeededRandom(1),
    }
    startBrokerSide({
      ports: ports as unknown as Ports, // Lines and camera are not asked for anything here.
      ...{ config, telemetry, key, loop },
      storage: {
        opened: () => undefined,
        mustBeOpen() {
          throw new Fault('unavailable', 'not here')
        },
      },
      opened: async () => false,
      heardAt: () => undefined,
      picture: () => undefined,
      options: {
        onCrash,
        house: {
          shelf: () => undefined,
          set: async (changes) => {
            if (this.refusal !== undefined) throw this.refusal
            this.wanted.push(changes)
          },
        },
      },
    })
    await clock.advance(100)
  }

  sayNow(name: string, payload: string): void {
    this.hub.say({ topic: `${this.base}/set/${name}`, payload, qos: 1, retain: false })
  }

  async say(name: string, payload: string): Promise<void> {
    this.sayNow(name, payload)
    await this.clock.advance(5000)
  }

  settings(): readonly unknown[] {
    return this.hub.told
      .filter(({ topic }) => topic === `${this.base}/settings`)
      .map(({ payload }) => JSON.parse(payload) as unknown)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const loop of this.#loops.splice(0)) await loop[Symbol.asyncDispose]()
  }
}
