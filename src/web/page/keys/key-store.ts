/** What this browser keeps of a household: its key, and the doorbell it belongs to. In IndexedDB, because keys that cannot be exported lie nowhere else. */
import type { KeptKey } from './house-key.ts'

export type Pin = { readonly keyName: string; readonly publicKey: string }
export type Kept = { readonly key?: KeptKey; readonly pin?: Pin }

const NAME = 'lintel'
const TABLE = 'kept'

export const readKept = async (): Promise<Kept> => {
  const [key, pin] = await withTable('readonly', (table) =>
    Promise.all([settled<KeptKey | undefined>(table.get('key')), settled<Pin | undefined>(table.get('pin'))]),
  )
  return { ...(key === undefined ? {} : { key }), ...(pin === undefined ? {} : { pin }) }
}

export const keepKey = (key: KeptKey): Promise<void> => put('key', key)
export const keepPin = (pin: Pin): Promise<void> => put('pin', pin)

/** One thing that a page keeps beside the key, by its name. */
export const readBeside = <T>(name: string): Promise<T | undefined> =>
  withTable('readonly', (table) => settled<T | undefined>(table.get(name)))
export const keepBeside = (name: string, value: object): Promise<void> => put(name, value)

export const forgetAll = (): Promise<void> =>
  withTable('readwrite', async (table) => {
    await settled(table.clear())
  })

const put = (name: string, value: object): Promise<void> =>
  withTable('readwrite', async (table) => {
    await settled(table.put(value, name))
  })

async function withTable<T>(
  mode: IDBTransactionMode,
  use: (table: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const opening = indexedDB.open(NAME, 1)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(TABLE))
  const database = await settled(opening)
  try {
    return await use(database.transaction(TABLE, mode).objectStore(TABLE))
  } finally {
    database.close()
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB failed')))
  })
}
