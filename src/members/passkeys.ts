import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { Fault, messageOf } from '../base/fault.ts'
import type { PasskeyRow } from './rows.ts'

/** EdDSA, ES256 and RS256 (COSE): what authenticators have. */
const ALGORITHMS = [-8, -7, -257]

/** Loaded for the first who uses a passkey: it takes 25 MB. */
const library = () => import('@simplewebauthn/server')

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(base64url, 'base64url'))

/** The name passkeys are bound to; addresses have none (WebAuthn wants a domain), and no passkeys then. */
export function rpIdOf(origin: string): string | undefined {
  const { hostname } = new URL(origin)
  return hostname.startsWith('[') || /^[\d.]+$/.test(hostname) ? undefined : hostname
}

/** What the browser is to be asked with, or null where there can be no passkeys. */
export async function passkeyOptions(
  origin: string,
  challenge: string,
  who: { readonly name: string; readonly passkeys: readonly PasskeyRow[] } | undefined,
): Promise<{ readonly create: unknown; readonly get: unknown }> {
  const rpID = rpIdOf(origin)
  if (rpID === undefined) return { create: null, get: null }
  const { generateAuthenticationOptions, generateRegistrationOptions } = await library()
  const create = await generateRegistrationOptions({
    rpName: 'Lintel',
    rpID,
    userName: who?.name ?? 'Lintel',
    challenge: bytesOf(challenge),
    attestationType: 'none',
    supportedAlgorithmIDs: ALGORITHMS,
    excludeCredentials: (who?.passkeys ?? []).map(({ id }) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  const get = await generateAuthenticationOptions({
    rpID,
    challenge: bytesOf(challenge),
    userVerification: 'required',
  })
  return { create, get }
}

/** Throws `Fault('invalid')` when it is no passkey that was made here, for this challenge. */
export async function readNewPasskey(
  response: unknown,
  { origin, challenge }: { readonly origin: string; readonly challenge: string },
): Promise<PasskeyRow> {
  const rpId = rpIdOf(origin)
  if (rpId === undefined) throw new Fault('invalid', 'credential: passkeys need a name, not an address')
  try {
    const made = response as RegistrationResponseJSON // The library checks every member it uses.
    await checkUnattested(made)
    const { verifyRegistrationResponse } = await library()
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: made,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      supportedAlgorithmIDs: ALGORITHMS,
    })
    if (!verified) throw new Fault('invalid', 'its signature is wrong')
    const { id, publicKey, counter } = registrationInfo.credential
    const transports = (registrationInfo.credential.transports ?? []).slice(0, 8).map((each) => String(each))
    return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, transports, rpId }
  } catch (cause) {
    throw new Fault('invalid', `credential: wanted a new passkey, got: ${messageOf(cause).slice(0, 200)}`, {
      cause,
    })
  }
}

/** We ask for no attestation; certificates in one would have the library look on the network whether they were revoked. */
async function checkUnattested(made: RegistrationResponseJSON): Promise<void> {
  const { decodeAttestationObject, isoBase64URL } = await import('@simplewebauthn/server/helpers')
  const attestation = decodeAttestationObject(isoBase64URL.toBuffer(made.response.attestationObject))
  const fmt = attestation.get('fmt')
  const isBare = fmt === 'none' || (fmt === 'packed' && attestation.get('attStmt').get('x5c') === undefined)
  if (!isBare) throw new Fault('invalid', `an attestation (${fmt}), which nobody asked for`)
}

/** Its id, to look up whose it is. */
export function passkeyIdOf(response: unknown): string | undefined {
  if (typeof response !== 'object' || response === null || !('id' in response)) return undefined
  return typeof response.id === 'string' ? response.id : undefined
}

/** The passkey with its counter moved on, or undefined when it is not its signature. */
export async function checkPasskey(
  response: unknown,
  row: PasskeyRow,
  { origin, challenge }: { readonly origin: string; readonly challenge: string },
): Promise<PasskeyRow | undefined> {
  try {
    const { verifyAuthenticationResponse } = await library()
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON, // As above.
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: row.rpId,
      credential: { id: row.id, publicKey: bytesOf(row.publicKey), counter: row.counter },
    })
    return verified ? { ...row, counter: authenticationInfo.newCounter } : undefined
  } catch {
    return undefined // Whatever is wrong with it, it opens nothing, and whoever sent it is told no more.
  }
}
