/** One line of ffprobe's "compact" output: `section|key=value|key=value`. */
export type Fields = ReadonlyMap<string, string>

export const sectionOf = (line: string): string => line.slice(0, Math.max(0, line.indexOf('|')))

export function fieldsOf(line: string): Fields {
  const fields = new Map<string, string>()
  for (const field of line.split('|')) {
    const at = field.indexOf('=')
    if (at > 0) fields.set(field.slice(0, at), field.slice(at + 1))
  }
  return fields
}

/** Undefined where ffprobe says `N/A` or nothing. */
export function numberIn(fields: Fields, key: string): number | undefined {
  const n = Number(fields.get(key) ?? Number.NaN)
  return Number.isFinite(n) ? n : undefined
}
