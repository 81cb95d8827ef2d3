/** One request, in the order DESIGN.md gives: site, route, policy, body, handler. */
import { messageOf } from '../base/fault.ts'
import type { SocketPeer, WebReply, WebRequest } from '../ports/web-server.ts'
import type { Caller, SignedIn } from '../members/index.ts'
import { readBody } from './bodies.ts'
import { readCookies } from './cookies.ts'
import type { WebDesk } from './desk.ts'
import { checkOrigin, type Site } from './guard.ts'
import { withHeaders } from './headers.ts'
import { NOT_ALLOWED, NOT_FOUND, NOT_SIGNED_IN, OUR_MISTAKE, replyOfError } from './replies.ts'
import { findRoute, mayUse, type Route } from './route.ts'
import type { Leaving } from './presence.ts'
import { ROUTES } from './routes.ts'

/** With which code a socket is closed: 4401 is ours, and means that the page is signed out; 1012 and 1013 are those of the registry. */
const CODES: Readonly<Record<Leaving, number>> = {
  'signed-out': 4401,
  'too-many': 1013,
  again: 1012,
  left: 1000,
}

export async function serveRequest(desk: WebDesk, site: Site, request: WebRequest): Promise<WebReply> {
  const checked = checkOrigin(request, site, 'request')
  const reply =
    'status' in checked ? checked : await guarded(desk, () => answer(desk, request, checked.origin))
  return withHeaders(reply, site)
}

async function answer(desk: WebDesk, request: WebRequest, origin: string): Promise<WebReply> {
  const found = findRoute(ROUTES, 'reply', request)
  if (found?.route.kind !== 'reply') return NOT_FOUND
  const { route, params } = found
  const { token, caller, who } = await knock(desk, request, origin)
  const refused = judge(route, who)
  if (refused !== undefined) return refused
  const body = route.body === undefined ? undefined : readBody(route.body, request)
  return route.take({ desk, request, params, who, body, caller, token })
}

export async function serveUpgrade(
  desk: WebDesk,
  site: Site,
  request: WebRequest,
): Promise<WebReply | ((socket: SocketPeer) => Promise<void>)> {
  const checked = checkOrigin(request, site, 'upgrade')
  if ('status' in checked) return withHeaders(checked, site)
  const decided = await guarded(desk, () => open(desk, request, checked.origin))
  return typeof decided === 'function' ? decided : withHeaders(decided, site)
}

async function open(
  desk: WebDesk,
  request: WebRequest,
  origin: string,
): Promise<WebReply | ((socket: SocketPeer) => Promise<void>)> {
  const found = findRoute(ROUTES, 'socket', request)
  if (found?.route.kind !== 'socket') return NOT_FOUND
  const { route, params } = found
  const { token, caller, who } = await knock(desk, request, origin)
  const refused = judge(route, who)
  if (refused !== undefined) return refused
  if (who === undefined || token === undefined) return NOT_SIGNED_IN
  const { take } = route
  return async (socket) => {
    using seat = desk.presence.enter(who, token, 'socket')
    const end = (): void => {
      const why = seat.signal.reason as Leaving // Presence aborts with nothing else.
      socket.close(CODES[why], why)
    }
    seat.signal.addEventListener('abort', end, { once: true })
    await take({ desk, request, params, who, body: undefined, caller, token }, socket, seat.signal)
  }
}

type Knock = {
  readonly token: string | undefined
  readonly caller: Caller
  readonly who: SignedIn | undefined
}

async function knock(desk: WebDesk, request: WebRequest, origin: string): Promise<Knock> {
  const { token, known } = readCookies(request)
  const device = browserOf(request.headers.get('user-agent') ?? '')
  const who = await desk.members.signedIn(token)
  return { token, caller: { peer: request.peer, origin, known, device }, who }
}

function judge({ policy }: Route, who: SignedIn | undefined): WebReply | undefined {
  if (policy === 'public') return undefined
  if (who === undefined) return NOT_SIGNED_IN
  return mayUse(policy, who.role) ? undefined : NOT_ALLOWED
}

async function guarded<T>(desk: WebDesk, act: () => Promise<T>): Promise<T | WebReply> {
  try {
    return await act()
  } catch (error) {
    const reply = replyOfError(error)
    if (reply !== undefined) return reply
    desk.log.error('web.failed', { problem: messageOf(error) })
    return OUR_MISTAKE
  }
}

/** What people would call it; what a browser says of itself is long, and mostly untrue. */
function browserOf(agent: string): string {
  const firstOf = (names: readonly (readonly [RegExp, string])[]): string | undefined =>
    names.find(([pattern]) => pattern.test(agent))?.[1]
  const browser = firstOf([
    [/Edg\//, 'Edge'],
    [/Firefox\/|FxiOS\//, 'Firefox'],
    [/Chrome\/|CriOS\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ])
  const system = firstOf([
    [/Android/, 'Android'],
    [/iPhone/, 'iPhone'],
    [/iPad/, 'iPad'],
    [/Macintosh/, 'Mac'],
    [/Windows/, 'Windows'],
    [/Linux|X11/, 'Linux'],
  ])
  return [browser ?? 'A browser', ...(system === undefined ? [] : [system])].join(' on ')
}
