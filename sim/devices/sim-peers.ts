import { createHash } from 'node:crypto'
import { Fault } from '../../src/base/fault.ts'
import { BoundedQueue } from '../../src/base/queue.ts'
import { PEER_LIMITS, type Peer, type PeerPacket, type Peers, type PeerSound } from '../../src/ports/peers.ts'

/** Browsers that watch, without a network between. */
export interface SimPeers {
  readonly peers: Peers
  /** A browser that wants to watch. */
  browse(): SimBrowser
}

export interface SimBrowser extends AsyncDisposable {
  readonly offer: string
  take(answer: string): void
  next(): Promise<PeerPacket>
  wantKey(): void
  /** Says something: an Opus packet. */
  speak(opus: Uint8Array): void
  nextSound(): Promise<SimSound>
  /** What it heard and nobody has asked for yet. */
  readonly heard: number
}

export type SimSound = { readonly opus: Uint8Array; readonly timestamp: number }

const ARRIVED_MAX = 10_000

export function createSimPeers(): SimPeers {
  const waiting = new Map<string, SimPeer>()
  let count = 0
  const peers: Peers = {
    async answer(offer, { signal, withSound = false }) {
      const problem = problemOf(offer)
      if (problem !== undefined) throw new Fault('invalid', `the offer: ${problem}`)
      const peer = new SimPeer(sdpOf(`device ${++count}`), { signal, withSound })
      waiting.set(peer.answer, peer)
      return peer
    },
  }
  return {
    peers,
    browse() {
      let peer: SimPeer | undefined
      return {
        offer: sdpOf(`browser ${++count}`),
        take(answer) {
          peer = waiting.get(answer)
          waiting.delete(answer)
          peer?.connect()
        },
        async next() {
          const { value } = (await peer?.arrived.next()) ?? { value: undefined }
          if (value === undefined) throw new Fault('unavailable', 'the connection ended')
          return value
        },
        wantKey: () => peer?.wantKey(),
        speak: (opus) => peer?.hear(opus),
        async nextSound() {
          const { value } = (await peer?.sounds.next()) ?? { value: undefined }
          if (value === undefined) throw new Fault('unavailable', 'the connection ended')
          return value
        },
        get heard() {
          return peer?.heard ?? 0
        },
        [Symbol.asyncDispose]: async () => peer?.[Symbol.asyncDispose](),
      }
    },
  }
}

class SimPeer implements Peer {
  readonly answer: string
  readonly #ended = new AbortController()
  readonly #connected = Promise.withResolvers<void>()
  readonly #queue = new BoundedQueue<PeerPacket>(ARRIVED_MAX)
  readonly arrived = this.#queue[Symbol.asyncIterator]()
  readonly #heard = new BoundedQueue<SimSound>(ARRIVED_MAX)
  readonly sounds = this.#heard[Symbol.asyncIterator]()
  readonly sound: PeerSound | undefined
  #wantKey: () => void = () => {}
  #hear: (opus: Uint8Array) => void = () => {}

  constructor(
    answer: string,
    { signal, withSound }: { readonly signal: AbortSignal; readonly withSound: boolean },
  ) {
    this.answer = answer
    if (withSound)
      this.sound = {
        send: ({ opus, timestamp }) =>
          !this.signal.aborted && this.#heard.push({ opus, timestamp: timestamp % 2 ** 32 }),
        onPacket: (take) => (this.#hear = take),
      }
    this.#connected.promise.catch(() => {}) // Whoever waits for it hears of it.
    signal.addEventListener('abort', () => void this[Symbol.asyncDispose](), { once: true })
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  get heard(): number {
    return this.#heard.length
  }

  hear(opus: Uint8Array): void {
    if (!this.signal.aborted) this.#hear(opus)
  }

  connect(): void {
    this.#connected.resolve()
  }

  wantKey(): void {
    this.#wantKey()
  }

  connected(): Promise<void> {
    return this.#connected.promise
  }

  send(packet: PeerPacket): boolean {
    return !this.signal.aborted && this.#queue.push({ ...packet, timestamp: packet.timestamp % 2 ** 32 })
  }

  onKeyWanted(take: () => void): void {
    this.#wantKey = take
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    this.#queue.end()
    this.#heard.end()
    this.#connected.reject(new Fault('unavailable', 'the browser did not connect, or has gone'))
  }
}

function problemOf(offer: string): string | undefined {
  if (offer.length > PEER_LIMITS.offerBytesMax)
    return `wanted at most ${PEER_LIMITS.offerBytesMax} characters`
  if (!offer.startsWith('v=0')) return 'wanted SDP that begins with v=0'
  if (!offer.includes('m=video')) return 'wanted m=video, got none'
  return /H264[\s\S]*packetization-mode=1/.test(offer) ? undefined : 'wanted H264 with packetization-mode=1'
}

function sdpOf(whose: string): string {
  const digits = createHash('sha256').update(whose).digest('hex').toUpperCase().match(/../g)?.join(':') ?? ''
  return [
    'v=0',
    's=-',
    `a=fingerprint:sha-256 ${digits}`,
    'm=video 9 UDP/TLS/RTP/SAVPF 102',
    'a=rtpmap:102 H264/90000',
    'a=fmtp:102 packetization-mode=1;profile-level-id=42e01f',
    '',
  ].join('\r\n')
}
