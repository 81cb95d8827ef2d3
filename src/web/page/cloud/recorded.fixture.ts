/** What a doorbell left in its store, recorded by the real one from a video; and the page's and the owner's way of looking at it. */
import { createMemoryDisk } from '../../../../sim/devices/memory-disk.ts'
import { MemoryRecords } from '../../../../sim/devices/memory-records.ts'
import { createMemoryStore } from '../../../../sim/devices/memory-store.ts'
import { replay } from '../../../../sim/replay.ts'
import { pressAt } from '../../../../sim/script.ts'
import { Fault } from '../../../base/fault.ts'
import { silentLog } from '../../../base/log.ts'
import { configDefaults } from '../../../config/index.ts'
import { ffmpegStills, probeVideo } from '../../../drivers/ffmpeg/index.ts'
import {
  enrolOwner,
  makeSecret,
  openLibrary,
  parseIdentity,
  storeSource,
  wordsOfSecret,
} from '../../../owner/index.ts'
import type { ObjectStore } from '../../../ports/object-store.ts'
import { noCache } from '../clips/sealed-cache.ts'
import { keyFromSecret, type HouseKey } from '../keys/house-key.ts'
import { secretOf } from '../keys/words.ts'
import { openCloudLibrary, type CloudLibrary } from './library.ts'
import type { CloudPin } from './pins.ts'
import type { Store } from './store.ts'

export type Objects = ReadonlyMap<string, Uint8Array>
export type Recorded = {
  readonly objects: Objects
  /** The owner's age identity, and the same key in the page. */
  readonly secret: string
  readonly key: HouseKey
}

export const { signal } = new AbortController()
/** When the first object came; each came a second after the one before. */
export const FIRST_UNIX_MS = 1_767_254_400_000

/** `rounds` starts of the doorbell, with a press in each. */
export async function record(rounds: number): Promise<Recorded> {
  const [disk, records, store] = [createMemoryDisk(), new MemoryRecords(), createMemoryStore()]
  const secret = await makeSecret()
  await enrolOwner({ disk, identityText: secret, name: 'owner' })
  const video = new URL('../../../../test-fixtures/walk-up.mp4', import.meta.url).pathname
  for (let boot = 0; boot < rounds; boot++)
    await replay({
      video: { name: 'visitor', facts: await probeVideo(video) },
      edges: pressAt(8),
      config: configDefaults(),
      seed: boot + 1,
      boot,
      speed: 'max',
      devices: {
        ...{ disk, records: records.open(), stills: ffmpegStills, vision: undefined },
        ...{ store, broker: undefined, log: silentLog },
      },
      sleepReal: async () => {},
      realNowMs: () => 0,
      costSoFar: () => ({ cpuS: 0, wallS: 0, peakRssMb: 0 }),
      signal,
    })
  const identity = await parseIdentity('owner', secret)
  const words = wordsOfSecret(identity.secret)
  // A Buffer's `slice` would share its bytes with whoever changes them.
  const objects = new Map([...store.objects].map(([name, bytes]) => [name, new Uint8Array(bytes)]))
  return { objects, secret, key: await keyFromSecret(secretOf(words.join(' '))) }
}

export function pageStore(objects: Objects, asked: string[] = []): Store {
  return {
    place: 'https://store.example/door',
    async get(name, { range } = {}) {
      asked.push(range === undefined ? name : `${name} ${range.from}-${range.to}`)
      const bytes = objects.get(name)
      return range === undefined ? bytes?.slice() : bytes?.slice(range.from, range.to)
    },
    async *list({ prefix = '' } = {}) {
      const all = [...objects].map(([name, bytes], n) => ({
        name,
        bytes: bytes.length,
        modifiedUnixMs: FIRST_UNIX_MS + n * 1000,
      }))
      yield all.filter(({ name }) => name.startsWith(prefix))
    },
  }
}

export const pageLibrary = (objects: Objects, pinned?: CloudPin): Promise<CloudLibrary> =>
  openCloudLibrary(pageStore(objects), { cache: noCache(), pinned, signal })

export const ownerLibrary = (objects: Objects): ReturnType<typeof openLibrary> => {
  const store = ownerStore(objects)
  return openLibrary([{ where: 'cloud', source: storeSource(store, { signal }), store }])
}

/** Only what the owner's side reads with. */
export function ownerStore(objects: Objects): ObjectStore {
  const refuse = async (): Promise<never> => {
    throw new Error('nobody writes here')
  }
  return {
    ...{ put: refuse, remove: refuse, head: refuse },
    async get(name, { range }) {
      const bytes = objects.get(name)
      if (bytes === undefined) throw new Fault('missing', name)
      return bytes.slice(range?.from, range?.to)
    },
    async *list({ prefix = '' }) {
      for (const [name, bytes] of [...objects].sort())
        if (name.startsWith(prefix)) yield { name, bytes: bytes.length }
    },
  }
}
