/** One range of bytes (RFC 9110, 14.1.2). Undefined: several, or another unit: the whole is a right answer to that. */
export function readRange(
  header: string,
  totalBytes: number,
): { readonly from: number; readonly to: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(header) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), totalBytes)
    return length === 0 ? 'unsatisfiable' : { from: totalBytes - length, to: totalBytes - 1 }
  }
  const from = Number(first)
  const to = last === '' ? totalBytes - 1 : Math.min(Number(last), totalBytes - 1)
  if (last !== '' && Number(last) < from) return undefined
  return from >= totalBytes ? 'unsatisfiable' : { from, to }
}
