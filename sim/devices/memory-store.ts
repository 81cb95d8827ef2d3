import { createHash } from 'node:crypto'
import { Fault } from '../../src/base/fault.ts'
import type { ObjectFacts, ObjectStore, PutOptions } from '../../src/ports/object-store.ts'

/** The puppeteer's face of the store: what it holds, and how it fails. */
export type MemoryStore = ObjectStore & {
  readonly objects: ReadonlyMap<string, Uint8Array>
  /** Every call in order, as `put name`. */
  readonly calls: readonly string[]
  /**
   * Asked before each call. `fail` refuses it with this fault; `lose-answer` does the work and then says that the
   * network went away, as when an acknowledgement is lost.
   */
  onCall: (call: string) => Fault | 'lose-answer' | undefined
}

type Kept = { readonly bytes: Uint8Array; readonly sha256: string }

/** An honest object store in memory. */
export function createMemoryStore(): MemoryStore {
  const kept = new Map<string, Kept>()
  const objects = new Map<string, Uint8Array>()
  const calls: string[] = []
  const answer = async <T>(call: string, signal: AbortSignal, work: () => T): Promise<T> => {
    if (signal.aborted) throw new Fault('aborted', `${call} was stopped`)
    calls.push(call)
    const trouble = store.onCall(call)
    if (trouble instanceof Fault) throw trouble
    const result = work()
    if (trouble === 'lose-answer') throw new Fault('unavailable', `${call}: the answer was lost`)
    return result
  }
  const keep = (name: string, { bytes, sha256 }: Kept): void => {
    kept.set(name, { bytes, sha256 })
    objects.set(name, bytes)
  }
  const store: MemoryStore = {
    objects,
    calls,
    onCall: () => undefined,
    put: (name, bytes, options) =>
      answer(`put ${name}`, options.signal, () => putOne(name, bytes, options, kept, keep)),
    get: (name, { signal, range }) =>
      answer(`get ${name}`, signal, () => partOf(name, kept.get(name)?.bytes, range)),
    head: (name, { signal }) => answer(`head ${name}`, signal, () => factsOf(kept.get(name))),
    remove: (name, { signal }) =>
      answer(`remove ${name}`, signal, () => {
        kept.delete(name)
        objects.delete(name)
      }),
    async *list({ signal, prefix = '' }) {
      const found = await answer('list', signal, () => [...objects])
      const below = found.filter(([name]) => name.startsWith(prefix))
      below.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      for (const [name, bytes] of below) yield { name, bytes: bytes.length }
    },
  }
  return store
}

function putOne(
  name: string,
  bytes: Uint8Array,
  { sha256, ifAbsent }: PutOptions,
  kept: ReadonlyMap<string, Kept>,
  keep: (name: string, object: Kept) => void,
): 'stored' | 'already-there' {
  if (ifAbsent && kept.has(name)) return 'already-there'
  const got = createHash('sha256').update(bytes).digest('hex')
  if (got !== sha256) throw new Fault('unavailable', `put ${name}: wanted SHA-256 ${sha256}, got ${got}`)
  keep(name, { bytes: bytes.slice(), sha256 })
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

const factsOf = (object: Kept | undefined): ObjectFacts | undefined =>
  object === undefined ? undefined : { bytes: object.bytes.length, sha256: object.sha256 }
