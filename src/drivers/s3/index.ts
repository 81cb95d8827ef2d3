/** Any S3-compatible store, through the AWS SDK. */
import type { Log } from '../../base/log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { putObject } from './put.ts'
import { getObject, headObject, listObjects, removeObject, type Target } from './target.ts'

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
/** Until the answer begins; the whole of a part is sent before. */
const REQUEST_MS_MAX = 120_000
/** Without a byte either way. */
const SILENCE_MS_MAX = 30_000
/** Larger bodies wait until the store has said that it wants them, each on a connection of its own. */
const ASKS_FIRST_BYTES = 16 * 1024 * 1024

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
    expectContinueHeader: ASKS_FIRST_BYTES,
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      throwOnRequestTimeout: true, // Else it only warns, and waits for ever.
      socketTimeout: SILENCE_MS_MAX,
    },
  })
  const target: Target = {
    sdk,
    client,
    bucket: options.bucket,
    where: `${options.endpoint ?? 'AWS'}/${options.bucket}`,
    log,
    conditions: 'unknown',
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
