/** One after the other, so that what was read still holds when it is written. */
export function createTurns(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (act) => {
    const turn = last.then(act)
    last = turn.catch(() => {}) // Whoever asked hears of it; the next turn begins anyway.
    return turn
  }
}
