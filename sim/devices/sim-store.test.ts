import { createHash } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { Fault } from '../../src/base/fault.ts'
import { unixMs } from '../../src/base/time.ts'
import { faultOf } from '../../src/drivers/s3/faults.ts'
import { describeObjectStoreContract } from '../../src/ports/object-store.contract.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { createMovingClock } from './moving-clock.fixture.ts'
import { createNetwork, type Network, type Weather } from './network.ts'
import { createSeededRandom } from './seeded-random.ts'
import { SimClock } from './sim-clock.ts'
import { createSimStore, type SimStore, type StoreCall } from './sim-store.ts'
import { WHERE } from './store-exchange.ts'

const SETTINGS: readonly (readonly [string, Partial<Weather>])[] = [
  ['the simulated store', {}],
  ['the simulated store with delays', { delayMs: { least: 5, most: 4000 } }],
  ['the simulated store behind a slow drip', { dripBytesPerS: 100_000 }],
]

for (const [name, weather] of SETTINGS)
  describeObjectStoreContract(name, async () => {
    const { clock, ...moving } = createMovingClock()
    const network = createNetwork({ clock, random: createSeededRandom(3) })
    network.set(weather)
    return { store: createSimStore(network).openClient(), ...moving }
  })

const forever = { signal: new AbortController().signal }
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A world of nothing but a store and the way to it. */
class Yard {
  readonly clock = new SimClock({ bootWall: unixMs(0) })
  readonly network: Network
  readonly sim: SimStore
  readonly calls: StoreCall[] = []
  readonly store: ObjectStore

  constructor(weather: Partial<Weather> = {}, seed = 7) {
    this.network = createNetwork({ clock: this.clock, random: createSeededRandom(seed) })
    this.network.set(weather)
    this.sim = createSimStore(this.network)
    this.sim.onCall = (call) => this.calls.push(call)
    this.store = this.sim.openClient()
  }

  put(name: string, { text = 'text', ifAbsent = true, signal = forever.signal } = {}): Promise<unknown> {
    const bytes = utf8(text)
    return this.store.put(name, bytes, { sha256: sha256Of(bytes), ifAbsent, signal })
  }

  /** What came of it: the answer or the fault. Virtual time passes until it is known. */
  async end(call: Promise<unknown>): Promise<unknown> {
    let result: { readonly it: unknown } | undefined
    call.then(
      (it) => (result = { it }),
      (it: unknown) => (result = { it }),
    )
    expect(await this.clock.runUntil(() => result !== undefined)).toBe(true)
    return result?.it
  }

  async thousandPuts(): Promise<readonly unknown[]> {
    const ends: unknown[] = []
    for (let n = 0; n < 1000; n++) ends.push(await this.end(this.put(`object ${n}`)))
    return ends
  }
}

const kindOf = (end: unknown): string => (end instanceof Fault ? end.kind : String(end))
const countOf = (ends: readonly unknown[], kind: string): number =>
  ends.filter((end) => kindOf(end) === kind).length

describe('the way to the store, without delays,', () => {
  it('sets no timer and leaves no listener behind', async () => {
    const yard = new Yard()
    const stop = new AbortController()
    await yard.put('a', stop)
    await yard.store.get('a', stop)
    expect(yard.clock.mono()).toBe(0)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })
})

describe('the simulated store', () => {
  it('knows what it has, since when and how often it was stored, and tells of every call', async () => {
    const yard = new Yard()
    await yard.put('a')
    await yard.clock.advance(500)
    await yard.put('a', { text: 'other', ifAbsent: false })
    await yard.put('a', { text: 'third' })
    expect(yard.sim.objects.get('a')).toEqual({
      bytes: utf8('other'),
      sha256: sha256Of(utf8('other')),
      storedTimes: 2,
      storedAtMs: 500,
    })
    await yard.store.get('a', forever)
    await expect(yard.store.get('b', forever)).rejects.toThrow('NoSuchKey')
    expect(yard.calls).toEqual([
      { atMs: 0, call: 'put', name: 'a', bytes: 4, outcome: 'stored' },
      { atMs: 500, call: 'put', name: 'a', bytes: 5, outcome: 'stored' },
      { atMs: 500, call: 'put', name: 'a', bytes: 5, outcome: 'already-there' },
      { atMs: 500, call: 'get', name: 'a', bytes: 5, outcome: 'ok' },
      { atMs: 500, call: 'get', name: 'b', bytes: 0, outcome: 'missing' },
    ])
  })

  it('refuses bytes that have another checksum than was said', async () => {
    const { store, sim } = new Yard()
    const put = store.put('a', utf8('x'), { sha256: sha256Of(utf8('y')), ifAbsent: true, ...forever })
    await expect(put).rejects.toMatchObject({ kind: 'corrupt' })
    expect(sim.objects.size).toBe(0)
  })

  it('outlives its clients, and goes on with the objects of another', async () => {
    const yard = new Yard()
    await yard.put('a')
    yard.sim.killClient()
    expect(await yard.sim.openClient().head('a', forever)).toMatchObject({ bytes: 4 })
    const other = new Yard({ quotaBytes: 7 })
    other.sim.restore(yard.sim.objects)
    await expect(other.put('b')).rejects.toMatchObject({ kind: 'full' })
    await other.store.remove('a', forever)
    expect(await other.put('b')).toBe('stored')
  })

  it('lists thousands of names page by page, each once', async () => {
    const yard = new Yard()
    for (let n = 0; n < 2500; n++) await yard.put(`n/${n}`)
    yard.calls.length = 0
    const names: string[] = []
    for await (const { name } of yard.store.list({ ...forever, prefix: 'n/' })) names.push(name)
    expect(new Set(names).size).toBe(2500)
    expect(names).toEqual(names.toSorted())
    expect(yard.calls).toHaveLength(3)
  })

  it('counts its quota in bytes that it has, not in bytes that were ever put', async () => {
    const yard = new Yard({ quotaBytes: 10 })
    for (let n = 0; n < 5; n++) expect(await yard.put('a', { ifAbsent: false })).toBe('stored')
    expect(kindOf(await yard.end(yard.put('b', { text: 'seven b' })))).toBe('full')
    await yard.store.remove('a', forever)
    expect(await yard.put('b', { text: 'seven b' })).toBe('stored')
  })
})

describe('trouble on the way to the store:', () => {
  it('what gets lost is unavailable after half a minute, and in half of all cases it was done', async () => {
    const yard = new Yard({ lossRate: 0.3 })
    const ends = await yard.thousandPuts()
    const lost = countOf(ends, 'unavailable')
    expect(Math.abs(lost - 300)).toBeLessThan(45)
    const doneAllTheSame = yard.sim.objects.size - countOf(ends, 'stored')
    expect(Math.abs(doneAllTheSame - lost / 2)).toBeLessThan(30)
    expect(yard.clock.mono()).toBe(lost * 30_000)
  })

  it('what arrives twice is stored once where it must not be there yet, though the answer may be that it is', async () => {
    const yard = new Yard({ duplicateRate: 0.5 })
    const ends = await yard.thousandPuts()
    expect([...yard.sim.objects.values()].every(({ storedTimes }) => storedTimes === 1)).toBe(true)
    expect(Math.abs(countOf(ends, 'already-there') - 250)).toBeLessThan(45)
    expect(countOf(ends, 'stored') + countOf(ends, 'already-there')).toBe(1000)
  })

  it('what arrives twice is stored twice where it may replace', async () => {
    const yard = new Yard({ duplicateRate: 0.5 })
    for (let n = 0; n < 1000; n++) await yard.put(`object ${n}`, { ifAbsent: false })
    const twice = [...yard.sim.objects.values()].filter(({ storedTimes }) => storedTimes === 2)
    expect(Math.abs(twice.length - 500)).toBeLessThan(50)
  })

  it('errors of the server are unavailable; behind a gateway the work may have been done', async () => {
    const yard = new Yard({ serverErrorRate: 0.2 })
    const ends = await yard.thousandPuts()
    expect(Math.abs(countOf(ends, 'unavailable') - 200)).toBeLessThan(40)
    const doneAllTheSame = yard.sim.objects.size - countOf(ends, 'stored')
    expect(doneAllTheSame).toBeGreaterThan(20)
    expect(doneAllTheSame).toBeLessThan(90)
    expect(yard.clock.mono()).toBe(0)
  })

  it('being throttled is unavailable, and nothing was done', async () => {
    const yard = new Yard({ throttleRate: 0.2 })
    const ends = await yard.thousandPuts()
    expect(Math.abs(countOf(ends, 'unavailable') - 200)).toBeLessThan(40)
    expect(yard.sim.objects.size).toBe(countOf(ends, 'stored'))
  })

  it('damaged bytes are refused as corrupt, and nothing counts as stored', async () => {
    const yard = new Yard({ wrongChecksumRate: 0.2 })
    const ends = await yard.thousandPuts()
    expect(Math.abs(countOf(ends, 'corrupt') - 200)).toBeLessThan(40)
    expect(yard.sim.objects.size).toBe(countOf(ends, 'stored'))
    for (const { bytes, sha256 } of yard.sim.objects.values()) expect(sha256Of(bytes)).toBe(sha256)
  })

  it('expired credentials are denied, whatever is asked, until they are valid again', async () => {
    const yard = new Yard({ credentials: 'expired' })
    const { store } = yard
    const calls = [
      () => yard.put('a'),
      () => store.get('a', forever),
      () => store.head('a', forever),
      () => store.remove('a', forever),
    ]
    for (const call of calls) expect(kindOf(await yard.end(call()))).toBe('denied')
    await expect(store.list(forever)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ kind: 'denied' })
    yard.network.set({ credentials: 'valid' })
    expect(await yard.put('a')).toBe('stored')
  })

  it('a slow drip takes its time, up and down, and longer than two minutes is too long', async () => {
    const yard = new Yard({ dripBytesPerS: 1000 })
    expect(await yard.end(yard.put('a', { text: 'x'.repeat(60_000) }))).toBe('stored')
    expect(yard.clock.mono()).toBe(60_000)
    await yard.end(yard.store.get('a', forever))
    expect(yard.clock.mono()).toBe(120_000)
    const large = await yard.end(yard.put('b', { text: 'x'.repeat(120_001) }))
    expect(large).toMatchObject({ kind: 'unavailable' })
    expect(yard.clock.mono()).toBe(240_000)
    expect(yard.sim.objects.has('b')).toBe(false)
  })

  it('while it is down, some are refused at once and some time out', async () => {
    const yard = new Yard()
    yard.network.down('store')
    const tookMs: number[] = []
    for (let n = 0; n < 100; n++) {
      const before = yard.clock.mono()
      expect(kindOf(await yard.end(yard.put('a')))).toBe('unavailable')
      tookMs.push(yard.clock.mono() - before)
    }
    expect(new Set(tookMs)).toEqual(new Set([5, 10_000]))
    yard.network.up('store')
    expect(await yard.put('a')).toBe('stored')
  })

  it('the broker being away does not matter', async () => {
    const yard = new Yard()
    yard.network.down('broker')
    expect(await yard.put('a')).toBe('stored')
  })
})

const slow = { delayMs: { least: 100, most: 1000 } }

describe('what is on its way to the store', () => {
  it('when the network goes away may arrive or not, and is never heard of', async () => {
    const yard = new Yard(slow)
    const puts = Array.from({ length: 200 }, (_, n) =>
      yard.put(`object ${n}`).catch((error: unknown) => error),
    )
    await yard.clock.advance(80)
    const before = yard.sim.objects.size
    yard.network.down('store')
    await yard.clock.advance(0)
    const atCut = yard.sim.objects.size
    expect(atCut - before).toBeGreaterThan(50)
    expect(atCut).toBeLessThan(150)
    await yard.clock.advance(60_000)
    expect(yard.sim.objects.size).toBe(atCut)
    expect(countOf(await Promise.all(puts), 'unavailable')).toBe(200)
    const tookMs = new Set(yard.calls.map(({ atMs }) => atMs))
    expect(tookMs).toEqual(new Set([80, 30_080]))
  })

  it('when the caller stops may arrive all the same', async () => {
    const yard = new Yard(slow)
    const stop = new AbortController()
    const puts = Array.from({ length: 200 }, (_, n) =>
      yard.put(`object ${n}`, stop).catch((error: unknown) => error),
    )
    await yard.clock.advance(10)
    stop.abort()
    expect(countOf(await Promise.all(puts), 'aborted')).toBe(200)
    expect(yard.sim.objects.size).toBeGreaterThan(60)
    expect(yard.sim.objects.size).toBeLessThan(140)
    expect(await yard.clock.runUntil(() => false)).toBe(false)
    expect(yard.clock.mono()).toBe(10)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  it('when the power goes may arrive all the same, and nobody hears of it', async () => {
    const yard = new Yard(slow)
    let heard = 0
    for (let n = 0; n < 200; n++)
      yard.put(`object ${n}`).then(
        () => heard++,
        () => heard++,
      )
    await yard.clock.advance(10)
    const before = heard
    yard.sim.killClient()
    await yard.clock.advance(60_000)
    expect(heard).toBe(before)
    expect(yard.sim.objects.size).toBeGreaterThan(60)
    expect(yard.sim.objects.size).toBeLessThan(140)
    expect(yard.calls.filter(({ outcome }) => outcome === 'cut-off')).toHaveLength(200 - before)
    let isOver = false
    void yard.put('late').finally(() => (isOver = true))
    await yard.clock.advance(1000)
    expect(isOver).toBe(false)
  })

  it('never arrives when its bytes had not all left', async () => {
    const yard = new Yard({ dripBytesPerS: 1000 })
    const stop = new AbortController()
    const puts = Array.from({ length: 50 }, (_, n) =>
      yard
        .put(`object ${n}`, { text: 'x'.repeat(1000), signal: stop.signal })
        .catch((error: unknown) => error),
    )
    await yard.clock.advance(999)
    stop.abort()
    expect(countOf(await Promise.all(puts), 'aborted')).toBe(50)
    yard.put('another', { text: 'x'.repeat(1000) }).catch(() => {})
    await yard.clock.advance(999)
    yard.sim.killClient()
    await yard.clock.advance(60_000)
    expect(yard.sim.objects.size).toBe(0)
  })

  it('gives the same faults and the same objects for the same seed', async () => {
    const story = async (seed: number): Promise<unknown> => {
      const yard = new Yard({ ...slow, lossRate: 0.3, duplicateRate: 0.5, serverErrorRate: 0.2 }, seed)
      await yard.thousandPuts()
      return yard.calls
    }
    expect(await story(1)).toEqual(await story(1))
    expect(await story(1)).not.toEqual(await story(2))
  })
})

describe('faults of the simulated store', () => {
  /** As the SDK throws it. */
  const sdkError = (name: string, httpStatusCode: number): Error =>
    Object.assign(new Error('words'), { name, $metadata: { httpStatusCode } })

  it.each([
    ['throttled', { throttleRate: 1 }, 'put'],
    ['damaged', { wrongChecksumRate: 1 }, 'put'],
    ['denied', { credentials: 'expired' }, 'put'],
    ['full', { quotaBytes: 1 }, 'put'],
    ['missing', {}, 'get'],
    ['a server error', { serverErrorRate: 1 }, 'put'],
  ] as const)('are of the kind the driver gives to the same answer: %s', async (_, weather, call) => {
    const yard = new Yard(weather)
    for (let n = 0; n < 20; n++) {
      const fault = await yard.end(call === 'put' ? yard.put('a') : yard.store.get('a', forever))
      if (!(fault instanceof Fault)) throw new Error('wanted a fault')
      const [, status = '', code = ''] = /: (\d{3}) (\w+) /.exec(fault.message) ?? []
      const real = faultOf(sdkError(code, Number(status)), { what: `${call} a`, where: WHERE })
      expect(fault.kind).toBe(real.kind)
      expect(fault.message).toContain(real.message.slice(0, -' words'.length))
    }
  })
})
