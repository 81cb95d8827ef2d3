/** What leaves the page with a clip: a film of its parts, a grant for somebody's key. */
import { Fault } from '../../../base/fault.ts'
import { wrapFileKey } from '../crypto/age-open.ts'
import { own } from '../crypto/bytes.ts'
import { signGrant } from '../crypto/documents.ts'
import { ephemeralHolder } from '../crypto/ed25519.ts'
import { parseRecipient } from '../crypto/recipient.ts'
import type { HouseKey } from '../keys/house-key.ts'
import { texts } from '../texts.ts'
import type { ClipFacts } from './clip-source.ts'
import { verdictOf } from './genuine.ts'
import type { ClipOpener } from './open-clip.ts'

/** All parts, each checked against the signed manifest where there is one; parts after one another are an MP4. */
export async function filmOf(
  opener: ClipOpener,
  facts: ClipFacts,
  onPart: (done: number, of: number) => void,
): Promise<Blob> {
  const parts = opener.partsOf(facts)
  const signed = await opener.manifest(facts)
  const verdict = signed && verdictOf(signed.manifest, parts, new Set(parts.keys()))
  if (verdict?.is === 'wrong') throw new Fault('corrupt', texts.player.wrong(verdict.problem))
  const plain: Uint8Array<ArrayBuffer>[] = []
  for (const part of parts) {
    plain.push(own(await opener.whole(facts, part)))
    onPart(plain.length, parts.length)
  }
  return new Blob(plain, { type: 'video/mp4' })
}

/** A signed note that lets `to` open this clip, all of it, and nothing else. */
export async function grantFor(
  opener: ClipOpener,
  facts: ClipFacts,
  given: { readonly key: HouseKey; readonly to: string },
): Promise<string> {
  parseRecipient(given.to)
  const signed = await opener.manifest(facts)
  if (signed === undefined) throw new Fault('unavailable', texts.player.shareLater)
  const { fileKey } = await opener.keyOf(facts)
  const header = await wrapFileKey(fileKey, [given.to], ephemeralHolder)
  return signGrant({ clip: facts.clip, to: given.to, header, manifestNote: signed.note }, given.key.signer)
}

export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
