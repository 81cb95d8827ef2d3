/**
 * AWS Signature Version 4, the server's side: headers and presigned addresses; what it says of chunks is for `aws-chunked.ts`.
 * Source: AWS General Reference, "Signature Version 4 signing process"; S3 API Reference, "Authenticating Requests".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './s3-error.ts'

export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

export type SignedRequest = {
  readonly method: string
  /** As it came, still encoded. */
  readonly path: string
  readonly query: string
  /** By lower-case name. */
  readonly headers: Headers
}

export type Headers = ReadonlyMap<string, string>

/** What the signature says of the body. */
export type BodyPromise =
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunks'; readonly chain: ChunkChain | undefined; readonly hasTrailers: boolean }

export type ChunkChain = {
  readonly key: Buffer
  readonly scope: string
  readonly time: string
  readonly seed: string
}

const SKEW_MS_MAX = 15 * 60_000
const EXPIRES_S_MAX = 7 * 24 * 3600
export const ALGORITHM = 'AWS4-HMAC-SHA256'
const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** Who a request says it is from; believed by nobody yet. */
export function accessKeyIn({ query, headers }: Pick<SignedRequest, 'query' | 'headers'>): string {
  const claimed =
    new URLSearchParams(query).get('X-Amz-Credential') ??
    /Credential=([^, ]+)/.exec(headers.get('authorization') ?? '')?.[1]
  return claimed?.split('/')[0] ?? ''
}

/** Throws `S3Error` unless the request was signed with these credentials, for this region, lately. */
export function verifySignature(
  request: SignedRequest,
  credentials: Credentials,
  nowMs: number,
): BodyPromise {
  const query = new URLSearchParams(request.query)
  const claim = query.has('X-Amz-Signature')
    ? presignedClaim(query, request.headers, nowMs)
    : headerClaim(request.headers, nowMs)
  const [accessKeyId, date = '', region = '', service, end] = claim.credential.split('/')
  if (accessKeyId !== credentials.accessKeyId)
    throw new S3Error('InvalidAccessKeyId', 403, 'There is no such access key.')
  if (
    region !== credentials.region ||
    service !== 's3' ||
    end !== 'aws4_request' ||
    date !== claim.time.slice(0, 8)
  )
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      400,
      `Wanted the scope …/${credentials.region}/s3/aws4_request.`,
    )
  const unsigned = unsignedHeader(request.headers, claim.signedHeaders)
  if (unsigned !== undefined) throw new S3Error('AccessDenied', 403, `The header ${unsigned} is not signed.`)
  const scope = `${date}/${region}/s3/aws4_request`
  const key = signingKey(credentials.secretAccessKey, date, region)
  const canonical = canonicalRequest(request, claim)
  const wanted = hmac(key, [ALGORITHM, claim.time, scope, sha256Hex(canonical)].join('\n')).toString('hex')
  if (!sameText(wanted, claim.signature))
    throw new S3Error('SignatureDoesNotMatch', 403, 'The signature is not what these credentials give.')
  return promiseOf(claim, { key, scope, time: claim.time, seed: wanted })
}

/** Whoever could add such a header to a signed request would change what it means. */
function unsignedHeader(headers: Headers, signed: readonly string[]): string | undefined {
  return ['host', ...headers.keys()].find(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.includes(name),
  )
}

type Claim = {
  readonly credential: string
  readonly time: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly payload: string
}

function headerClaim(headers: Headers, nowMs: number): Claim {
  const fields =
    /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/.exec(
      headers.get('authorization') ?? '',
    )
  const time = headers.get('x-amz-date') ?? ''
  const payload = headers.get('x-amz-content-sha256') ?? ''
  if (fields === null || payload === '')
    throw new S3Error('AccessDenied', 403, 'Wanted a request signed with AWS4-HMAC-SHA256.')
  if (Math.abs(timeOf(time) - nowMs) > SKEW_MS_MAX)
    throw new S3Error('RequestTimeTooSkewed', 403, 'The request’s time is too far from ours.')
  const [, credential = '', signed = '', signature = ''] = fields
  return { credential, time, signedHeaders: signed.split(';'), signature, payload }
}

function presignedClaim(query: URLSearchParams, headers: Headers, nowMs: number): Claim {
  const field = (name: string): string => query.get(name) ?? ''
  const time = field('X-Amz-Date')
  const expiresS = /^\d{1,6}$/.test(field('X-Amz-Expires')) ? Number(field('X-Amz-Expires')) : 0
  if (field('X-Amz-Algorithm') !== ALGORITHM || expiresS < 1 || expiresS > EXPIRES_S_MAX)
    throw new S3Error(
      'AuthorizationQueryParametersError',
      400,
      `Wanted ${ALGORITHM} and 1 to ${EXPIRES_S_MAX} seconds.`,
    )
  const ageMs = nowMs - timeOf(time)
  if (ageMs < -SKEW_MS_MAX) throw new S3Error('AccessDenied', 403, 'The address is not valid yet.')
  if (ageMs > expiresS * 1000) throw new S3Error('AccessDenied', 403, 'The address has expired.')
  return {
    credential: field('X-Amz-Credential'),
    time,
    signedHeaders: field('X-Amz-SignedHeaders').split(';'),
    signature: field('X-Amz-Signature'),
    payload: headers.get('x-amz-content-sha256') ?? UNSIGNED,
  }
}

function timeOf(text: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) || 0
}

const signingKey = (secret: string, date: string, region: string): Buffer =>
  [date, region, 's3', 'aws4_request'].reduce(
    (key: string | Buffer, part) => hmac(key, part),
    `AWS4${secret}`,
  ) as Buffer // Four rounds: never the text it began with.

function canonicalRequest({ method, path, query, headers }: SignedRequest, claim: Claim): string {
  const rows = claim.signedHeaders.map(
    (name) => `${name}:${(headers.get(name) ?? '').trim().replaceAll(/ +/g, ' ')}\n`,
  )
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    rows.join(''),
    claim.signedHeaders.join(';'),
    claim.payload,
  ].join('\n')
}

const canonicalPath = (path: string): string =>
  path
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/')

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const fields = query.split('&').map((field) => {
    const [name = '', ...value] = field.split('=')
    return [encode(decode(name)), encode(decode(value.join('=')))] as const
  })
  return fields
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new S3Error('InvalidURI', 400, 'The query cannot be decoded.')
  }
}

/** RFC 3986: everything but letters, digits and `-._~`. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const STREAMING = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'

function promiseOf({ payload }: Claim, chain: ChunkChain): BodyPromise {
  if (payload === UNSIGNED) return { kind: 'unsigned' }
  if (/^[0-9a-f]{64}$/.test(payload)) return { kind: 'sha256', hex: payload }
  if (payload === STREAMING) return { kind: 'chunks', chain, hasTrailers: false }
  if (payload === `${STREAMING}-TRAILER`) return { kind: 'chunks', chain, hasTrailers: true }
  if (payload === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')
    return { kind: 'chunks', chain: undefined, hasTrailers: true }
  throw new S3Error('InvalidRequest', 400, `There is no payload of the kind ${payload.slice(0, 80)}.`)
}

export const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()
export const sha256Hex = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex')

export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
