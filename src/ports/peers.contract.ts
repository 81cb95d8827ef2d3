import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Peer, Peers } from './peers.ts'

/** A browser, as much of it as watching takes. */
export interface Caller extends AsyncDisposable {
  readonly offer: string
  take(answer: string): Promise<void>
  /** The next packet that arrived. */
  next(): Promise<{ readonly payload: Uint8Array; readonly timestamp: number; readonly isLast: boolean }>
  wantKey(): Promise<void>
  /** Says something: an Opus packet. */
  speak(opus: Uint8Array): Promise<void>
  nextSound(): Promise<{ readonly opus: Uint8Array; readonly timestamp: number }>
}

export type PeersUnderTest = { readonly peers: Peers; call(): Promise<Caller> }

const profileLevelId = '64001f'

/** What everything that shows pictures to browsers must do, real or simulated. */
export function describePeersContract(name: string, setUp: () => PeersUnderTest): void {
  describe(`${name} keeps the contract of peers:`, () => {
    let subject: PeersUnderTest
    let caller: Caller
    let stop: AbortController
    beforeEach(async () => {
      subject = setUp()
      caller = await subject.call()
      stop = new AbortController()
    })
    afterEach(async () => {
      stop.abort()
      await caller[Symbol.asyncDispose]()
    })

    const connect = async (): Promise<Peer> => {
      const peer = await subject.peers.answer(caller.offer, { profileLevelId, signal: stop.signal })
      await caller.take(peer.answer)
      await peer.connected()
      return peer
    }

    it('connects, and brings packets in their order with their times and ends of pictures', async () => {
      await using peer = await connect()
      for (let index = 0; index < 6; index++) {
        const packet = {
          payload: Uint8Array.of(0x41, index),
          timestamp: 2 ** 32 - 6000 + 3000 * (index >> 1),
        }
        expect(peer.send({ ...packet, isLast: index % 2 === 1 })).toBe(true)
      }
      const first = await caller.next()
      expect([...first.payload]).toEqual([0x41, 0])
      for (let index = 1; index < 6; index++) {
        const { payload, timestamp, isLast } = await caller.next()
        expect([...payload, isLast]).toEqual([0x41, index, index % 2 === 1])
        expect((timestamp - first.timestamp + 2 ** 32) % 2 ** 32).toBe(3000 * (index >> 1))
      }
    })

    it('names one SHA-256 fingerprint in its answer, and it is another for each', async () => {
      const print = /^a=fingerprint:sha-256 ([0-9A-F:]{95})\s*$/gim
      await using one = await connect()
      const other = await subject.call()
      await using second = await subject.peers.answer(other.offer, { profileLevelId, signal: stop.signal })
      expect([...one.answer.matchAll(print)].length).toBeGreaterThan(0)
      expect(new Set([...one.answer.matchAll(print)].map(([, digits]) => digits)).size).toBe(1)
      expect(second.answer).not.toBe(one.answer)
      await other[Symbol.asyncDispose]()
    })

    it('tells when the browser wants a key frame', async () => {
      await using peer = await connect()
      const wanted = new Promise<void>((resolve) => peer.onKeyWanted(resolve))
      peer.send({ payload: Uint8Array.of(0x41, 0), timestamp: 0, isLast: true })
      await caller.next()
      await caller.wantKey()
      await wanted
    })

    it('brings sound to and fro, where it is wanted', async () => {
      const options = { profileLevelId, withSound: true, signal: stop.signal }
      await using peer = await subject.peers.answer(caller.offer, options)
      await caller.take(peer.answer)
      await peer.connected()
      const heard: number[][] = []
      const whole = new Promise<void>((resolve) =>
        peer.sound?.onPacket((opus) => heard.push([...opus]) === 3 && resolve()),
      )
      for (let n = 0; n < 3; n++) {
        expect(peer.sound?.send({ opus: Uint8Array.of(0xf8, n), timestamp: 2 ** 32 - 960 + n * 960 })).toBe(
          true,
        )
        await caller.speak(Uint8Array.of(0xf8, 100 + n))
      }
      const first = await caller.nextSound()
      for (let n = 1; n < 3; n++) {
        const { opus, timestamp } = await caller.nextSound()
        expect([...opus]).toEqual([0xf8, n])
        expect((timestamp - first.timestamp + 2 ** 32) % 2 ** 32).toBe(n * 960)
      }
      await whole
      expect(heard).toEqual([0, 1, 2].map((n) => [0xf8, 100 + n]))
    })

    it('has no sound where none is wanted', async () => {
      await using peer = await connect()
      expect(peer.sound).toBeUndefined()
    })

    it('ends when the browser goes, and then sends nothing more', async () => {
      const peer = await connect()
      const ended = untilAborted(peer.signal)
      await caller[Symbol.asyncDispose]()
      await ended
      expect(peer.send({ payload: Uint8Array.of(1, 2), timestamp: 0, isLast: true })).toBe(false)
    })

    it('ends when it is told to', async () => {
      const peer = await connect()
      stop.abort()
      expect(peer.signal.aborted).toBe(true)
      const early = await subject.call()
      await using unanswered = await subject.peers.answer(early.offer, {
        profileLevelId,
        signal: new AbortController().signal,
      })
      const connecting = unanswered.connected()
      await unanswered[Symbol.asyncDispose]()
      await expect(connecting).rejects.toMatchObject({ kind: 'unavailable' })
      await early[Symbol.asyncDispose]()
    })

    it('refuses as invalid what is no offer, or offers nothing that we can send', async () => {
      const refused = async (offer: string): Promise<void> => {
        const answering = subject.peers.answer(offer, { profileLevelId, signal: stop.signal })
        await expect(answering).rejects.toMatchObject({ kind: 'invalid' })
      }
      await refused('hello')
      await refused(caller.offer.replaceAll(/H264/gi, 'VP8'))
      await refused(caller.offer.replaceAll('packetization-mode=1', 'packetization-mode=0'))
      await refused(caller.offer.replaceAll('m=video', 'm=audio'))
      await refused(`${caller.offer}${'a=x\r\n'.repeat(20_000)}`)
    })
  })
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
