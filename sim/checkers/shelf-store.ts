import { Fault } from '../../src/base/fault.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import type { StoredObject } from '../world/evidence.ts'

/** The store as its owner reads it when everything is over: what is there is there, and nobody writes any more. */
export function shelfStore(objects: ReadonlyMap<string, StoredObject>): ObjectStore {
  const readOnly = async (): Promise<never> => {
    throw new Fault('denied', 'the checkers only read')
  }
  return {
    put: readOnly,
    remove: readOnly,
    async get(name, { range }) {
      const bytes = objects.get(name)?.bytes
      if (bytes === undefined) throw new Fault('missing', `get ${name}: there is no such object`)
      return range === undefined ? bytes.slice() : bytes.slice(range.from, range.to)
    },
    async head(name) {
      const object = objects.get(name)
      return object === undefined ? undefined : { bytes: object.bytes.length, sha256: object.sha256 }
    },
    async *list({ prefix = '' }) {
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix))
      for (const name of names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
        yield { name, bytes: objects.get(name)?.bytes.length ?? 0 }
    },
  }
}
