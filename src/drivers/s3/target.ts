import type * as S3 from '@aws-sdk/client-s3'
import { Fault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { ObjectFacts } from '../../ports/object-store.ts'
import { faultOf } from './faults.ts'

export type Sdk = typeof S3

/** One bucket of one store, and what we have learned of it. */
export type Target = {
  readonly sdk: Sdk
  readonly client: S3.S3Client
  readonly bucket: string
  /** For messages. */
  readonly where: string
  readonly log: Log
  /** Whether a PUT with `If-None-Match: *` leaves alone what is there. */
  conditions: 'unknown' | 'honoured' | 'not-honoured'
}

/** For stores that keep no SHA-256 themselves: `x-amz-meta-lintel-sha256`. */
export const SHA256_META = 'lintel-sha256'

export async function headObject(
  target: Target,
  name: string,
  signal: AbortSignal,
): Promise<ObjectFacts | undefined> {
  const command = new target.sdk.HeadObjectCommand({
    Bucket: target.bucket,
    Key: name,
    ChecksumMode: 'ENABLED',
  })
  try {
    const answer = await target.client.send(command, { abortSignal: signal })
    const sha256 =
      answer.ChecksumSHA256 === undefined
        ? answer.Metadata?.[SHA256_META]
        : Buffer.from(answer.ChecksumSHA256, 'base64').toString('hex')
    return { bytes: answer.ContentLength ?? 0, ...(sha256 === undefined ? {} : { sha256 }) }
  } catch (error) {
    const fault = faultOf(error, { what: `head ${name}`, where: target.where })
    if (fault.kind === 'missing') return undefined
    throw fault
  }
}

export async function removeObject(target: Target, name: string, signal: AbortSignal): Promise<void> {
  const command = new target.sdk.DeleteObjectCommand({ Bucket: target.bucket, Key: name })
  try {
    await target.client.send(command, { abortSignal: signal })
  } catch (error) {
    const fault = faultOf(error, { what: `delete ${name}`, where: target.where })
    if (fault.kind !== 'missing') throw fault
  }
}

export type GetOptions = {
  readonly signal: AbortSignal
  readonly range?: { readonly from: number; readonly to: number }
}

export async function getObject(
  target: Target,
  name: string,
  { signal, range }: GetOptions,
): Promise<Uint8Array> {
  const command = new target.sdk.GetObjectCommand({
    Bucket: target.bucket,
    Key: name,
    ...(range === undefined ? {} : { Range: `bytes=${range.from}-${range.to - 1}` }),
  })
  try {
    const { Body: body } = await target.client.send(command, { abortSignal: signal })
    if (body === undefined) throw new Fault('unavailable', `${target.where}: get ${name}: no content came`)
    // The SDK's signal ends with the head of the answer.
    const stop = (): void => void ('destroy' in body && body.destroy())
    signal.addEventListener('abort', stop, { once: true })
    return await body.transformToByteArray().finally(() => signal.removeEventListener('abort', stop))
  } catch (error) {
    if (signal.aborted) throw new Fault('aborted', `get ${name} was stopped`, { cause: error })
    throw faultOf(error, { what: `get ${name}`, where: target.where })
  }
}

export async function* listObjects(
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
      throw faultOf(error, { what: 'list', where: target.where })
    })
    for (const { Key, Size } of page.Contents ?? [])
      if (Key !== undefined) yield { name: Key, bytes: Size ?? 0 }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}
