/** Which requests come from our own page at our own name: Host against DNS rebinding, Origin and Sec-Fetch against other sites. */
import type { WebReply, WebRequest } from '../ports/web-server.ts'
import { NOT_FROM_HERE } from './replies.ts'

/** What the device is called: names and addresses, `name:port` where a router in between has another port. */
export type Site = { readonly names: readonly string[]; readonly port: number; readonly isSecure: boolean }

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([1-9]\d{0,4}))?$/
const NOT_OURS: WebReply = { status: 421 }

/** A reply: it goes no further. Else the origin it came to. */
export function checkOrigin(
  request: WebRequest,
  site: Site,
  kind: 'request' | 'upgrade',
): WebReply | { readonly origin: string } {
  const host = request.headers.get('host')?.toLowerCase()
  if (host === undefined || !isOurs(host, site)) return NOT_OURS
  const ours = `${site.isSecure ? 'https' : 'http'}://${host}`
  const changes = request.method !== 'GET' || kind === 'upgrade'
  const isFree = !changes && !request.path.startsWith('/api/')
  if (isFree) return { origin: ours }
  const origin = request.headers.get('origin')
  if (origin === undefined ? changes : origin.toLowerCase() !== ours) return NOT_FROM_HERE
  return isFetchedByPage(request, kind) ? { origin: ours } : NOT_FROM_HERE
}

function isOurs(host: string, { names, port, isSecure }: Site): boolean {
  const [, name, given] = HOST.exec(host) ?? []
  if (name === undefined) return false
  const asked = given === undefined ? (isSecure ? 443 : 80) : Number(given)
  return names.some((each) => {
    const wanted = each.toLowerCase()
    return wanted === `${name}:${asked}` || (asked === port && wanted === name)
  })
}

/** Old browsers do not say; what is said has to be true. Nobody opens `/api/` in the address bar, a frame or an image. */
function isFetchedByPage({ headers }: WebRequest, kind: 'request' | 'upgrade'): boolean {
  const may = (name: string, ...wanted: readonly string[]): boolean => {
    const said = headers.get(name)
    return said === undefined || wanted.includes(said)
  }
  return (
    may('sec-fetch-site', 'same-origin') &&
    may('sec-fetch-mode', ...(kind === 'upgrade' ? ['websocket'] : ['same-origin', 'cors'])) &&
    may('sec-fetch-dest', ...(kind === 'upgrade' ? ['websocket', 'empty'] : ['empty']))
  )
}
