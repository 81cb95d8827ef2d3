/**
 * AWS Signature Version 4, the server's side: headers, presigned addresses, and signed chunks.
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
  readonly headers: Readonly<Record<string, string>>
}

/** What the signature says of the body. */
export type BodyPromise =
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunks'; readonly signed: ChunkChain | undefined }

export type ChunkChain = {
  readonly key: Buffer
  readonly scope: string
  readonly time: string
  readonly seed: string
}

const SKEW_MS_MAX = 15 * 60_000
const EXPIRES_S_MAX = 7 * 24 * 3600
const ALGORITHM = 'AWS4-HMAC-SHA256'
const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** Throws `S3Error` unless the request was signed with these credentials, for this region, lately. */
export function verifySignature(
  request: SignedRequest,
  credentials: Credentials,
  nowMs: number,
): BodyPromise {
  const query = new URLSearchParams(request.query)
  const claim = query.has('X-Amz-Signature')
    ? presignedClaim(query, nowMs)
    : headerClaim(request.headers, nowMs)
  const [accessKeyId, date, region, service, end] = claim.credential.split('/')
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
  if (!claim.signedHeaders.includes('host'))
    throw new S3Error('AccessDenied', 403, 'The host header must be signed.')
  const scope = `${date}/${region}/s3/aws4_request`
  const key = signingKey(credentials.secretAccessKey, date, region)
  const canonical = canonicalRequest(request, claim)
  const wanted = hmac(key, [ALGORITHM, claim.time, scope, sha256Hex(canonical)].join('\n')).toString('hex')
  if (!sameText(wanted, claim.signature))
    throw new S3Error('SignatureDoesNotMatch', 403, 'The signature is not what these credentials give.')
  return promiseOf(claim, { key, scope, time: claim.time, seed: wanted })
}

type Claim = {
  readonly credential: string
  readonly time: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly payload: string
}

function headerClaim(headers: Readonly<Record<string, string>>, nowMs: number): Claim {
  const fields =
    /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  const time = headers['x-amz-date'] ?? ''
  const payload = headers['x-amz-content-sha256'] ?? ''
  if (fields === null || payload === '')
    throw new S3Error('AccessDenied', 403, 'Wanted a request signed with AWS4-HMAC-SHA256.')
  if (Math.abs(timeOf(time) - nowMs) > SKEW_MS_MAX)
    throw new S3Error('RequestTimeTooSkewed', 403, 'The request’s time is too far from ours.')
  const [, credential = '', signed = '', signature = ''] = fields
  return { credential, time, signedHeaders: signed.split(';'), signature, payload }
}

function presignedClaim(query: URLSearchParams, nowMs: number): Claim {
  const field = (name: string): string => query.get(name) ?? ''
  const time = field('X-Amz-Date')
  const expiresS = Number(field('X-Amz-Expires'))
  if (field('X-Amz-Algorithm') !== ALGORITHM || !(expiresS >= 1 && expiresS <= EXPIRES_S_MAX))
    throw new S3Error(
      'AuthorizationQueryParametersError',
      400,
      `Wanted ${ALGORITHM} and 1 to ${EXPIRES_S_MAX} seconds.`,
    )
  const ageMs = nowMs - timeOf(time)
  if (ageMs > expiresS * 1000 || ageMs < -SKEW_MS_MAX)
    throw new S3Error('AccessDenied', 403, 'The address has expired.')
  return {
    credential: field('X-Amz-Credential'),
    time,
    signedHeaders: field('X-Amz-SignedHeaders').split(';'),
    signature: field('X-Amz-Signature'),
    payload: UNSIGNED,
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
    (name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}\n`,
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

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))

/** RFC 3986: everything but letters, digits and `-._~`. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

function promiseOf({ payload }: Claim, chain: ChunkChain): BodyPromise {
  if (payload === UNSIGNED) return { kind: 'unsigned' }
  if (/^[0-9a-f]{64}$/.test(payload)) return { kind: 'sha256', hex: payload }
  if (payload === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD') return { kind: 'chunks', signed: chain }
  if (payload === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return { kind: 'chunks', signed: undefined }
  throw new S3Error('InvalidRequest', 400, `There is no payload of the kind ${payload.slice(0, 80)}.`)
}

/** Takes `aws-chunked` apart and checks each chunk's signature where there is one. */
export function decodeChunks(
  body: Buffer,
  chain: ChunkChain | undefined,
): { readonly content: Buffer; readonly trailers: ReadonlyMap<string, string> } {
  const content: Buffer[] = []
  let previous = chain?.seed ?? ''
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at)
    const [, size, signature] =
      /^([0-9a-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(
        body.toString('latin1', at, Math.max(at, end)),
      ) ?? []
    const bytes = Number.parseInt(size ?? '', 16)
    const from = end + 2
    if (end < 0 || !Number.isInteger(bytes) || from + bytes > body.length)
      throw new S3Error('IncompleteBody', 400, 'A chunk is cut short.')
    const chunk = body.subarray(from, from + bytes)
    if (chain !== undefined) previous = checkChunk(chain, previous, chunk, signature ?? '')
    if (bytes === 0)
      return { content: Buffer.concat(content), trailers: trailersOf(body.toString('latin1', from)) }
    content.push(chunk)
    at = from + bytes + 2
  }
}

function checkChunk(
  { key, scope, time }: ChunkChain,
  previous: string,
  chunk: Buffer,
  signature: string,
): string {
  const wanted = hmac(
    key,
    [`${ALGORITHM}-PAYLOAD`, time, scope, previous, sha256Hex(''), sha256Hex(chunk)].join('\n'),
  ).toString('hex')
  if (!sameText(wanted, signature))
    throw new S3Error('SignatureDoesNotMatch', 403, 'A chunk’s signature is wrong.')
  return wanted
}

const trailersOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':')
      return at > 0 ? [[line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as const] : []
    }),
  )

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const sha256Hex = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')
const sameText = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
