/** Web Push to the services that browsers name, with nothing in between that could be made to call the house's own devices. */
import { lookup as lookUpName, type LookupAddress } from 'node:dns'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { RequestDetails } from 'web-push'
import { errorOf, Fault, messageOf, type FaultKind } from '../../base/fault.ts'
import { isPublicAddress, isPublicHttps } from '../../base/public-address.ts'
import {
  PUSH_BYTES_MAX,
  type PushMessage,
  type PushService,
  type PushTarget,
} from '../../ports/push-service.ts'

const SEND_MS_MAX = 10_000
const ANSWER_BYTES_MAX = 16 * 1024

export type PushDriverOptions = {
  /** Only tests name others: whose word counts beside the public authorities', and where names lead. */
  readonly ca?: string
  readonly addressesOf?: (name: string) => Promise<readonly LookupAddress[]>
  readonly isAllowed?: (address: string) => boolean
}

export function createPushService({
  ca,
  addressesOf = lookUp,
  isAllowed = isPublicAddress,
}: PushDriverOptions = {}): PushService {
  return {
    async send(to, message, { signal }) {
      const details = await detailsOf(to, message)
      signal.throwIfAborted()
      const status = await post(details, {
        ca,
        addressesOf: async (name) => allowed(name, await addressesOf(name), isAllowed),
        signal: AbortSignal.any([signal, AbortSignal.timeout(SEND_MS_MAX)]),
      })
      const kind = kindOf(status)
      if (kind !== undefined) throw new Fault(kind, `push to ${hostOf(to)}: the service answered ${status}`)
    },
  }
}

/** The library is loaded for the first message: many households never have one. */
async function detailsOf(
  { endpoint, p256dh, auth }: PushTarget,
  message: PushMessage,
): Promise<RequestDetails> {
  if (!isPublicHttps(endpoint))
    throw new Fault('invalid', `push: wanted a public https address, got ${endpoint.slice(0, 80)}`)
  if (message.payload.length > PUSH_BYTES_MAX)
    throw new Fault('invalid', `push: wanted at most ${PUSH_BYTES_MAX} bytes, got ${message.payload.length}`)
  const { vapid, ttlS, isUrgent } = message
  const { default: webPush } = await import('web-push')
  try {
    return webPush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      Buffer.from(message.payload),
      {
        TTL: ttlS,
        urgency: isUrgent ? 'high' : 'normal',
        contentEncoding: 'aes128gcm',
        vapidDetails: vapid,
      },
    )
  } catch (cause) {
    throw new Fault('invalid', `push: ${messageOf(cause)}`, { cause })
  }
}

/** Node asks for one address or for all, and wants the answer called back. */
const lookupWith =
  (addressesOf: Posting['addressesOf']): LookupFunction =>
  (name, options, done) => {
    void addressesOf(name)
      .then((addresses): Parameters<typeof done> => {
        const [first] = addresses
        return options.all === true ? [null, [...addresses]] : [null, first?.address ?? '', first?.family]
      })
      .catch((error: unknown): Parameters<typeof done> => [errorOf(error), ''])
      .then((answer) => process.nextTick(done, ...answer))
  }

type Posting = {
  readonly ca: string | undefined
  readonly addressesOf: (name: string) => Promise<readonly LookupAddress[]>
  readonly signal: AbortSignal
}

/** The status. The connection goes to the very addresses that were looked at: a name cannot lead elsewhere in between. */
function post(
  { method, headers, body, endpoint }: RequestDetails,
  { ca, addressesOf, signal }: Posting,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      if (error instanceof Fault) reject(error)
      else
        reject(
          new Fault('unavailable', `push to ${new URL(endpoint).host}: ${messageOf(error)}`, {
            cause: error,
          }),
        )
    }
    const sending = request(endpoint, {
      ...{ method, headers, signal },
      ...(ca === undefined ? {} : { ca }),
      agent: false, // No connection is kept: the services are called rarely.
      lookup: lookupWith(addressesOf),
    })
    sending.on('error', fail)
    sending.on('response', (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > ANSWER_BYTES_MAX) response.destroy()
      })
      response.on('error', () => {}) // Its status is known, and that is all we want.
      response.on('close', () => resolve(response.statusCode ?? 0))
    })
    sending.end(body)
  })
}

const lookUp = (name: string): Promise<readonly LookupAddress[]> =>
  new Promise((resolve, reject) => {
    lookUpName(name, { all: true }, (error, addresses) =>
      error === null ? resolve(addresses) : reject(error),
    )
  })

/** One that is not public is enough to be suspicious of all. */
function allowed(
  name: string,
  addresses: readonly LookupAddress[],
  isAllowed: (address: string) => boolean,
): readonly LookupAddress[] {
  const wrong = addresses.find(({ address }) => !isAllowed(address))
  if (wrong !== undefined)
    throw new Fault('invalid', `push: ${name} leads to ${wrong.address}, which is no public address`)
  if (addresses.length === 0) throw new Fault('unavailable', `push: ${name} leads nowhere`)
  return addresses
}

const hostOf = ({ endpoint }: PushTarget): string => new URL(endpoint).host

/** https://www.rfc-editor.org/rfc/rfc8030#section-5; undefined: it was taken. */
function kindOf(status: number): FaultKind | undefined {
  if (status >= 200 && status < 300) return undefined
  if (status === 404 || status === 410) return 'missing'
  if (status === 401 || status === 403) return 'denied'
  if (status === 429 || status < 400 || status >= 500) return 'unavailable'
  return 'invalid'
}
