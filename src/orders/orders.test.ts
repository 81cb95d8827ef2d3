import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryBroker } from '../../sim/devices/memory-broker.ts'
import { MemoryRecords } from '../../sim/devices/memory-records.ts'
import { Fault } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { monoMs, unixMs } from '../base/time.ts'
import { ownerSigner, type Order } from '../formats/index.ts'
import { secretFromBytes, signOrder, type OwnerIdentity } from '../owner/index.ts'
import type { Clock } from '../ports/clock.ts'
import { createOrders, type OrderHouse } from './index.ts'

const DEVICE = 'lintel/0123456789abcdef'
const TOPIC = 'lintel/lintel-0123456789abcdef/order'
const CLIP = 'ab'.repeat(16)
const NEW_YEAR = 1_767_225_600_000
const OWNER_SEED = Uint8Array.from({ length: 32 }, (_, index) => index) // No stranger's below has bytes that differ.
const DELETE: Order = { do: 'delete-clip', clip: CLIP }

describe('an order that the owner signed', () => {
  let home: Home
  beforeEach(async () => void (home = await Home.open()))

  it.each<[Order, string, string]>([
    [DELETE, `delete ${CLIP}`, `Clip ${CLIP} is deleted.`],
    [{ do: 'hold-clip', clip: CLIP, held: true }, `hold ${CLIP}`, `Clip ${CLIP} is held.`],
    [{ do: 'hold-clip', clip: CLIP, held: false }, `release ${CLIP}`, `Clip ${CLIP} is released.`],
    [
      { do: 'change-settings', set: { 'visit.notify': [] } },
      'set {"visit.notify":[]}',
      'visit.notify: changed, as soon as nobody is at the door.',
    ],
    [{ do: 'restart' }, 'restart', 'It starts anew as soon as nobody is at the door.'],
  ])('is carried out and answered: %j', async (order, done, says) => {
    const { jti, message } = await home.signed(order)
    await home.say(message)
    expect(home.answers).toEqual([{ order: jti, ok: true, says }])
    await expect.poll(() => home.done).toEqual([done])
    await home.close()
  })

  it('is on disk before it is carried out', async () => {
    const { jti, message } = await home.signed(DELETE)
    let rows: unknown
    home.onDone = async () => void (rows = await home.rows())
    await home.say(message)
    expect(rows).toEqual([`order/${jti}`])
    await home.close()
  })

  it('is not carried out when it cannot be remembered, and says so', async () => {
    const { message } = await home.signed(DELETE)
    home.index.refuseWrites(new Fault('full', 'no room'))
    await home.say(message)
    expect(home.done).toEqual([])
    expect(home.answers).toMatchObject([{ ok: false, says: 'no room' }])
    home.index.refuseWrites(undefined)
    await home.say(message)
    expect(home.done).toEqual([]) // Nobody knows any more whether it was.
    await home.close()
  })

  it('is carried out once, also after a restart and when the clock was put back', async () => {
    const { message } = await home.signed(DELETE)
    await home.say(message)
    await home.say(message)
    await home.restart()
    home.wall.at = unixMs(NEW_YEAR - 3000)
    await home.say(message)
    expect(home.done).toHaveLength(1)
    expect(home.answers.map(({ ok }) => ok)).toEqual([true, false, false])
    await home.close()
  })

  it('is good for a minute, by clocks that differ by a few seconds', async () => {
    const early = await home.signed(DELETE, { now: NEW_YEAR - 60_000 })
    const late = await home.signed(DELETE, { now: NEW_YEAR + 5000 })
    await home.say(early.message)
    await home.say(late.message)
    expect(home.done).toHaveLength(2)
    await home.say((await home.signed(DELETE, { now: NEW_YEAR - 62_000 })).message)
    await home.say((await home.signed(DELETE, { now: NEW_YEAR + 8000 })).message)
    expect(home.done).toHaveLength(2)
    expect(home.answers.slice(2).map(({ says }) => says)).toEqual([
      expect.stringMatching(/good until 2 s ago/),
      expect.stringMatching(/8 s in the future: the clocks differ/),
    ])
    await home.close()
  })

  it('waits for nobody when the time is not known: it is refused', async () => {
    home.wall.trusted = false
    await home.say((await home.signed(DELETE)).message)
    expect(home.answers).toMatchObject([{ ok: false, says: expect.stringMatching(/does not know the time/) }])
    expect(home.done).toEqual([])
    await home.close()
  })

  it('is forgotten after a day, and not before', async () => {
    await home.say((await home.signed(DELETE)).message)
    home.wall.at = unixMs(NEW_YEAR + 86_000_000)
    await home.say((await home.signed(DELETE, { now: home.wall.at })).message)
    expect(await home.rows()).toHaveLength(2)
    home.wall.at = unixMs(NEW_YEAR + 86_500_000)
    await home.say((await home.signed(DELETE, { now: home.wall.at })).message)
    expect(await home.rows()).toHaveLength(2)
    await home.close()
  })

  it('that cannot be carried out says why', async () => {
    home.outcome = 'held'
    await home.say((await home.signed(DELETE)).message)
    home.refusal = new Fault('invalid', 'detect.sensitivity: wanted at most 1, got 2')
    await home.say((await home.signed({ do: 'change-settings', set: { 'detect.sensitivity': 2 } })).message)
    expect(home.answers.map(({ says }) => says)).toEqual([
      `clip ${CLIP} is held; release it first`,
      'detect.sensitivity: wanted at most 1, got 2',
    ])
    expect(home.done).toEqual([])
    await home.close()
  })
})

describe('ten thousand messages that are not the owner’s order to this doorbell, here and now', () => {
  it('have no effect, and after them an order of the owner is carried out', async () => {
    const home = await Home.open()
    const genuine = await home.signed(DELETE)
    await home.say(genuine.message)
    expect(home.done.splice(0)).toHaveLength(1)
    const rows = await home.rows()
    let count = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FORGERIES),
        fc.integer({ min: 0, max: 2 ** 31 }),
        async (forge, n) => {
          count++
          const { message, retained = false } = await forge(home, genuine.message, n)
          await home.say(message, { retained })
          expect(home.done).toEqual([])
        },
      ),
      { numRuns: 10_000 },
    )
    expect(count).toBe(10_000)
    expect(await home.rows()).toEqual(rows)
    await home.say((await home.signed(DELETE)).message)
    expect(home.done).toHaveLength(1)
    await home.close()
  })
})

type Forged = { readonly message: string; readonly retained?: boolean }
type Forge = (home: Home, genuine: string, n: number) => Forged | Promise<Forged>

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })

function compact(header: object, claims: object, signature: (input: Buffer) => Buffer): string {
  const input = `${base64url(header)}.${base64url(claims)}`
  return `${input}.${signature(Buffer.from(input)).toString('base64url')}`
}
const signedWith =
  (key: KeyObject, digest: string | null = null) =>
  (input: Buffer): Buffer =>
    sign(digest, input, key)

const HEADER = { alg: 'EdDSA', typ: 'lintel-order+jws' }

const FORGERIES: readonly Forge[] = [
  /** A stranger's key. */
  async (home, _genuine, n) => ({
    message: compact(HEADER, home.claims(n), signedWith(ownerSigner(new Uint8Array(32).fill(n)).secret)),
  }),
  /** One bit somewhere. */
  (_home, genuine, n) => {
    const bytes = Buffer.from(genuine)
    const at = n % bytes.length
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (n % 7)), at)
    return { message: bytes.toString('latin1') }
  },
  /** Cut short, or with something behind it. */
  (_home, genuine, n) => ({ message: genuine.slice(0, n % genuine.length) }),
  (_home, genuine, n) => ({ message: `${genuine}.${n}` }),
  /** Told again. */
  (_home, genuine) => ({ message: genuine }),
  /** Kept by the broker: genuine, fresh, and said by nobody. */
  async (home) => ({ message: (await home.signed(DELETE)).message, retained: true }),
  /** Of long ago, and of the future. */
  async (home, _genuine, n) => ({
    message: (await home.signed(DELETE, { now: NEW_YEAR - 61_000 - (n % 1e9) })).message,
  }),
  async (home, _genuine, n) => ({
    message: (await home.signed(DELETE, { now: NEW_YEAR + 7000 + (n % 1e9) })).message,
  }),
  /** To another doorbell of the same owner. */
  async (home, _genuine, n) => ({ message: (await home.signed(DELETE, { device: `lintel/${n}` })).message }),
  /** Good for longer than an order may be, or never. */
  (home, _genuine, n) => ({
    message: home.ownersOwn({ ...home.claims(n), exp: NEW_YEAR / 1000 + 61 + (n % 1e6) }),
  }),
  (home, _genuine, n) => ({ message: home.ownersOwn({ ...home.claims(n), exp: NEW_YEAR / 1000 - (n % 9) }) }),
  /** Without what an order has, or with more. */
  (home, _genuine, n) => {
    const { [(['aud', 'iat', 'exp', 'jti', 'order'] as const)[n % 5] ?? 'aud']: _gone, ...claims } =
      home.claims(n)
    return { message: home.ownersOwn(claims) }
  },
  (home, _genuine, n) => ({ message: home.ownersOwn({ ...home.claims(n), admin: true }) }),
  (home, _genuine, n) => ({
    message: home.ownersOwn({ ...home.claims(n), order: { do: `open-door-${n}` } }),
  }),
  /** Signed by the owner as something else. */
  (home, _genuine, n) => ({
    message: compact({ alg: 'EdDSA', typ: 'JWT' }, home.claims(n), signedWith(home.secret)),
  }),
  (home, _genuine, n) => ({ message: compact({ alg: 'EdDSA' }, home.claims(n), signedWith(home.secret)) }),
  (home, _genuine, n) => ({
    message: compact({ ...HEADER, crit: ['x'], x: n }, home.claims(n), signedWith(home.secret)),
  }),
  (home, _genuine, n) => ({
    message: compact({ ...HEADER, b64: false, crit: ['b64'] }, home.claims(n), signedWith(home.secret)),
  }),
  /** By no algorithm, by one that takes the public key for a secret, by others. */
  (home, _genuine, n) => ({
    message: compact({ ...HEADER, alg: 'none' }, home.claims(n), () => Buffer.alloc(0)),
  }),
  (home, _genuine, n) => ({
    message: compact({ ...HEADER, alg: 'HS256' }, home.claims(n), (input) =>
      createHmac('sha256', Buffer.from(home.owner, 'base64')).update(input).digest(),
    ),
  }),
  (home, _genuine, n) => ({
    message: compact({ ...HEADER, alg: 'RS256' }, home.claims(n), signedWith(rsa, 'sha256')),
  }),
  /** With a key of its own in the header. */
  (home, _genuine, n) => {
    const seed = new Uint8Array(32).fill(n)
    const x = Buffer.from(ownerSigner(seed).publicKey).toString('base64url')
    const jwk = { kty: 'OKP', crv: 'Ed25519', x }
    return { message: compact({ ...HEADER, jwk }, home.claims(n), signedWith(ownerSigner(seed).secret)) }
  },
  /** Too large, and no order at all. */
  (home, _genuine, n) => ({
    message: home.ownersOwn({ ...home.claims(n), order: { ...DELETE, clip: 'a'.repeat(5000) } }),
  }),
  (_home, _genuine, n) => ({
    message: ['', '{}', '..', 'a.b.c', '\u0000', 'on', JSON.stringify(DELETE)][n % 7] ?? '',
  }),
]

class Home {
  readonly hub = createMemoryBroker()
  readonly index = new MemoryRecords()
  readonly identity: OwnerIdentity
  readonly wall = { at: unixMs(NEW_YEAR), trusted: true }
  readonly answers: { readonly order: string; readonly ok: boolean; readonly says: string }[] = []
  readonly done: string[] = []
  outcome: 'removed' | 'held' = 'removed'
  refusal: Fault | undefined
  onDone: () => Promise<void> = async () => {}
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #broker = this.hub.open({ topic: 'will', payload: '', qos: 0, retain: false })
  readonly records = this.index.open()

  constructor(identity: OwnerIdentity) {
    this.identity = identity
  }

  static async open(): Promise<Home> {
    const secret = secretFromBytes(OWNER_SEED)
    const home = new Home({ secret, recipient: '', allSecrets: [secret] })
    await home.#start()
    return home
  }

  get secret(): KeyObject {
    return ownerSigner(OWNER_SEED).secret
  }

  get owner(): string {
    return Buffer.from(ownerSigner(OWNER_SEED).publicKey).toString('base64')
  }

  signed(order: Order, { device = DEVICE, now = NEW_YEAR }: { device?: string; now?: number } = {}) {
    return signOrder(order, { identity: this.identity, device, now: unixMs(now) })
  }

  claims(n: number) {
    const iat = NEW_YEAR / 1000
    return { aud: DEVICE, iat, exp: iat + 60, jti: n.toString(16).padStart(32, '0'), order: DELETE }
  }

  /** Whatever it says, the owner has signed it. */
  ownersOwn(claims: object): string {
    return compact(HEADER, claims, signedWith(this.secret))
  }

  /** Resolves when it was looked at: the next message is waited for. */
  async say(payload: string, { retained = false } = {}): Promise<void> {
    const message = { topic: TOPIC, payload, qos: 1, retain: retained } as const
    if (retained) {
      await this.close()
      this.hub.say(message)
      await this.#start({ kept: 1 })
      this.hub.say({ ...message, payload: '' })
    } else this.hub.say(message)
    await this.#heard(++this.#said)
  }

  async rows(): Promise<readonly string[]> {
    return (await this.records.list('device')).map(({ key }) => key)
  }

  async restart(): Promise<void> {
    await this.close()
    await this.#start()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #start({ kept = 0 } = {}): Promise<void> {
    this.#asked = 0
    this.#said = kept
    this.#stop = new AbortController()
    const orders = createOrders(
      {
        ...{ broker: this.#listening(), records: this.records, log: silentLog, clock: this.#clock() },
        owner: () => this.owner,
        answer: async (answer) => void this.answers.push(answer),
        house: this.#house(),
      },
      { topic: TOPIC, audience: DEVICE },
    )
    this.#running = orders.run(this.#stop.signal)
    await this.#heard(kept)
  }

  #said = 0
  #asked = 0
  #waiting: (() => void) | undefined

  /** The broker, with somebody who counts how often the next message is asked for. */
  #listening() {
    const broker = this.#broker
    return {
      ...broker,
      listen: (...args: Parameters<typeof broker.listen>) => {
        const messages = broker.listen(...args)[Symbol.asyncIterator]()
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => {
              const next = messages.next()
              this.#asked++
              this.#waiting?.()
              return next
            },
            return: () =>
              messages.return?.(undefined) ?? Promise.resolve({ value: undefined, done: true as const }),
          }),
        }
      },
    }
  }

  /** So many messages were looked at since the start. */
  async #heard(messages: number): Promise<void> {
    while (this.#asked <= messages) await new Promise<void>((resolve) => (this.#waiting = resolve))
  }

  #clock(): Clock {
    return { mono: () => monoMs(0), wall: () => this.wall, sleep: async () => {} }
  }

  #house(): OrderHouse {
    const note = async (what: string): Promise<void> => {
      this.done.push(what)
      await this.onDone()
    }
    return {
      shelf: () => ({
        hold: async (clip, held) => {
          await note(`${held ? 'hold' : 'release'} ${clip}`)
          return true
        },
        remove: async (clip) => {
          if (this.outcome === 'removed') await note(`delete ${clip}`)
          return this.outcome
        },
      }),
      check: () => {
        if (this.refusal !== undefined) throw this.refusal
      },
      set: (changes) => note(`set ${JSON.stringify(changes)}`),
      restart: () => note('restart'),
    }
  }
}
