/**
 * Calls an address that the owner chose, perhaps in their own network. Follows no redirects, sends no cookies, believes no answer.
 *
 * Faults: `unavailable` (network, time, 408, 429, 5xx), `denied` (401, 403), `invalid` (an address that is none, 3xx, other 4xx).
 */
export interface HttpCaller {
  /** Resolves when the answer is a 2xx; its body is read and forgotten. */
  call(request: HttpRequest, options: { readonly signal: AbortSignal }): Promise<void>
}

export type HttpRequest = {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly headers: Readonly<Record<string, string>>
  /** Not with GET. */
  readonly body?: string
  readonly timeoutMs: number
}
