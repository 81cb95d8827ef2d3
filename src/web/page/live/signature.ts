import { ForgedAnswer } from './types.ts'

/**
 * Throws `ForgedAnswer` unless the device has signed the fingerprints of both sides, as they stand in our own offer and in the
 * answer. The browser then lets nobody else into the connection.
 */
export async function checkAnswer(given: {
  readonly offer: string
  readonly answer: string
  readonly signature: string
  readonly devicePublicKey: string
}): Promise<void> {
  const { offer, answer, signature, devicePublicKey } = given
  const text = `lintel-webrtc/1\n${fingerprintOf(offer)}\n${fingerprintOf(answer)}\n`
  const isOurs = await verify(devicePublicKey, signature, text)
  if (!isOurs)
    throw new ForgedAnswer(
      'the answer was not signed by this doorbell: somebody between it and this page changed it, and could have watched',
    )
}

async function verify(publicKey: string, signature: string, text: string): Promise<boolean> {
  const key = await importKey(fromBase64url(publicKey))
  return crypto.subtle.verify('Ed25519', key, fromBase64url(signature), new TextEncoder().encode(text))
}

async function importKey(raw: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  } catch {
    throw new Error('this browser cannot check the doorbell’s signature (no Ed25519)')
  }
}

/** The only SHA-256 fingerprint of an SDP, upper case; throws where there are several, or another hash. */
function fingerprintOf(sdp: string): string {
  const found = new Set(
    [...sdp.matchAll(/^a=fingerprint:(\S+) (\S+)\s*$/gm)].map(
      ([, hash = '', digits = '']) => `${hash.toLowerCase()} ${digits.toUpperCase()}`,
    ),
  )
  const [only] = found
  if (found.size === 1 && only !== undefined && /^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(only))
    return only.slice('sha-256 '.length)
  throw new ForgedAnswer(`wanted one SHA-256 fingerprint, got ${[...found].join(', ') || 'none'}`)
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}
