/** Where in the page one is: the part of the address behind `#`, which no server ever sees. */
import { useEffect, useState } from 'preact/hooks'

export type Route =
  | { readonly at: 'enrol'; readonly secret: string }
  | { readonly at: 'join'; readonly code: string }
  | { readonly at: 'visit'; readonly visit: string }
  | { readonly at: 'ring'; readonly press: string }
  | { readonly at: Place }

export type Place =
  | 'door'
  | 'visits'
  | 'activity'
  | 'people'
  | 'status'
  | 'settings'
  | 'zones'
  | 'you'
  | 'more'
const PLACES: readonly Place[] = [
  'door',
  'visits',
  'activity',
  'people',
  'status',
  'settings',
  'zones',
  'you',
  'more',
]

export function parseRoute(hash: string): Route {
  const [, word = '', value = ''] = /^#\/?([a-z]*)(?:[=/](.*))?$/.exec(hash) ?? []
  if (word === 'enrol' && value !== '') return { at: 'enrol', secret: value }
  if (word === 'join' && value !== '') return { at: 'join', code: value }
  if (word === 'visit' && value !== '') return { at: 'visit', visit: value }
  if (word === 'ring' && value !== '') return { at: 'ring', press: value }
  return { at: PLACES.find((place) => place === word) ?? 'door' }
}

export const linkTo = (place: Place): string => `#/${place}`
export const linkToVisit = (visit: string): string => `#/visit/${visit}`

export function goTo(link: string): void {
  location.hash = link
}

/** A code in the address is a secret: it is taken out of the address, and so of the history, once it was read. */
export const forgetCode = (): void => location.replace(linkTo('door'))

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash))
  useEffect(() => {
    const hear = (): void => setRoute(parseRoute(location.hash))
    addEventListener('hashchange', hear)
    return () => removeEventListener('hashchange', hear)
  }, [])
  return route
}
