/** Opening clips: fetches sealed objects, finds the file key (by a header, or by a grant), opens what is asked for. */
import { fromUtf8, hex } from '../../../base/bytes.ts'
import { Fault, isFault } from '../../../base/fault.ts'
import { openPayload, openRange, parseHeader, unwrapFileKey } from '../crypto/age-open.ts'
import { sha256, unbase64 } from '../crypto/bytes.ts'
import { openGrant, openManifest, parseMeta, type ClipManifest, type ClipMeta } from '../crypto/documents.ts'
import type { HouseKey } from '../keys/house-key.ts'
import { texts } from '../texts.ts'
import type { ClipFacts, ClipObject, ClipSource } from './clip-source.ts'
import type { SealedCache } from './sealed-cache.ts'

export type ClipDeps = {
  readonly source: ClipSource
  readonly cache: SealedCache
  readonly key: () => HouseKey | undefined
  /** The doorbell's signing key, as this browser has pinned it. */
  readonly devicePublicKey: () => Uint8Array
}

export type FoundKey = { readonly fileKey: Uint8Array; readonly headerBytes: number }
/** What is as large as a header with its 32 recipients may become. */
const HEADER_READ_BYTES = 8 * 1024

export class ClipOpener {
  readonly #deps: ClipDeps
  readonly #keys = new Map<string, Promise<FoundKey>>()

  constructor(deps: ClipDeps) {
    this.#deps = deps
  }

  partsOf(facts: ClipFacts): readonly ClipObject[] {
    return facts.objects
      .filter(({ file }) => /^\d+[.]age$/.test(file))
      .toSorted((a, b) => Number.parseInt(a.file, 10) - Number.parseInt(b.file, 10))
  }

  /** Undefined: nothing is written of it yet. */
  async meta(facts: ClipFacts): Promise<ClipMeta | undefined> {
    if (facts.guess !== undefined) return facts.guess
    const plain = await this.#small(facts, 'meta.age')
    if (plain === undefined) return undefined
    return this.#deps.source.corrected(parseMeta(`meta of clip ${facts.clip}`, fromUtf8(plain)))
  }

  poster(facts: ClipFacts): Promise<Uint8Array | undefined> {
    return this.#small(facts, 'poster.age')
  }

  /** Undefined while the clip is growing: the doorbell signs when it has ended. */
  async manifest(
    facts: ClipFacts,
  ): Promise<{ readonly note: string; readonly manifest: ClipManifest } | undefined> {
    const object = objectOf(facts, 'manifest.note')
    if (object === undefined) return undefined
    const note = fromUtf8(await this.#sealed(facts, object))
    const manifest = await openManifest(`manifest of clip ${facts.clip}`, note, this.#deps.devicePublicKey())
    if (manifest.clip !== facts.clip)
      throw new Fault('corrupt', `manifest of clip ${facts.clip}: it is that of ${manifest.clip}`)
    return { note, manifest }
  }

  /** All of an object, and whether it is what the doorbell says it wrote. */
  async whole(facts: ClipFacts, object: ClipObject, signal?: AbortSignal): Promise<Uint8Array> {
    const [{ fileKey, headerBytes }, sealed] = await Promise.all([
      this.keyOf(facts),
      this.#sealed(facts, object, signal),
    ])
    return openPayload(fileKey, sealed, headerBytes)
  }

  /** A piece of an object, fetched and opened by itself: as many of its 64 KiB chunks as it touches. */
  async range(
    facts: ClipFacts,
    object: ClipObject,
    { from, to, signal }: { readonly from: number; readonly to: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array> {
    const { fileKey, headerBytes } = await this.keyOf(facts)
    const plainMax = plainBytesOf(object.bytes, headerBytes)
    const file = {
      headerBytes,
      bytes: object.bytes,
      read: (range: { readonly from: number; readonly to: number }) =>
        this.#deps.source.read(facts, object, { range, ...(signal === undefined ? {} : { signal }) }),
    }
    return openRange(fileKey, file, { from, to: Math.min(to, plainMax) })
  }

  keyOf(facts: ClipFacts): Promise<FoundKey> {
    const known = this.#keys.get(facts.clip) ?? this.#findKey(facts)
    this.#keys.set(facts.clip, known)
    known.catch(() => this.#keys.delete(facts.clip))
    return known
  }

  async #findKey(facts: ClipFacts): Promise<FoundKey> {
    const key = this.#deps.key()
    if (key === undefined) throw new Fault('denied', texts.problems.noKey)
    const header = await this.#header(facts)
    const { bytes: headerBytes } = parseHeader(header)
    try {
      return { fileKey: await unwrapFileKey(header, key.holder), headerBytes }
    } catch (error) {
      if (!isFault(error, 'denied')) throw error
      const fileKey = await this.#keyOfGrant(facts, key)
      if (fileKey === undefined) throw new Fault('denied', texts.problems.beforeYou, { cause: error })
      return { fileKey, headerBytes }
    }
  }

  /** The beginning that all objects of a clip share; of the metadata, which is small, the whole is fetched and kept. */
  async #header(facts: ClipFacts): Promise<Uint8Array> {
    const meta = objectOf(facts, 'meta.age')
    if (meta !== undefined) return this.#sealed(facts, meta)
    const [first] = this.partsOf(facts)
    if (first === undefined) throw new Fault('missing', texts.problems.nothingYet)
    const range = { from: 0, to: Math.min(HEADER_READ_BYTES, first.bytes) }
    return this.#deps.source.read(facts, first, { range })
  }

  /** Somebody who joined later opens older clips by the grants they were given. */
  async #keyOfGrant(facts: ClipFacts, key: HouseKey): Promise<Uint8Array | undefined> {
    for (const note of await this.#deps.source.grants(facts.clip)) {
      const grant = await openGrant(`grant of clip ${facts.clip}`, note)
      if (grant.clip !== facts.clip || grant.to !== key.recipient) continue
      return unwrapFileKey(unbase64(grant.header) ?? new Uint8Array(0), key.holder)
    }
    return undefined
  }

  async #small(facts: ClipFacts, file: string): Promise<Uint8Array | undefined> {
    const object = objectOf(facts, file)
    return object === undefined ? undefined : this.whole(facts, object)
  }

  async #sealed(facts: ClipFacts, object: ClipObject, signal?: AbortSignal): Promise<Uint8Array> {
    const wanted = object.sha256
    const isKept = wanted !== undefined && !/^\d/.test(object.file) // Parts are large, and seen once.
    const known = isKept ? await this.#deps.cache.get(wanted) : undefined
    if (known !== undefined) return known
    const bytes = await this.#deps.source.read(facts, object, signal === undefined ? {} : { signal })
    if (wanted !== undefined && hex(await sha256(bytes)) !== wanted)
      throw new Fault('corrupt', texts.problems.changed(object.file, facts.clip))
    if (isKept) await this.#deps.cache.put(wanted, bytes)
    return bytes
  }
}

export const objectOf = (facts: ClipFacts, file: string): ClipObject | undefined =>
  facts.objects.find((object) => object.file === file)

const SEALED_CHUNK_BYTES = 64 * 1024 + 16
function plainBytesOf(bytes: number, headerBytes: number): number {
  const payload = bytes - headerBytes - 16
  return payload - 16 * Math.max(1, Math.ceil(payload / SEALED_CHUNK_BYTES))
}
