import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fault } from '../base/fault.ts'
import {
  HEARD_BYTES_MAX,
  HEARD_WAITING_MAX,
  type Broker,
  type BrokerMessage,
  type HeardMessage,
} from './broker.ts'

/** What somebody who subscribed hears, in its order. */
export interface Ear extends AsyncDisposable {
  next(): Promise<BrokerMessage>
}

/** One broker to test, with a network in front of it that can be cut. */
export interface BrokerUnderTest extends AsyncDisposable {
  /** Another connection of our driver, with this last will. */
  open(will: BrokerMessage): Promise<Broker>
  /** Hears everything below `lintel/`; resolves when the broker has taken up the subscription. */
  listen(): Promise<Ear>
  /** Breaks every connection of the driver, as a router that loses power does, and lets nobody through. */
  cut(): Promise<void>
  /** Lets connections through again. */
  mend(): Promise<void>
  /** Nobody may listen to that; left out where the broker has no such rule. */
  readonly refused?: string
}

const forever = { signal: new AbortController().signal }
const message = (topic: string, payload: string, options: Partial<BrokerMessage> = {}): BrokerMessage => ({
  topic,
  payload,
  qos: 1,
  retain: false,
  ...options,
})
const WILL = message('lintel/door/availability', 'offline')

/** What every driver of a broker must do, real or simulated. No test here depends on how long anything takes. */
export function describeBrokerContract(name: string, setUp: () => Promise<BrokerUnderTest>): void {
  describe(`${name} keeps the contract of a broker:`, () => {
    let subject: BrokerUnderTest
    let broker: Broker
    let ear: Ear
    beforeEach(async () => {
      subject = await setUp()
      ear = await subject.listen()
      broker = await subject.open(WILL)
    })
    afterEach(async () => {
      await broker[Symbol.asyncDispose]()
      await ear[Symbol.asyncDispose]()
      await subject[Symbol.asyncDispose]()
    })

    const publish = (topic: string, payload: string, options?: Partial<BrokerMessage>): Promise<void> =>
      broker.publish(message(topic, payload, options), forever)

    it('connects by itself, and says so', async () => {
      await connection(broker)
      expect(broker.isConnected()).toBe(true)
    })

    it('hands a message to whoever listens, every letter of it', async () => {
      await connection(broker)
      await publish('lintel/door/press', '{"visit":"größer 🔔"}')
      expect(await ear.next()).toMatchObject({
        topic: 'lintel/door/press',
        payload: '{"visit":"größer 🔔"}',
      })
    })

    it('hands over empty, long and unacknowledged messages', async () => {
      await connection(broker)
      const long = 'x'.repeat(100_000)
      await publish('lintel/a', '')
      await publish('lintel/b', long)
      await publish('lintel/c', 'light', { qos: 0 })
      expect(await ear.next()).toMatchObject({ topic: 'lintel/a', payload: '' })
      expect((await ear.next()).payload).toBe(long)
      expect(await ear.next()).toMatchObject({ topic: 'lintel/c', payload: 'light' })
    })

    it('keeps the order of messages', async () => {
      await connection(broker)
      const numbers = Array.from({ length: 20 }, (_, n) => String(n))
      for (const number of numbers) await publish('lintel/n', number)
      const heard: string[] = []
      for (const _ of numbers) heard.push((await ear.next()).payload)
      expect(heard).toEqual(numbers)
    })

    it('has the broker keep what is to be retained, and nothing else', async () => {
      await connection(broker)
      await publish('lintel/status', 'old', { retain: true })
      await publish('lintel/status', 'new', { retain: true })
      await publish('lintel/press', 'gone', { retain: false })
      await using late = await subject.listen()
      expect(await late.next()).toMatchObject({ topic: 'lintel/status', payload: 'new' })
      await publish('lintel/end', 'end')
      expect(await late.next()).toMatchObject({ payload: 'end' })
    })

    it.each(['', 'lintel/#', 'lintel/+/press', 'lintel/\0'])('refuses the topic %j', async (topic) => {
      await connection(broker)
      await expect(publish(topic, 'x')).rejects.toMatchObject({ name: 'Fault', kind: 'invalid' })
    })

    it('does not begin what is already aborted', async () => {
      await connection(broker)
      const stopped = { signal: AbortSignal.abort() }
      await expect(broker.publish(message('lintel/a', 'x'), stopped)).rejects.toMatchObject({
        name: 'Fault',
        kind: 'aborted',
      })
      await publish('lintel/end', 'end')
      expect(await ear.next()).toMatchObject({ payload: 'end' })
    })

    it('says that the broker is away, and does not keep messages for later', async () => {
      await connection(broker)
      await subject.cut()
      expect((await ear.next()).payload).toBe('offline')
      await expect(publish('lintel/press', 'lost')).rejects.toMatchObject({
        name: 'Fault',
        kind: 'unavailable',
      })
      expect(broker.isConnected()).toBe(false)
    })

    it('has its last will told when its connection breaks', async () => {
      await connection(broker)
      await subject.cut()
      expect(await ear.next()).toMatchObject({ topic: WILL.topic, payload: 'offline' })
    })

    it('has no last will told when it says goodbye', async () => {
      await connection(broker)
      await broker[Symbol.asyncDispose]()
      broker = await subject.open(WILL)
      await connection(broker)
      await publish('lintel/end', 'end')
      expect(await ear.next()).toMatchObject({ payload: 'end' })
    })

    it('comes back by itself, and counts every connection once', async () => {
      const connections = broker.connections(forever)[Symbol.asyncIterator]()
      await connections.next()
      for (const time of ['first', 'second']) {
        await subject.cut()
        expect((await ear.next()).payload).toBe('offline')
        await subject.mend()
        await connections.next()
        await publish('lintel/back', time)
        expect(await ear.next()).toMatchObject({ payload: time })
      }
    })

    it('does not miss a connection that is made while nobody looks', async () => {
      const slow = broker.connections(forever)[Symbol.asyncIterator]()
      const quick = broker.connections(forever)[Symbol.asyncIterator]()
      await slow.next()
      await quick.next()
      await subject.cut()
      expect((await ear.next()).payload).toBe('offline')
      await subject.mend()
      await quick.next()
      expect((await slow.next()).done).toBe(false)
    })

    it('ends its connections when the signal is aborted, before and while one is waited for', async () => {
      await connection(broker)
      const stop = new AbortController()
      const connections = broker.connections(stop)[Symbol.asyncIterator]()
      await connections.next()
      const waiting = connections.next()
      stop.abort()
      expect((await waiting).done).toBe(true)
      const never = broker.connections(stop)[Symbol.asyncIterator]()
      expect((await never.next()).done).toBe(true)
    })

    describe('when somebody listens,', () => {
      it('gives every letter of what is said to the topic, and of nothing else', async () => {
        await connection(broker)
        await using talk = await listenWith(broker, ['lintel/door/set/+', 'lintel/order'])
        await publish('lintel/door/press', 'no')
        await publish('lintel/door/set/a/b', 'no')
        await publish('lintel/door/set/chime', 'größer 🔔')
        await publish('lintel/order', '')
        expect(await talk.next()).toEqual({
          topic: 'lintel/door/set/chime',
          payload: 'größer 🔔',
          retained: false,
        })
        expect(await talk.next()).toEqual({ topic: 'lintel/order', payload: '', retained: false })
      })

      it('marks what the broker had kept from before, and not what is said now', async () => {
        await connection(broker)
        await publish('lintel/set', 'old', { retain: true })
        await using talk = await listenWith(broker, ['lintel/set'])
        await publish('lintel/set', 'new', { retain: true })
        expect(await talk.next()).toEqual({ topic: 'lintel/set', payload: 'old', retained: true })
        expect(await talk.next()).toEqual({ topic: 'lintel/set', payload: 'new', retained: false })
      })

      it('goes on listening over every connection', async () => {
        await connection(broker)
        await using talk = await listenWith(broker, ['lintel/set'])
        await subject.cut()
        expect((await ear.next()).payload).toBe('offline')
        await subject.mend()
        await talk.untilListening()
        await publish('lintel/set', 'again')
        expect((await talk.next()).payload).toBe('again')
      })

      it('listens from the first connection on when it was asked to before', async () => {
        await subject.cut()
        const early = await subject.open({ ...WILL, topic: 'lintel/early/availability' })
        const waiting = listenWith(early, ['lintel/set'])
        await subject.mend()
        await using talk = await waiting
        await early.publish(message('lintel/set', 'hello'), forever)
        expect((await talk.next()).payload).toBe('hello')
        await early[Symbol.asyncDispose]()
      })

      it('keeps the oldest when nobody takes what is said, and says so', async () => {
        await connection(broker)
        await using talk = await listenWith(broker, ['lintel/n'])
        const taken = HEARD_WAITING_MAX + 1 // One is already waited for.
        for (let n = 0; n < taken + 3; n++) await publish('lintel/n', String(n))
        await publish('lintel/end', 'end')
        await expect.poll(() => talk.troubles.length).toBe(3)
        expect(talk.troubles.every(({ kind }) => kind === 'full')).toBe(true)
        for (let n = 0; n < taken; n++) expect((await talk.next()).payload).toBe(String(n))
        await publish('lintel/n', 'later')
        expect((await talk.next()).payload).toBe('later')
      })

      it('loses what is too large, and says so', async () => {
        await connection(broker)
        await using talk = await listenWith(broker, ['lintel/n'])
        await publish('lintel/n', 'x'.repeat(HEARD_BYTES_MAX + 1))
        await publish('lintel/n', 'small')
        expect((await talk.next()).payload).toBe('small')
        expect(talk.troubles.map(({ kind }) => kind)).toEqual(['full'])
      })

      it.each(['', 'lintel/#/a', 'lintel/a+'])('refuses to listen to %j', async (filter) => {
        expect(() => broker.listen([filter], forever)).toThrow(expect.objectContaining({ kind: 'invalid' }))
      })

      it('says that the broker lets nobody listen to that', async () => {
        if (subject.refused === undefined) return
        await connection(broker)
        const stop = new AbortController()
        const trouble = await new Promise<Fault>((resolve) => {
          void take(broker.listen([subject.refused ?? ''], { signal: stop.signal, onTrouble: resolve }))
        })
        stop.abort()
        expect(trouble).toMatchObject({ name: 'Fault', kind: 'denied' })
      })

      it('ends when it is told to, before and while a message is waited for', async () => {
        await connection(broker)
        const stop = new AbortController()
        const waiting = take(broker.listen(['lintel/a'], stop))
        stop.abort()
        expect(await waiting).toEqual([])
        expect(await take(broker.listen(['lintel/a'], stop))).toEqual([])
      })
    })

    it('may be closed twice', async () => {
      await connection(broker)
      await broker[Symbol.asyncDispose]()
      await broker[Symbol.asyncDispose]()
      expect(broker.isConnected()).toBe(false)
    })

    it('may be closed while it is away', async () => {
      await connection(broker)
      await subject.cut()
      await broker[Symbol.asyncDispose]()
    })
  })
}

async function connection(broker: Broker): Promise<void> {
  for await (const _made of broker.connections(forever)) return
}

type Talk = AsyncDisposable & {
  next(): Promise<HeardMessage>
  /** The broker has taken up the subscription anew. */
  untilListening(): Promise<void>
  readonly troubles: readonly Fault[]
}

/** Resolves when the broker has taken up the subscription. */
async function listenWith(broker: Broker, filters: readonly string[]): Promise<Talk> {
  const stop = new AbortController()
  const troubles: Fault[] = []
  let listening = Promise.withResolvers<void>()
  const messages = broker
    .listen(filters, {
      signal: stop.signal,
      onListening: () => listening.resolve(),
      onTrouble: (fault) => troubles.push(fault),
    })
    [Symbol.asyncIterator]()
  let upcoming: Promise<IteratorResult<HeardMessage>> | undefined = messages.next()
  await listening.promise
  listening = Promise.withResolvers<void>()
  return {
    troubles,
    async next() {
      const { value, done } = await (upcoming ?? messages.next())
      upcoming = undefined
      if (done === true) throw new Error('nothing more will be heard')
      return value
    },
    untilListening: () => listening.promise,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await upcoming
    },
  }
}

async function take(messages: AsyncIterable<HeardMessage>): Promise<readonly HeardMessage[]> {
  const taken: HeardMessage[] = []
  for await (const each of messages) taken.push(each)
  return taken
}
