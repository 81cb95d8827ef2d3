/** Whether a clip is what the doorbell recorded: the signed manifest against what was fetched. Pure. */
import type { ClipManifest } from '../crypto/documents.ts'
import type { ClipObject } from './clip-source.ts'

export type Verdict =
  | { readonly is: 'checking'; readonly checked: number; readonly of: number }
  /** The doorbell signs when the clip has ended. */
  | { readonly is: 'growing' }
  /** It never could. */
  | { readonly is: 'unsigned' }
  | { readonly is: 'genuine'; readonly checked: number; readonly of: number }
  | { readonly is: 'wrong'; readonly problem: WrongWith }

export type WrongWith =
  | { readonly what: 'manifest'; readonly says: string }
  | { readonly what: 'part'; readonly part: number; readonly says: string }
  | { readonly what: 'missing'; readonly parts: number }

/**
 * `checked`: parts that were fetched and have the SHA-256 that the doorbell's index says; the manifest has to say the same of them. A part
 * that the manifest names and the index lacks is missing.
 */
export function verdictOf(
  manifest: Pick<ClipManifest, 'parts'>,
  parts: readonly ClipObject[],
  checked: ReadonlySet<number>,
): Verdict {
  const bound = new Map(manifest.parts.map((part) => [part.name, part]))
  const missing = manifest.parts.filter(({ name }) => !parts.some((part) => part.name === name)).length
  if (missing > 0) return { is: 'wrong', problem: { what: 'missing', parts: missing } }
  for (const [index, part] of parts.entries()) {
    if (!checked.has(index)) continue
    const signed = bound.get(part.name)
    if (signed === undefined || signed.sha256 !== part.sha256 || signed.bytes !== part.bytes)
      return { is: 'wrong', problem: { what: 'part', part: index, says: part.sha256 ?? '' } }
  }
  const of = parts.length
  return { is: 'genuine', checked: checked.size, of }
}
