/** Reading an S3-compatible store from a browser: GET with ranges, and lists. It never writes. */
import { Fault, isAbort } from '../../../base/fault.ts'
import { texts } from '../texts.ts'
import { placeOf, signerOf, type KeptAccess } from './access.ts'
import { presign } from './sigv4.ts'

export type Listed = { readonly name: string; readonly bytes: number; readonly modifiedUnixMs: number }

export type Store = {
  readonly place: string
  /** Undefined: it is not there. `to` is not in the range. */
  get(
    name: string,
    options?: {
      readonly range?: { readonly from: number; readonly to: number }
      readonly signal?: AbortSignal
    },
  ): Promise<Uint8Array | undefined>
  /** All objects whose names begin with `prefix`, a thousand at a time. */
  list(options?: {
    readonly prefix?: string
    readonly signal?: AbortSignal
  }): AsyncGenerator<readonly Listed[]>
}

/** What of the outside it uses; tests bring their own. */
export type Net = {
  readonly fetch: (address: string, init: RequestInit) => Promise<Response>
  readonly nowUnixMs: () => number
  readonly pause: (ms: number) => Promise<void>
}

export const browserNet: Net = {
  fetch: (address, init) => fetch(address, init),
  nowUnixMs: () => Date.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** Tried again after so long: stores are busy now and then. */
const RETRIES_MS = [300, 1200]
const NAMES_AT_ONCE = 1000

export function openStore(access: KeptAccess, net: Net = browserNet): Store {
  const signer = signerOf(access)
  const [origin, steps] = access.pathStyle
    ? [access.endpoint, [access.bucket]]
    : [access.endpoint.replace('://', `://${access.bucket}.`), []]
  const ask: Ask = async (path, query, init) => {
    const request = { origin, path: [...steps, ...path], query, atUnixMs: net.nowUnixMs() }
    return net.fetch(await presign(signer, request), {
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      redirect: 'error', // The address was signed for this store and no other.
      ...init,
    })
  }
  return {
    place: placeOf(access),
    async get(name, { range, signal } = {}) {
      const init = {
        ...(range === undefined ? {} : { headers: { range: `bytes=${range.from}-${range.to - 1}` } }),
        ...(signal === undefined ? {} : { signal }),
      }
      const response = await persist(net, () => ask(name.split('/'), {}, init))
      if (response.status === 404) return undefined
      await refuseOthers(response)
      const bytes = await bytesOf(response)
      if (range === undefined || response.status === 206) return bytes
      return bytes.subarray(range.from, range.to) // It sent the whole object instead.
    },
    list: (options = {}) => listAll(net, ask, options),
  }
}

type Ask = (
  path: readonly string[],
  query: Readonly<Record<string, string>>,
  init: RequestInit,
) => Promise<Response>

async function* listAll(
  net: Net,
  ask: Ask,
  { prefix = '', signal }: { readonly prefix?: string; readonly signal?: AbortSignal },
): AsyncGenerator<readonly Listed[]> {
  const init = signal === undefined ? {} : { signal }
  let token: string | undefined
  do {
    const query = {
      'list-type': '2',
      'encoding-type': 'url',
      'max-keys': String(NAMES_AT_ONCE),
      ...(prefix === '' ? {} : { prefix }),
      ...(token === undefined ? {} : { 'continuation-token': token }),
    }
    // A path that ends with the bucket: some stores want a slash behind it, all take one.
    const response = await persist(net, () => ask([''], query, init))
    await refuseOthers(response)
    const page = parseList(await response.text())
    yield page.objects
    token = page.next
  } while (token !== undefined)
}

async function persist(net: Net, ask: () => Promise<Response>): Promise<Response> {
  for (const waitMs of [...RETRIES_MS, undefined]) {
    try {
      const response = await ask()
      if (waitMs === undefined || (response.status !== 429 && response.status < 500)) return response
    } catch (cause) {
      if (isAbort(cause)) throw cause
      if (waitMs === undefined) throw new Fault('unavailable', texts.cloud.unreachable, { cause })
    }
    await net.pause(waitMs)
  }
  throw new Fault('bug', 'the last try either answers or throws')
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    if (isAbort(cause)) throw cause
    throw new Fault('unavailable', texts.cloud.unreachable, { cause })
  }
}

async function refuseOthers(response: Response): Promise<void> {
  if (response.ok) return
  const code = textOf(await response.text().catch(() => ''), 'Code') ?? ''
  if (response.status === 403) throw new Fault('denied', texts.cloud.denied(code))
  if (response.status === 404) throw new Fault('missing', texts.cloud.noBucket)
  throw new Fault('unavailable', texts.cloud.status(response.status, code))
}

/** `ListObjectsV2`, S3 API Reference. Names are percent-encoded, as we asked. */
export function parseList(xml: string): {
  readonly objects: readonly Listed[]
  readonly next: string | undefined
} {
  if (!xml.includes('<ListBucketResult')) throw new Fault('corrupt', texts.cloud.noStore)
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, item = '']) => ({
    name: decodeURIComponent((textOf(item, 'Key') ?? '').replaceAll('+', ' ')),
    bytes: Number(textOf(item, 'Size')),
    modifiedUnixMs: Date.parse(textOf(item, 'LastModified') ?? ''),
  }))
  const isCut = textOf(xml.replaceAll(/<Contents>.*?<\/Contents>/gs, ''), 'IsTruncated') === 'true'
  return { objects, next: isCut ? textOf(xml, 'NextContinuationToken') : undefined }
}

const textOf = (xml: string, tag: string): string | undefined => {
  const found = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1]
  return found?.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '')
}
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
