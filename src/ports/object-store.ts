/**
 * An S3-compatible store of whole objects.
 *
 * Faults: `unavailable` (network, 5xx, 429: try again), `denied` (credentials, policy, region, no such bucket: somebody
 * has to set that right), `missing` (no such object), `full` (quota), `corrupt` (bytes were damaged on the way, nothing
 * counts as stored), `invalid` (the store refuses this object for good).
 */
export interface ObjectStore {
  /**
   * Stores the whole object; resolves only when the store has acknowledged it and its checksum agrees.
   * With `ifAbsent` an existing object is left alone: `already-there` (the caller decides whether it is the same).
   */
  put(name: string, bytes: Uint8Array, options: PutOptions): Promise<'stored' | 'already-there'>
  get(
    name: string,
    options: { signal: AbortSignal; range?: { from: number; to: number } },
  ): Promise<Uint8Array>
  /** Undefined when there is no such object. `sha256` in hex where the store keeps it. */
  head(name: string, options: { signal: AbortSignal }): Promise<ObjectFacts | undefined>
  /** Resolves also when there was no such object. */
  remove(name: string, options: { signal: AbortSignal }): Promise<void>
  /** All objects whose names begin with `prefix`, sorted by name, page by page. */
  list(options: { signal: AbortSignal; prefix?: string }): AsyncIterable<{ name: string; bytes: number }>
}

export type PutOptions = {
  /** Hexadecimal SHA-256 of `bytes`. */
  readonly sha256: string
  readonly ifAbsent: boolean
  readonly signal: AbortSignal
}

export type ObjectFacts = { readonly bytes: number; readonly sha256?: string }
