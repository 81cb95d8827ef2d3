/** Sealed bytes that were fetched once, by their SHA-256: the timeline is there without the doorbell too. Nothing is kept open. */
import { own } from '../crypto/bytes.ts'

export type SealedCache = {
  get(sha256: string): Promise<Uint8Array | undefined>
  put(sha256: string, bytes: Uint8Array): Promise<void>
  clear(): Promise<void>
}

const NAME = 'lintel-sealed'
const BYTES_MAX = 512 * 1024
const addressOf = (sha256: string): string => `/sealed/${sha256}`

/** Where there is no cache (an insecure page, a full disk) nothing is kept, and everything is fetched. */
export function browserCache(): SealedCache {
  const open = async (): Promise<Cache | undefined> =>
    'caches' in globalThis ? caches.open(NAME).catch(() => undefined) : undefined
  return {
    async get(sha256) {
      const found = await (await open())?.match(addressOf(sha256))
      return found === undefined ? undefined : new Uint8Array(await found.arrayBuffer())
    },
    async put(sha256, bytes) {
      if (bytes.length > BYTES_MAX) return
      await (await open())?.put(addressOf(sha256), new Response(own(bytes))).catch(() => undefined)
    },
    async clear() {
      if ('caches' in globalThis) await caches.delete(NAME)
    },
  }
}

export function noCache(): SealedCache {
  return { get: async () => undefined, put: async () => undefined, clear: async () => undefined }
}
