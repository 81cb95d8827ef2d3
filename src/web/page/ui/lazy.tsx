/** A screen that is loaded when it is first shown. */
import type { ComponentType, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../../../base/fault.ts'
import { Problem, Waiting } from './parts.tsx'

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): (props: P) => JSX.Element {
  let loading: Promise<ComponentType<P>> | undefined
  let there: ComponentType<P> | undefined
  return function Lazy(props: P) {
    const [Screen, setScreen] = useState<ComponentType<P> | undefined>(() => there)
    const [problem, setProblem] = useState<string>()
    useEffect(() => {
      loading ??= load()
      loading
        .then((loaded) => {
          there = loaded
          setScreen(() => loaded)
        })
        .catch((error: unknown) => {
          loading = undefined // Away for now: the next visit tries again.
          setProblem(messageOf(error))
        })
    }, [])
    if (problem !== undefined) return <Problem says={problem} />
    return Screen === undefined ? <Waiting /> : <Screen {...props} />
  }
}
