import { createHash } from 'node:crypto'
import { Fault } from '../../src/base/fault.ts'
import type { ObjectStore, PutOptions } from '../../src/ports/object-store.ts'
import type { Network } from './network.ts'

export type KeptObject = {
  readonly bytes: Uint8Array
  readonly sha256: string
  /** How often a put made or changed it. */
  readonly storedTimes: number
}

export type StoreCall = {
  readonly call: string
  readonly name: string
  readonly bytes: number
  /** `stored`, `already-there`, `ok`, or the kind of fault. */
  readonly outcome: string
}

/** An object store behind a network. What it holds outlives the doorbell. */
export interface SimStore {
  openClient(): ObjectStore
  /** Whoever waits for an answer never gets it; what was sent may have arrived. */
  killClient(): void
  readonly objects: ReadonlyMap<string, KeptObject>
  /** Goes on with these objects. */
  restore(objects: ReadonlyMap<string, KeptObject>): void
  onCall: (call: StoreCall) => void
}

export function createSimStore(network: Network): SimStore {
  const objects = new Map<string, KeptObject>()
  let client = {}
  const ask = async <T>(
    call: string,
    name: string,
    { bytes = 0, signal, work }: { bytes?: number; signal: AbortSignal; work: () => T },
  ): Promise<T> => {
    const mine = client
    const tell = (outcome: string): void => {
      if (mine === client) store.onCall({ call, name, bytes, outcome })
    }
    try {
      const result = await network.request({ host: 'store', what: `${call} ${name}`, bytes, signal, work })
      if (mine !== client) return await never()
      tell(typeof result === 'string' ? result : 'ok')
      return result
    } catch (error) {
      if (mine !== client) return await never()
      tell(error instanceof Fault ? error.kind : 'bug')
      throw error
    }
  }
  const store: SimStore = {
    objects,
    onCall: () => {},
    killClient: () => void (client = {}),
    restore(kept) {
      objects.clear()
      for (const [name, object] of kept) objects.set(name, object)
    },
    openClient: () => ({
      put: (name, bytes, options) =>
        ask('put', name, {
          bytes: bytes.length,
          signal: options.signal,
          work: () => putOne(objects, network.weather('store').quotaBytes, name, bytes, options),
        }),
      get: (name, { signal, range }) =>
        ask('get', name, { signal, work: () => partOf(name, objects.get(name)?.bytes, range) }),
      head: (name, { signal }) =>
        ask('head', name, {
          signal,
          work: () => {
            const object = objects.get(name)
            return object === undefined ? undefined : { bytes: object.bytes.length, sha256: object.sha256 }
          },
        }),
      remove: (name, { signal }) => ask('remove', name, { signal, work: () => void objects.delete(name) }),
      async *list({ signal, prefix = '' }) {
        const names = await ask('list', prefix, { signal, work: () => [...objects.keys()] })
        const below = names.filter((name) => name.startsWith(prefix))
        below.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        for (const name of below) yield { name, bytes: objects.get(name)?.bytes.length ?? 0 }
      },
    }),
  }
  return store
}

const never = (): Promise<never> => new Promise(() => {})

function putOne(
  objects: Map<string, KeptObject>,
  quotaBytes: number,
  name: string,
  bytes: Uint8Array,
  { sha256, ifAbsent }: PutOptions,
): 'stored' | 'already-there' {
  const there = objects.get(name)
  if (ifAbsent && there !== undefined) return 'already-there'
  const got = createHash('sha256').update(bytes).digest('hex')
  if (got !== sha256) throw new Fault('corrupt', `put ${name}: wanted SHA-256 ${sha256}, got ${got}`)
  const used = [...objects.values()].reduce((sum, object) => sum + object.bytes.length, 0)
  if (used + bytes.length > quotaBytes) throw new Fault('full', `put ${name}: the quota is exhausted (507)`)
  objects.set(name, { bytes: bytes.slice(), sha256, storedTimes: (there?.storedTimes ?? 0) + 1 })
  return 'stored'
}

function partOf(
  name: string,
  bytes: Uint8Array | undefined,
  range: { readonly from: number; readonly to: number } | undefined,
): Uint8Array {
  if (bytes === undefined) throw new Fault('missing', `get ${name}: there is no such object`)
  if (range === undefined) return bytes.slice()
  if (range.from >= bytes.length || range.to <= range.from)
    throw new Fault('invalid', `get ${name}: no bytes ${range.from}–${range.to}, it has ${bytes.length}`)
  return bytes.slice(range.from, range.to)
}
