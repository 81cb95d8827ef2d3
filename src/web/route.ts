/** What a route is, and how a path finds its own. A route without a policy is a type error. */
import type { z } from 'zod'
import type { SocketPeer, WebReply, WebRequest } from '../ports/web-server.ts'
import type { Caller, SignedIn } from '../members/index.ts'
import type { Role } from './api.ts'
import type { WebDesk } from './desk.ts'

export type Policy = 'public' | 'member' | 'household' | 'owner'
type Who<P extends Policy> = P extends 'public' ? SignedIn | undefined : SignedIn

export type Call<P extends Policy = Policy, B = unknown> = {
  readonly desk: WebDesk
  readonly request: WebRequest
  readonly params: Readonly<Record<string, string>>
  readonly who: Who<P>
  readonly body: B
  readonly caller: Caller
  /** The session's token, to ask again whether it is still good. */
  readonly token: string | undefined
}

type Does = (call: Call) => Promise<WebReply>
type Talks = (call: Call<'member'>, socket: SocketPeer, signal: AbortSignal) => Promise<void>

export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `:name` is one step of the path; `*` at the end is whatever comes. */
  readonly path: string
  readonly policy: Policy
  readonly body?: z.ZodType
} & (
  | { readonly kind: 'reply'; readonly take: Does }
  /** Only for upgrades, and only for who is signed in. */
  | { readonly kind: 'socket'; readonly take: Talks }
)

export function on<P extends Policy, B = undefined>(
  method: Route['method'],
  path: string,
  policy: P,
  take: (call: Call<P, B>) => Promise<WebReply>,
  body?: z.ZodType<B>,
): Route {
  // `serve.ts` calls it with whom the policy lets in and what the schema gave: these are its types.
  const erased = take as unknown as Does
  return { kind: 'reply', method, path, policy, take: erased, ...(body === undefined ? {} : { body }) }
}

export const onSocket = (path: string, policy: Exclude<Policy, 'public'>, take: Talks): Route => ({
  kind: 'socket',
  method: 'GET',
  path,
  policy,
  take,
})

const RANKS: Readonly<Record<Role, number>> = { guest: 1, household: 2, owner: 3 }
const NEEDED: Readonly<Record<Policy, number>> = { public: 0, member: 1, household: 2, owner: 3 }

export const mayUse = (policy: Policy, role: Role): boolean => RANKS[role] >= NEEDED[policy]

export function findRoute(
  routes: readonly Route[],
  kind: Route['kind'],
  { method, path }: { readonly method: string; readonly path: string },
): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const route of routes) {
    if (route.kind !== kind || route.method !== method) continue
    const params = matchPath(route.path, path)
    if (params !== undefined) return { route, params }
  }
  return undefined
}

function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  if (pattern.endsWith('*')) {
    const start = pattern.slice(0, -1)
    return path.startsWith(start) && path.length > start.length ? {} : undefined
  }
  const [wanted, got] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== got.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, step] of wanted.entries()) {
    const here = got[index] ?? ''
    if (step.startsWith(':') ? here === '' : here !== step) return undefined
    if (step.startsWith(':')) params[step.slice(1)] = here
  }
  return params
}
