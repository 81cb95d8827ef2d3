/** All that lies in the store, looked through once: what is missing of the clips that are signed, and recordings that were cut off. */
import type { ClipFacts } from '../clips/clip-source.ts'
import { findCutOff, type CutOffOptions } from './cut-off.ts'
import type { CloudLibrary } from './library.ts'
import type { Listed, Store } from './store.ts'

/** A hundred lists, some seconds: a year of a busy door. */
export const OBJECTS_MAX = 100_000

export type Found =
  | { readonly objects: number; readonly cutOff: readonly ClipFacts[] }
  | { readonly tooMany: true }

/** `ids`: the newest clips, newest first, whose objects are known to belong to them; `isAll`: there are no older ones. */
export async function lookAround(
  store: Store,
  library: CloudLibrary,
  options: Omit<CutOffOptions, 'firstOrder'> & { readonly ids: readonly string[]; readonly isAll: boolean },
): Promise<Found> {
  const { ids, isAll, signal } = options
  const objects: Listed[] = []
  for await (const some of store.list({ signal })) {
    objects.push(...some)
    if (objects.length > OBJECTS_MAX) return { tooMany: true }
  }
  library.learn(new Set(objects.map(({ name }) => name)))
  const named = await library.named(ids)
  // Uploads go first in, first out: of a clip that was cut off nothing came before the parts of those that were finished before it.
  const since = isAll ? -Infinity : oldestOf(objects.filter(({ name }) => named.has(name)))
  const candidates = objects.filter(
    ({ name, modifiedUnixMs }) => !named.has(name) && !library.manifests.has(name) && modifiedUnixMs >= since,
  )
  const cutOff = await findCutOff(store, candidates, { ...options, firstOrder: library.clips + 1 })
  return { objects: objects.length, cutOff }
}

const oldestOf = (objects: readonly Listed[]): number =>
  objects.reduce((oldest, { modifiedUnixMs }) => Math.min(oldest, modifiedUnixMs), Infinity)
