/** Keys by WebCrypto, and in JavaScript where the browser does not know the curves; that is loaded only then. */
import type { KeyHolder } from './age-open.ts'
import { own } from './bytes.ts'
import { holderOf, importSecret } from './native-keys.ts'

/** A pair for one header of one file. */
export async function ephemeralHolder(): Promise<KeyHolder> {
  const secret = crypto.getRandomValues(new Uint8Array(32))
  const native = await importSecret('X25519', secret)
  return native === undefined ? slowHolder(secret) : holderOf(native.key, native.publicKey)
}

export async function verifyEd25519(
  publicKey: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  const native = await crypto.subtle
    .importKey('raw', own(publicKey), { name: 'Ed25519' }, false, ['verify'])
    .catch(() => undefined)
  if (native !== undefined) return crypto.subtle.verify('Ed25519', native, own(signature), own(message))
  const { ed25519 } = await slowCurves()
  try {
    return ed25519.verify(signature, message, publicKey)
  } catch {
    return false // No point, or no signature.
  }
}

/** Loaded only where the browser lacks the curves: it is large. */
const slowCurves = (): Promise<typeof import('@noble/curves/ed25519.js')> =>
  import('@noble/curves/ed25519.js')

export async function slowHolder(secret: Uint8Array): Promise<KeyHolder> {
  const { x25519 } = await slowCurves()
  return {
    publicKey: x25519.getPublicKey(secret),
    agree: async (theirs) => x25519.getSharedSecret(secret, theirs),
  }
}

export async function slowSigner(
  seed: Uint8Array,
): Promise<{ readonly publicKey: Uint8Array; sign(message: Uint8Array): Promise<Uint8Array> }> {
  const { ed25519 } = await slowCurves()
  return { publicKey: ed25519.getPublicKey(seed), sign: async (message) => ed25519.sign(message, seed) }
}
