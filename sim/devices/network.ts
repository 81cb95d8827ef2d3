import { Fault } from '../../src/base/fault.ts'
import type { Random } from '../../src/ports/random.ts'
import type { SimClock } from './sim-clock.ts'

export type Host = 'store' | 'broker'

/** How the way to one host is. Rates from 0 to 1. */
export type Weather = {
  /** A request or its answer gets lost; in half of all cases the work was done. */
  readonly lossRate: number
  /** What was sent arrives twice. */
  readonly duplicateRate: number
  readonly delayMs: { readonly least: number; readonly most: number }
  readonly serverErrorRate: number
  readonly throttleRate: number
  /** The bytes are damaged on the way, which the store finds out. */
  readonly wrongChecksumRate: number
  readonly credentials: 'valid' | 'expired'
  /** How fast bytes get through; 0: at once. */
  readonly dripBytesPerS: number
  /** All objects together may have so many bytes. */
  readonly quotaBytes: number
}

export const CLEAR: Weather = {
  lossRate: 0,
  duplicateRate: 0,
  delayMs: { least: 0, most: 0 },
  serverErrorRate: 0,
  throttleRate: 0,
  wrongChecksumRate: 0,
  credentials: 'valid',
  dripBytesPerS: 0,
  quotaBytes: Infinity,
}

const TIMEOUT_MS = 10_000
const REFUSED_MS = 5

export interface Network {
  /** Nobody gets through to the host, or to any. What is on its way gets lost, or has arrived already. */
  down(host?: Host): void
  up(host?: Host): void
  isUp(host: Host): boolean
  /** Called whenever a host can be reached again, or cannot any more. */
  onChange(listen: (host: Host, isUp: boolean) => void): void
  set(weather: Partial<Weather>, host?: Host): void
  weather(host: Host): Weather
  heal(): void
  /**
   * One request: `work` is what the host does when it arrives. Takes as long as the weather says, throws what the weather
   * does to it, and may do the work although the answer is lost.
   */
  request<T>(request: Request<T>): Promise<T>
}

export type Request<T> = {
  readonly host: Host
  /** For messages: `put 3f2a…`. */
  readonly what: string
  readonly bytes: number
  readonly signal: AbortSignal
  readonly work: () => T
}

export function createNetwork({
  clock,
  random,
}: {
  readonly clock: SimClock
  readonly random: Random
}): Network {
  const weathers: Record<Host, Weather> = { store: CLEAR, broker: CLEAR }
  const isDown: Record<Host, boolean> = { store: false, broker: false }
  const listeners: ((host: Host, isUp: boolean) => void)[] = []
  const turn = (host: Host | undefined, down: boolean): void => {
    for (const each of host === undefined ? HOSTS : [host]) {
      if (isDown[each] === down) continue
      isDown[each] = down
      for (const listen of listeners) listen(each, !down)
    }
  }
  const chance = (rate: number): boolean => rate > 0 && random.uniform() < rate
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    if (ms <= 0) return
    await clock.sleep(ms, { signal }).catch(() => {
      throw new Fault('aborted', 'the request was stopped')
    })
  }
  return {
    down: (host) => turn(host, true),
    up: (host) => turn(host, false),
    isUp: (host) => !isDown[host],
    onChange: (listen) => void listeners.push(listen),
    set(weather, host) {
      for (const each of host === undefined ? HOSTS : [host])
        weathers[each] = { ...weathers[each], ...weather }
    },
    weather: (host) => weathers[host],
    heal() {
      for (const each of HOSTS) weathers[each] = CLEAR
      turn(undefined, false)
    },
    async request({ host, what, bytes, signal, work }) {
      if (signal.aborted) throw new Fault('aborted', `${what} was stopped`)
      if (isDown[host]) return noWay(host, what, signal)
      const { lossRate, duplicateRate, delayMs, dripBytesPerS } = weathers[host]
      const dripMs = dripBytesPerS > 0 ? (bytes / dripBytesPerS) * 1000 : 0
      const spreadMs =
        delayMs.most > 0 ? delayMs.least + random.uniform() * (delayMs.most - delayMs.least) : 0
      await wait(dripMs + spreadMs, signal)
      if (isDown[host]) return noWay(host, what, signal)
      const isLost = chance(lossRate)
      if (isLost && random.uniform() < 0.5) return lost(what, signal)
      refuseAsTold(weathers[host], what, chance)
      const result = work()
      if (chance(duplicateRate)) work()
      return isLost ? lost(what, signal) : result
    },
  }

  async function noWay(host: Host, what: string, signal: AbortSignal): Promise<never> {
    const isTimeout = random.uniform() < 0.5
    await wait(isTimeout ? TIMEOUT_MS : REFUSED_MS, signal)
    throw new Fault('unavailable', `${what}: ${host}: ${isTimeout ? 'timed out' : 'connection refused'}`)
  }

  async function lost(what: string, signal: AbortSignal): Promise<never> {
    await wait(TIMEOUT_MS, signal)
    throw new Fault('unavailable', `${what}: no answer came`)
  }
}

const HOSTS: readonly Host[] = ['store', 'broker']

function refuseAsTold(weather: Weather, what: string, chance: (rate: number) => boolean): void {
  if (weather.credentials === 'expired')
    throw new Fault('denied', `${what}: the credentials have expired (403)`)
  if (chance(weather.serverErrorRate)) throw new Fault('unavailable', `${what}: service unavailable (503)`)
  if (chance(weather.throttleRate)) throw new Fault('unavailable', `${what}: slow down (429)`)
  if (chance(weather.wrongChecksumRate))
    throw new Fault(
      'corrupt',
      `${what}: the store got other bytes than were sent (XAmzContentSHA256Mismatch)`,
    )
}
