/**
 * Web Push (RFC 8030): the service that a browser has named wakes a page that is closed. The message is encrypted for that browser
 * (RFC 8291), the sender known by its VAPID key (RFC 8292).
 *
 * Faults: `missing` (the browser has gone: 404, 410), `denied` (the service does not take our key), `unavailable` (network, 429, 5xx, too slow),
 * `invalid` (an endpoint that is not a public https address, keys that are none, or a payload of more than `PUSH_BYTES_MAX`).
 */
export interface PushService {
  /** Resolves when the service has taken it; that somebody read it is told to nobody. Follows no redirects. */
  send(to: PushTarget, message: PushMessage, options: { readonly signal: AbortSignal }): Promise<void>
}

/** As `PushSubscription` in the browser has them; keys in base64url. */
export type PushTarget = { readonly endpoint: string; readonly p256dh: string; readonly auth: string }

export type PushMessage = {
  readonly payload: Uint8Array
  /** The service forgets it after so long. */
  readonly ttlS: number
  readonly isUrgent: boolean
  readonly vapid: VapidKeys
}

/** P-256, raw, in base64url; `subject` is a `mailto:` or `https:` address for the service's operators. */
export type VapidKeys = {
  readonly publicKey: string
  readonly privateKey: string
  readonly subject: string
}

export const PUSH_BYTES_MAX = 1024
