/** Passkeys, where browser and address allow them: a name of its own, and HTTPS or this very machine. */
import { startAuthentication, startRegistration } from '@simplewebauthn/browser'
import type { ChallengeReply, Credential, LoginBody } from '../../api.ts'
import { ask } from '../app/api-client.ts'

type CreateOptions = Parameters<typeof startRegistration>[0]['optionsJSON']
type GetOptions = Parameters<typeof startAuthentication>[0]['optionsJSON']

export const askChallenge = (): Promise<ChallengeReply> =>
  ask<ChallengeReply>('POST', '/api/challenge', { body: {} })

export const hasPasskeys = ({ create }: ChallengeReply): boolean =>
  'PublicKeyCredential' in globalThis && create !== null

export async function makePasskey({ id, create }: ChallengeReply): Promise<Credential> {
  const response = await startRegistration({ optionsJSON: create as CreateOptions }) // As the device made them.
  return { kind: 'passkey', challengeId: id, response }
}

export async function usePasskey({ id, get }: ChallengeReply): Promise<LoginBody> {
  const response = await startAuthentication({ optionsJSON: get as GetOptions })
  return { kind: 'passkey', challengeId: id, response }
}
