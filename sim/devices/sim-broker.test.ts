import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Fault } from '../../src/base/fault.ts'
import { BoundedQueue } from '../../src/base/queue.ts'
import { unixMs } from '../../src/base/time.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { describeBrokerContract } from '../../src/ports/broker.contract.ts'
import type { Broker, BrokerMessage } from '../../src/ports/broker.ts'
import { createMovingClock } from './moving-clock.fixture.ts'
import { createNetwork, type Network, type Weather } from './network.ts'
import { createSeededRandom } from './seeded-random.ts'
import { createSimBroker, type Published, type SimBroker } from './sim-broker.ts'
import { SimClock } from './sim-clock.ts'

const SETTINGS: readonly (readonly [string, Partial<Weather>, number])[] = [
  ['the simulated broker', {}, 1],
  ['the simulated broker with other chance', {}, 2],
  ['the simulated broker with delays', { delayMs: { least: 5, most: 4000 } }, 3],
  ['the simulated broker behind a slow drip', { dripBytesPerS: 50_000 }, 4],
]

for (const [name, weather, seed] of SETTINGS)
  describeBrokerContract(name, async () => {
    const { clock, ...moving } = createMovingClock()
    const network = createNetwork({ clock, random: createSeededRandom(seed) })
    network.set(weather)
    const sim = createSimBroker({ network, clock })
    return {
      open: async (will) => sim.openClient(will),
      async listen() {
        const heard = new BoundedQueue<BrokerMessage>(1000)
        const messages = heard[Symbol.asyncIterator]()
        const stop = sim.listen((message) => heard.push(message))
        return {
          next: async () => (await messages.next()).value,
          async [Symbol.asyncDispose]() {
            stop()
            heard.end()
          },
        }
      },
      cut: async () => network.down('broker'),
      mend: async () => network.up('broker'),
      ...moving,
    }
  })

const forever = { signal: new AbortController().signal }
const WILL: BrokerMessage = { topic: 'door/availability', payload: 'offline', qos: 1, retain: true }

/** A world of nothing but a broker, the way to it, and a household that listens. */
class Yard {
  readonly clock = new SimClock({ bootWall: unixMs(0) })
  readonly network: Network
  readonly sim: SimBroker
  readonly published: Published[] = []
  /** What the household hears. */
  readonly told: { readonly atMs: number; readonly payload: string }[] = []
  broker: Broker

  constructor(weather: Partial<Weather> = {}, seed = 7) {
    this.network = createNetwork({ clock: this.clock, random: createSeededRandom(seed) })
    this.sim = createSimBroker({ network: this.network, clock: this.clock })
    this.sim.onPublish = (published) => this.published.push(published)
    this.sim.listen(({ payload }) => this.told.push({ atMs: this.clock.mono(), payload }))
    this.broker = this.sim.openClient(WILL)
    this.network.set(weather)
  }

  publish(
    payload: string,
    options: Partial<BrokerMessage> & { signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const { signal = forever.signal, ...rest } = options
    const message = { topic: 'door/press', payload, qos: 1, retain: false, ...rest } as const
    return this.broker.publish(message, { signal }).then(
      () => 'acknowledged',
      (error: unknown) => error,
    )
  }

  async close(): Promise<void> {
    await this.broker[Symbol.asyncDispose]()
  }

  /** What came of it; virtual time passes until it is known. */
  async end(call: Promise<unknown>): Promise<unknown> {
    let result: { readonly it: unknown } | undefined
    void call.then((it) => (result = { it }))
    expect(await this.clock.runUntil(() => result !== undefined)).toBe(true)
    return result?.it
  }

  async thousandPublishes(): Promise<readonly string[]> {
    const ends: string[] = []
    for (let n = 0; n < 1000; n++) {
      await this.clock.runUntil(() => this.broker.isConnected())
      ends.push(kindOf(await this.end(this.publish(String(n)))))
    }
    return ends
  }

  payloads(): readonly string[] {
    return this.told.map(({ payload }) => payload)
  }

  timesTold(payload: string): number {
    return this.payloads().filter((each) => each === payload).length
  }

  async isIdle(): Promise<boolean> {
    return !(await this.clock.runUntil(() => false))
  }
}

const kindOf = (end: unknown): string => (end instanceof Fault ? end.kind : String(end))
const countOf = (ends: readonly unknown[], kind: string): number =>
  ends.filter((end) => kindOf(end) === kind).length

/** A yard whose network goes away as it should: so that nobody notices at first, or with a bang. */
function yardWhoseCutIs(how: 'silent' | 'loud', prepare: (yard: Yard) => void = () => {}): Yard {
  for (let seed = 0; seed < 100; seed++) {
    const yard = new Yard({}, seed)
    prepare(yard)
    yard.network.down('broker')
    if (yard.broker.isConnected() === (how === 'silent')) return yard
  }
  throw new Error(`no cut in a hundred was ${how}`)
}

describe('the simulated broker, without delays,', () => {
  it('sets no timer and leaves no listener behind', async () => {
    const yard = new Yard()
    const stop = new AbortController()
    expect(yard.broker.isConnected()).toBe(true)
    expect(await yard.publish('x', { signal: stop.signal })).toBe('acknowledged')
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
    await yard.broker[Symbol.asyncDispose]()
    expect(await yard.isIdle()).toBe(true)
    expect(yard.clock.mono()).toBe(0)
    expect(yard.published).toEqual([
      { atMs: 0, message: expect.objectContaining({ payload: 'x' }), outcome: 'acknowledged' },
    ])
  })

  it('keeps what is retained beyond the lives of the doorbell, and forgets what is emptied', async () => {
    const yard = new Yard()
    await yard.publish('on', { topic: 'a', retain: true })
    await yard.publish('on', { topic: 'b', retain: true })
    await yard.publish('', { topic: 'a', retain: true })
    yard.sim.killClient()
    expect([...yard.sim.retained.keys()]).toEqual(['b'])
    const heard: BrokerMessage[] = []
    yard.sim.listen((message) => heard.push(message))
    expect(heard).toEqual([{ topic: 'b', payload: 'on', qos: 1, retain: true }])
  })
})

describe('trouble on the way to the broker:', () => {
  it('a lost message is unavailable after 20 s, and in half of all cases it was told', async () => {
    const yard = new Yard({ lossRate: 0.3 })
    const ends = await yard.thousandPublishes()
    const lost = countOf(ends, 'unavailable')
    expect(Math.abs(lost - 300)).toBeLessThan(45)
    expect(Math.abs(yard.told.length - (1000 - lost) - lost / 2)).toBeLessThan(30)
    expect(yard.clock.mono()).toBe(lost * 20_000)
  })

  it('what arrives twice is told twice', async () => {
    const yard = new Yard({ duplicateRate: 0.5 })
    expect(countOf(await yard.thousandPublishes(), 'acknowledged')).toBe(1000)
    expect(Math.abs(yard.told.length - 1500)).toBeLessThan(50)
  })

  it.each([
    ['an error', 'unavailable', { serverErrorRate: 0.2 }, 'Publish error: Unspecified error'],
    ['too many', 'full', { throttleRate: 0.2 }, 'Publish error: Quota exceeded'],
  ] as const)('%s of the broker is %s, and nothing is told', async (_, kind, weather, words) => {
    const yard = new Yard(weather)
    const ends = await yard.thousandPublishes()
    expect(Math.abs(countOf(ends, kind) - 200)).toBeLessThan(40)
    expect(yard.told.length).toBe(countOf(ends, 'acknowledged'))
    yard.network.set({ serverErrorRate: 1 })
    if (kind === 'full') yard.network.set({ serverErrorRate: 0, throttleRate: 1 })
    expect(await yard.publish('x')).toMatchObject({ message: `publishing to door/press: ${words}` })
  })

  it('damaged bytes break the connection, which the broker notices; the driver comes back', async () => {
    const yard = new Yard({ wrongChecksumRate: 1 })
    expect(await yard.publish('x')).toMatchObject({
      kind: 'unavailable',
      message: 'the broker went away before it acknowledged',
    })
    expect(yard.broker.isConnected()).toBe(false)
    expect(yard.payloads()).toEqual(['offline'])
    yard.network.set({ wrongChecksumRate: 0 })
    expect(await yard.clock.runUntil(() => yard.broker.isConnected())).toBe(true)
    expect(yard.clock.mono()).toBeGreaterThanOrEqual(500)
    expect(yard.clock.mono()).toBeLessThanOrEqual(1000)
  })

  it('expired credentials are denied, and let nobody in, until they are valid again', async () => {
    const yard = new Yard({ credentials: 'expired' })
    expect(await yard.publish('x')).toMatchObject({ kind: 'denied' })
    yard.broker = yard.sim.openClient(WILL)
    await yard.clock.advance(3_600_000)
    expect(yard.broker.isConnected()).toBe(false)
    expect(await yard.publish('x')).toMatchObject({ kind: 'unavailable' })
    yard.network.set({ credentials: 'valid' })
    await yard.clock.advance(71_000)
    expect(yard.broker.isConnected()).toBe(true)
  })

  it('a message without acknowledgement is handed over, and lost without a word', async () => {
    const yard = new Yard({ lossRate: 1 })
    for (let n = 0; n < 100; n++) expect(await yard.publish('x', { qos: 0 })).toBe('acknowledged')
    expect(
      countOf(
        yard.published.map(({ outcome }) => outcome),
        'handed over',
      ),
    ).toBe(100)
    expect(Math.abs(yard.told.length - 50)).toBeLessThan(20)
    expect(yard.clock.mono()).toBe(0)
  })

  it('delays keep the order of what is sent at once', async () => {
    const yard = new Yard({ delayMs: { least: 0, most: 5000 } })
    const numbers = Array.from({ length: 50 }, (_, n) => String(n))
    await yard.end(Promise.all(numbers.map((n) => yard.publish(n))))
    expect(yard.payloads()).toEqual(numbers)
    expect(yard.clock.mono()).toBeGreaterThan(3000)
  })

  it('the store being away does not matter', async () => {
    const yard = new Yard()
    yard.network.down('store')
    expect(await yard.publish('x')).toBe('acknowledged')
  })
})

describe('a network that goes away in front of the broker', () => {
  it('with a bang breaks the connection at once; nobody is connected until it is back', async () => {
    const yard = yardWhoseCutIs('loud')
    expect(await yard.publish('x')).toMatchObject({ message: 'the broker is not connected' })
    await yard.clock.advance(45_000)
    expect(yard.payloads()).toEqual(['offline'])
    yard.network.up('broker')
    expect(await yard.clock.runUntil(() => yard.broker.isConnected())).toBe(true)
    expect(yard.clock.mono()).toBeLessThan(45_000 + 70_000)
  })

  it('without a word is noticed after 15 to 45 s, by both sides', async () => {
    const yard = yardWhoseCutIs('silent')
    expect(await yard.clock.runUntil(() => !yard.broker.isConnected())).toBe(true)
    expect(yard.clock.mono()).toBeGreaterThanOrEqual(15_000)
    expect(yard.clock.mono()).toBeLessThanOrEqual(45_000)
    expect(yard.told).toEqual([{ atMs: yard.clock.mono(), payload: 'offline' }])
  })

  it('without a word, and is back soon, delivers late what was sent meanwhile, given up or not', async () => {
    const yard = yardWhoseCutIs('silent', ({ network }) => network.set({}))
    const first = yard.publish('first')
    await yard.clock.advance(10_000)
    const second = yard.publish('second')
    expect(yard.payloads()).toEqual([])
    yard.network.up('broker')
    expect(yard.payloads()).toEqual(['first', 'second'])
    expect([await first, await second]).toEqual(['acknowledged', 'acknowledged'])
    await yard.clock.advance(100_000)
    expect(yard.payloads()).toEqual(['first', 'second'])
    expect(await yard.isIdle()).toBe(true)
  })

  it('lets a message be told that nobody waits for any more', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const yard = new Yard({}, seed)
      yard.network.down('broker')
      const publish = yard.publish('late')
      await yard.clock.advance(20_000)
      if (!yard.broker.isConnected()) continue
      expect(await publish).toMatchObject({ message: 'the broker did not acknowledge within 20000 ms' })
      yard.network.up('broker')
      expect(yard.payloads()).toEqual(['late'])
      return
    }
    throw new Error('no cut in a hundred lasted unnoticed for 20 s')
  })

  it('lets arrive what left first, if anything; the rest is unavailable', async () => {
    let [arrived, lost] = [0, 0]
    for (let seed = 0; seed < 100; seed++) {
      const yard = new Yard({ delayMs: { least: 1000, most: 1000 } }, seed)
      const ends = Promise.all(['0', '1', '2', '3'].map((payload) => yard.publish(payload)))
      await yard.clock.advance(0)
      yard.network.down('broker')
      const told = yard.payloads().filter((payload) => payload !== 'offline')
      expect(told).toEqual(['0', '1', '2', '3'].slice(0, told.length))
      arrived += told.length
      await yard.end(ends)
      lost += countOf(await ends, 'unavailable')
      expect(yard.payloads().filter((payload) => payload !== 'offline')).toEqual(told)
    }
    expect(arrived).toBeGreaterThan(50)
    expect(lost).toBe(400)
  })

  it('costs no timers while it lasts, and the driver is back within the longest pause', async () => {
    const { network, sim, clock } = new Yard()
    network.down('broker')
    let sleeps = 0
    const counting: Clock = {
      mono: () => clock.mono(),
      wall: () => clock.wall(),
      sleep: (ms, options) => {
        sleeps++
        return clock.sleep(ms, options)
      },
    }
    const broker = sim.openClient(WILL, counting)
    await clock.advance(7 * 86_400_000)
    expect(sleeps).toBe(0)
    network.up('broker')
    await clock.advance(70_000)
    expect(sleeps).toBe(1)
    expect(broker.isConnected()).toBe(true)
  })
})

describe('a client that vanishes', () => {
  it('without a goodbye has its will told after 15 to 45 s', async () => {
    const yard = new Yard()
    await yard.publish('x')
    yard.sim.killClient()
    await yard.clock.advance(60_000)
    expect(yard.payloads()).toEqual(['x', 'offline'])
    expect(yard.told[1]?.atMs).toBeGreaterThanOrEqual(15_000)
    expect(yard.told[1]?.atMs).toBeLessThanOrEqual(45_000)
    expect(yard.sim.retained.get('door/availability')?.payload).toBe('offline')
  })

  it('and comes again before that has it told just then, and never after', async () => {
    const yard = new Yard()
    yard.sim.killClient()
    await yard.clock.advance(5000)
    yard.broker = yard.sim.openClient(WILL)
    await yard.publish('online')
    await yard.clock.advance(100_000)
    expect(yard.told).toEqual([
      { atMs: 5000, payload: 'offline' },
      { atMs: 5000, payload: 'online' },
    ])
  })

  it('never hears of what was on its way, which is told or not', async () => {
    let [told, heard] = [0, 0]
    for (let seed = 0; seed < 200; seed++) {
      const yard = new Yard({ delayMs: { least: 1000, most: 1000 } }, seed)
      void yard.publish('x').then(() => heard++)
      yard.sim.killClient()
      await yard.clock.advance(100_000)
      told += yard.timesTold('x')
      expect(yard.published.map(({ outcome }) => outcome)).toEqual(['cut-off'])
      expect(await yard.isIdle()).toBe(true)
    }
    expect(heard).toBe(0)
    expect(Math.abs(told - 100)).toBeLessThan(25)
  })

  it('does not come back by itself', async () => {
    const yard = new Yard()
    yard.network.down()
    yard.sim.killClient()
    yard.network.up()
    await yard.clock.advance(1_000_000)
    expect(yard.broker.isConnected()).toBe(false)
  })
})

describe('a client that says goodbye', () => {
  it('waits two seconds for what is not acknowledged, then gives up', async () => {
    const yard = new Yard({ lossRate: 1 })
    const publish = yard.publish('x')
    await yard.end(yard.close())
    expect(yard.clock.mono()).toBe(2000)
    expect(await publish).toMatchObject({ kind: 'unavailable' })
    expect(yard.payloads()).not.toContain('offline')
    expect(await yard.isIdle()).toBe(true)
  })

  it('goes as soon as everything is acknowledged', async () => {
    const yard = new Yard({ delayMs: { least: 300, most: 300 } })
    const publish = yard.publish('x')
    await yard.end(yard.close())
    expect(await publish).toBe('acknowledged')
    expect(yard.clock.mono()).toBe(300)
  })

  it('that nobody hears has its will told all the same', async () => {
    const yard = yardWhoseCutIs('silent')
    await yard.broker[Symbol.asyncDispose]()
    await yard.clock.advance(45_000)
    expect(yard.payloads()).toEqual(['offline'])
  })
})

describe('a publish', () => {
  it('that is stopped is aborted at once, and may be told all the same', async () => {
    const yard = new Yard({ delayMs: { least: 1000, most: 1000 } })
    const stop = new AbortController()
    const publish = yard.publish('x', { signal: stop.signal })
    stop.abort()
    expect(await publish).toMatchObject({ kind: 'aborted' })
    await yard.clock.advance(2000)
    expect(yard.payloads()).toEqual(['x'])
    expect(yard.published).toHaveLength(1)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  it('has the same end for the same seed', async () => {
    const story = async (seed: number): Promise<unknown> => {
      const yard = new Yard({ lossRate: 0.2, wrongChecksumRate: 0.1, delayMs: { least: 0, most: 900 } }, seed)
      await yard.thousandPublishes()
      return [yard.published, yard.told]
    }
    expect(await story(1)).toEqual(await story(1))
    expect(await story(1)).not.toEqual(await story(2))
  })
})
