/** Digest authentication (RFC 7616, and RFC 2617 for those who know only MD5). The password itself never travels. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export type Account = { readonly username: string; readonly password: string }

const REALM = 'Lintel'
const NONCE_MS_MAX = 300_000

type Algorithm = 'SHA-256' | 'MD5'
const HASH_NAMES: Readonly<Record<Algorithm, string>> = { 'SHA-256': 'sha256', MD5: 'md5' }

export type Asked = { readonly method: string; readonly now: number }
export type Verdict = 'welcome' | 'stale' | 'wrong' | 'nobody'

/** The questions and answers of one connection: what one of them was told is worth nothing to another. */
export class DigestDesk {
  readonly #account: Account
  #nonce = ''
  #madeAt = -Infinity

  constructor(account: Account) {
    this.#account = account
  }

  /** The lines of `WWW-Authenticate`. MD5 comes last: most clients take the last that they read, and many know nothing else. */
  challenges({ now, isStale }: { readonly now: number; readonly isStale: boolean }): readonly string[] {
    if (now - this.#madeAt > NONCE_MS_MAX || isStale) {
      this.#nonce = randomBytes(16).toString('hex')
      this.#madeAt = now
    }
    const stale = isStale ? ', stale=true' : ''
    return (['SHA-256', 'MD5'] as const).map(
      (algorithm) => `Digest realm="${REALM}", nonce="${this.#nonce}", algorithm=${algorithm}${stale}`,
    )
  }

  judge(authorization: string | undefined, { method, now }: Asked): Verdict {
    if (authorization === undefined) return 'nobody'
    const given = parseDigest(authorization)
    if (given === undefined) return 'wrong'
    if (this.#nonce === '' || given.get('nonce') !== this.#nonce) return 'stale'
    const expected = this.#responseTo(given, method)
    const isRight =
      isSame(given.get('username') ?? '', this.#account.username) &&
      isSame(given.get('response') ?? '', expected)
    if (!isRight) return 'wrong'
    return now - this.#madeAt > NONCE_MS_MAX ? 'stale' : 'welcome'
  }

  #responseTo(given: ReadonlyMap<string, string>, method: string): string {
    const { username, password } = this.#account
    const algorithm: Algorithm = given.get('algorithm')?.toUpperCase() === 'SHA-256' ? 'SHA-256' : 'MD5'
    const hash = (text: string): string => createHash(HASH_NAMES[algorithm]).update(text).digest('hex')
    const who = hash(`${username}:${REALM}:${password}`)
    const what = hash(`${method}:${given.get('uri') ?? ''}`)
    const qop = given.get('qop')
    const counted = qop === undefined ? '' : `${given.get('nc') ?? ''}:${given.get('cnonce') ?? ''}:${qop}:`
    return hash(`${who}:${this.#nonce}:${counted}${what}`)
  }
}

/** Compares without telling by its time how much was right. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

function parseDigest(header: string): ReadonlyMap<string, string> | undefined {
  const fields = /^Digest\s+(.*)$/is.exec(header)?.[1]
  if (fields === undefined) return undefined
  return new Map(
    [...fields.matchAll(/([a-z]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/gi)].map(([, name = '', quoted, bare]) => [
      name.toLowerCase(),
      quoted ?? bare ?? '',
    ]),
  )
}
