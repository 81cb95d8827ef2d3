import { isFault } from '../base/fault.ts'
import { CHECKPOINT_NAME, decodeEntries, entryBundles } from '../formats/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { ClipSource } from './source.ts'

/** The store: objects under random names, the ledger as tiles. Clips that are not finished are found by `findLooseClips`. */
export function storeSource(store: ObjectStore, { signal }: { readonly signal: AbortSignal }): ClipSource {
  const read = (name: string): Promise<Uint8Array | undefined> => readIfThere(store, name, signal)
  return {
    label: 'the store',
    deviceKey: async () => undefined,
    async checkpoint() {
      const bytes = await read(CHECKPOINT_NAME)
      // Whatever the store gives there: if it is no text, its signature is wrong too.
      return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
    },
    async entries(size) {
      const entries: Uint8Array[] = []
      for (const bundle of entryBundles(size)) {
        const bytes = await read(bundle.name)
        if (bytes === undefined) break
        entries.push(...decodeEntries(bytes).slice(0, bundle.entries))
      }
      return entries
    },
    entriesBeyond: async () => 0,
    read: ({ name }) => read(name),
    placeOf: ({ name }) => name,
    async places() {
      const names: string[] = []
      for await (const { name } of store.list({ signal }))
        if (name !== CHECKPOINT_NAME && !name.startsWith('tile/')) names.push(name)
      return names
    },
    async tiles() {
      const tiles: { name: string; bytes: Uint8Array }[] = []
      for await (const { name } of store.list({ signal, prefix: 'tile/' }))
        tiles.push({ name, bytes: (await read(name)) ?? new Uint8Array(0) })
      return tiles
    },
    growing: async () => [],
    expired: async () => new Set(),
    waiting: async () => new Set(),
  }
}

async function readIfThere(
  store: ObjectStore,
  name: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    return await store.get(name, { signal })
  } catch (error) {
    if (isFault(error, 'missing')) return undefined
    throw error
  }
}
