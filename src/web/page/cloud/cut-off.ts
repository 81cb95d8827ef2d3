/**
 * Recordings that the doorbell never finished: parts in the store that no manifest names, because it was taken or broken while somebody was there. As
 * `src/owner/loose.ts`: what begins with the same sealed header is one clip; the film tells the order.
 */
import { equalBytes, fromUtf8, hex } from '../../../base/bytes.ts'
import { isFault } from '../../../base/fault.ts'
import type { ClipFacts, ClipObject } from '../clips/clip-source.ts'
import { initFacts, partFacts, type InitFacts, type PartFacts } from '../clips/fragments.ts'
import {
  CHUNK_BYTES,
  extentOf,
  openRange,
  parseHeader,
  unwrapFileKey,
  type KeyHolder,
} from '../crypto/age-open.ts'
import { sha256 } from '../crypto/bytes.ts'
import { parseMeta, type ClipMeta } from '../crypto/documents.ts'
import type { Listed, Store } from './store.ts'

/** A header with many recipients and the first chunk of the payload. */
const PEEK_BYTES = 72 * 1024
const OBJECT_NAME = /^[0-9a-f]{32}$/
const AT_ONCE = 6

type Piece = Listed & {
  readonly header: Uint8Array
  /** Opened: the first 64 KiB at most. */
  readonly beginning: Uint8Array
  readonly init: InitFacts | undefined
  readonly times: PartFacts | undefined
}

export type CutOffOptions = {
  readonly holder: KeyHolder
  /** The first of them has this order in the list; it comes after all that are signed. */
  readonly firstOrder: number
  readonly signal: AbortSignal
}

/** What `objects` amount to, of those that are sealed to this key. */
export async function findCutOff(
  store: Store,
  objects: readonly Listed[],
  options: CutOffOptions,
): Promise<readonly ClipFacts[]> {
  const waiting = objects.filter(({ name }) => OBJECT_NAME.test(name))
  const groups = new Map<string, Piece[]>()
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const piece = await peekAt(store, next, options)
      if (piece === undefined) continue
      const header = hex(piece.header)
      groups.set(header, [...(groups.get(header) ?? []), piece])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const clips = await Promise.all([...groups.values()].map(clipOf))
  return clips
    .flatMap((clip) => clip ?? [])
    .toSorted((a, b) => (a.guess?.fromUnixMs ?? 0) - (b.guess?.fromUnixMs ?? 0))
    .map((clip, n) => ({ ...clip, order: options.firstOrder + n }))
}

/** Undefined: no age file, damaged, sealed to others, or gone meanwhile. */
async function peekAt(
  store: Store,
  listed: Listed,
  { holder, signal }: CutOffOptions,
): Promise<Piece | undefined> {
  const bytes = await store.get(listed.name, {
    range: { from: 0, to: Math.min(listed.bytes, PEEK_BYTES) },
    signal,
  })
  if (bytes === undefined) return undefined
  try {
    const headerBytes = parseHeader(bytes).bytes
    const header = bytes.slice(0, headerBytes)
    const fileKey = await unwrapFileKey(header, holder)
    const file = {
      headerBytes,
      bytes: listed.bytes,
      read: async ({ from, to }: { readonly from: number; readonly to: number }) => bytes.subarray(from, to),
    }
    const to = Math.min(CHUNK_BYTES, extentOf(file).plainBytes)
    const beginning = await openRange(fileKey, file, { from: 0, to })
    return { ...listed, header, beginning, init: initFacts(beginning), times: partFacts(beginning) }
  } catch (error) {
    if (isFault(error, 'corrupt', 'denied')) return undefined
    throw error
  }
}

async function clipOf(pieces: readonly Piece[]): Promise<ClipFacts | undefined> {
  const parts = pieces
    .filter(({ times }) => times !== undefined)
    .toSorted((a, b) => (a.times?.fromTicks ?? 0) - (b.times?.fromTicks ?? 0))
  const [first] = parts
  if (first === undefined) return undefined
  const others = pieces.filter(({ times }) => times === undefined)
  const poster = others.find(({ beginning }) => equalBytes(beginning.subarray(0, 3), JPEG))
  const meta = others.map(({ beginning }) => metaIn(beginning)).find((each) => each !== undefined)
  const clip = meta?.clip ?? hex(await sha256(first.header)).slice(0, 16)
  return {
    clip,
    order: 0,
    phase: 'cut-off',
    held: false,
    objects: [
      ...parts.map((part, n) => objectOf(`${String(n).padStart(4, '0')}.age`, part)),
      ...(poster === undefined ? [] : [objectOf('poster.age', poster)]),
    ],
    guess: guessOf(clip, parts, meta),
  }
}

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff)

/** Nobody says what its bytes have to be. */
const objectOf = (file: string, { name, bytes }: Listed): ClipObject => ({
  file,
  name,
  bytes,
  uploaded: true,
})

function metaIn(beginning: Uint8Array): ClipMeta | undefined {
  try {
    return parseMeta('meta', fromUtf8(beginning))
  } catch {
    return undefined // Something else.
  }
}

/** Metadata is written last; without it the film tells how long it is, and the store about when its first part came. */
function guessOf(clip: string, parts: readonly Piece[], meta: ClipMeta | undefined): ClipMeta {
  const init = parts.find(({ init: each }) => each !== undefined)?.init
  const ticks = (piece: Piece | undefined, at: 'fromTicks' | 'toTicks'): number => piece?.times?.[at] ?? 0
  const [first, last] = [parts[0], parts.at(-1)]
  const msOf = (from: number, to: number): number =>
    init === undefined ? 0 : Math.max(0, Math.round(((to - from) * 1000) / init.timescale))
  const durationMs = msOf(ticks(first, 'fromTicks'), ticks(last, 'toTicks'))
  if (meta !== undefined) return { ...meta, durationMs: Math.max(meta.durationMs, durationMs) }
  return {
    format: 'sealed-clip-meta/1',
    clip,
    visit: clip,
    device: '',
    fromUnixMs: (first?.modifiedUnixMs ?? 0) - msOf(ticks(first, 'fromTicks'), ticks(first, 'toTicks')),
    clockTrusted: false,
    durationMs,
    codec: init?.mime.includes('hvc') === true || init?.mime.includes('hev') === true ? 'hevc' : 'h264',
    width: 0,
    height: 0,
    presses: [],
    signs: [],
    labels: [],
    complete: false,
  }
}
