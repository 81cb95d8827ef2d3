import { equalBytes, fromUtf8, hex } from '../base/bytes.ts'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import { hasHeader, openPayload, parseMeta, sha256, splitAge, unwrapFileKey } from '../formats/index.ts'
import type { BoundObject, ClipGrant, ClipMeta, X25519Pair } from '../formats/index.ts'
import { fragmentFacts, type FragmentFacts } from './fragments.ts'
import type { SignedClip } from './library.ts'
import type { ObjectRef } from './source.ts'
import { timeOf, type ClipTime } from './time.ts'
import type { UnsignedClip, UnsignedPiece } from './unsigned.ts'
import { problemOf } from './verify/index.ts'

/** With what a clip is opened: the owner's key, or a grant and the key it was made for. */
export type Opener = { readonly identities: readonly X25519Pair[]; readonly grant?: ClipGrant }

/** A part in its turn: what was sealed, or why it cannot be had. */
export type OpenedPart =
  | {
      readonly part: number
      readonly plaintext: Uint8Array
      /** Copies that were passed over because they were changed, in sentences. */
      readonly passedOver: readonly string[]
    }
  | { readonly part: number; readonly problem: string }

/** Parts of the film in order. What comes out is genuine: of a signed clip exactly what the device signed for. */
export function openParts(clip: SignedClip | UnsignedClip, opener: Opener): AsyncGenerator<OpenedPart> {
  return clip.kind === 'signed' ? signedParts(clip, opener) : unsignedParts(clip, opener)
}

/** The poster, where there is one and it is genuine. */
export async function openPoster(
  clip: SignedClip | UnsignedClip,
  opener: Opener,
): Promise<Uint8Array | undefined> {
  if (clip.kind === 'unsigned')
    return clip.poster === undefined ? undefined : openPiece(clip, clip.poster, opener)
  const bound = clip.manifest.poster
  if (bound === undefined) return undefined
  const ref = { clip: clip.id, what: 'poster', part: 0, name: bound.name } as const
  return unsealer(clip, opener)((await genuine(clip, ref, bound)).bytes)
}

/** The sealed metadata, opened; throws `Fault('corrupt')` when it is missing or changed, `Fault('denied')` for another key. */
export async function openMeta(clip: SignedClip, opener: Opener): Promise<ClipMeta> {
  const bound = clip.manifest.meta
  const ref = { clip: clip.id, what: 'meta', part: 0, name: bound.name } as const
  const plain = unsealer(clip, opener)((await genuine(clip, ref, bound)).bytes)
  return parseMeta(`meta of clip ${clip.id}`, fromUtf8(plain))
}

/** When the clip began; undefined when nothing says it. Throws as `openMeta` does. */
export async function openTime(
  clip: SignedClip | UnsignedClip,
  opener: Opener,
): Promise<ClipTime | undefined> {
  if (clip.kind === 'unsigned') return clip.time
  const time = timeOf(await openMeta(clip, opener), clip.clocks)
  const given = opener.grant?.fromUnixMs
  return time.known === 'unknown' && given !== undefined ? { known: 'corrected', fromUnixMs: given } : time
}

/** The file key of a clip, from the header of any of its genuine objects. */
export async function fileKeyOf(
  clip: SignedClip,
  opener: Opener,
): Promise<{ readonly fileKey: Uint8Array; readonly header: Uint8Array }> {
  const bound = clip.manifest.meta
  const ref = { clip: clip.id, what: 'meta', part: 0, name: bound.name } as const
  const { header } = splitAge((await genuine(clip, ref, bound)).bytes)
  return { fileKey: keyFrom(clip.id, header, opener), header }
}

async function* signedParts(clip: SignedClip, opener: Opener): AsyncGenerator<OpenedPart> {
  const unseal = unsealer(clip, opener)
  for (const [part, bound] of clip.manifest.parts.entries()) {
    const ref = { clip: clip.id, what: 'part', part, name: bound.name } as const
    try {
      const { bytes, passedOver } = await genuine(clip, ref, bound)
      yield { part, plaintext: unseal(bytes), passedOver }
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error
      yield { part, problem: messageOf(error) }
    }
  }
}

/** The object's bytes from the first shelf that has exactly what the manifest says. */
async function genuine(
  clip: SignedClip,
  ref: ObjectRef,
  bound: BoundObject,
): Promise<{ readonly bytes: Uint8Array; readonly passedOver: readonly string[] }> {
  const [problems, passedOver]: [string[], string[]] = [[], []]
  for (const { source } of clip.shelves) {
    const bytes = await readOrSay(() => source.read(ref), problems, source.label)
    if (bytes === undefined) continue
    const problem = problemOf(ref, bytes, bound, clip.manifest.header)
    if (problem === undefined) return { bytes, passedOver }
    problems.push(`${source.label}: ${problem}`)
    passedOver.push(`${source.label}: ${problem}`)
  }
  const what = ref.what === 'part' ? `part ${ref.part} of ${clip.manifest.parts.length}` : ref.what
  throw new Fault('corrupt', `${what} of clip ${clip.id}: ${problems.join('; ')}`)
}

async function readOrSay(
  read: () => Promise<Uint8Array | undefined>,
  problems: string[],
  label: string,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await read()
    if (bytes === undefined) problems.push(`${label}: it is missing`)
    return bytes
  } catch (error) {
    if (!isFault(error, 'corrupt', 'unavailable')) throw error
    problems.push(`${label}: ${messageOf(error)}`)
    return undefined
  }
}

/** Unwraps the file key once; all objects of a clip share their header. */
function unsealer(clip: { readonly id: string }, opener: Opener): (sealed: Uint8Array) => Uint8Array {
  let known: { readonly header: Uint8Array; readonly fileKey: Uint8Array } | undefined
  return (sealed) => {
    const { header, payload } = splitAge(sealed)
    if (known === undefined || !equalBytes(known.header, header))
      known = { header: header.slice(), fileKey: keyFrom(clip.id, header, opener) }
    return openPayload(known.fileKey, payload)
  }
}

function keyFrom(id: string, header: Uint8Array, { identities, grant }: Opener): Uint8Array {
  try {
    return unwrapFileKey(
      grant === undefined ? header : new Uint8Array(Buffer.from(grant.header, 'base64')),
      identities,
    )
  } catch (error) {
    if (!isFault(error, 'denied')) throw error
    throw new Fault(
      'denied',
      grant === undefined
        ? `clip ${id} is sealed to other keys than this one`
        : `this grant is for ${grant.to}, not for this key`,
      { cause: error },
    )
  }
}

/** Nobody signed for these; that they belong together and nothing lies between them, the film itself must tell. */
async function* unsignedParts(clip: UnsignedClip, opener: Opener): AsyncGenerator<OpenedPart> {
  let before: FragmentFacts | undefined
  for (const [part, piece] of clip.parts.entries()) {
    try {
      const plaintext = await openPiece(clip, piece, opener)
      const facts = fragmentFacts(plaintext)
      const gap = gapBetween(before, facts)
      if (gap !== undefined) yield { part, problem: `before part ${part} of clip ${clip.id}: ${gap}` }
      before = facts
      yield { part, plaintext, passedOver: [] }
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error
      yield { part, problem: messageOf(error) }
    }
  }
}

function gapBetween(before: FragmentFacts | undefined, now: FragmentFacts | undefined): string | undefined {
  if (now === undefined) return 'what comes is no film'
  if (before === undefined) return now.timescale === undefined ? 'its beginning is missing' : undefined
  return now.fromTicks === before.toTicks ? undefined : 'something is missing'
}

async function openPiece(clip: UnsignedClip, piece: UnsignedPiece, opener: Opener): Promise<Uint8Array> {
  const sealed = await piece.read()
  const say = (problem: string): Fault =>
    new Fault('corrupt', `${piece.place} of clip ${clip.id}: ${problem}`)
  if (sealed === undefined) throw say('it is missing')
  if (piece.sha256 !== undefined && hex(sha256(sealed)) !== piece.sha256)
    throw say('it is not what the doorbell’s index says')
  if (!hasHeader(sealed, clip.header)) throw say('it is sealed with another header than its clip’s')
  return openPayload(keyFrom(clip.id, clip.header, opener), sealed.subarray(clip.header.length))
}
