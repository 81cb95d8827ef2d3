import type { WebRequest } from '../ports/web-server.ts'

/** `__Host-`: no other host of the domain can set it, and it never leaves over plain HTTP. */
const SESSION = '__Host-lintel'
const KNOWN = '__Host-lintel-known'
const SESSION_S = 90 * 24 * 3600
const KNOWN_S = 400 * 24 * 3600 // Browsers keep none longer.
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'

export type Cookies = { readonly token?: string; readonly known?: string }

export function readCookies({ headers }: Pick<WebRequest, 'headers'>): Cookies {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim())
  const [token, known] = [valueOf(pairs, SESSION), valueOf(pairs, KNOWN)]
  return { ...(token === undefined ? {} : { token }), ...(known === undefined ? {} : { known }) }
}

/** Of a name that comes twice nobody knows which is ours. */
function valueOf(pairs: readonly string[], name: string): string | undefined {
  const values = pairs
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  return values.length === 1 ? values[0] : undefined
}

export const cookiesOf = ({
  token,
  known,
}: {
  readonly token: string
  readonly known: string
}): readonly string[] => [sessionCookie(token), `${KNOWN}=${known}; Max-Age=${KNOWN_S}; ${ATTRIBUTES}`]

/** Signing out does not make the browser a stranger. */
export const noSession = (): readonly string[] => [`${SESSION}=; Max-Age=0; ${ATTRIBUTES}`]

/** Said again whenever the page is opened, so that 90 days begin anew in the browser as well. */
export const sessionCookie = (token: string): string =>
  `${SESSION}=${token}; Max-Age=${SESSION_S}; ${ATTRIBUTES}`
