import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { crc32 } from 'node:zlib'
import type { Log } from '../../src/base/log.ts'
import { messageOf } from '../../src/base/fault.ts'
import { listBody } from './s3-list.ts'
import { ObjectFolder, type ObjectMeta } from './object-folder.ts'
import { errorBody, S3Error } from './s3-error.ts'
import { decodeChunks, verifySignature, type BodyPromise, type Credentials } from './sigv4.ts'

export type S3ServerOptions = {
  readonly folder: ObjectFolder
  readonly credentials: Credentials
  readonly now: () => number
  readonly log: Log
}

const BODY_BYTES_MAX = 64 * 1024 * 1024
const NAME_BYTES_MAX = 1024

type Call = {
  readonly method: string
  readonly bucket: string
  readonly name: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly trailers: ReadonlyMap<string, string>
}
type Answer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string | Buffer
}

/** A small S3: path style, one set of credentials, whole objects up to 64 MiB, in a folder. */
export function createS3Server(options: S3ServerOptions): Server {
  const server = createServer(
    { maxHeaderSize: 32 * 1024, requestTimeout: 60_000, headersTimeout: 10_000, keepAliveTimeout: 30_000 },
    (request, response) => {
      answerTo(request, options)
        .catch((error: unknown) => errorAnswer(error, request.url ?? '/', options.log))
        .then((answer) => send(request, response, answer))
        .catch((error: unknown) => {
          options.log.warn('cloud.answer_failed', { problem: messageOf(error) })
          response.destroy()
        })
    },
  )
  server.maxConnections = 256
  return server
}

async function answerTo(request: IncomingMessage, options: S3ServerOptions): Promise<Answer> {
  const { method = 'GET', url = '/' } = request
  const at = url.indexOf('?')
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  const headers = flatHeaders(request)
  const address = addressOf(path) // Before the signature, which decodes the path too.
  const promise = verifySignature({ method, path, query, headers }, options.credentials, options.now())
  const { body, trailers } = await readBody(request, promise)
  return route({ method, ...address, query: new URLSearchParams(query), headers, body, trailers }, options)
}

const flatHeaders = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  )

function addressOf(path: string): { readonly bucket: string; readonly name: string } {
  try {
    const [, bucket = '', ...rest] = path.split('/').map(decodeURIComponent)
    const name = rest.join('/')
    if (!/^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$/.test(bucket))
      throw new S3Error('InvalidBucketName', 400, 'The bucket’s name is not allowed.')
    if (Buffer.byteLength(name) > NAME_BYTES_MAX || name.includes('\0'))
      throw new S3Error('KeyTooLongError', 400, 'The object’s name is too long.')
    return { bucket, name }
  } catch (error) {
    if (error instanceof S3Error) throw error
    throw new S3Error('InvalidURI', 400, 'The address cannot be decoded.')
  }
}

async function readBody(
  request: IncomingMessage,
  promise: BodyPromise,
): Promise<{ body: Buffer; trailers: ReadonlyMap<string, string> }> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX)
      throw new S3Error('EntityTooLarge', 413, `An object has at most ${BODY_BYTES_MAX} bytes.`)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (promise.kind === 'chunks') {
    const { content, trailers } = decodeChunks(body, promise.signed)
    return { body: content, trailers }
  }
  if (promise.kind === 'sha256' && digest('sha256', body, 'hex') !== promise.hex)
    throw new S3Error('XAmzContentSHA256Mismatch', 400, 'The body is not the one that was signed.')
  return { body, trailers: new Map() }
}

async function route(call: Call, options: S3ServerOptions): Promise<Answer> {
  const { method, bucket, name } = call
  if (bucket === '') throw new S3Error('MethodNotAllowed', 405, 'Only buckets and objects are served.')
  if (name === '' && method === 'PUT') {
    await options.folder.makeBucket(bucket)
    return { status: 200, headers: { location: `/${bucket}` } }
  }
  if (!(await options.folder.hasBucket(bucket)))
    throw new S3Error('NoSuchBucket', 404, 'There is no such bucket.')
  if (name === '') return bucketCall(call, options.folder)
  switch (method) {
    case 'PUT':
      return putObject(call, options)
    case 'GET':
    case 'HEAD':
      return getObject(call, options.folder)
    case 'DELETE':
      await options.folder.remove(bucket, name)
      return { status: 204 }
    default:
      throw new S3Error('MethodNotAllowed', 405, `Objects know no ${method}.`)
  }
}

async function bucketCall(call: Call, folder: ObjectFolder): Promise<Answer> {
  const isXml = { 'content-type': 'application/xml' }
  if (call.method === 'HEAD') return { status: 200 }
  if (call.method !== 'GET') throw new S3Error('MethodNotAllowed', 405, `Buckets know no ${call.method}.`)
  if (call.query.has('location'))
    return {
      status: 200,
      headers: isXml,
      body: '<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
    }
  return { status: 200, headers: isXml, body: await listBody(folder, call.bucket, call.query) }
}

async function putObject(
  { bucket, name, headers, body, trailers }: Call,
  { folder, now }: S3ServerOptions,
): Promise<Answer> {
  const there = await folder.head(bucket, name)
  if (headers['if-none-match'] === '*' && there !== undefined)
    throw new S3Error('PreconditionFailed', 412, 'There is such an object already.')
  if (headers['if-match'] !== undefined && !isSameEtag(headers['if-match'], there))
    throw new S3Error('PreconditionFailed', 412, 'The object is another one.')
  checkDigests(body, (header) => headers[header] ?? trailers.get(header))
  const metadata = Object.fromEntries(
    Object.entries(headers).flatMap(([key, value]) =>
      key.startsWith('x-amz-meta-') ? [[key.slice(11), value]] : [],
    ),
  )
  const meta = await folder.put(bucket, name, body, {
    contentType: headers['content-type'] ?? 'application/octet-stream',
    metadata,
    modified: new Date(now()).toISOString(),
  })
  return {
    status: 200,
    headers: { etag: `"${meta.md5}"`, 'x-amz-checksum-sha256': base64OfHex(meta.sha256) },
  }
}

const isSameEtag = (wanted: string, there: ObjectMeta | undefined): boolean =>
  there !== undefined && (wanted === '*' || wanted.replaceAll('"', '') === there.md5)

function checkDigests(body: Buffer, header: (name: string) => string | undefined): void {
  const wanted = [
    ['content-md5', () => digest('md5', body, 'base64')],
    ['x-amz-checksum-sha256', () => digest('sha256', body, 'base64')],
    ['x-amz-checksum-sha1', () => digest('sha1', body, 'base64')],
    ['x-amz-checksum-crc32', () => crc32Of(body)],
  ] as const
  for (const [name, compute] of wanted) {
    const given = header(name)
    if (given !== undefined && given !== compute())
      throw new S3Error('BadDigest', 400, `${name} is not that of the body.`)
  }
}

function crc32Of(body: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}

const digest = (kind: string, body: Buffer, encoding: 'hex' | 'base64'): string =>
  createHash(kind).update(body).digest(encoding)
const base64OfHex = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

async function getObject({ method, bucket, name, headers }: Call, folder: ObjectFolder): Promise<Answer> {
  const meta = await folder.head(bucket, name)
  if (meta === undefined) throw new S3Error('NoSuchKey', 404, 'There is no such object.')
  const etag = `"${meta.md5}"`
  if (headers['if-none-match'] === etag) return { status: 304, headers: { etag } }
  if (headers['if-match'] !== undefined && !isSameEtag(headers['if-match'], meta))
    throw new S3Error('PreconditionFailed', 412, 'The object is another one.')
  const range = rangeOf(headers.range, meta.bytes)
  const content = method === 'HEAD' ? undefined : await folder.read(bucket, name)
  return {
    status: range.isPart ? 206 : 200,
    headers: {
      etag,
      'accept-ranges': 'bytes',
      'content-type': meta.contentType,
      'content-length': range.to - range.from,
      'last-modified': new Date(meta.modified).toUTCString(),
      ...(range.isPart
        ? { 'content-range': `bytes ${range.from}-${range.to - 1}/${meta.bytes}` }
        : { 'x-amz-checksum-sha256': base64OfHex(meta.sha256) }),
      ...Object.fromEntries(
        Object.entries(meta.metadata).map(([key, value]) => [`x-amz-meta-${key}`, value]),
      ),
    },
    ...(content === undefined ? {} : { body: content.subarray(range.from, range.to) }),
  }
}

/** RFC 9110, 14.1.2; several ranges are answered with the whole, as is allowed. */
function rangeOf(
  header: string | undefined,
  bytes: number,
): { readonly from: number; readonly to: number; readonly isPart: boolean } {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return { from: 0, to: bytes, isPart: false }
  const from = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const to = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1)
  if (from >= bytes || to <= from) throw new S3Error('InvalidRange', 416, `The object has ${bytes} bytes.`)
  return { from, to, isPart: true }
}

function errorAnswer(error: unknown, resource: string, log: Log): Answer {
  if (!(error instanceof S3Error)) log.error('cloud.request_failed', { problem: messageOf(error) })
  const known =
    error instanceof S3Error ? error : new S3Error('InternalError', 500, 'Something went wrong here.')
  return {
    status: known.status,
    headers: { 'content-type': 'application/xml' },
    body: errorBody(known, resource),
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body }: Answer,
): void {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  // A body we have not read is still on its way; the connection cannot be used again.
  const close = request.complete ? {} : { connection: 'close' }
  response.writeHead(status, { server: 'lintel-cloud', ...length, ...headers, ...close })
  response.end(request.method === 'HEAD' ? undefined : body)
}
