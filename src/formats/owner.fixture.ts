import { randomBytes } from 'node:crypto'
import { ownerSigner, signRecipients } from './documents.ts'
import type { NoteSigner } from './note.ts'
import { formatRecipient, pairOf } from './x25519.ts'

/** An owner of a doorbell, with the first list they would sign. */
export type Owner = { readonly recipient: string; readonly signer: NoteSigner; readonly note: string }

export const newRecipient = (): string => formatRecipient(pairOf(randomBytes(32)).publicKey)

export function makeOwner(): Owner {
  const secret = randomBytes(32)
  const [recipient, signer] = [formatRecipient(pairOf(secret).publicKey), ownerSigner(secret)]
  const list = {
    format: 'lintel-recipients/1' as const,
    version: 1,
    recipients: [{ key: recipient, name: 'Ada' }],
    owner: Buffer.from(signer.publicKey).toString('base64'),
    previous: null,
  }
  return { recipient, signer, note: signRecipients(list, signer) }
}
