import { createHash } from 'node:crypto'
import { Fault } from '../../base/fault.ts'
import type { PutOptions } from '../../ports/object-store.ts'
import { faultOf, isAlreadyThere, isConditionUnknown, refusalOf } from './faults.ts'
import { headObject, removeObject, SHA256_META, type Target } from './target.ts'

/** An object of at most this size may be sent twice to find out whether the store honours conditions. */
const PROBE_BYTES_MAX = 64 * 1024

/**
 * `If-None-Match: *` where the store honours it. Until that is known we look first; where it is refused or ignored we
 * go on looking first, which leaves a moment in which somebody else could put an object of the same name: names are
 * random, so that somebody could only be ourselves.
 */
export async function putObject(
  target: Target,
  name: string,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<'stored' | 'already-there'> {
  const { ifAbsent, signal } = options
  const looksFirst = ifAbsent && target.conditions !== 'honoured'
  if (looksFirst && (await headObject(target, name, signal)) !== undefined) return 'already-there'
  const conditional = ifAbsent && target.conditions !== 'not-honoured'
  const outcome = await putOnce(target, name, bytes, { ...options, conditional })
  if (outcome === 'condition-unknown') {
    learn(target, 'not-honoured')
    return putObject(target, name, bytes, options)
  }
  if (conditional && outcome === 'already-there') learn(target, 'honoured')
  if (conditional && outcome === 'stored') await probe(target, name, bytes, options)
  return outcome
}

function learn(target: Target, conditions: 'honoured' | 'not-honoured'): void {
  if (conditions === target.conditions) return
  target.conditions = conditions
  if (conditions === 'not-honoured')
    target.log.info('store.no_conditional_put', { store: target.where, instead: 'looks before it puts' })
}

/** Some stores do not even look at the condition. Sending the same once more tells, and does no harm. */
async function probe(target: Target, name: string, bytes: Uint8Array, options: PutOptions): Promise<void> {
  if (target.conditions !== 'unknown' || bytes.length > PROBE_BYTES_MAX) return
  const second = await putOnce(target, name, bytes, { ...options, conditional: true }).catch(() => undefined) // The object is stored; what we did not learn now we may learn with the next.
  if (second === 'already-there') learn(target, 'honoured')
  else if (second === 'stored') learn(target, 'not-honoured')
}

type Once = PutOptions & { readonly conditional: boolean }

async function putOnce(
  target: Target,
  name: string,
  bytes: Uint8Array,
  { sha256, signal, conditional }: Once,
): Promise<'stored' | 'already-there' | 'condition-unknown'> {
  const md5 = createHash('md5').update(bytes).digest()
  const checksum = Buffer.from(sha256, 'hex').toString('base64')
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
  try {
    const answer = await target.client.send(command, { abortSignal: signal })
    const problem = mismatch(answer, { checksum, md5: md5.toString('hex') })
    if (problem === undefined) return 'stored'
    await removeObject(target, name, signal).catch(() => {}) // What the store has wrong must not be taken for ours; that it is wrong matters more.
    throw new Fault('corrupt', `${target.where}: put ${name}: ${problem}`)
  } catch (error) {
    const refusal = refusalOf(error)
    if (isAlreadyThere(refusal)) return 'already-there'
    if (conditional && isConditionUnknown(refusal)) return 'condition-unknown'
    throw faultOf(error, { what: `put ${name}`, where: target.where })
  }
}

type Acknowledgement = {
  readonly ETag?: string | undefined
  readonly ChecksumSHA256?: string | undefined
  readonly ServerSideEncryption?: string | undefined
}

/** Where the store keeps no SHA-256, its entity tag is the MD5 of what it has; unless it encrypts, then it is no MD5. */
function mismatch(
  { ETag, ChecksumSHA256, ServerSideEncryption }: Acknowledgement,
  wanted: { readonly checksum: string; readonly md5: string },
): string | undefined {
  if (ChecksumSHA256 !== undefined)
    return ChecksumSHA256 === wanted.checksum
      ? undefined
      : `wanted SHA-256 ${wanted.checksum}, the store has ${ChecksumSHA256}`
  const tag = ETag?.replaceAll('"', '').toLowerCase() ?? ''
  const isMd5 = ServerSideEncryption === undefined && /^[0-9a-f]{32}$/.test(tag)
  return !isMd5 || tag === wanted.md5 ? undefined : `wanted MD5 ${wanted.md5}, the store has ${tag}`
}
