import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Broker, BrokerMessage } from './broker.ts'

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
