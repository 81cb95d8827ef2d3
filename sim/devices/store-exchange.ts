/**
 * One request to the store over HTTP, as the S3 driver sees it: a connection of its own, the request, the answer. Limits
 * and wording are those of `src/drivers/s3/`.
 */
import { assertNever } from '../../src/base/assert.ts'
import { Fault, type FaultKind } from '../../src/base/fault.ts'
import type { Fate, Network } from './network.ts'

/** What the store makes of a request that arrives. */
export type Work<T> = (arrived: 'whole' | 'damaged') => T

export type Exchange<T> = {
  /** For messages: `put 3f2a…`. */
  readonly what: string
  readonly sentBytes: number
  /** A request that only asks is not worth repeating. */
  readonly isChange: boolean
  readonly signal: AbortSignal
  /** Who asks is no more: never hears the answer, and cannot stop what has left. */
  readonly killed: AbortSignal
  readonly work: Work<T>
  readonly answerBytesOf: (answer: T) => number
}

/** Of the driver: until there is a connection, until the answer begins, without a byte either way. */
const CONNECT_MS_MAX = 10_000
const REQUEST_MS_MAX = 120_000
const SILENCE_MS_MAX = 30_000
const REFUSED_MS = 5

export const WHERE = 'https://store.sim/doorbell'

/** What happens at the store is done at once; what happens before and after may take time. Without it, no timer is set. */
export async function exchange<T>(network: Network, ask: Exchange<T>): Promise<T> {
  if (ask.killed.aborted) return never()
  if (ask.signal.aborted) throw stopped(ask)
  if (!network.isUp('store')) return failToConnect(network, ask)
  const fate = network.fateOf('store', ask.sentBytes)
  await send(network, ask, fate)
  const patienceMs = Math.min(SILENCE_MS_MAX, REQUEST_MS_MAX - fate.sendingMs)
  await travel(network, ask, { ms: fate.thereMs, patienceMs })
  const leftMs = patienceMs - fate.thereMs
  if (fate.mishap === 'request-lost') return hearNothing(network, ask, leftMs)
  const answer = answerOf(network, ask, fate)
  if (fate.mishap === 'answer-lost' || fate.backMs >= leftMs) return hearNothing(network, ask, leftMs)
  const dripMs = answer.ok ? network.dripMs('store', ask.answerBytesOf(answer.value)) : 0
  const back = await pass(network, ask, fate.backMs + dripMs)
  if (back !== 'passed') return breakOff(network, ask, back)
  if (!answer.ok) throw answer.error
  return answer.value
}

/** A request that did not leave as a whole never counts. */
async function send<T>(network: Network, ask: Exchange<T>, { sendingMs }: Fate): Promise<void> {
  const end = await pass(network, ask, Math.min(sendingMs, REQUEST_MS_MAX))
  if (end !== 'passed') return breakOff(network, ask, end)
  if (sendingMs >= REQUEST_MS_MAX)
    throw weather(
      ask,
      `TimeoutError a request has exceeded the configured ${REQUEST_MS_MAX} ms requestTimeout.`,
    )
}

/** What has left may arrive, whatever becomes of the one who sent it. */
async function travel<T>(
  network: Network,
  ask: Exchange<T>,
  { ms, patienceMs }: { readonly ms: number; readonly patienceMs: number },
): Promise<void> {
  const end = await pass(network, ask, Math.min(ms, patienceMs))
  const isCut = end !== 'passed' || ms >= patienceMs
  if (isCut && network.happens('store', 'arrives all the same')) attempt(() => ask.work('whole'))
  if (end !== 'passed') return breakOff(network, ask, end)
  if (ms >= patienceMs) throw silence(ask)
}

type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

function attempt<T>(work: () => T): Answer<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, error } // Travels back to whoever asked.
  }
}

function answerOf<T>(network: Network, ask: Exchange<T>, { mishap, isDuplicated }: Fate): Answer<T> {
  const refusal = refusalOf(network, ask, mishap)
  if (refusal !== undefined) return { ok: false, error: refusal }
  const first = attempt(() => ask.work(mishap === 'damaged' ? 'damaged' : 'whole'))
  if (!isDuplicated || !ask.isChange) return first
  const second = attempt(() => ask.work('whole'))
  // As behind a proxy that tries again: nobody says which answer it hands on.
  return network.happens('store', 'which answer') ? second : first
}

/** A gateway that gives up does not know what became of the request. */
const SERVER_ERRORS = [
  { words: '500 InternalError We encountered an internal error. Please try again.', isGateway: false },
  { words: '502 BadGateway Bad Gateway', isGateway: true },
  { words: '503 ServiceUnavailable Service is unable to handle request.', isGateway: false },
  { words: '504 GatewayTimeout Gateway Timeout', isGateway: true },
]

function refusalOf<T>(network: Network, ask: Exchange<T>, mishap: Fate['mishap']): Fault | undefined {
  if (mishap === 'denied') return said('denied', ask.what, '400 ExpiredToken The provided token has expired.')
  if (mishap === 'throttled')
    return said('unavailable', ask.what, '429 TooManyRequests Please reduce your request rate.')
  if (mishap !== 'server-error') return undefined
  const choice = Math.floor(network.uniform('store', 'which 5xx') * SERVER_ERRORS.length)
  const { words, isGateway } = SERVER_ERRORS[choice] ?? { words: '500 InternalError', isGateway: false }
  if (isGateway && network.happens('store', 'done behind the gateway')) attempt(() => ask.work('whole'))
  return said('unavailable', ask.what, words)
}

type End = 'passed' | 'down' | 'aborted' | 'killed'

/** Lets time pass until something ends it. Leaves no timer and no listener behind. */
async function pass<T>(
  network: Network,
  { signal, killed }: Exchange<T>,
  ms: number,
  { mindsDown = true } = {},
): Promise<End> {
  if (ms <= 0) return 'passed'
  const stop = new AbortController()
  const stopBy = (how: End) => (): void => stop.abort(how)
  const byAbort = stopBy('aborted')
  const byKill = stopBy('killed')
  const forget = network.onChange((host) => {
    if (mindsDown && host === 'store' && !network.isUp('store')) stop.abort('down')
  })
  signal.addEventListener('abort', byAbort, { once: true })
  killed.addEventListener('abort', byKill, { once: true })
  const end = await network.clock.sleep(ms, stop).then(
    (): End => 'passed',
    (how: End) => how,
  )
  forget()
  signal.removeEventListener('abort', byAbort)
  killed.removeEventListener('abort', byKill)
  return end
}

/** In the middle of it. A network that goes away resets connections, or lets them hang. */
async function breakOff<T>(network: Network, ask: Exchange<T>, end: Exclude<End, 'passed'>): Promise<never> {
  switch (end) {
    case 'killed':
      return never()
    case 'aborted':
      throw stopped(ask)
    case 'down':
      if (network.happens('store', 'reset')) throw weather(ask, 'read ECONNRESET')
      return hearNothing(network, ask, SILENCE_MS_MAX)
    default:
      return assertNever(end)
  }
}

async function hearNothing<T>(network: Network, ask: Exchange<T>, ms: number): Promise<never> {
  const end = await pass(network, ask, ms, { mindsDown: false })
  if (end === 'aborted' || end === 'killed') return breakOff(network, ask, end)
  throw silence(ask)
}

async function failToConnect<T>(network: Network, ask: Exchange<T>): Promise<never> {
  const isRefused = network.happens('store', 'connection refused')
  const end = await pass(network, ask, isRefused ? REFUSED_MS : CONNECT_MS_MAX, { mindsDown: false })
  if (end === 'aborted' || end === 'killed') return breakOff(network, ask, end)
  throw weather(
    ask,
    isRefused
      ? 'connect ECONNREFUSED 192.0.2.7:443'
      : `TimeoutError the request did not establish a connection within the configured timeout of ${CONNECT_MS_MAX} ms.`,
  )
}

/** In the words of the driver. */
export const said = (kind: FaultKind, what: string, words: string): Fault =>
  new Fault(kind, `${WHERE}: ${what}: ${words}`)

const weather = ({ what }: { readonly what: string }, words: string): Fault =>
  said('unavailable', what, words)

const silence = (ask: { readonly what: string }): Fault =>
  weather(ask, `TimeoutError the request socket timed out after ${SILENCE_MS_MAX} ms of inactivity.`)

const stopped = ({ what }: { readonly what: string }): Fault => new Fault('aborted', `${what} was stopped`)

const never = (): Promise<never> => new Promise(() => {})
