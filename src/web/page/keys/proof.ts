/** Shows that this page has a key, without showing the key: a signature over a challenge of the device's. */
import { utf8 } from '../../../base/bytes.ts'
import type { Challenge, KeyProof } from '../../api.ts'
import { base64, base64url } from '../crypto/bytes.ts'
import type { Signer } from '../crypto/notes.ts'

export async function proveKey({ id, challenge }: Challenge, signer: Signer): Promise<KeyProof> {
  const signature = await signer.sign(utf8(`lintel-login/1\n${challenge}\n`))
  return { challengeId: id, publicKey: base64(signer.publicKey), signature: base64url(signature) }
}
