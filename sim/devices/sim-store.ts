import { createHash } from 'node:crypto'
import { Fault } from '../../src/base/fault.ts'
import type { ObjectFacts, ObjectStore, PutOptions } from '../../src/ports/object-store.ts'
import type { Network } from './network.ts'
import { exchange, said, type Work } from './store-exchange.ts'

export type KeptObject = {
  readonly bytes: Uint8Array
  readonly sha256: string
  /** How often a put made or changed it. */
  readonly storedTimes: number
  /** By the world's clock: the last time. */
  readonly storedAtMs: number
}

export type RestoredObject = Omit<KeptObject, 'storedAtMs'> & Partial<Pick<KeptObject, 'storedAtMs'>>

export type StoreCall = {
  /** When its outcome was known. */
  readonly atMs: number
  readonly call: 'put' | 'get' | 'head' | 'remove' | 'list'
  /** Of the object, or the prefix. */
  readonly name: string
  /** Of the object: sent or received. */
  readonly bytes: number
  /** `stored`, `already-there`, `ok`, the kind of fault, or `cut-off`: nobody is left to hear it. */
  readonly outcome: string
}

/** An object store behind a network. What it holds outlives the doorbell. */
export interface SimStore {
  /** The store as one incarnation of the doorbell reaches it. */
  openClient(): ObjectStore
  /** Whoever waits for an answer never gets it; what was sent may have arrived. */
  killClient(): void
  readonly objects: ReadonlyMap<string, KeptObject>
  /** Goes on with these objects; those that do not say when they were stored were stored now. */
  restore(objects: ReadonlyMap<string, RestoredObject>): void
  onCall: (call: StoreCall) => void
}

/** What a page of names holds, as at S3. */
const NAMES_A_PAGE = 1000

export function createSimStore(network: Network): SimStore {
  const shelf = new Shelf(network)
  let client = new AbortController()
  const store: SimStore = {
    objects: shelf.objects,
    onCall: () => {},
    killClient() {
      client.abort()
      client = new AbortController()
    },
    restore: (objects) => shelf.restore(objects),
    openClient: () =>
      openClient(
        shelf,
        createAsking(network, client.signal, (call) => store.onCall(call)),
      ),
  }
  return store
}

type Question<T> = {
  readonly name: string
  readonly signal: AbortSignal
  readonly sentBytes?: number
  readonly work: Work<T>
  readonly bytesOf?: (answer: T) => number
}

type Asking = <T>(call: StoreCall['call'], question: Question<T>) => Promise<T>

/** Asks over the network, and tells the observer of every call. */
function createAsking(network: Network, killed: AbortSignal, onCall: SimStore['onCall']): Asking {
  return async (call, { name, signal, sentBytes = 0, work, bytesOf = () => 0 }) => {
    const tell = (outcome: string, bytes = sentBytes): void => {
      killed.removeEventListener('abort', cutOff)
      onCall({ atMs: network.clock.mono(), call, name, bytes, outcome })
    }
    const cutOff = (): void => tell('cut-off')
    killed.addEventListener('abort', cutOff, { once: true })
    try {
      const isChange = call === 'put' || call === 'remove'
      const what = `${WORDS[call]} ${name}`.trimEnd()
      const ask = { what, sentBytes, isChange, signal, killed, work, answerBytesOf: bytesOf }
      const answer = await exchange(network, ask)
      tell(typeof answer === 'string' ? answer : 'ok', sentBytes + bytesOf(answer))
      return answer
    } catch (error) {
      tell(error instanceof Fault ? error.kind : 'bug')
      throw error
    }
  }
}

/** What the driver calls them in its messages. */
const WORDS = { put: 'put', get: 'get', head: 'head', remove: 'delete', list: 'list' } as const

function openClient(shelf: Shelf, ask: Asking): ObjectStore {
  return {
    put: (name, bytes, options) => {
      const work: Work<'stored' | 'already-there'> = (arrived) =>
        shelf.put(name, arrived === 'whole' ? bytes : damaged(bytes), options)
      return ask('put', { name, signal: options.signal, sentBytes: bytes.length, work })
    },
    get: (name, { signal, range }) =>
      ask('get', { name, signal, work: () => shelf.get(name, range), bytesOf: (bytes) => bytes.length }),
    head: (name, { signal }) => ask('head', { name, signal, work: () => shelf.head(name) }),
    remove: (name, { signal }) => ask('remove', { name, signal, work: () => shelf.remove(name) }),
    async *list({ signal, prefix = '' }) {
      let after: string | undefined
      do {
        const from = after
        const page = await ask('list', { name: prefix, signal, work: () => shelf.page(prefix, from) })
        yield* page
        after = page.length < NAMES_A_PAGE ? undefined : page.at(-1)?.name
      } while (after !== undefined)
    },
  }
}

/** One bit is another. */
function damaged(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  const middle = copy.length >> 1
  if (copy.length > 0) copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}

/** The store itself: what it does with a request that has arrived. */
class Shelf {
  readonly objects = new Map<string, KeptObject>()
  readonly #network: Network
  #usedBytes = 0

  constructor(network: Network) {
    this.#network = network
  }

  restore(objects: ReadonlyMap<string, RestoredObject>): void {
    const kept = [...objects]
    const storedAtMs = this.#network.clock.mono()
    this.objects.clear()
    this.#usedBytes = 0
    for (const [name, object] of kept) this.#keep(name, { storedAtMs, ...object })
  }

  put(name: string, bytes: Uint8Array, { sha256, ifAbsent }: PutOptions): 'stored' | 'already-there' {
    const there = this.objects.get(name)
    if (ifAbsent && there !== undefined) return 'already-there'
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw said(
        'corrupt',
        `put ${name}`,
        '400 BadDigest The checksum you specified did not match what we received.',
      )
    const used = this.#usedBytes - (there?.bytes.length ?? 0)
    if (used + bytes.length > this.#network.weather('store').quotaBytes)
      throw said('full', `put ${name}`, '507 InsufficientStorage The quota is exhausted.')
    const storedTimes = (there?.storedTimes ?? 0) + 1
    this.#keep(name, { bytes: bytes.slice(), sha256, storedTimes, storedAtMs: this.#network.clock.mono() })
    return 'stored'
  }

  get(name: string, range: { readonly from: number; readonly to: number } | undefined): Uint8Array {
    const bytes = this.objects.get(name)?.bytes
    if (bytes === undefined)
      throw said('missing', `get ${name}`, '404 NoSuchKey The specified key does not exist.')
    if (range === undefined) return bytes.slice()
    if (range.from >= bytes.length || range.to <= range.from)
      throw said(
        'invalid',
        `get ${name}`,
        `416 InvalidRange no bytes ${range.from}–${range.to}, it has ${bytes.length}`,
      )
    return bytes.slice(range.from, range.to)
  }

  head(name: string): ObjectFacts | undefined {
    const object = this.objects.get(name)
    return object === undefined ? undefined : { bytes: object.bytes.length, sha256: object.sha256 }
  }

  remove(name: string): void {
    this.#usedBytes -= this.objects.get(name)?.bytes.length ?? 0
    this.objects.delete(name)
  }

  page(prefix: string, after: string | undefined): readonly { name: string; bytes: number }[] {
    return [...this.objects]
      .filter(([name]) => name.startsWith(prefix) && (after === undefined || inBytes(name, after) > 0))
      .sort(([a], [b]) => inBytes(a, b))
      .slice(0, NAMES_A_PAGE)
      .map(([name, { bytes }]) => ({ name, bytes: bytes.length }))
  }

  #keep(name: string, object: KeptObject): void {
    this.#usedBytes += object.bytes.length - (this.objects.get(name)?.bytes.length ?? 0)
    this.objects.set(name, object)
  }
}

const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
