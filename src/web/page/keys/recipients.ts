/** The list of who can open future clips, as an owner's page changes it. */
import type { Member, MembersReply, RecipientsBody } from '../../api.ts'
import { ask } from '../app/api-client.ts'
import { base64 } from '../crypto/bytes.ts'
import { openRecipientList, signRecipients, type Recipient } from '../crypto/documents.ts'
import type { HouseKey } from './house-key.ts'

/** Whether this key signed the list, and so may change it. */
export async function mayChange(note: string, key: HouseKey | undefined): Promise<boolean> {
  if (key === undefined) return false
  return (await openRecipientList('list of recipients', note)).owner === base64(key.signer.publicKey)
}

export const withMember = (
  entries: readonly Recipient[],
  { name, recipient }: Member,
): readonly Recipient[] =>
  recipient === undefined || entries.some((entry) => entry.key === recipient)
    ? entries
    : [...entries, { key: recipient, name }]

export const withoutMember = (entries: readonly Recipient[], { recipient }: Member): readonly Recipient[] =>
  entries.filter((entry) => entry.key !== recipient)

/** Signs the list that follows on the newest one, and hands it to the device. Nothing is sent when nothing changes. */
export async function changeRecipients(
  key: HouseKey,
  change: (entries: readonly Recipient[]) => readonly Recipient[],
): Promise<void> {
  const { recipients: before } = await ask<MembersReply>('GET', '/api/members')
  const { recipients } = await openRecipientList('list of recipients', before)
  const next = change(recipients)
  if (next === recipients || next.length === recipients.length) return
  const body: RecipientsBody = { note: await signRecipients(next, key.signer, before) }
  await ask<undefined>('PUT', '/api/recipients', { body })
}
