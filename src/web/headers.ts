import type { WebReply } from '../ports/web-server.ts'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const ALWAYS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), midi=(), microphone=(self), publickey-credentials-get=(self), publickey-credentials-create=(self)',
} as const
const OVER_TLS = { 'strict-transport-security': 'max-age=31536000' } as const

/** What every reply carries; what a handler says itself stands, but for the first. */
export function withHeaders(reply: WebReply, { isSecure }: { readonly isSecure: boolean }): WebReply {
  return {
    ...reply,
    headers: { 'cache-control': 'no-store', ...reply.headers, ...ALWAYS, ...(isSecure ? OVER_TLS : {}) },
  }
}
