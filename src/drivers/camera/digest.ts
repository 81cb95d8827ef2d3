/** Answers a camera's challenges: Digest (RFC 7616, RFC 2617) with SHA-256 or MD5; Basic (RFC 7617) over TLS only. */
import { createHash, randomBytes } from 'node:crypto'
import { Fault } from '../../base/fault.ts'

export type Account = { readonly username: string; readonly password: string }

type Digest = {
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | undefined
  readonly algorithm: string | undefined
  readonly hasQop: boolean
}

const HASHES: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', MD5: 'md5' }

/** The password never leaves this object but as a hash, or inside TLS. */
export class Credentials {
  readonly #account: Account | undefined
  readonly #isSecure: boolean
  #digest: Digest | undefined
  #isBasic = false
  #count = 0

  constructor(account: Account | undefined, { isSecure }: { readonly isSecure: boolean }) {
    this.#account = account
    this.#isSecure = isSecure
  }

  /**
   * Takes what stands in `WWW-Authenticate`; then it is worth asking again. Throws `Fault('denied')` when there is no use in that:
   * no account, a wrong one, or nothing offered that does not give the password away.
   */
  learn(header: string, where: string): void {
    if (this.#account === undefined)
      throw new Fault(
        'denied',
        `${where} wants a user name and password: set camera.rtsp.username and camera.rtsp.passwordFile`,
      )
    const offers = offersIn(header)
    const wasAsked = this.#digest !== undefined || this.#isBasic
    if (wasAsked && !offers.some(({ isStale }) => isStale))
      throw new Fault('denied', `${where} does not accept the user name or the password`)
    this.#digest = bestDigest(offers)
    this.#count = 0
    if (this.#digest !== undefined) return
    if (!offers.some(({ scheme }) => scheme === 'basic'))
      throw new Fault('denied', `${where}: wanted digest authentication with SHA-256 or MD5, got neither`)
    if (!this.#isSecure)
      throw new Fault(
        'denied',
        `${where} wants the password in the clear: switch digest authentication on in the camera, or use rtsps://`,
      )
    this.#isBasic = true
  }

  /** What to send along; undefined while nobody asked. */
  answer(method: string, uri: string): string | undefined {
    if (this.#account === undefined) return undefined
    const { username, password } = this.#account
    if (this.#digest !== undefined)
      return this.#answerDigest(this.#digest, { method, uri, username, password })
    return this.#isBasic ? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` : undefined
  }

  #answerDigest(
    { realm, nonce, opaque, algorithm, hasQop }: Digest,
    { method, uri, username, password }: Account & { readonly method: string; readonly uri: string },
  ): string {
    const name = HASHES[(algorithm ?? 'MD5').toUpperCase().replace(/-SESS$/, '')] ?? 'md5'
    const hash = (text: string): string => createHash(name).update(text).digest('hex')
    const cnonce = randomBytes(8).toString('hex')
    const nc = (++this.#count).toString(16).padStart(8, '0')
    const plain = hash(`${username}:${realm}:${password}`)
    const who = /-sess$/i.test(algorithm ?? '') ? hash(`${plain}:${nonce}:${cnonce}`) : plain
    const counted = hasQop ? `${nc}:${cnonce}:auth:` : ''
    const response = hash(`${who}:${nonce}:${counted}${hash(`${method}:${uri}`)}`)
    return [
      `Digest username="${quoted(username)}", realm="${quoted(realm)}", nonce="${quoted(nonce)}", uri="${quoted(uri)}", response="${response}"`,
      ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
      ...(opaque === undefined ? [] : [`opaque="${quoted(opaque)}"`]),
      ...(hasQop ? [`qop=auth, nc=${nc}, cnonce="${cnonce}"`] : []),
    ].join(', ')
  }
}

const quoted = (text: string): string => text.replace(/["\\]/g, '\\$&')

type Offer = {
  readonly scheme: string
  readonly fields: ReadonlyMap<string, string>
  readonly isStale: boolean
}

/** Several challenges in one header, with commas between them as between their fields. */
function offersIn(header: string): readonly Offer[] {
  const starts = [...header.slice(0, 8192).matchAll(/(?:^|,)\s*(digest|basic)\s+/gi)]
  return starts.map((start, index) => {
    const text = header.slice(start.index + start[0].length, starts[index + 1]?.index ?? 8192)
    const fields = new Map(
      [...text.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)].map(
        ([, name = '', inQuotes, bare]) => [
          name.toLowerCase(),
          inQuotes?.replace(/\\(.)/g, '$1') ?? bare ?? '',
        ],
      ),
    )
    return {
      scheme: (start[1] ?? '').toLowerCase(),
      fields,
      isStale: fields.get('stale')?.toLowerCase() === 'true',
    }
  })
}

function bestDigest(offers: readonly Offer[]): Digest | undefined {
  const known = offers.flatMap(({ scheme, fields }) => {
    const algorithm = fields.get('algorithm')
    const nonce = fields.get('nonce')
    const qop = fields.get('qop')
    const isKnown = HASHES[(algorithm ?? 'MD5').toUpperCase().replace(/-SESS$/, '')] !== undefined
    const hasAuth = qop === undefined || qop.split(',').some((word) => word.trim() === 'auth')
    if (scheme !== 'digest' || nonce === undefined || !isKnown || !hasAuth) return []
    const digest: Digest = {
      ...{ realm: fields.get('realm') ?? '', nonce, opaque: fields.get('opaque'), algorithm },
      hasQop: qop !== undefined,
    }
    return [digest]
  })
  return known.find(({ algorithm }) => algorithm?.toUpperCase().startsWith('SHA-256')) ?? known[0]
}
