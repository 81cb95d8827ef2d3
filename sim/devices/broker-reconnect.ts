/** How the MQTT driver makes its connections: at once, then again and again with growing pauses. */
import { retryDelayMs, type RetryRules } from '../../src/base/retry.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Network } from './network.ts'

/** Those of the driver. */
const RECONNECT: RetryRules = { delayMsMin: 500, delayMsMax: 60_000 }
const CONNECT_MS_MAX = 10_000
const REFUSED_MS = 5
/** CONNECT and its will. */
const CONNECT_BYTES = 120

export type WayBack = { readonly network: Network; readonly clock: Clock; readonly signal: AbortSignal }

/**
 * Calls `onMade` once, when there is a connection: before it returns if nothing on the way takes time. Ends without one
 * when the signal is aborted, and leaves neither timer nor listener behind.
 */
export async function comeBack(
  way: WayBack,
  { isFirst, onMade }: { readonly isFirst: boolean; readonly onMade: () => void },
): Promise<void> {
  let attempt = 0
  try {
    if (!isFirst) await way.clock.sleep(pauseMs(way, ++attempt), way)
    for (;;) {
      const made = letsIn(way.network) ? tryOnce(way) : undefined
      if (made === undefined) attempt = await failUntilLetIn(way, attempt)
      else if (made === true || (await made)) break
      else await way.clock.sleep(pauseMs(way, ++attempt), way)
    }
  } catch (error) {
    if (way.signal.aborted) return
    throw error
  }
  if (!way.signal.aborted) onMade()
}

const letsIn = (network: Network): boolean =>
  network.isUp('broker') && network.weather('broker').credentials === 'valid'

const pauseMs = ({ network }: WayBack, attempt: number): number =>
  retryDelayMs(attempt, network.uniform('broker', 'reconnect'), RECONNECT)

/** What came of it: known at once when nothing on the way takes time. */
function tryOnce({ network, clock, signal }: WayBack): boolean | Promise<boolean> {
  const { sendingMs, thereMs, backMs, mishap } = network.fateOf('broker', CONNECT_BYTES)
  const isLost = mishap === 'request-lost' || mishap === 'answer-lost'
  const takesMs = isLost ? CONNECT_MS_MAX : Math.min(sendingMs + thereMs + backMs, CONNECT_MS_MAX)
  const isMade = (): boolean => mishap === undefined && takesMs < CONNECT_MS_MAX && letsIn(network)
  return takesMs > 0 ? clock.sleep(takesMs, { signal }).then(isMade) : isMade()
}

/**
 * No attempt can succeed until something changes, so none is made: a week without a broker costs nothing. Only when it is
 * over the attempts that would have been made are counted, and the next is made when its time has come.
 */
async function failUntilLetIn(way: WayBack, before: number): Promise<number> {
  const { network, clock, signal } = way
  let attempt = before
  let nextMs: number = clock.mono()
  await untilLetIn(network, signal)
  const nowMs = clock.mono()
  do {
    nextMs += network.happens('broker', 'connection refused') ? REFUSED_MS : CONNECT_MS_MAX
    nextMs += pauseMs(way, ++attempt)
  } while (nextMs < nowMs)
  await clock.sleep(nextMs - nowMs, { signal })
  return attempt
}

function untilLetIn(network: Network, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => {
      forget()
      reject(signal.reason)
    }
    const forget = network.onChange(() => {
      if (!letsIn(network)) return
      forget()
      signal.removeEventListener('abort', stopped)
      resolve()
    })
    signal.addEventListener('abort', stopped, { once: true })
  })
}
