import { Fault } from '../base/fault.ts'

const LINE = /^a=fingerprint:(\S+) ([0-9A-Fa-f:]+)\s*$/gm
const SHA256 = /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/

/** The one SHA-256 fingerprint that an SDP names, upper case. Throws `Fault('invalid')` where there is none, or several. */
export function fingerprintOf(what: string, sdp: string): string {
  const all = [...sdp.matchAll(LINE)].map(([, hash = '', digits = '']) => ({
    hash,
    digits: digits.toUpperCase(),
  }))
  const [first, ...others] = new Set(all.map(({ hash, digits }) => `${hash.toLowerCase()} ${digits}`))
  const digits = first?.replace(/^sha-256 /, '')
  if (digits !== undefined && others.length === 0 && SHA256.test(digits)) return digits
  throw new Fault(
    'invalid',
    `${what}: wanted one a=fingerprint of SHA-256, got ${all.length === 0 ? 'none' : all.map(({ hash }) => hash).join(', ')}`,
  )
}

/** What the device signs and the page checks (`web/api.ts`). */
export const signedText = (fingerprints: { readonly offer: string; readonly answer: string }): string =>
  `lintel-webrtc/1\n${fingerprints.offer}\n${fingerprints.answer}\n`
