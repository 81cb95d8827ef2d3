/** A value that screens follow. */
import { useEffect, useState } from 'preact/hooks'

export type Store<T> = {
  get(): T
  set(next: T): void
  change(how: (now: T) => T): void
  subscribe(hear: (value: T) => void): () => void
}

export function createStore<T>(first: T): Store<T> {
  let value = first
  const hearers = new Set<(value: T) => void>()
  const set = (next: T): void => {
    if (Object.is(next, value)) return
    value = next
    for (const hear of [...hearers]) hear(next)
  }
  return {
    get: () => value,
    set,
    change: (how) => set(how(value)),
    subscribe(hear) {
      hearers.add(hear)
      return () => hearers.delete(hear)
    },
  }
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState<T>(() => store.get())
  useEffect(() => {
    const hear = (next: T): void => setValue(() => next)
    hear(store.get()) // It may have changed between drawing and this.
    return store.subscribe(hear)
  }, [store])
  return value
}
