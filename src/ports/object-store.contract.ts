import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import type { ObjectStore } from './object-store.ts'

/** One fresh, empty store to test. */
export interface ObjectStoreUnderTest extends AsyncDisposable {
  readonly store: ObjectStore
}

const forever = { signal: new AbortController().signal }
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What every store must do, real or simulated. `setUp` makes a fresh, empty one. */
export function describeObjectStoreContract(name: string, setUp: () => Promise<ObjectStoreUnderTest>): void {
  describe(`${name} keeps the contract of an object store:`, () => {
    let subject: ObjectStoreUnderTest
    let store: ObjectStore
    beforeEach(async () => {
      subject = await setUp()
      store = subject.store
    })
    afterEach(async () => subject[Symbol.asyncDispose]())

    const put = (
      object: string,
      bytes: Uint8Array,
      options: { ifAbsent?: boolean; signal?: AbortSignal } = {},
    ): Promise<'stored' | 'already-there'> =>
      store.put(object, bytes, { sha256: sha256Of(bytes), ifAbsent: false, ...forever, ...options })
    const textOf = async (object: string): Promise<string> =>
      Buffer.from(await store.get(object, forever)).toString()

    it('knows nothing at first', async () => {
      expect(await namesIn(store)).toEqual([])
      expect(await store.head('a', forever)).toBeUndefined()
      await expect(store.get('a', forever)).rejects.toMatchObject({ name: 'Fault', kind: 'missing' })
    })

    it('gives back every byte that was put, none and many', async () => {
      const many = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 7) % 251)
      expect(await put('none', new Uint8Array())).toBe('stored')
      expect(await put('many', many)).toBe('stored')
      expect(await store.get('none', forever)).toHaveLength(0)
      expect(Buffer.compare(await store.get('many', forever), many)).toBe(0)
    })

    it('says how large an object is, and which SHA-256 it was promised to have', async () => {
      await put('a', utf8('five!'))
      expect(await store.head('a', forever)).toEqual({ bytes: 5, sha256: sha256Of(utf8('five!')) })
    })

    it('replaces an object', async () => {
      await put('a', utf8('a long old text'))
      expect(await put('a', utf8('new'))).toBe('stored')
      expect(await textOf('a')).toBe('new')
      expect(await store.head('a', forever)).toEqual({ bytes: 3, sha256: sha256Of(utf8('new')) })
    })

    it('leaves an object alone that must not be there yet, and says so', async () => {
      expect(await put('a', utf8('one'), { ifAbsent: true })).toBe('stored')
      expect(await put('a', utf8('two'), { ifAbsent: true })).toBe('already-there')
      expect(await textOf('a')).toBe('one')
      await store.remove('a', forever)
      expect(await put('a', utf8('three'), { ifAbsent: true })).toBe('stored')
    })

    it('gives a part of an object, and no more than there is', async () => {
      await put('a', utf8('0123456789'))
      const part = async (from: number, to: number): Promise<string> =>
        Buffer.from(await store.get('a', { ...forever, range: { from, to } })).toString()
      expect(await part(0, 1)).toBe('0')
      expect(await part(3, 7)).toBe('3456')
      expect(await part(8, 99)).toBe('89')
      await expect(part(10, 12)).rejects.toMatchObject({ name: 'Fault', kind: 'invalid' })
    })

    it('removes an object, and does not mind if there is none', async () => {
      await put('a', utf8('x'))
      await store.remove('a', forever)
      await store.remove('a', forever)
      expect(await store.head('a', forever)).toBeUndefined()
      expect(await namesIn(store)).toEqual([])
    })

    it('lists names and sizes sorted by the bytes of the names, below a prefix or all', async () => {
      const names = ['b', 'a/2', 'B', 'a', 'é', 'a/10', 'tile/0/000.p/1']
      for (const object of names) await put(object, utf8(object))
      expect(await namesIn(store)).toEqual(['B', 'a', 'a/10', 'a/2', 'b', 'tile/0/000.p/1', 'é'])
      expect(await namesIn(store, 'a/')).toEqual(['a/10', 'a/2'])
      expect(await namesIn(store, 'nothing')).toEqual([])
      for await (const { name: object, bytes } of store.list(forever))
        expect(bytes).toBe(Buffer.byteLength(object))
    })

    it.each(['a b+ü%20%', '~!*\'()&=;:@,$?#"<>', 'a//b/', '…/🔔', 'x'.repeat(1000)])(
      'keeps an object whose name is %j',
      async (object) => {
        await put(object, utf8('kept'))
        expect(await textOf(object)).toBe('kept')
        expect(await store.head(object, forever)).toMatchObject({ bytes: 4 })
        expect(await namesIn(store)).toEqual([object])
        expect(await namesIn(store, object)).toEqual([object])
        await store.remove(object, forever)
        expect(await namesIn(store)).toEqual([])
      },
    )

    it('does not begin what is already aborted', async () => {
      const stopped = { signal: AbortSignal.abort() }
      const aborted = { name: 'Fault', kind: 'aborted' }
      await expect(put('a', utf8('x'), stopped)).rejects.toMatchObject(aborted)
      await expect(store.get('a', stopped)).rejects.toMatchObject(aborted)
      await expect(store.head('a', stopped)).rejects.toMatchObject(aborted)
      await expect(store.remove('a', stopped)).rejects.toMatchObject(aborted)
      await expect(namesIn(store, '', stopped.signal)).rejects.toMatchObject(aborted)
      expect(await namesIn(store)).toEqual([])
    })
  })
}

async function namesIn(store: ObjectStore, prefix?: string, signal = forever.signal): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of store.list({ signal, ...(prefix === undefined ? {} : { prefix }) }))
    names.push(name)
  return names
}
