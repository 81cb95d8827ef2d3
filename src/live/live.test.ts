import { createPublicKey, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSimPeers, type SimBrowser, type SimPeers } from '../../sim/devices/sim-peers.ts'
import { createSimReencoder } from '../../sim/devices/sim-reencoder.ts'
import { createMovingClock } from '../../sim/devices/moving-clock.fixture.ts'
import { createSeededRandom } from '../../sim/devices/seeded-random.ts'
import { utf8 } from '../base/bytes.ts'
import { silentLog } from '../base/log.ts'
import { BoundedQueue } from '../base/queue.ts'
import { Fmp4Reader } from '../media/index.ts'
import type { Packet } from '../ports/camera.ts'
import { readFilm, roundsOf, type Film } from '../../scripts/live-lab/camera.ts'
import { createLive, fingerprintOf, LIVE_LIMITS, signedText, type Live, type LiveSink } from './index.ts'
import { makeDeviceKeys, signWith } from '../../scripts/live-lab/page-server.ts'

const keys = makeDeviceKeys()
const MAJA = { member: 'm1', name: 'Maja' } as const

describe('the live view', () => {
  let film: Film
  let packets: readonly Packet[]
  let preroll: readonly Packet[]
  let live: Live
  let peers: SimPeers
  let moving: ReturnType<typeof createMovingClock>
  const reencoder = createSimReencoder()
  beforeEach(async () => {
    film ??= await readFilm('walk-up-night.mp4')
    const rounds = roundsOf(film, 0)
    packets = Array.from({ length: 90 }, () => rounds.next().value)
    preroll = []
    peers = createSimPeers()
    moving = createMovingClock()
    live = createLive({
      clock: moving.clock,
      log: silentLog,
      random: createSeededRandom(1),
      prerollSince: () => preroll,
      sign: signWith(keys),
      peers: peers.peers,
      reencoder,
    })
  })
  afterEach(async () => {
    await live[Symbol.asyncDispose]()
    await moving[Symbol.asyncDispose]()
  })

  const show = (from: number, to: number): void => {
    for (const packet of packets.slice(from, to)) {
      if (packet.isKey) preroll = []
      preroll = [...preroll, packet]
      live.take(packet)
    }
  }
  const begin = (): void => {
    live.beginRun(film.track)
    show(0, 40)
  }
  const connect = async (): Promise<SimBrowser & { readonly viewer: string }> => {
    const browser = peers.browse()
    const { answer, viewer } = await live.webrtc(browser.offer, {
      who: MAJA,
      signal: new AbortController().signal,
    })
    browser.take(answer)
    return Object.assign(browser, { viewer })
  }

  it('by fMP4 says what comes, and begins with the preroll’s newest key frame, to the byte', async () => {
    begin()
    const page = new Page()
    const watching = live.fmp4(page, page.signal)
    show(40, 45)
    expect(JSON.parse(await page.text())).toEqual({
      type: 'run',
      mime: 'video/mp4; codecs="avc1.640016"',
      width: 640,
      height: 360,
    })
    const reader = new Fmp4Reader()
    expect(reader.push(await page.bytes())).toMatchObject([
      { kind: 'init', sampleEntry: film.track.sampleEntry },
    ])
    for (const packet of packets.slice(30, 45))
      expect(reader.push(await page.bytes())).toMatchObject([
        { kind: 'sample', isKey: packet.isKey, data: packet.data },
      ])
    page.leave()
    await watching
    expect(live.viewers()).toEqual([])
  })

  it('by fMP4 greets anew when the camera comes back with other pictures', async () => {
    begin()
    const page = new Page()
    const watching = live.fmp4(page, page.signal)
    for (let messages = 0; messages < 12; messages++) await page.next()
    live.endRun()
    live.beginRun({ ...film.track, width: 320 })
    show(0, 2)
    expect(JSON.parse(await page.text())).toMatchObject({ width: 320 })
    page.leave()
    await watching
  })

  it('skips to the next key frame for a page that takes nothing for a while, and waits for nobody', async () => {
    begin()
    const page = new Page()
    page.isFull = true
    const watching = live.fmp4(page, page.signal)
    const rounds = roundsOf(film, 0)
    for (let count = 0; count < LIVE_LIMITS.packetsMax * 2; count++) live.take(rounds.next().value)
    page.isFull = false
    page.drain()
    await page.text()
    const reader = new Fmp4Reader()
    reader.push(await page.bytes())
    const [first] = reader.push(await page.bytes())
    expect(first).toMatchObject({ kind: 'sample' })
    const [second] = reader.push(await page.bytes())
    expect(second).toMatchObject({ kind: 'sample', isKey: true })
    page.leave()
    await watching
  })

  it('by WebRTC signs both fingerprints with the device’s key', async () => {
    begin()
    const browser = peers.browse()
    const { signal } = new AbortController()
    const { answer, signature } = await live.webrtc(browser.offer, { who: MAJA, signal })
    const text = signedText({ offer: fingerprintOf('', browser.offer), answer: fingerprintOf('', answer) })
    const publicKey = createPublicKey(keys.publicKey.export({ format: 'pem', type: 'spki' }).toString())
    expect(verify(null, utf8(text), publicKey, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  it('by WebRTC begins with parameter sets and the newest key frame, and again when the browser asks for it', async () => {
    begin()
    await using browser = await connect()
    const first = await browser.next()
    expect((first.payload[0] ?? 0) & 0x1f).toBe(24) // STAP-A: parameter sets, and what is small.
    let last = first
    for (let pictures = 0; pictures < 10; pictures += last.isLast ? 1 : 0) last = await browser.next()
    await moving.clock.sleep(2000, { signal: new AbortController().signal })
    browser.wantKey()
    const again = await browser.next()
    expect(again.payload).toEqual(first.payload)
    expect(again.timestamp).toBeGreaterThan(last.timestamp)
  })

  it('makes what is sent of a packet once, however many watch', async () => {
    begin()
    await using one = await connect()
    await using other = await connect()
    for (let packetsSeen = 0; packetsSeen < 20; packetsSeen++)
      expect((await one.next()).payload).toBe((await other.next()).payload)
  })

  it('encodes for old browsers while one watches, once for all of them, and not after', async () => {
    begin()
    const [one, other] = [new Page(), new Page()]
    const watching = [live.mpeg1(one, one.signal), live.mpeg1(other, other.signal)]
    show(40, 60)
    expect((await one.bytes())[0]).toBe(0x47)
    await other.bytes()
    expect(reencoder.running()).toBe(1)
    one.leave()
    await watching[0]
    expect(reencoder.running()).toBe(1)
    other.leave()
    await watching[1]
    expect(reencoder.running()).toBe(0)
  })

  it('refuses in words one viewer too many, and has room again when one has gone', async () => {
    begin()
    const pages = Array.from({ length: LIVE_LIMITS.viewersMax }, () => new Page())
    const watching = pages.map((page) => live.fmp4(page, page.signal))
    await expect(connect()).rejects.toMatchObject({
      kind: 'full',
      message: expect.stringMatching(/^8 watch already/),
    })
    pages[0]?.leave()
    await watching[0]
    await using browser = await connect()
    expect(browser.viewer).toMatch(/^[0-9a-f]{16}$/)
    for (const page of pages) page.leave()
    await Promise.all(watching)
  })

  it('refuses in words what cannot be shown by WebRTC, and keeps no place for it', async () => {
    await expect(connect()).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'the camera sends no pictures now',
    })
    begin()
    const { signal } = new AbortController()
    await expect(live.webrtc('nonsense', { who: MAJA, signal })).rejects.toMatchObject({ kind: 'invalid' })
    expect(live.viewers()).toEqual([])
  })

  it('ends every view when it is closed', async () => {
    begin()
    const page = new Page()
    const watching = [live.fmp4(page, page.signal), live.mpeg1(page, page.signal)]
    await using _browser = await connect()
    await live[Symbol.asyncDispose]()
    await Promise.all(watching)
    expect(live.viewers()).toEqual([])
    expect(reencoder.running()).toBe(0)
  })
})

/** A page's socket. */
class Page implements LiveSink {
  readonly #gone = new AbortController()
  readonly #queue = new BoundedQueue<string | Uint8Array>(10_000)
  readonly #messages = this.#queue[Symbol.asyncIterator]()
  readonly #drained = Promise.withResolvers<void>()
  isFull = false

  get signal(): AbortSignal {
    return this.#gone.signal
  }

  send(message: string | Uint8Array): boolean {
    return !this.isFull && this.#queue.push(message)
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  drain(): void {
    this.#drained.resolve()
  }

  leave(): void {
    this.#gone.abort()
  }

  async next(): Promise<string | Uint8Array> {
    const { value } = await this.#messages.next()
    if (value === undefined) throw new Error('the socket ended')
    return value
  }

  async text(): Promise<string> {
    const message = await this.next()
    return typeof message === 'string' ? message : expect.fail('wanted text, got bytes')
  }

  async bytes(): Promise<Uint8Array> {
    const message = await this.next()
    return typeof message === 'string' ? expect.fail(`wanted bytes, got ${message}`) : message
  }
}
