import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { messageOf } from '../../src/base/fault.ts'
import type { Log } from '../../src/base/log.ts'
import { decodeAwsChunked, type DecodedBody } from './aws-chunked.ts'
import { Digests } from './checksums.ts'
import type { ObjectFolder, ObjectPlace } from './object-folder.ts'
import { errorBody, S3Error, xml } from './s3-error.ts'
import { listBody } from './s3-list.ts'
import { getObject, OVERRIDE, putObject, type Answer, type Call, type IfNoneMatch } from './s3-objects.ts'
import {
  accessKeyIn,
  verifySignature,
  type BodyPromise,
  type Credentials,
  type Headers,
  type SignedRequest,
} from './sigv4.ts'

export type S3ServerOptions = {
  readonly folder: ObjectFolder
  readonly credentials: Credentials
  /** May only GET and HEAD. */
  readonly reader: Credentials
  readonly now: () => number
  readonly log: Log
  readonly ifNoneMatch: IfNoneMatch
  /** A client that needs longer to send its headers, or says nothing for so long, is cut off. */
  readonly patienceMs: number
}

const BODY_BYTES_MAX = 64 * 1024 * 1024
const HEADER_BYTES_MAX = 32 * 1024
const NAME_BYTES_MAX = 1024
const CONNECTIONS_MAX = 256
const KEEP_ALIVE_MS = 30_000
/** A whole object has so much longer than its headers. */
const BODY_PATIENCE = 12

export type S3Server = {
  readonly server: Server
  /** Resolves when everything that was asked is done. */
  settled(): Promise<void>
}

/** A small S3: path style, one set of credentials, whole objects up to 64 MiB, in a folder. */
export function createS3Server(options: S3ServerOptions): S3Server {
  const busy = new Set<Promise<void>>()
  const serve = (request: IncomingMessage, response: ServerResponse, invite: () => void): void => {
    const work = serveOne(request, response, invite, options).finally(() => busy.delete(work))
    busy.add(work)
  }
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: options.patienceMs,
      requestTimeout: options.patienceMs * BODY_PATIENCE,
      connectionsCheckingInterval: Math.ceil(options.patienceMs / 2),
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => serve(request, response, () => {}),
  )
  // Large bodies are only sent when we say that we want them: who may not store one learns it before.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    serve(request, response, () => response.writeContinue()),
  )
  server.setTimeout(options.patienceMs * BODY_PATIENCE)
  server.maxConnections = CONNECTIONS_MAX
  return { server, settled: async () => void (await Promise.all(busy)) }
}

/** Never throws: whatever comes in, something goes out or the connection ends. */
async function serveOne(
  request: IncomingMessage,
  response: ServerResponse,
  invite: () => void,
  options: S3ServerOptions,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  const answer = await answerTo(request, invite, options).catch((error: unknown) =>
    errorAnswer(error, { resource: request.url ?? '/', requestId }, options.log),
  )
  try {
    send(request, response, { ...answer, headers: { 'x-amz-request-id': requestId, ...answer.headers } })
  } catch (error) {
    options.log.warn('cloud.answer_failed', { problem: messageOf(error) })
    response.destroy()
  }
}

async function answerTo(
  request: IncomingMessage,
  invite: () => void,
  options: S3ServerOptions,
): Promise<Answer> {
  const { method = 'GET', url = '/' } = request
  const at = url.indexOf('?')
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  const headers = headersOf(request)
  if (method === 'OPTIONS') return { status: 204, headers: LEAVE }
  const { place, promise } = await beforeBody(request, () => {
    checkLength(headers.get('content-length'))
    const address = placeOf(path) // Before the signature, which decodes the path too.
    return { place: address, promise: admit({ method, path, query, headers }, options) }
  })
  invite()
  const { content: body, trailers } = await readBody(request, headers, promise)
  return route({ method, place, query: new URLSearchParams(query), headers, body, trailers }, options)
}

/** What pages of other addresses may do: whatever a signature allows, which a browser alone does not have. */
const OPEN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'etag, content-length, content-range',
}
const LEAVE = {
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers':
    'authorization, range, x-amz-content-sha256, x-amz-date, x-amz-security-token',
  'access-control-max-age': '600',
}

function admit(request: SignedRequest, { credentials, reader, now }: S3ServerOptions): BodyPromise {
  const isReader = accessKeyIn(request) === reader.accessKeyId
  const promise = verifySignature(request, isReader ? reader : credentials, now())
  if (isReader && request.method !== 'GET' && request.method !== 'HEAD')
    throw new S3Error('AccessDenied', 403, 'These credentials may only read.')
  return promise
}

const headersOf = (request: IncomingMessage): Headers =>
  new Map(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )

function checkLength(length: string | undefined): void {
  if (Number(length ?? 0) > BODY_BYTES_MAX) throw tooLarge()
}

const tooLarge = (): S3Error =>
  new S3Error('EntityTooLarge', 413, `An object has at most ${BODY_BYTES_MAX} bytes.`)

/**
 * A refusal before the body was read. A small body is swallowed first: clients that are still sending when the
 * connection closes would never see why.
 */
async function beforeBody<T>(request: IncomingMessage, check: () => T): Promise<T> {
  try {
    return check()
  } catch (error) {
    const length = Number(request.headers['content-length'] ?? 0)
    if (request.headers.expect === undefined && length > 0 && length <= BODY_BYTES_MAX)
      for await (const _ of request.iterator({ destroyOnReturn: false }));
    throw error
  }
}

function placeOf(path: string): ObjectPlace {
  try {
    const [, bucket = '', ...rest] = path.split('/').map(decodeURIComponent)
    const name = rest.join('/')
    if (!/^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$/.test(bucket))
      throw new S3Error('InvalidBucketName', 400, 'The bucket’s name is not allowed.')
    if (Buffer.byteLength(name) > NAME_BYTES_MAX || name.includes('\0'))
      throw new S3Error('KeyTooLongError', 400, 'The object’s name is not allowed or too long.')
    return { bucket, name }
  } catch (error) {
    if (error instanceof S3Error) throw error
    throw new S3Error('InvalidURI', 400, 'The address cannot be decoded.', { cause: error })
  }
}

async function readBody(
  request: IncomingMessage,
  headers: Headers,
  promise: BodyPromise,
): Promise<DecodedBody> {
  const body = await bytesOf(request)
  if (promise.kind === 'chunks')
    return decodeAwsChunked(body, {
      ...promise,
      decodedBytes: headers.get('x-amz-decoded-content-length'),
      announced: (headers.get('x-amz-trailer') ?? '').toLowerCase().split(/[, ]+/).filter(Boolean),
    })
  if (promise.kind === 'sha256' && new Digests(body).sha256.toString('hex') !== promise.hex)
    throw new S3Error('XAmzContentSHA256Mismatch', 400, 'The body is not the one that was signed.')
  return { content: body, trailers: new Map() }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) continue
      bytes += chunk.length
      if (bytes > BODY_BYTES_MAX) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof S3Error) throw error
    throw new S3Error('IncompleteBody', 400, 'The connection ended before the body did.', { cause: error })
  }
  return Buffer.concat(chunks)
}

async function route(call: Call, options: S3ServerOptions): Promise<Answer> {
  const { method, place } = call
  if (place.bucket === '') throw new S3Error('MethodNotAllowed', 405, 'Only buckets and objects are served.')
  if (place.name === '' && method === 'PUT') {
    checkQuery(call, () => false)
    await options.folder.makeBucket(place.bucket)
    return { status: 200, headers: { location: `/${place.bucket}` } }
  }
  if (!(await options.folder.hasBucket(place.bucket)))
    throw new S3Error('NoSuchBucket', 404, 'There is no such bucket.')
  return place.name === '' ? routeBucket(call, options) : routeObject(call, options)
}

async function routeObject(call: Call, options: S3ServerOptions): Promise<Answer> {
  const isGet = call.method === 'GET' || call.method === 'HEAD'
  checkQuery(call, (name) => isGet && OVERRIDE.test(name))
  switch (call.method) {
    case 'PUT':
      return putObject(call, options)
    case 'GET':
    case 'HEAD':
      return getObject(call, options.folder)
    case 'DELETE':
      if (call.headers.has('if-match'))
        throw new S3Error('NotImplemented', 501, 'Conditions on removing are not known here.')
      await options.folder.remove(call.place)
      return { status: 204 }
    default:
      throw new S3Error('MethodNotAllowed', 405, `Objects know no ${call.method}.`)
  }
}

const LIST_FIELDS: ReadonlySet<string> = new Set([
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'start-after',
  'continuation-token',
  'encoding-type',
  'fetch-owner',
])

async function routeBucket(call: Call, { folder, credentials }: S3ServerOptions): Promise<Answer> {
  const { method, query, place } = call
  if (method === 'HEAD') return { status: 200, headers: { 'x-amz-bucket-region': credentials.region } }
  if (method !== 'GET') throw new S3Error('MethodNotAllowed', 405, `Buckets know no ${method}.`)
  if (query.has('location')) return xmlAnswer(locationBody(credentials.region))
  checkQuery(call, (name) => LIST_FIELDS.has(name))
  return xmlAnswer(await listBody(folder, place.bucket, query))
}

const xmlAnswer = (body: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body,
})

/** The oldest region has no name here. */
const locationBody = (region: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${region === 'us-east-1' ? '' : xml(region)}</LocationConstraint>`

/** `?acl`, `?tagging`, `?uploadId=…` mean something else than the object: what we do not know, we do not take for it. */
function checkQuery({ query }: Call, isKnown: (name: string) => boolean): void {
  for (const name of query.keys())
    if (name !== 'x-id' && !name.toLowerCase().startsWith('x-amz-') && !isKnown(name))
      throw new S3Error('NotImplemented', 501, `?${name} is not known here.`)
}

function errorAnswer(
  error: unknown,
  about: { readonly resource: string; readonly requestId: string },
  log: Log,
): Answer {
  if (!(error instanceof S3Error)) log.error('cloud.request_failed', { problem: messageOf(error) })
  const known =
    error instanceof S3Error ? error : new S3Error('InternalError', 500, 'Something went wrong here.')
  return {
    status: known.status,
    headers: { 'content-type': 'application/xml', ...known.headers },
    body: errorBody(known, about),
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body }: Answer,
): void {
  const length = status === 204 || status === 304 ? {} : { 'content-length': Buffer.byteLength(body ?? '') }
  // A body we have not read is still on its way; the connection cannot be used again.
  const close = request.complete ? {} : { connection: 'close' }
  response.writeHead(status, { server: 'lintel-cloud', ...OPEN, ...length, ...headers, ...close })
  response.end(request.method === 'HEAD' ? undefined : body)
}
