import { concatBytes, hex } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import { parseHeader, PayloadOpener, unwrapFileKey, type X25519Pair } from '../formats/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { fragmentFacts, type FragmentFacts } from './fragments.ts'

/** A clip in the store that no manifest names: it was growing when the doorbell was last heard of. */
export type LooseClip = {
  /** Of its age header: all objects of one clip begin with the same. */
  readonly header: Uint8Array
  readonly fileKey: Uint8Array
  /** In the order of the film. */
  readonly parts: readonly LoosePart[]
  /** Small sealed things that are no film: metadata and poster. */
  readonly others: readonly LooseOther[]
}

export type LoosePart = {
  readonly name: string
  readonly bytes: number
  readonly fragment: FragmentFacts
}

export type LooseOther = { readonly name: string; readonly bytes: number; readonly plaintext: Uint8Array }

export type LooseFinds = {
  readonly clips: readonly LooseClip[]
  /** Objects that are no age files, are damaged, or were sealed to others. */
  readonly unreadable: readonly string[]
}

/** A header with many recipients and the first chunk of the payload, which holds the first `moof` of a part. */
const PEEK_BYTES = 72 * 1024
const OBJECT_NAME = /^[0-9a-f]{32}$/

/** Looks at the beginning of every object that `named` does not hold, and puts together what belongs together. */
export async function findLooseClips(
  store: ObjectStore,
  named: ReadonlySet<string>,
  identities: readonly X25519Pair[],
  options: { signal: AbortSignal },
): Promise<LooseFinds> {
  const groups = new Map<string, Piece[]>()
  const unreadable: string[] = []
  for await (const { name, bytes } of store.list(options)) {
    if (named.has(name) || !OBJECT_NAME.test(name)) continue
    const piece = await peekAt(store, { name, bytes }, identities, options)
    if (piece === undefined) unreadable.push(name)
    else groups.set(hex(piece.header), [...(groups.get(hex(piece.header)) ?? []), piece])
  }
  return { clips: [...groups.values()].flatMap(clipOf), unreadable }
}

type Piece = {
  readonly name: string
  readonly bytes: number
  readonly header: Uint8Array
  readonly fileKey: Uint8Array
  /** All of it, or the first 64 KiB. */
  readonly beginning: Uint8Array
}

async function peekAt(
  store: ObjectStore,
  object: { readonly name: string; readonly bytes: number },
  identities: readonly X25519Pair[],
  { signal }: { signal: AbortSignal },
): Promise<Piece | undefined> {
  try {
    const range = { from: 0, to: Math.min(object.bytes, PEEK_BYTES) }
    const isWhole = object.bytes <= PEEK_BYTES
    const peek = await store.get(object.name, isWhole ? { signal } : { signal, range })
    const header = peek.subarray(0, parseHeader(peek).bytes)
    const fileKey = unwrapFileKey(header, identities)
    const beginning = openBeginning(fileKey, peek.subarray(header.length), isWhole)
    return { ...object, header, fileKey, beginning }
  } catch (error) {
    if (isFault(error, 'corrupt', 'denied', 'missing')) return undefined
    throw error
  }
}

function openBeginning(fileKey: Uint8Array, payload: Uint8Array, isWhole: boolean): Uint8Array {
  const opener = new PayloadOpener(fileKey)
  const chunks = opener.push(payload)
  return concatBytes(isWhole ? [...chunks, ...opener.end()] : chunks)
}

function clipOf(pieces: readonly Piece[]): readonly LooseClip[] {
  const [first] = pieces
  if (first === undefined) return []
  const parts: LoosePart[] = []
  const others: LooseOther[] = []
  for (const { name, bytes, beginning } of pieces) {
    const fragment = fragmentFacts(beginning)
    if (fragment === undefined) others.push({ name, bytes, plaintext: beginning })
    else parts.push({ name, bytes, fragment })
  }
  parts.sort((a, b) => a.fragment.sequence - b.fragment.sequence)
  return [{ header: first.header, fileKey: first.fileKey, parts, others }]
}
