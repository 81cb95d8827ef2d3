/** What a button or a screen waits for: one at a time, with what went wrong in words. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { isAbort, messageOf } from '../../../base/fault.ts'

export type Task = {
  readonly isBusy: boolean
  readonly problem: string | undefined
  readonly run: (work: () => Promise<void>) => void
  readonly clear: () => void
}

export function useTask(): Task {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const busy = useRef(false)
  const run = useCallback((work: () => Promise<void>): void => {
    if (busy.current) return
    busy.current = true
    setBusy(true)
    setProblem(undefined)
    void work()
      .catch((error: unknown) => {
        if (!isAbort(error)) setProblem(messageOf(error))
      })
      .finally(() => {
        busy.current = false
        setBusy(false)
      })
  }, [])
  return { isBusy, problem, run, clear: () => setProblem(undefined) }
}

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'there'; readonly value: T }
  | { readonly state: 'failed'; readonly problem: string }

/** Loads when `keys` change; `again` loads once more and shows the old value meanwhile. */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
): { readonly loaded: Loaded<T>; readonly again: () => void } {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' })
  const [round, setRound] = useState(0)
  useEffect(() => {
    const ended = new AbortController()
    load(ended.signal)
      .then((value) => {
        if (!ended.signal.aborted) setLoaded({ state: 'there', value })
      })
      .catch((error: unknown) => {
        if (!ended.signal.aborted) setLoaded({ state: 'failed', problem: messageOf(error) })
      })
    return () => ended.abort()
  }, [...keys, round])
  const again = useCallback(() => setRound((n) => n + 1), [])
  return { loaded, again }
}
