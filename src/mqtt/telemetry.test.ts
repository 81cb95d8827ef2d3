import { describe, expect, it } from 'vitest'
import { createMemoryBroker } from '../../sim/devices/memory-broker.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { SimClock } from '../../sim/devices/sim-clock.ts'
import { Fault } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import { silentLog } from '../base/log.ts'
import { unixMs, type WallTime } from '../base/time.ts'
import type { Broker } from '../ports/broker.ts'
import type { Records } from '../ports/records.ts'
import { createTelemetry, topicOf, willOf, type Telemetry } from './index.ts'

const NEW_YEAR = 1_767_225_600_000
const RULES = { prefix: 'lintel', device: 'Front/door', name: 'Front door' }
const HELLO = ['availability online', 'status {"version":1,"name":"Front door","dropped":0}']

const NOBODY =
  'motion {"state":"off","at":1767225600000,"trustedClock":true,"iso":"2026-01-01T00:00:00.000Z"}'
const ALL_WELL = 'health {"alarms":""}'
const NOBODY_SEEN = NOBODY.replace('motion', 'person')
const FIRST_HELLO = [...HELLO, NOBODY, ALL_WELL, NOBODY_SEEN]

describe('telemetry', () => {
  it('says hello once when it connects, and goodbye when it stops', async () => {
    const house = await House.opened()
    await house.running(async () => {})
    expect(house.told()).toEqual([...FIRST_HELLO, 'availability offline'])
  })

  it('has messages retained that describe a state, and no others', async () => {
    const house = await House.opened()
    await house.running(async ({ publish }) => {
      await publish('press', { visit: 'a' })
      await publish('motion', { state: 'on' })
      await publish('visit', { state: 'began' })
      await publish('clip', { state: 'sealed' })
    })
    const retained = house.hub.told.filter(({ retain }) => retain).map(({ topic }) => topic)
    expect(new Set(retained)).toEqual(
      new Set(
        ['availability', 'status', 'motion', 'health', 'person'].map((kind) => `lintel/Front-door/${kind}`),
      ),
    )
    expect(house.hub.told.every(({ qos }) => qos === 1)).toBe(true)
  })

  it('tells times for programs and for people', async () => {
    const house = await House.opened()
    await house.running(({ publish }) => publish('press', { visit: 'a', at: NEW_YEAR }))
    expect(house.told()).toContain('press {"visit":"a","at":1767225600000,"iso":"2026-01-01T00:00:00.000Z"}')
  })

  it('puts what happens in one topic for each device, whatever its name', () => {
    expect(topicOf(RULES, 'press')).toBe('lintel/Front-door/press')
    expect(willOf(RULES)).toEqual({
      topic: 'lintel/Front-door/availability',
      payload: 'offline',
      qos: 1,
      retain: true,
    })
  })

  it('keeps the order in which things happened, also when nobody waits in between', async () => {
    const house = await House.opened()
    await house.running(async ({ publish }) => {
      await Promise.all([
        publish('motion', { n: 1 }),
        publish('press', { n: 2 }),
        publish('visit', { n: 3 }),
        publish('press', { n: 4 }),
        publish('clip', { n: 5 }),
      ])
    })
    expect(house.toldOf('n')).toEqual([1, 2, 3, 4, 5])
  })

  it('counts what the broker has acknowledged, and what waits', async () => {
    const house = await House.opened()
    house.hub.cut()
    await house.telemetry.publish('motion', { state: 'on' })
    expect(house.telemetry.waiting()).toBe(1)
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
      expect(house.telemetry.waiting()).toBe(0)
      expect(house.telemetry.published()).toBe(5)
    })
  })
})

describe('a press', () => {
  it('is on disk before anybody is told that it is queued, and gone when the broker has it', async () => {
    const house = await House.opened()
    house.hub.cut()
    await house.telemetry.publish('press', { visit: 'a' })
    expect(await house.outbox()).toEqual(['{"visit":"a"}'])
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
      expect(await house.outbox()).toEqual([])
    })
  })

  it('is told after a restart, with the time at which it happened, before all that comes later', async () => {
    const house = await House.opened()
    house.hub.cut()
    await house.telemetry.publish('press', { visit: 'a', at: NEW_YEAR })
    await house.telemetry.publish('motion', { state: 'off', at: NEW_YEAR })
    await house.clock.advance(3_600_000)
    await house.restart()
    await house.telemetry.publish('press', { visit: 'b', at: NEW_YEAR + 3_600_000 })
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    const [, , ...presses] = house.toldOf('at') // The greeting tells that nobody moves, and nobody is seen.
    expect(presses).toEqual([NEW_YEAR, NEW_YEAR + 3_600_000])
    expect(await house.outbox()).toEqual([])
  })

  it('is told again when its acknowledgement was lost, and stays on disk until then', async () => {
    const house = await House.opened()
    let isLost = false
    house.hub.onPublish = ({ topic }) => {
      if (isLost || !topic.endsWith('/press')) return undefined
      isLost = true
      return 'lose-answer'
    }
    await house.running(async ({ publish }) => {
      await publish('press', { n: 1 })
      await house.clock.advance(0)
      expect(await house.outbox()).toHaveLength(1)
      await house.clock.advance(10_000)
    })
    expect(house.toldOf('n')).toEqual([1, 1])
    expect(await house.outbox()).toEqual([])
  })

  it('is told even though the disk refuses it, and whoever pressed hears of the disk', async () => {
    const house = await House.opened()
    await house.running(async ({ publish }) => {
      house.index.refuseWrites(new Fault('full', 'no room'))
      await expect(publish('press', { n: 1 })).rejects.toThrow('no room')
      house.index.refuseWrites(undefined)
      await house.clock.advance(0)
    })
    expect(house.toldOf('n')).toEqual([1])
  })

  it('is told once although the disk is full when the broker acknowledges it, and leaves the disk with the next', async () => {
    const house = await House.opened()
    await house.running(async ({ publish }) => {
      await publish('press', { n: 1 })
      house.index.refuseWrites(new Fault('full', 'no room'))
      await publish('motion', { n: 2 })
      await house.clock.advance(60_000)
      expect(await house.outbox()).toHaveLength(1)
      house.index.refuseWrites(undefined)
      await publish('press', { n: 3 })
      await house.clock.advance(0)
      expect(await house.outbox()).toEqual([])
    })
    expect(house.toldOf('n')).toEqual([1, 2, 3])
  })
})

describe('a press before the index can be opened', () => {
  it('is told at once, waits in memory, and is written down when the index is there', async () => {
    const house = await House.opened()
    house.hub.cut()
    await house.telemetry.publish('press', { n: 1 })
    house.restartWith(house.hub.open(willOf(RULES)))
    await expect(house.telemetry.publish('press', { n: 2 })).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await house.outbox()).toEqual(['{"n":1}'])
    await house.telemetry.open()
    await house.telemetry.publish('press', { n: 3 })
    expect(await house.outbox()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    expect(house.toldOf('n')).toEqual([1, 2, 3])
    expect(await house.outbox()).toEqual([])
  })

  it('is not written down when the broker had it before', async () => {
    const house = new House()
    await house.running(async ({ publish }) => {
      await publish('press', { n: 1 }).catch(() => {})
      await house.clock.advance(0)
      await house.telemetry.open()
    })
    expect(house.toldOf('n')).toEqual([1])
    expect(await house.outbox()).toEqual([])
  })

  it('is written down by the next attempt when the disk refuses the first', async () => {
    const house = new House()
    house.hub.cut()
    await house.telemetry.publish('press', { n: 1 }).catch(() => {})
    house.index.refuseWrites(new Fault('full', 'no room'))
    await expect(house.telemetry.open()).rejects.toThrow('no room')
    house.index.refuseWrites(undefined)
    await house.telemetry.open()
    expect(await house.outbox()).toEqual(['{"n":1}'])
  })
})

describe('what the broker retains', () => {
  it('is set right after a start: nobody moves until somebody is seen', async () => {
    const house = await House.opened()
    await house.running(({ publish }) => publish('motion', { state: 'on' }))
    await house.restart()
    await house.running(async () => {})
    expect(house.told().filter((message) => message.startsWith('motion'))).toEqual([
      'motion {"state":"on"}',
      NOBODY,
    ])
  })

  it('counts what was dropped while the broker was slow, without waiting for another connection', async () => {
    const house = await House.opened()
    let answer: () => void = () => {}
    const slow = house.hub.open(willOf(RULES))
    house.restartWith({
      ...slow,
      publish: async (message, options) => {
        if (message.payload.includes('"n":0')) await new Promise<void>((resolve) => (answer = resolve))
        await slow.publish(message, options)
      },
    })
    await house.running(async ({ publish }) => {
      await publish('motion', { n: 0 })
      await house.clock.advance(0)
      for (let n = 1; n < 1003; n++) await publish('motion', { n })
      answer()
      await house.clock.advance(0)
    })
    expect(house.toldOf('n').slice(0, 3)).toEqual([0, 4, 5])
    expect(house.toldOf('dropped')).toEqual([0, 3])
  })
})

describe('a message that the broker will never take', () => {
  it('does not hold up the others, and is no crash', async () => {
    const house = await House.opened()
    house.hub.onPublish = ({ payload }) =>
      payload === '{"n":1}' ? new Fault('invalid', 'too large') : undefined
    await house.running(async ({ publish }) => {
      await publish('press', { n: 1 })
      await publish('press', { n: 2 })
    })
    expect(house.toldOf('n')).toEqual([2])
    expect(await house.outbox()).toEqual([])
  })

  it('keeps its place while the broker has no room for it', async () => {
    const house = await House.opened()
    let refusals = 0
    house.hub.onPublish = ({ payload }) =>
      payload === '{"n":1}' && refusals++ < 10 ? new Fault('full', 'quota') : undefined
    await house.running(async ({ publish }) => {
      await publish('press', { n: 1 })
      await publish('press', { n: 2 })
      await house.clock.advance(3_600_000)
    })
    expect(house.toldOf('n')).toEqual([1, 2])
  })
})

describe('a row of the outbox that is damaged', () => {
  it('is left where it is, and its key is not given again', async () => {
    const house = await House.opened()
    await house.records.write([{ put: 'outbox', key: '000000000000', row: { not: 'a text' } }])
    await house.restart()
    house.hub.cut()
    await house.telemetry.publish('press', { n: 1 })
    expect(await house.outbox()).toEqual([{ not: 'a text' }, '{"n":1}'])
  })
})

describe('an announcement', () => {
  const config = { topic: 'homeassistant/device/door/config', payload: '{}', qos: 1, retain: true } as const
  const told = (house: House): number => house.hub.told.filter(({ topic }) => topic === config.topic).length

  it('is told at every connection, after what waits, and is known to be told', async () => {
    const house = await House.opened()
    let known = 0
    house.telemetry.announce(
      () => [config],
      async () => void known++,
    )
    await house.running(async ({ publish }) => {
      await publish('press', { n: 1 })
      await house.clock.advance(0)
      house.hub.cut()
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    expect(told(house)).toBe(2)
    expect(known).toBe(2)
  })

  it.each(['denied', 'unavailable'] as const)(
    'that the broker answers with %s holds up nothing',
    async (kind) => {
      const house = await House.opened()
      let asked = 0
      house.hub.onPublish = ({ topic }) => {
        if (topic !== config.topic) return undefined
        asked++
        return new Fault(kind, 'not there')
      }
      house.telemetry.announce(
        () => [config],
        async () => expect.unreachable(),
      )
      await house.running(async ({ publish }) => {
        await house.clock.advance(60_000)
        await publish('press', { n: 1 })
        await house.clock.advance(600_000)
      })
      expect(house.toldOf('n')).toEqual([1])
      expect(asked).toBe(kind === 'denied' ? 1 : 3)
    },
  )
})

describe('when the broker is away', () => {
  it('telemetry waits for it, keeps the order, and says hello once for each connection', async () => {
    const house = await House.opened()
    await house.running(async ({ publish }) => {
      await house.clock.advance(0)
      house.hub.cut()
      await publish('press', { n: 1 })
      await publish('motion', { n: 2 })
      await house.clock.advance(3_600_000)
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    expect(house.told()).toEqual([
      ...FIRST_HELLO,
      'availability offline',
      ...HELLO,
      'press {"n":1}',
      'motion {"n":2}',
      'availability offline',
    ])
  })

  it('telemetry takes back the last will as soon as it is connected again, though nothing happens', async () => {
    const house = await House.opened()
    await house.running(async () => {
      await house.clock.advance(10_000)
      house.hub.cut()
      await house.clock.advance(10_000)
      house.hub.mend()
      await house.clock.advance(10_000)
      expect(house.told()).toEqual([...FIRST_HELLO, 'availability offline', ...HELLO])
    })
  })

  it('telemetry says hello again when the broker refused to listen', async () => {
    const house = await House.opened()
    let refusals = 0
    house.hub.onPublish = () => (refusals++ < 3 ? new Fault('denied', 'not yet') : undefined)
    await house.running(async ({ publish }) => {
      await publish('motion', { n: 1 })
      await house.clock.advance(60_000)
    })
    expect(house.told()).toEqual([
      ...[...HELLO, ALL_WELL, NOBODY_SEEN.replaceAll('7225600000', '7225614000').replace(':00.', ':14.')],
      ...['motion {"n":1}', 'availability offline'],
    ])
  })

  it('the oldest messages that are no presses go, over a thousand, and their number is told', async () => {
    const house = await House.opened()
    house.hub.cut()
    await house.telemetry.publish('motion', { n: 0 })
    await house.telemetry.publish('press', { n: 1 })
    for (let n = 2; n < 1003; n++) await house.telemetry.publish('motion', { n })
    expect(house.telemetry.waiting()).toBe(1000)
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    expect(house.toldOf('n').slice(0, 3)).toEqual([1, 4, 5])
    expect(house.toldOf('n')).toHaveLength(1000)
    expect(house.told()).toContain('status {"version":1,"name":"Front door","dropped":3}')
  })

  it('no press is ever dropped', async () => {
    const house = await House.opened()
    house.hub.cut()
    for (let n = 0; n < 1001; n++) await house.telemetry.publish('press', { n })
    await house.telemetry.publish('motion', { n: -1 })
    expect(house.telemetry.waiting()).toBe(1001)
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    expect(house.toldOf('n')).toEqual(Array.from({ length: 1001 }, (_, n) => n))
  })

  it('telemetry stops when it is told to, and leaves the goodbye to the last will', async () => {
    const house = await House.opened()
    house.hub.cut()
    await house.telemetry.publish('press', { n: 1 })
    await house.running(() => house.clock.advance(10_000))
    expect(house.told()).toEqual(['availability offline'])
    expect(await house.outbox()).toHaveLength(1)
  })

  it('telemetry waits two seconds with its goodbye for a broker that does not answer, and no longer', async () => {
    const house = await House.opened()
    const slow: Broker = {
      ...house.hub.open(willOf(RULES)),
      publish: (_message, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Fault('aborted', 'stopped')), { once: true })
        }),
    }
    house.restartWith(slow)
    const stop = new AbortController()
    const running = house.telemetry.run(stop.signal)
    await house.clock.advance(1000)
    stop.abort()
    let isOver = false
    const over = running.then(() => (isOver = true))
    await house.clock.advance(1999)
    expect(isOver).toBe(false)
    await house.clock.advance(1)
    await over
  })
})

describe('a message from before the time was known', () => {
  const UNTIMED = { visit: 'a', at: 5000, trustedClock: false }

  it('is told with its own time when the time becomes known before it is told', async () => {
    const house = await House.opened()
    house.hub.cut()
    house.wallOff = { trusted: false, ms: -NEW_YEAR }
    await house.clock.advance(60_000)
    await house.telemetry.publish('press', UNTIMED) // Five seconds after the start.
    house.wallOff = { trusted: true, ms: 0 }
    await house.clock.advance(3_600_000)
    house.telemetry.giveTimes()
    expect(await house.outbox()).toEqual([
      '{"visit":"a","at":5000,"trustedClock":false,"iso":"1970-01-01T00:00:05.000Z"}',
    ])
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    expect(house.told()).toContain(
      'press {"visit":"a","at":1767225605000,"trustedClock":true,"iso":"2026-01-01T00:00:05.000Z"}',
    )
    expect(await house.outbox()).toEqual([])
  })

  it('is told as it stands when it is of an earlier start', async () => {
    const house = await House.opened()
    house.hub.cut()
    house.wallOff = { trusted: false, ms: -NEW_YEAR }
    await house.telemetry.publish('press', UNTIMED)
    await house.restart()
    house.wallOff = { trusted: true, ms: 0 }
    house.telemetry.giveTimes()
    await house.running(async () => {
      house.hub.mend()
      await house.clock.advance(10_000)
    })
    expect(house.told()).toContain(
      'press {"visit":"a","at":5000,"trustedClock":false,"iso":"1970-01-01T00:00:05.000Z"}',
    )
  })

  it('is sent once, though its time becomes known while it is on its way', async () => {
    const house = await House.opened()
    house.wallOff = { trusted: false, ms: -NEW_YEAR }
    house.hub.onPublish = () => {
      house.wallOff = { trusted: true, ms: 0 }
      house.telemetry.giveTimes()
      return undefined
    }
    await house.running(async ({ publish }) => {
      await publish('press', UNTIMED)
      await house.clock.advance(10_000)
      expect(house.telemetry.waiting()).toBe(0)
    })
    expect(house.toldOf('visit')).toEqual(['a'])
  })

  it('is announced, so that somebody looks at the clock; others are not', async () => {
    const house = await House.opened()
    await house.telemetry.publish('press', { visit: 'a', at: NEW_YEAR, trustedClock: true })
    expect(house.untimed).toBe(0)
    await house.telemetry.publish('visit', UNTIMED)
    expect(house.untimed).toBe(1)
  })
})

type Publish = Telemetry['publish']

/** Telemetry with everything around it, in memory. */
class House {
  readonly clock = new SimClock({ bootWall: unixMs(NEW_YEAR) })
  readonly hub = createMemoryBroker()
  readonly index = new MemoryRecords()
  readonly records: Records = this.index.open()
  /** What the wall clock says beside the truth. */
  wallOff = { trusted: true, ms: 0 }
  untimed = 0
  telemetry: Telemetry = this.#create(this.hub.open(willOf(RULES)))

  static async opened(): Promise<House> {
    const house = new House()
    await house.telemetry.open()
    return house
  }

  /** Runs it while `story` happens, lets everything settle, and stops it. */
  async running(story: (house: { publish: Publish }) => Promise<void>): Promise<void> {
    const stop = new AbortController()
    const running = this.telemetry.run(stop.signal)
    await story({ publish: (kind, payload) => this.telemetry.publish(kind, payload) })
    await this.clock.advance(0)
    stop.abort()
    await running
  }

  /** As after a power cut: only what is on disk is still known. */
  async restart(): Promise<void> {
    this.restartWith(this.hub.open(willOf(RULES)))
    await this.telemetry.open()
  }

  restartWith(broker: Broker): void {
    this.telemetry = this.#create(broker)
  }

  /** `press {"n":1}`, in the order in which the broker heard it. */
  told(): readonly string[] {
    return this.hub.told.map(({ topic, payload }) => `${topic.split('/').at(-1)} ${payload}`)
  }

  /** This member of all messages that have it. */
  toldOf(member: string): readonly Json[] {
    return this.hub.told
      .filter(({ payload }) => payload.startsWith('{'))
      .map(({ payload }) => (JSON.parse(payload) as Record<string, Json>)[member]) // We are told JSON objects only.
      .filter((value) => value !== undefined)
  }

  async outbox(): Promise<readonly Json[]> {
    return (await this.records.list('outbox')).map(({ row }) => row)
  }

  #create(broker: Broker): Telemetry {
    const { clock, records } = this
    const wall = (): WallTime => ({
      at: unixMs(NEW_YEAR + clock.mono() + this.wallOff.ms),
      trusted: this.wallOff.trusted,
    })
    const itsClock = { mono: () => clock.mono(), sleep: clock.sleep.bind(clock), wall }
    const onUntimed = (): number => this.untimed++
    return createTelemetry({ broker, clock: itsClock, records, log: silentLog, onUntimed }, RULES)
  }
}
