import { fromUtf8, hex } from '../base/bytes.ts'
import { isFault } from '../base/fault.ts'
import { openAge, parseHeader, parseMeta, sha256, type ClipMeta, type X25519Pair } from '../formats/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Library, Shelf } from './library.ts'
import { findLooseClips, type LooseClip } from './loose.ts'
import type { ClipSource, GrowingClip } from './source.ts'
import { timeOf, type Clocks, type ClipTime } from './time.ts'
import { objectsOf } from './verify/index.ts'

/** A clip that no signature vouches for yet: it is growing, or the doorbell was gone before it could be sealed. */
export type UnsignedClip = {
  readonly kind: 'unsigned'
  readonly id: string
  readonly where: readonly Shelf['where'][]
  readonly header: Uint8Array
  readonly parts: readonly UnsignedPiece[]
  readonly poster?: UnsignedPiece
  /** As the doorbell last wrote it; absent when it never got there. */
  readonly meta?: ClipMeta
  /** When it began; there when `meta` is. */
  readonly time?: ClipTime
  /** What the film itself says, when there is no meta. */
  readonly durationMs?: number
}

export type UnsignedPiece = {
  /** For messages. */
  readonly place: string
  readonly bytes: number
  /** Where the doorbell's index knows it. */
  readonly sha256?: string
  read(): Promise<Uint8Array | undefined>
}

/** Growing clips of the doorbell, and in the cloud whatever can be put together from objects without a manifest. */
export async function findUnsigned(
  library: Library,
  identities: readonly X25519Pair[],
  options: { signal: AbortSignal },
): Promise<readonly UnsignedClip[]> {
  const found: UnsignedClip[] = []
  for (const shelf of library.shelves) {
    for (const growing of await shelf.source.growing())
      found.push(...(await growingClip(shelf, growing, identities)))
    if (shelf.store === undefined) continue
    const { clips } = await findLooseClips(shelf.store, await namesIn(library), identities, options)
    found.push(...clips.flatMap((clip) => looseClip(shelf, shelf.store, clip, options)))
  }
  return mergeCopies(found, library.clocks)
}

/** The doorbell's own copy comes first; the cloud's is the same clip, as far as it got. */
function mergeCopies(found: readonly UnsignedClip[], clocks: Clocks): readonly UnsignedClip[] {
  const firsts = found.filter((clip, i) => found.findIndex((each) => each.id === clip.id) === i)
  return firsts.map((first) => {
    const where = found.filter((clip) => clip.id === first.id).flatMap((clip) => clip.where)
    const { meta } = first
    return { ...first, where: [...new Set(where)], ...(meta && { time: timeOf(meta, clocks) }) }
  })
}

/** All objects that some manifest names: they belong to finished clips. */
export async function namesIn(library: Library): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const id of library.ids) {
    try {
      const { manifest } = await library.clip(id)
      for (const [ref] of objectsOf(manifest)) names.add(ref.name)
    } catch (error) {
      if (!isFault(error, 'corrupt')) throw error // Its objects then turn up as what they are: vouched for by nobody.
    }
  }
  return names
}

async function growingClip(
  shelf: Shelf,
  { clip: id, objects }: GrowingClip,
  identities: readonly X25519Pair[],
): Promise<readonly UnsignedClip[]> {
  const pieces = objects.toSorted((a, b) => a.ref.part - b.ref.part)
  const piecesOf = (kind: string): readonly UnsignedPiece[] =>
    pieces.filter(({ ref }) => ref.what === kind).map((object) => pieceOf(shelf.source, object))
  const metaRef = pieces.find(({ ref }) => ref.what === 'meta')?.ref
  const meta = metaRef === undefined ? undefined : await shelf.source.read(metaRef)
  if (meta === undefined) return []
  const opened = metaIn(id, meta, identities)
  const [poster] = piecesOf('poster')
  return [
    {
      kind: 'unsigned',
      id,
      where: [shelf.where],
      header: meta.slice(0, parseHeader(meta).bytes),
      parts: piecesOf('part'),
      ...(poster === undefined ? {} : { poster }),
      ...(opened === undefined ? {} : { meta: opened }),
    },
  ]
}

const pieceOf = (
  source: ClipSource,
  { ref, bytes, sha256: hash }: GrowingClip['objects'][number],
): UnsignedPiece => ({
  place: ref.what === 'part' ? `part ${ref.part}` : ref.what,
  bytes,
  sha256: hash,
  read: () => source.read(ref),
})

function metaIn(id: string, sealed: Uint8Array, identities: readonly X25519Pair[]): ClipMeta | undefined {
  try {
    return parseMeta(`meta of clip ${id}`, fromUtf8(openAge(sealed, identities)))
  } catch (error) {
    if (isFault(error, 'corrupt', 'denied')) return undefined
    throw error
  }
}

function looseClip(
  shelf: Shelf,
  store: ObjectStore | undefined,
  loose: LooseClip,
  { signal }: { signal: AbortSignal },
): readonly UnsignedClip[] {
  if (store === undefined || loose.parts.length === 0) return []
  const meta = loose.others.map(({ plaintext }) => metaOf(plaintext)).find((each) => each !== undefined)
  const poster = loose.others.find(({ plaintext }) => isJpeg(plaintext))
  const piece = ({ name, bytes }: { readonly name: string; readonly bytes: number }): UnsignedPiece => ({
    place: `object ${name}`,
    bytes,
    read: () => readIfThere(store, name, signal),
  })
  return [
    {
      kind: 'unsigned',
      id: meta?.clip ?? hex(sha256(loose.header)).slice(0, 16),
      where: [shelf.where],
      header: loose.header,
      parts: loose.parts.map(piece),
      durationMs: durationOf(loose),
      ...(poster === undefined ? {} : { poster: piece(poster) }),
      ...(meta === undefined ? {} : { meta }),
    },
  ]
}

function metaOf(plaintext: Uint8Array): ClipMeta | undefined {
  try {
    return parseMeta('meta', fromUtf8(plaintext))
  } catch {
    return undefined // A poster, or bytes of somebody else.
  }
}

const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff

function durationOf({ parts }: LooseClip): number {
  const timescale = parts.find(({ fragment }) => fragment.timescale !== undefined)?.fragment.timescale
  const from = Math.min(...parts.map(({ fragment }) => fragment.fromTicks))
  const to = Math.max(...parts.map(({ fragment }) => fragment.toTicks))
  return timescale === undefined || timescale === 0 ? 0 : Math.round(((to - from) * 1000) / timescale)
}

async function readIfThere(
  store: ObjectStore,
  name: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    return await store.get(name, { signal })
  } catch (error) {
    if (isFault(error, 'missing')) return undefined
    throw error
  }
}
