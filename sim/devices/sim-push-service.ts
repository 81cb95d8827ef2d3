import { Fault } from '../../src/base/fault.ts'
import { isPublicHttps } from '../../src/base/public-address.ts'
import {
  PUSH_BYTES_MAX,
  type PushMessage,
  type PushService,
  type PushTarget,
} from '../../src/ports/push-service.ts'

/** What was sent where: the puppeteer's face. */
export type SimPushService = PushService & {
  readonly sent: readonly { readonly to: PushTarget; readonly message: PushMessage }[]
  /** All, or one endpoint, answers with this from now on; undefined: takes what comes. */
  refuse(fault: Fault | undefined, endpoint?: string): void
}

const P256DH_BYTES = 65
const AUTH_BYTES = 16

/** A push service in memory: takes no time, encrypts nothing, and reaches nobody. */
export function createSimPushService(): SimPushService {
  const sent: { to: PushTarget; message: PushMessage }[] = []
  const refusals = new Map<string, Fault>()
  return {
    sent,
    refuse(fault, endpoint = '') {
      if (fault === undefined) refusals.delete(endpoint)
      else refusals.set(endpoint, fault)
    },
    async send(to, message, { signal }) {
      checkTarget(to)
      if (message.payload.length > PUSH_BYTES_MAX)
        throw new Fault(
          'invalid',
          `push: wanted at most ${PUSH_BYTES_MAX} bytes, got ${message.payload.length}`,
        )
      signal.throwIfAborted()
      const refusal = refusals.get(to.endpoint) ?? refusals.get('')
      if (refusal !== undefined) throw refusal
      sent.push({ to, message })
    },
  }
}

function checkTarget({ endpoint, p256dh, auth }: PushTarget): void {
  if (!isPublicHttps(endpoint))
    throw new Fault('invalid', `push: wanted a public https address, got ${endpoint}`)
  if (Buffer.from(p256dh, 'base64url').length !== P256DH_BYTES)
    throw new Fault('invalid', `push: wanted a p256dh of ${P256DH_BYTES} bytes`)
  if (Buffer.from(auth, 'base64url').length < AUTH_BYTES)
    throw new Fault('invalid', `push: wanted an auth of ${AUTH_BYTES} bytes`)
}
