import { Fault, messageOf, type FaultKind } from '../../base/fault.ts'

/** What the store, or the network on the way to it, said: S3's code and the HTTP status where there was one. */
export type Refusal = { readonly code: string; readonly status: number | undefined }

export function refusalOf(error: unknown): Refusal {
  const code = error instanceof Error ? error.name : ''
  const metadata: unknown =
    typeof error === 'object' && error !== null && '$metadata' in error ? error.$metadata : undefined
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return { code, status: typeof status === 'number' ? status : undefined }
}

/** The condition of a PUT did not hold: the object is there. */
export const isAlreadyThere = ({ code, status }: Refusal): boolean =>
  status === 412 || code === 'PreconditionFailed'

/** How stores that do not know `If-None-Match` on PUT say so; the last is only meant when the header was sent. */
export const isConditionUnknown = ({ code, status }: Refusal): boolean =>
  status === 501 || code === 'NotImplemented' || (status === 400 && code === 'InvalidArgument')

export function faultOf(
  error: unknown,
  { what, where }: { readonly what: string; readonly where: string },
): Fault {
  if (error instanceof Fault) return error
  const refusal = refusalOf(error)
  if (refusal.code === 'AbortError') return new Fault('aborted', `${what} was stopped`, { cause: error })
  const words = [refusal.status, refusal.code === 'Error' ? '' : refusal.code, wordsOf(error)]
  const said = words.filter((word) => word !== undefined && word !== '').join(' ')
  return new Fault(kindOf(refusal), `${where}: ${what}: ${said}`, { cause: error })
}

/** An attempt over several addresses fails without a message of its own; what the first said tells most. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0])
  return messageOf(error)
}

/** Codes that speak of this one object, or of how we sent it: the same again would be refused again. */
const OF_THE_OBJECT: ReadonlySet<string> = new Set([
  'EntityTooLarge',
  'EntityTooSmall',
  'InvalidArgument',
  'InvalidRange',
  'InvalidRequest',
  'KeyTooLongError',
  'MaxMessageLengthExceeded',
  'MetadataTooLarge',
])

const KINDS: Readonly<Record<string, FaultKind>> = {
  // The bytes were damaged on the way; nothing was stored.
  BadDigest: 'corrupt',
  InvalidDigest: 'corrupt',
  XAmzContentSHA256Mismatch: 'corrupt',
  XAmzContentChecksumMismatch: 'corrupt',
  // Somebody's clock is wrong, most probably ours, and will be set.
  RequestTimeTooSkewed: 'unavailable',
  // Two PUTs of one name at once: neither is refused for good.
  ConditionalRequestConflict: 'unavailable',
  OperationAborted: 'unavailable',
  IncompleteBody: 'unavailable',
  RequestTimeout: 'unavailable',
  SlowDown: 'unavailable',
  QuotaExceeded: 'full',
  InsufficientStorage: 'full',
  XMinioStorageFull: 'full',
  // A bucket that is not there may be there tomorrow, and says nothing about the object.
  NoSuchBucket: 'denied',
}

function kindOf({ code, status }: Refusal): FaultKind {
  const known = Object.hasOwn(KINDS, code) ? KINDS[code] : undefined
  if (known !== undefined) return known
  if (status === undefined || status === 408 || status === 429) return 'unavailable'
  if (status === 507) return 'full'
  if (status >= 500) return 'unavailable'
  if (status === 404) return 'missing'
  if (status === 413 || status === 416 || OF_THE_OBJECT.has(code)) return 'invalid'
  // 401, 403, a redirect to another region, no S3 at that address …: nothing gets in until somebody sets that right.
  return 'denied'
}
