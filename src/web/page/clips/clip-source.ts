/** Where the page has clips from: the doorbell itself, or the store when the doorbell is gone. Sealed bytes only. */
import type { ClipFacts as DeviceFacts, ClipObject as DeviceObject, ToldBody } from '../../api.ts'
import type { ClipMeta } from '../crypto/documents.ts'

/** `sha256` is missing where nobody says what the bytes have to be: of a recording that was never finished. Then the sealing alone tells. */
export type ClipObject = Omit<DeviceObject, 'sha256'> & { readonly sha256?: string }

/** `cut-off`: the doorbell was gone before it could finish and sign it; only a store has such clips. */
export type ClipPhase = DeviceFacts['phase'] | 'cut-off'

export type ClipFacts = Omit<DeviceFacts, 'phase' | 'objects'> & {
  readonly phase: ClipPhase
  readonly objects: readonly ClipObject[]
  /** Of a clip whose metadata was never written: what its film and the store tell. */
  readonly guess?: ClipMeta
  /** Why it cannot be shown, in a sentence. */
  readonly problem?: string
}

export type ClipList = { readonly clips: readonly ClipFacts[]; readonly more: boolean }

export type ClipSource = {
  /** Newest first; `before` is the `order` of a clip that was listed. Throws `Fault('unavailable')` when it is away. */
  list(options: { readonly before?: number; readonly limit: number }): Promise<ClipList>
  /** All of an object, or the bytes `from ≤ … < to`. */
  read(
    facts: ClipFacts,
    object: ClipObject,
    options?: {
      readonly range?: { readonly from: number; readonly to: number }
      readonly signal?: AbortSignal
    },
  ): Promise<Uint8Array>
  /** Notes that open the clip for somebody who joined later. */
  grants(clip: string): Promise<readonly string[]>
  /** For the list of who did what. */
  tell(clip: string, what: ToldBody): Promise<void>
  /** What was learnt about the time of a clip after it was sealed. */
  corrected(meta: ClipMeta): ClipMeta
}
