/** Any S3-compatible store, through the AWS SDK. */
import { createHash } from 'node:crypto'
import type * as S3 from '@aws-sdk/client-s3'
import { Fault, messageOf, type FaultKind } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectFacts, ObjectStore, PutOptions } from '../../ports/object-store.ts'

export type S3Options = {
  /** Left out for AWS. */
  readonly endpoint?: string
  readonly region: string
  readonly bucket: string
  /** `https://host/bucket/object` instead of `https://bucket.host/object`. */
  readonly pathStyle: boolean
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

const CONNECT_MS_MAX = 10_000
const REQUEST_MS_MAX = 120_000
const SHA256_META = 'lintel-sha256'

type Sdk = typeof S3
type Target = {
  readonly sdk: Sdk
  readonly client: S3.S3Client
  readonly bucket: string
  readonly where: string
  conditional: boolean
  readonly log: Log
}

/** Loads the SDK only now: it is the largest thing we load, and a device without a cloud needs none of it. */
export async function openS3Store(
  options: S3Options,
  { log }: { readonly log: Log },
): Promise<ObjectStore & AsyncDisposable> {
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    forcePathStyle: options.pathStyle,
    credentials: options.credentials,
    maxAttempts: 1, // The upload queue tries again, with its own pauses, and survives a restart.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS_MAX, requestTimeout: REQUEST_MS_MAX },
  })
  const target: Target = {
    sdk,
    client,
    bucket: options.bucket,
    where: `${options.endpoint ?? 'AWS'}/${options.bucket}`,
    conditional: true,
    log,
  }
  return {
    put: (name, bytes, put) => putObject(target, name, bytes, put),
    get: (name, get) => getObject(target, name, get),
    head: (name, { signal }) => headObject(target, name, signal),
    remove: (name, { signal }) => removeObject(target, name, signal),
    list: (list) => listObjects(target, list),
    async [Symbol.asyncDispose]() {
      client.destroy()
    },
  }
}

async function putObject(
  target: Target,
  name: string,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<'stored' | 'already-there'> {
  const { ifAbsent, signal } = options
  if (ifAbsent && !target.conditional && (await headObject(target, name, signal)) !== undefined)
    return 'already-there'
  try {
    await putOnce(target, name, bytes, options, ifAbsent && target.conditional)
    return 'stored'
  } catch (error) {
    const code = codeOf(error)
    if (code.status === 412 || code.name === 'PreconditionFailed') return 'already-there'
    const cannot = ifAbsent && target.conditional && (code.status === 501 || code.name === 'NotImplemented')
    if (!cannot) throw faultOf(error, `put ${name}`, target)
    target.conditional = false
    target.log.info('store.no_conditional_put', { store: target.where })
    return putObject(target, name, bytes, options)
  }
}

async function putOnce(
  target: Target,
  name: string,
  bytes: Uint8Array,
  { sha256, signal }: PutOptions,
  conditional: boolean,
): Promise<void> {
  const checksum = Buffer.from(sha256, 'hex').toString('base64')
  const md5 = createHash('md5').update(bytes).digest()
  const command = new target.sdk.PutObjectCommand({
    Bucket: target.bucket,
    Key: name,
    Body: bytes,
    ContentType: 'application/octet-stream',
    ContentMD5: md5.toString('base64'),
    ChecksumSHA256: checksum,
    Metadata: { [SHA256_META]: sha256 },
    ...(conditional ? { IfNoneMatch: '*' } : {}),
  })
  const answer = await target.client.send(command, { abortSignal: signal })
  const etag = answer.ETag?.replaceAll('"', '').toLowerCase() ?? ''
  if (answer.ChecksumSHA256 !== undefined && answer.ChecksumSHA256 !== checksum)
    throw new Fault(
      'corrupt',
      `${target.where}: put ${name}: wanted SHA-256 ${checksum}, the store has ${answer.ChecksumSHA256}`,
    )
  // Where the store keeps no SHA-256, its entity tag is the MD5 of what it has (unless it encrypts; then it is no MD5).
  if (
    answer.ChecksumSHA256 === undefined &&
    answer.ServerSideEncryption === undefined &&
    /^[0-9a-f]{32}$/.test(etag) &&
    etag !== md5.toString('hex')
  )
    throw new Fault(
      'unavailable',
      `${target.where}: put ${name}: wanted MD5 ${md5.toString('hex')}, the store has ${etag}`,
    )
}

async function getObject(
  target: Target,
  name: string,
  {
    signal,
    range,
  }: { readonly signal: AbortSignal; readonly range?: { readonly from: number; readonly to: number } },
): Promise<Uint8Array> {
  try {
    const command = new target.sdk.GetObjectCommand({
      Bucket: target.bucket,
      Key: name,
      ...(range === undefined ? {} : { Range: `bytes=${range.from}-${range.to - 1}` }),
    })
    const answer = await target.client.send(command, { abortSignal: signal })
    if (answer.Body === undefined)
      throw new Fault('unavailable', `${target.where}: get ${name}: an answer without content`)
    return await answer.Body.transformToByteArray()
  } catch (error) {
    throw faultOf(error, `get ${name}`, target)
  }
}

async function headObject(
  target: Target,
  name: string,
  signal: AbortSignal,
): Promise<ObjectFacts | undefined> {
  try {
    const command = new target.sdk.HeadObjectCommand({
      Bucket: target.bucket,
      Key: name,
      ChecksumMode: 'ENABLED',
    })
    const answer = await target.client.send(command, { abortSignal: signal })
    const sha256 =
      answer.ChecksumSHA256 === undefined
        ? answer.Metadata?.[SHA256_META]
        : Buffer.from(answer.ChecksumSHA256, 'base64').toString('hex')
    return { bytes: answer.ContentLength ?? 0, ...(sha256 === undefined ? {} : { sha256 }) }
  } catch (error) {
    const fault = faultOf(error, `head ${name}`, target)
    if (fault.kind === 'missing') return undefined
    throw fault
  }
}

async function removeObject(target: Target, name: string, signal: AbortSignal): Promise<void> {
  try {
    await target.client.send(new target.sdk.DeleteObjectCommand({ Bucket: target.bucket, Key: name }), {
      abortSignal: signal,
    })
  } catch (error) {
    const fault = faultOf(error, `delete ${name}`, target)
    if (fault.kind !== 'missing') throw fault
  }
}

async function* listObjects(
  target: Target,
  { signal, prefix }: { readonly signal: AbortSignal; readonly prefix?: string },
): AsyncGenerator<{ name: string; bytes: number }, void> {
  let token: string | undefined
  do {
    const command = new target.sdk.ListObjectsV2Command({
      Bucket: target.bucket,
      ...(prefix === undefined ? {} : { Prefix: prefix }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    const page = await target.client.send(command, { abortSignal: signal }).catch((error: unknown) => {
      throw faultOf(error, 'list', target)
    })
    for (const { Key, Size } of page.Contents ?? [])
      if (Key !== undefined) yield { name: Key, bytes: Size ?? 0 }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

function codeOf(error: unknown): { readonly name: string; readonly status: number | undefined } {
  const name = error instanceof Error ? error.name : ''
  const metadata: unknown =
    typeof error === 'object' && error !== null && '$metadata' in error ? error.$metadata : undefined
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return { name, status: typeof status === 'number' ? status : undefined }
}

function faultOf(error: unknown, what: string, target: Target): Fault {
  if (error instanceof Fault) return error
  const { name, status } = codeOf(error)
  if (name === 'AbortError') return new Fault('aborted', `${what} was stopped`, { cause: error })
  return new Fault(
    kindOf(name, status),
    `${target.where}: ${what}: ${status === undefined ? '' : `${status} `}${name} ${messageOf(error)}`.trim(),
    { cause: error },
  )
}

function kindOf(name: string, status: number | undefined): FaultKind {
  if (name === 'BadDigest' || name === 'XAmzContentSHA256Mismatch' || name === 'RequestTimeTooSkewed')
    return 'unavailable'
  if (name === 'QuotaExceeded' || status === 507) return 'full'
  // A bucket that is not there may be there tomorrow; an object will not.
  if (name === 'NoSuchBucket') return 'denied'
  if (status === 404) return 'missing'
  if (status === 401 || status === 403) return 'denied'
  if (status === undefined || status >= 500 || status === 429 || status === 408) return 'unavailable'
  return 'invalid'
}
