/** Nobody means a name of ours with more characters than this; comparing them would take long. */
const TYPED_MAX = 200

/** The name in `names` that `typed` most probably meant, or undefined when nothing is close. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  if (typed.length > TYPED_MAX) return undefined
  let best: { name: string; distance: number } | undefined
  for (const name of names) {
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase())
    const isClose = distance <= Math.max(2, Math.floor(name.length / 2)) // A short name is soon far away.
    if (isClose && (best === undefined || distance < best.distance)) best = { name, distance }
  }
  return best?.name
}

/** Levenshtein's distance: insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitute))
    }
    row = next
  }
  return row[b.length] ?? 0
}
