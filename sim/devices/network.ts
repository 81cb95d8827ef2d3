/**
 * The way to the store and to the broker, and its weather. It says what becomes of a call; what that means to a request
 * over HTTP or to a message over MQTT is for `store-exchange.ts` and `broker-line.ts`.
 */
import { assert } from '../../src/base/assert.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimClock } from './sim-clock.ts'

export type Host = 'store' | 'broker'

/** How the way to one host is. Rates from 0 to 1. */
export type Weather = {
  /** A request or its answer gets lost; in half of all cases the work was done. */
  readonly lossRate: number
  /** What was sent arrives twice. */
  readonly duplicateRate: number
  /** There and back together. */
  readonly delayMs: { readonly least: number; readonly most: number }
  /** 5xx; a broker says “unspecified error”. */
  readonly serverErrorRate: number
  /** 429; a broker says “quota exceeded”. */
  readonly throttleRate: number
  /** The bytes are damaged on the way: the store finds out and refuses them; the broker's connection breaks. */
  readonly wrongChecksumRate: number
  readonly credentials: 'valid' | 'expired'
  /** How fast bytes get through; 0: at once. */
  readonly dripBytesPerS: number
  /** All objects of the store together may have so many bytes. */
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

export type Mishap = 'request-lost' | 'answer-lost' | 'denied' | 'server-error' | 'throttled' | 'damaged'

/** What becomes of one call, decided when it begins. */
export type Fate = {
  /** Until the last byte has left. */
  readonly sendingMs: number
  /** From the last byte sent to its arrival. */
  readonly thereMs: number
  readonly backMs: number
  readonly isDuplicated: boolean
  readonly mishap: Mishap | undefined
}

export interface Network {
  readonly clock: SimClock
  /** Nobody gets through to the host, or to any. What is on its way arrives or does not, by chance. */
  down(host?: Host): void
  up(host?: Host): void
  isUp(host: Host): boolean
  /** Calls back after anything about a host has changed. The result ends it. */
  onChange(listen: (host: Host) => void): () => void
  /** Takes effect with the next call. */
  set(weather: Partial<Weather>, host?: Host): void
  weather(host: Host): Weather
  /** Everything is up and clear. */
  heal(): void
  fateOf(host: Host, sentBytes: number): Fate
  /** How long so many bytes take. */
  dripMs(host: Host, bytes: number): number
  /** Chance for one purpose, which no other purpose changes: true in so many of all cases. */
  happens(host: Host, purpose: string, rate?: number): boolean
  /** From 0 up to, but not including, 1. */
  uniform(host: Host, purpose: string): number
}

const HOSTS: readonly Host[] = ['store', 'broker']

export function createNetwork({
  clock,
  random,
}: {
  readonly clock: SimClock
  readonly random: SeededRandom
}): Network {
  const ways: Readonly<Record<Host, Way>> = {
    store: new Way(random.fork('store')),
    broker: new Way(random.fork('broker')),
  }
  const listeners = new Set<(host: Host) => void>()
  const change = (host: Host | undefined, next: Partial<Pick<Way, 'isUp' | 'weather'>>): void => {
    for (const each of host === undefined ? HOSTS : [host]) {
      Object.assign(ways[each], next)
      // Who is called back may stop listening, or begin to.
      for (const listen of [...listeners]) listen(each)
    }
  }
  return {
    clock,
    down: (host) => change(host, { isUp: false }),
    up: (host) => change(host, { isUp: true }),
    isUp: (host) => ways[host].isUp,
    onChange(listen) {
      listeners.add(listen)
      return () => listeners.delete(listen)
    },
    set(weather, host) {
      for (const each of host === undefined ? HOSTS : [host])
        change(each, { weather: checked({ ...ways[each].weather, ...weather }) })
    },
    weather: (host) => ways[host].weather,
    heal: () => change(undefined, { isUp: true, weather: CLEAR }),
    fateOf: (host, sentBytes) => ways[host].fateOf(sentBytes),
    dripMs: (host, bytes) => ways[host].dripMs(bytes),
    happens: (host, purpose, rate = 0.5) => ways[host].happens(purpose, rate),
    uniform: (host, purpose) => ways[host].uniform(purpose),
  }
}

/** The way to one host. Every kind of mishap has chance of its own, so that another rate of one moves none of the others. */
class Way {
  isUp = true
  weather = CLEAR
  readonly #random: SeededRandom
  readonly #chances = new Map<string, SeededRandom>()

  constructor(random: SeededRandom) {
    this.#random = random
  }

  uniform(purpose: string): number {
    let chance = this.#chances.get(purpose)
    if (chance === undefined) this.#chances.set(purpose, (chance = this.#random.fork(purpose)))
    return chance.uniform()
  }

  happens(purpose: string, rate: number): boolean {
    return rate > 0 && this.uniform(purpose) < rate
  }

  dripMs(bytes: number): number {
    const { dripBytesPerS } = this.weather
    return dripBytesPerS > 0 ? (bytes / dripBytesPerS) * 1000 : 0
  }

  fateOf(sentBytes: number): Fate {
    const delayMs = this.#delayMs()
    const thereMs = delayMs > 0 ? delayMs * this.uniform('share of the way there') : 0
    return {
      sendingMs: this.dripMs(sentBytes),
      thereMs,
      backMs: delayMs - thereMs,
      isDuplicated: this.happens('duplicate', this.weather.duplicateRate),
      mishap: this.#mishap(),
    }
  }

  #delayMs(): number {
    const { least, most } = this.weather.delayMs
    return most > 0 ? least + this.uniform('delay') * (most - least) : 0
  }

  /** What happens first on the way hides what would have happened next. */
  #mishap(): Mishap | undefined {
    const { lossRate, serverErrorRate, throttleRate, wrongChecksumRate, credentials } = this.weather
    const isLost = this.happens('loss', lossRate)
    const isServerError = this.happens('server error', serverErrorRate)
    const isThrottled = this.happens('throttle', throttleRate)
    const isDamaged = this.happens('damage', wrongChecksumRate)
    if (isLost && this.happens('which is lost', 0.5)) return 'request-lost'
    if (credentials === 'expired') return 'denied'
    if (isServerError) return 'server-error'
    if (isThrottled) return 'throttled'
    if (isDamaged) return 'damaged'
    return isLost ? 'answer-lost' : undefined
  }
}

function checked(weather: Weather): Weather {
  const { lossRate, duplicateRate, serverErrorRate, throttleRate, wrongChecksumRate, delayMs } = weather
  for (const rate of [lossRate, duplicateRate, serverErrorRate, throttleRate, wrongChecksumRate])
    assert(rate >= 0 && rate <= 1, `a rate: wanted 0 to 1, got ${rate}`)
  assert(delayMs.least >= 0 && delayMs.least <= delayMs.most, 'a delay: wanted least up to most')
  assert(weather.dripBytesPerS >= 0 && weather.quotaBytes >= 0, 'wanted a speed and a quota of at least 0')
  return weather
}
