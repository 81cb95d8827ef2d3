/**
 * How often somebody may guess: buckets that fill slowly. Pure: whoever asks says when it is.
 *
 * A passphrase is the only secret here that could be guessed at all, so its guesses are paid for *before* anything is computed: each
 * browser that has signed in before from a bucket of its own, all others from that of their address and from one that all strangers share.
 * Strangers who guess empty their own buckets, never a known browser's. Codes and keys have 128 bits or more; wrong ones are counted so that
 * they can be told to wait, right ones need not be.
 */
import type { MonoMs } from '../base/time.ts'

type Rule = { readonly most: number; readonly refillMs: number }
/** 8 guesses, then one a minute: 1,440 a day for who has an address; 4,320 a day for all strangers together. */
const PEER: Rule = { most: 8, refillMs: 60_000 }
const BROWSER: Rule = { most: 10, refillMs: 30_000 }
const STRANGERS: Rule = { most: 20, refillMs: 20_000 }
/** Addresses remembered; when there are more, those whose buckets are fullest are forgotten, which costs least. */
const BUCKETS_MAX = 4096

export type Guesser = { readonly peer: string; readonly browser?: string | undefined }

export class Guesses {
  readonly #buckets = new Map<string, { level: number; at: MonoMs }>()

  /** Takes one guess. 0: go ahead; else how long to wait. */
  take(guesser: Guesser, now: MonoMs): number {
    const wanted = bucketsOf(guesser)
    const waitMs = Math.max(...wanted.map(([key, rule]) => this.#waitMs(key, rule, now)))
    if (waitMs > 0) return waitMs
    for (const [key, rule] of wanted) this.#set(key, this.#level(key, rule, now) - 1, now)
    return 0
  }

  /** A wrong code: how long its sender has to wait, 0 while they are not many. Right ones are let in whatever stands here. */
  countWrongCode(peer: string, now: MonoMs): number {
    const key = `code ${networkOf(peer)}`
    const waitMs = this.#waitMs(key, PEER, now)
    if (waitMs === 0) this.#set(key, this.#level(key, PEER, now) - 1, now)
    return waitMs
  }

  /** The guess was right: it does not count. */
  giveBack(guesser: Guesser, now: MonoMs): void {
    for (const [key, rule] of bucketsOf(guesser))
      this.#set(key, Math.min(rule.most, this.#level(key, rule, now) + 1), now)
  }

  get remembered(): number {
    return this.#buckets.size
  }

  #level(key: string, rule: Rule, now: MonoMs): number {
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) return rule.most
    return Math.min(rule.most, bucket.level + (now - bucket.at) / rule.refillMs)
  }

  #waitMs(key: string, rule: Rule, now: MonoMs): number {
    const level = this.#level(key, rule, now)
    return level >= 1 ? 0 : Math.ceil((1 - level) * rule.refillMs)
  }

  #set(key: string, level: number, at: MonoMs): void {
    this.#buckets.delete(key)
    this.#buckets.set(key, { level, at })
    if (this.#buckets.size > BUCKETS_MAX) this.#forgetOldest()
  }

  /** The one that was asked longest ago has filled up most. */
  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      if (key === 'strangers') continue
      this.#buckets.delete(key)
      return
    }
  }
}

function bucketsOf({ peer, browser }: Guesser): readonly (readonly [string, Rule])[] {
  if (browser !== undefined) return [[`browser ${browser}`, BROWSER]]
  return [
    [`peer ${networkOf(peer)}`, PEER],
    ['strangers', STRANGERS],
  ]
}

/** Whoever has one IPv6 address has 2^64 of them: they count as one. */
export function networkOf(peer: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(peer)?.[1]
  if (mapped !== undefined) return mapped
  if (!peer.includes(':')) return peer
  const [head = '', tail] = peer.replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}
