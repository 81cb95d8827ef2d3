import { equalBytes, hex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import {
  openGrant,
  parseHeader,
  sha256,
  signGrant,
  splitAge,
  wrapFileKey,
  type ClipGrant,
} from '../formats/index.ts'
import { checkRecipient, type OwnerIdentity } from './identity.ts'
import { clipOfNote, type Shelf, type SignedClip } from './library.ts'
import { fileKeyOf, openTime, type Opener } from './open.ts'
import { signerOf } from './recipients.ts'

export type SharedClip = {
  /** The signed grant: what the receiver gets. */
  readonly note: string
  readonly grant: ClipGrant
  /** Length of the header that the clip's objects begin with, and that the grant replaces. */
  readonly headerBytes: number
}

/** A new header for the same file key: it lets `to` open this clip, all of it, and nothing else. No footage is touched. */
export async function shareClip(
  clip: SignedClip,
  owner: { readonly identity: OwnerIdentity; readonly opener: Opener },
  to: string,
): Promise<SharedClip> {
  checkRecipient(to)
  const { fileKey, header } = await fileKeyOf(clip, owner.opener)
  const signer = signerOf(owner.identity)
  const time = await openTime(clip, owner.opener)
  const grant: ClipGrant = {
    format: 'lintel-grant/1',
    clip: clip.id,
    to,
    header: base64(wrapFileKey(fileKey, [to])),
    manifest: hex(sha256(utf8(clip.note))),
    manifestNote: clip.note,
    // The receiver has no ledger to work it out from.
    ...(time?.known === 'corrected' ? { fromUnixMs: time.fromUnixMs } : {}),
    owner: base64(signer.publicKey),
  }
  return { note: signGrant(grant, signer), grant, headerBytes: header.length }
}

export type ReceivedGrant = { readonly grant: ClipGrant; readonly clip: SignedClip }

/** Checks a grant as its receiver: the owner signed it, the device signed the manifest in it, and they belong together. */
export function readGrant(name: string, note: string, shelves: readonly Shelf[]): ReceivedGrant {
  const grant = openGrant(name, note)
  if (hex(sha256(utf8(grant.manifestNote))) !== grant.manifest)
    throw new Fault('corrupt', `${name}: the manifest in it is not the one that was granted`)
  const clip = clipOfNote(`${name}: manifest`, grant.manifestNote, shelves)
  if (clip.id !== grant.clip)
    throw new Fault(
      'corrupt',
      `${name}: it grants clip ${grant.clip}, but its manifest is that of ${clip.id}`,
    )
  return { grant, clip }
}

/** An object of the clip with the grant's header instead of its own: an ordinary age file for the receiver's key. */
export function withGrantHeader({ grant, clip }: ReceivedGrant, sealed: Uint8Array): Uint8Array {
  const { header, payload } = splitAge(sealed)
  if (hex(sha256(header)) !== clip.manifest.header)
    throw new Fault('invalid', `this is no object of clip ${clip.id}: it begins with another header`)
  const given = new Uint8Array(Buffer.from(grant.header, 'base64'))
  if (!equalBytes(given.subarray(0, parseHeader(given).bytes), given))
    throw new Fault('corrupt', 'the grant’s header has something behind it')
  const file = new Uint8Array(given.length + payload.length)
  file.set(given)
  file.set(payload, given.length)
  return file
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
