import { Digests, verifyChecksums } from './checksums.ts'
import type { ObjectFolder, ObjectMeta, ObjectPlace } from './object-folder.ts'
import { S3Error } from './s3-error.ts'
import type { Headers } from './sigv4.ts'

/** A request whose signature and body were verified. */
export type Call = {
  readonly method: string
  readonly place: ObjectPlace
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: Buffer
  readonly trailers: ReadonlyMap<string, string>
}

export type Answer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string | Buffer
}

/** How the store takes `If-None-Match: *`. Not every S3 store knows it, and not every one says so. */
export type IfNoneMatch = 'honoured' | 'refused' | 'ignored'

export async function putObject(
  { place, headers, body, trailers }: Call,
  {
    folder,
    now,
    ifNoneMatch,
  }: { readonly folder: ObjectFolder; readonly now: () => number; readonly ifNoneMatch: IfNoneMatch },
): Promise<Answer> {
  if (headers.has('x-amz-copy-source'))
    throw new S3Error('NotImplemented', 501, 'Objects cannot be copied here.')
  const digests = new Digests(body)
  const checksums = verifyChecksums(digests, new Map([...headers, ...trailers]))
  const meta = await folder.put(place, {
    content: body,
    digests,
    ifAbsent: isWantedAbsent(headers.get('if-none-match'), ifNoneMatch),
    check: (there) => checkIfMatch(headers.get('if-match'), there),
    facts: {
      contentType: headers.get('content-type') ?? 'application/octet-stream',
      metadata: metadataOf(headers),
      checksums,
      modified: new Date(now()).toISOString(),
    },
  })
  return { status: 200, headers: { etag: `"${meta.md5}"`, ...checksumsOf(meta) } }
}

function isWantedAbsent(header: string | undefined, ifNoneMatch: IfNoneMatch): boolean {
  if (header === undefined || ifNoneMatch === 'ignored') return false
  if (header !== '*' || ifNoneMatch === 'refused')
    throw new S3Error(
      'NotImplemented',
      501,
      'A header you provided implies functionality that is not implemented.',
    )
  return true
}

function checkIfMatch(header: string | undefined, there: ObjectMeta | undefined): void {
  if (header === undefined) return
  if (there === undefined || !namesTag(header, there.md5))
    throw new S3Error('PreconditionFailed', 412, 'The object is another one.')
}

const metadataOf = (headers: Headers): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...headers].flatMap(([name, value]) =>
      name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value]] : [],
    ),
  )

export async function getObject(call: Call, folder: ObjectFolder): Promise<Answer> {
  const { method, place, headers } = call
  const found =
    method === 'HEAD' ? { meta: await folder.head(place), content: undefined } : await folder.read(place)
  const meta = found?.meta
  if (meta === undefined) throw new S3Error('NoSuchKey', 404, 'There is no such object.')
  const etag = `"${meta.md5}"`
  checkIfMatch(headers.get('if-match'), meta)
  if (namesTag(headers.get('if-none-match') ?? '', meta.md5)) return { status: 304, headers: { etag } }
  const range = rangeOf(headers.get('range'), meta.bytes)
  const content = found?.content?.subarray(range.from, range.to)
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
        : checksumsOf(meta)),
      ...prefixed('x-amz-meta-', meta.metadata),
      ...overrides(call.query),
    },
    ...(content === undefined ? {} : { body: content }),
  }
}

/** RFC 9110, 13.1: a list of entity tags, or `*`. */
const namesTag = (header: string, md5: string): boolean =>
  header.split(',').some((tag) => ['*', md5].includes(tag.trim().replace(/^W\//, '').replaceAll('"', '')))

/** Those that came with the object, and SHA-256 always. */
const checksumsOf = ({ sha256, checksums }: ObjectMeta): Readonly<Record<string, string>> => ({
  'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
  ...checksums,
})

const prefixed = (
  prefix: string,
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${prefix}${name}`, value]))

/** `response-content-type=…` and its like, for addresses that are given to a browser. */
export const OVERRIDE = /^response-(content-(?:type|language|disposition|encoding)|cache-control|expires)$/

function overrides(query: URLSearchParams): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const [name, value] of query) {
    const header = OVERRIDE.exec(name)?.[1]
    if (header === undefined) continue
    if (!/^[\x20-\x7e]*$/.test(value))
      throw new S3Error('InvalidArgument', 400, `${name}: wanted printable ASCII.`)
    headers[header] = value
  }
  return headers
}

type Range = { readonly from: number; readonly to: number; readonly isPart: boolean }

/** RFC 9110, 14.1.2. What is no single range of bytes is ignored, as is allowed: the whole is the answer. */
export function rangeOf(header: string | undefined, bytes: number): Range {
  const whole = { from: 0, to: bytes, isPart: false }
  const [, first = '', last = ''] = /^bytes=([0-9]*)-([0-9]*)$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return whole
  if (first !== '' && last !== '' && Number(last) < Number(first)) return whole
  const from = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const to = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1)
  if (from >= bytes)
    throw new S3Error('InvalidRange', 416, `The object has ${bytes} bytes.`, {
      headers: { 'content-range': `bytes */${bytes}` },
    })
  return { from, to, isPart: true }
}
