import { createHash } from 'node:crypto'
import { utf8 } from '../base/bytes.ts'
import { Fault, isFault, messageOf } from '../base/fault.ts'
import type { Json } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { isPublicHttps } from '../base/public-address.ts'
import { retryDelayMs, type RetryRules } from '../base/retry.ts'
import type { Clock } from '../ports/clock.ts'
import type { Disk } from '../ports/disk.ts'
import type { PushMessage, PushService, VapidKeys } from '../ports/push-service.ts'
import type { Random } from '../ports/random.ts'
import type { Change, Records, Row } from '../ports/records.ts'
import type { PushBody, PushDesk, PushPayload } from '../web/index.ts'
import { openVapidKeys } from './vapid.ts'

export type PushDeps = {
  readonly service: PushService
  readonly disk: Disk
  readonly records: Records
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface Push extends PushDesk, AsyncDisposable {
  /** Returns at once; tells every browser that wants to be told. */
  tell(payload: PushPayload): void
  /** Tells every browser, and says how many were reached. */
  test(): Promise<{ readonly reached: number; readonly of: number }>
}

type Subscription = PushBody & { readonly member: string; readonly sinceUnixMs: number }

const MEMBER_MAX = 8
const ALL_MAX = 64
const ENDPOINT_LETTERS_MAX = 1024
const P256DH_BYTES = 65
const AUTH_BYTES = 16
const TRIES = 3
const RETRY: RetryRules = { delayMsMin: 1000, delayMsMax: 15_000 }
/** Who reads of a press later than this stands before a closed door. */
const TTL_S = 60

export async function openPush(deps: PushDeps): Promise<Push> {
  return new PushSender(deps, await openVapidKeys(deps.disk))
}

class PushSender implements Push {
  readonly publicKey: string
  readonly #deps: PushDeps
  readonly #vapid: VapidKeys
  readonly #stop = new AbortController()
  readonly #sending = new Set<Promise<unknown>>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(deps: PushDeps, vapid: VapidKeys) {
    this.#deps = deps
    this.#vapid = vapid
    this.publicKey = vapid.publicKey
  }

  async subscribe(member: string, body: PushBody): Promise<void> {
    checkBody(body)
    await this.#inTurn(async () => {
      const { endpoint, p256dh, auth } = body
      const sinceUnixMs = Math.round(this.#deps.clock.wall().at)
      const row: Subscription = { endpoint, p256dh, auth, member, sinceUnixMs }
      const others = (await this.#all()).filter(({ key }) => key !== keyOf(endpoint))
      const tooMany = [
        ...oldest(
          others.filter((other) => other.row.member === member),
          MEMBER_MAX - 1,
        ),
        ...oldest(others, ALL_MAX - 1),
      ]
      await this.#deps.records.write([...removals(tooMany), { put: 'push', key: keyOf(endpoint), row }])
    })
  }

  async unsubscribe(member: string, endpoint: string): Promise<void> {
    await this.#removeWhere(({ key, row }) => key === keyOf(endpoint) && row.member === member)
  }

  async forget(member: string): Promise<void> {
    await this.#removeWhere(({ row }) => row.member === member)
  }

  tell(payload: PushPayload): void {
    const telling = this.#tellAll(payload).catch((error: unknown) =>
      this.#deps.log.error('push.failed', { problem: messageOf(error) }),
    )
    const kept = telling.finally(() => this.#sending.delete(kept))
    this.#sending.add(kept)
  }

  test(): Promise<{ readonly reached: number; readonly of: number }> {
    return this.#tellAll({ v: 1, what: 'notice' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#sending)
    await this.#turn
  }

  async #tellAll(payload: PushPayload): Promise<{ readonly reached: number; readonly of: number }> {
    const message: PushMessage = {
      payload: utf8(JSON.stringify(payload)),
      ttlS: TTL_S,
      isUrgent: payload.what === 'press',
      vapid: this.#vapid,
    }
    const all = await this.#all()
    const outcomes = await Promise.all(all.map((one) => this.#sendTo(one, message)))
    const gone = all.filter((_, index) => outcomes[index] === 'gone')
    if (gone.length > 0) await this.#removeWhere(({ key }) => gone.some((one) => one.key === key))
    return { reached: outcomes.filter((outcome) => outcome === 'sent').length, of: all.length }
  }

  /** The log names no endpoint: whoever knows it can tell which browser it is. */
  async #sendTo({ row, key }: Kept, message: PushMessage): Promise<'sent' | 'gone' | 'failed'> {
    const { service, clock, random, log } = this.#deps
    const { signal } = this.#stop
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await service.send(row, message, { signal })
        return 'sent'
      } catch (error) {
        if (signal.aborted) break
        if (!isFault(error) || error.kind === 'bug') throw error
        if (error.kind === 'missing') return 'gone'
        const isWeather = error.kind === 'unavailable' && attempt < TRIES
        if (!isWeather) {
          log.warn('push.not_sent', { to: key.slice(0, 8), kind: error.kind, attempt })
          return 'failed'
        }
        await clock.sleep(retryDelayMs(attempt, random.uniform(), RETRY), { signal }).catch(() => {}) // Stopped: the loop's condition ends it.
      }
    }
    return 'failed'
  }

  async #all(): Promise<readonly Kept[]> {
    return (await this.#deps.records.list('push')).flatMap((row) => keptIn(row) ?? [])
  }

  #removeWhere(isMeant: (kept: Kept) => boolean): Promise<void> {
    return this.#inTurn(async () => {
      const gone = (await this.#all()).filter(isMeant)
      if (gone.length > 0) await this.#deps.records.write(removals(gone))
    })
  }

  #inTurn(job: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(job)
    this.#turn = mine.catch(() => {}) // Whoever asked hears of it.
    return mine
  }
}

type Kept = { readonly key: string; readonly row: Subscription }

const keyOf = (endpoint: string): string => createHash('sha256').update(endpoint).digest('hex')

const removals = (gone: readonly Kept[]): readonly Change[] =>
  [...new Set(gone.map(({ key }) => key))].map((key): Change => ({ remove: 'push', key }))

/** All but the `keep` newest. */
const oldest = (kept: readonly Kept[], keep: number): readonly Kept[] =>
  kept.toSorted((a, b) => b.row.sinceUnixMs - a.row.sinceUnixMs).slice(keep)

function checkBody({ endpoint, p256dh, auth }: PushBody): void {
  if (endpoint.length > ENDPOINT_LETTERS_MAX || !isPublicHttps(endpoint))
    throw new Fault('invalid', `endpoint: wanted a public https address, got ${endpoint.slice(0, 80)}`)
  const bytes = { p256dh: bytesIn(p256dh), auth: bytesIn(auth) }
  if (bytes.p256dh !== P256DH_BYTES)
    throw new Fault('invalid', `p256dh: wanted ${P256DH_BYTES} bytes in base64url, got ${bytes.p256dh}`)
  if (bytes.auth !== AUTH_BYTES)
    throw new Fault('invalid', `auth: wanted ${AUTH_BYTES} bytes in base64url, got ${bytes.auth}`)
}

const bytesIn = (text: string): number => (/^[\w-]*$/.test(text) ? Buffer.from(text, 'base64url').length : 0)

function keptIn({ key, row }: Row): Kept | undefined {
  const { endpoint, p256dh, auth, member, sinceUnixMs } = membersOf(row)
  if (
    typeof endpoint !== 'string' ||
    typeof p256dh !== 'string' ||
    typeof auth !== 'string' ||
    typeof member !== 'string' ||
    typeof sinceUnixMs !== 'number'
  )
    return undefined
  return { key, row: { endpoint, p256dh, auth, member, sinceUnixMs } }
}

const membersOf = (row: Json): Readonly<Record<string, Json | undefined>> =>
  typeof row === 'object' && row !== null && !Array.isArray(row)
    ? (row as Readonly<Record<string, Json | undefined>>) // An object of JSON has such members.
    : {}
