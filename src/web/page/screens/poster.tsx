/** The picture of a visit, opened here. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useShelf } from '../app/shelf-context.ts'
import type { Visit } from '../clips/visits.ts'
import { texts } from '../texts.ts'
import { Icon } from '../ui/icons.tsx'

export function Poster(props: { readonly visit: Visit; readonly alt: string }): JSX.Element {
  const shelf = useShelf()
  const { visit } = props
  const [address, setAddress] = useState<string>()
  const objects = visit.clips.map(({ facts }) => facts.objects.length).join()
  useEffect(() => {
    let isHere = true
    const find = async (): Promise<void> => {
      for (const { facts, problem } of visit.clips) {
        const found = problem === undefined ? await shelf.poster(facts) : undefined
        if (found !== undefined && isHere) return setAddress(found)
      }
    }
    void find()
    return () => {
      isHere = false
    }
  }, [visit.id, objects])
  if (address === undefined)
    return (
      <span class="poster empty" role="img" aria-label={props.alt || texts.visits.noPoster}>
        <Icon name={visit.problem === undefined ? 'door' : 'hold'} />
      </span>
    )
  return <img class="poster" src={address} alt={props.alt} loading="lazy" decoding="async" />
}
