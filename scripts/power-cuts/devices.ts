/** What the recording process has instead of a camera, lines and a cloud. Clock, disk and index are the real ones. */
import { createHash } from 'node:crypto'
import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { Bell } from '../../src/base/bell.ts'
import { ticks } from '../../src/base/time.ts'
import { nodeClock } from '../../src/drivers/node-clock.ts'
import { nodeRandom } from '../../src/drivers/node-random.ts'
import type { Broker } from '../../src/ports/broker.ts'
import type { Camera, Packet, Track } from '../../src/ports/camera.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Edge, Gpio } from '../../src/ports/gpio.ts'
import type { ObjectFacts, ObjectStore } from '../../src/ports/object-store.ts'
import type { Random } from '../../src/ports/random.ts'
import type { Change, Records } from '../../src/ports/records.ts'
import type { Stills } from '../../src/ports/stills.ts'
import { messageOf } from '../../src/base/fault.ts'
import { idOf } from './ids.ts'
import type { Report, RowChange } from './wire.ts'

export type Tell = (report: Report) => void

const SLEEP_MS_MAX = 40

/** The machine's clock for somebody in a hurry: no pause is longer than 40 ms, so that a life of half a second sees a day's work. */
export const hurriedClock: Clock = {
  mono: () => nodeClock.mono(),
  wall: () => ({ ...nodeClock.wall(), trusted: true }),
  sleep: (ms, options) => nodeClock.sleep(Math.min(ms, SLEEP_MS_MAX), options),
}

const TIMESCALE = 90_000
const PACKET_MS = 20
const PACKETS_A_GROUP = 5
const PACKET_BYTES_MAX = 4000

const track: Track = {
  codec: 'h264',
  timescale: TIMESCALE,
  width: 640,
  height: 360,
  sampleEntry: concatBytes([new Uint8Array([0, 0, 0, 86]), utf8('avc1'), new Uint8Array(78)]), // Nobody decodes it.
}

/** Fifty packets a second, a key frame every fifth, of all sizes up to one block of the disk. */
export const drawnCamera: Camera = {
  async open({ signal }) {
    const closed = new AbortController()
    const until = AbortSignal.any([signal, closed.signal])
    return {
      track,
      packets: drawPackets(until),
      frames: noFrames(until),
      async [Symbol.asyncDispose]() {
        closed.abort()
      },
    }
  },
}

async function* drawPackets(signal: AbortSignal): AsyncGenerator<Packet> {
  for (let n = 0; !signal.aborted; n++) {
    yield packetOf(n)
    await nodeClock.sleep(PACKET_MS, { signal }).catch(() => {}) // Aborted: the loop's condition ends it.
  }
}

function packetOf(n: number): Packet {
  const time = ticks((n * PACKET_MS * TIMESCALE) / 1000)
  const bytes = 20 + Math.floor(nodeRandom.uniform() * PACKET_BYTES_MAX)
  return {
    data: nodeRandom.bytes(bytes),
    pts: time,
    dts: time,
    duration: ticks((PACKET_MS * TIMESCALE) / 1000),
    isKey: n % PACKETS_A_GROUP === 0,
    at: nodeClock.mono(),
  }
}

// oxlint-disable-next-line require-yield -- nobody moves in front of it
async function* noFrames(signal: AbortSignal): AsyncGenerator<never> {
  await new Bell().untilRung(signal)
}

export const drawnStills: Stills = {
  jpegOf: async () => nodeRandom.bytes(3000),
  pictureOf: async () => ({ width: 8, height: 8, rgb: nodeRandom.bytes(8 * 8 * 3) }),
  encodeJpeg: async () => nodeRandom.bytes(3000),
}

/** Ids of clips, visits and presses (eight bytes) are known beforehand; names and secrets are not. */
export function foreseenIds(seed: number): Random {
  let given = 0
  return {
    uniform: () => nodeRandom.uniform(),
    bytes: (length) => (length === 8 ? Buffer.from(idOf(seed, given++), 'hex') : nodeRandom.bytes(length)),
  }
}

/** A button to push, and a chime that is heard. */
export type Board = Gpio & {
  press(): void
  release(): void
  /** Presses that were not heard inside so far. */
  unrung(): number
}

export function createBoard(tell: Tell): Board {
  const bell = new Bell()
  const waiting: Edge[] = []
  let unrung = 0
  const move = (active: boolean): void => {
    waiting.push({ line: 'button', active, at: nodeClock.mono() })
    bell.ring()
  }
  return {
    unrung: () => unrung,
    press() {
      unrung++
      tell({ tell: 'pressed' })
      move(true)
    },
    release: () => move(false),
    async *edges({ signal }) {
      while (!signal.aborted) {
        const edge = waiting.shift()
        if (edge === undefined) await bell.untilRung(signal)
        else yield edge
      }
    },
    async set(_line, active) {
      if (!active) return
      unrung--
      tell({ tell: 'chimed' })
    },
  }
}

/** Says what is written before it is, and that it is when the index has said so. */
export function watchedRecords(records: Records, tell: Tell): Records {
  let writes = 0
  return {
    async write(changes) {
      const write = writes++
      tell({ tell: 'writes', write, changes: changes.map(textOf) })
      try {
        await records.write(changes)
      } catch (error) {
        tell({ tell: 'write-refused', write, problem: messageOf(error) })
        throw error
      }
      tell({ tell: 'wrote', write })
    },
    read: (table, key) => records.read(table, key),
    list: (table, range) => records.list(table, range),
    [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
  }
}

const textOf = (change: Change): RowChange =>
  'put' in change ? { put: change.put, key: change.key, text: JSON.stringify(change.row) } : { ...change }

/** Questions to those outside, where no power is cut, and their answers. */
export class Outside {
  readonly #tell: Tell
  readonly #waiting = new Map<number, (value: unknown) => void>()
  #calls = 0

  constructor(tell: Tell) {
    this.#tell = tell
  }

  answer(call: number, value: unknown): void {
    this.#waiting.get(call)?.(value)
    this.#waiting.delete(call)
  }

  store(): ObjectStore {
    return {
      put: async (name, bytes, { ifAbsent }) => {
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        const value = await this.#ask((call) => ({
          tell: 'put',
          call,
          name,
          sha256,
          bytes: bytes.length,
          ifAbsent,
        }))
        return value === 'already-there' ? 'already-there' : 'stored'
      },
      head: async (name) => {
        const value = await this.#ask((call) => ({ tell: 'head', call, name }))
        return value === null ? undefined : (value as ObjectFacts) // As the other side's store keeps it.
      },
      remove: async (name) => void (await this.#ask((call) => ({ tell: 'remove', call, name }))),
      get: () => Promise.reject(new Error('the doorbell reads nothing from its store')),
      list: () => {
        throw new Error('the doorbell lists nothing of its store')
      },
    }
  }

  broker(): Broker {
    return {
      publish: async ({ topic, payload }) =>
        void (await this.#ask((call) => ({ tell: 'publish', call, topic, payload }))),
      isConnected: () => true,
      async *listen(_filters, { signal }) {
        yield* [] // Nobody says anything there.
        await new Bell().untilRung(signal)
      },
      async *connections({ signal }) {
        yield
        await new Bell().untilRung(signal)
      },
      async [Symbol.asyncDispose]() {},
    }
  }

  #ask(question: (call: number) => Report): Promise<unknown> {
    const call = this.#calls++
    this.#tell(question(call))
    return new Promise((resolve) => this.#waiting.set(call, resolve))
  }
}
