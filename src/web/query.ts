import { Fault } from '../base/fault.ts'

/** A whole number in the query, or `fallback`. */
export function readCount(
  query: ReadonlyMap<string, string>,
  name: string,
  { fallback = 0, most = 999_999_999_999 }: { readonly fallback?: number; readonly most?: number },
): number {
  const text = query.get(name)
  if (text === undefined) return fallback
  const count = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
  if (count >= 0 && count <= most) return count
  throw new Fault(
    'invalid',
    `${name}: wanted a whole number up to ${most}, got ${JSON.stringify(text.slice(0, 40))}`,
  )
}
