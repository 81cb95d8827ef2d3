/**
 * AWS Signature Version 4 for S3, in the address ("presigned"): AWS General Reference, "Signature Version 4 signing process"; S3 API
 * Reference, "Authenticating Requests: Using Query Parameters". In the address rather than in headers, because a browser asks a store for its
 * leave before every request with headers of its own: that would double the requests.
 */
import { hex, utf8 } from '../../../base/bytes.ts'
import { own, sha256 } from '../crypto/bytes.ts'

const ALGORITHM = 'AWS4-HMAC-SHA256'
/** Clocks of browsers and stores differ; whoever sees such an address can read one sealed object with it for so long. */
const EXPIRES_S = 900

export type Signer = {
  readonly accessKeyId: string
  readonly region: string
  readonly sessionToken?: string
  /** HMAC with `AWS4` and the secret: see `signingKey`. */
  readonly signing: CryptoKey
}

/** The secret as a key that signs and cannot be read again. */
export const signingKey = (secretAccessKey: string): Promise<CryptoKey> =>
  importHmac(utf8(`AWS4${secretAccessKey}`))

export type Presigned = {
  readonly method?: 'GET' | 'HEAD'
  /** `https://host:port` */
  readonly origin: string
  /** Steps of the path as they are called, not encoded. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly atUnixMs: number
  readonly expiresS?: number
}

/** The address with which whoever has it may ask for this, and for nothing else, for a quarter of an hour. */
export async function presign(signer: Signer, request: Presigned): Promise<string> {
  const { method = 'GET', origin, atUnixMs, expiresS = EXPIRES_S } = request
  const time = timeText(atUnixMs)
  const scope = [time.slice(0, 8), signer.region, 's3', 'aws4_request']
  const path = `/${request.path.map(encode).join('/')}`
  const query = queryText({
    ...request.query,
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': [signer.accessKeyId, ...scope].join('/'),
    'X-Amz-Date': time,
    'X-Amz-Expires': String(expiresS),
    'X-Amz-SignedHeaders': 'host',
    ...(signer.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': signer.sessionToken }),
  })
  const { host } = new URL(origin)
  const canonical = [method, path, query, `host:${host}\n`, 'host', 'UNSIGNED-PAYLOAD'].join('\n')
  const text = [ALGORITHM, time, scope.join('/'), hex(await sha256(utf8(canonical)))].join('\n')
  return `${origin}${path}?${query}&X-Amz-Signature=${hex(await signText(signer.signing, scope, text))}`
}

async function signText(signing: CryptoKey, scope: readonly string[], text: string): Promise<Uint8Array> {
  let key = signing
  for (const part of scope) key = await importHmac(await hmacWith(key, part))
  return hmacWith(key, text)
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const
const importHmac = (bytes: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', own(bytes), HMAC, false, ['sign'])
const hmacWith = async (key: CryptoKey, text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.sign('HMAC', key, own(utf8(text))))

const queryText = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')

/** RFC 3986: everything but letters, digits and `-._~`. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** `20260101T000000Z` */
const timeText = (unixMs: number): string => new Date(unixMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
