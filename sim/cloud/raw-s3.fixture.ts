/** A client that says exactly what a test wants, wrong signatures included; written from the standard, not from the server. */
import { createHash, createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { CloudAccount } from './index.ts'

export type RawRequest = {
  readonly method?: string
  /** As it goes over the wire, already encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}
export type RawAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** `<Code>` of an error. */
  readonly code: string | undefined
}

export type SignOptions = {
  readonly nowMs: number
  readonly secret?: string
  readonly region?: string
  /** Instead of the body's SHA-256. */
  readonly payload?: string
}

const SERVICE = 's3'
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

const escape = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
const queryText = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${escape(name)}=${escape(value)}`)
    .sort()
    .join('&')

export class RawS3 {
  readonly #host: string
  readonly #account: CloudAccount

  constructor(endpoint: string, account: CloudAccount) {
    this.#host = new URL(endpoint).host
    this.#account = account
  }

  /** Signs in headers and sends. `tamper` changes the request after it was signed. */
  async signed(
    request: RawRequest,
    options: SignOptions,
    tamper: (request: RawRequest) => RawRequest = (same) => same,
  ): Promise<RawAnswer> {
    return this.send(tamper(this.sign(request, options).request))
  }

  sign(request: RawRequest, options: SignOptions): { readonly request: RawRequest; readonly seed: Seed } {
    const time = timeText(options.nowMs)
    const scope = this.#scope(time, options)
    const payload = options.payload ?? sha256(request.body ?? '')
    const headers: Record<string, string> = {
      ...request.headers,
      host: this.#host,
      'x-amz-content-sha256': payload,
      'x-amz-date': time,
    }
    const names = Object.keys(headers).sort()
    const signature = this.#signature({ ...request, headers }, names, payload, time, options)
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${this.#account.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
    const seed = { key: this.#key(time, options), scope, time, signature }
    return { request: { ...request, headers }, seed }
  }

  /** The address that whoever has it may use for so many seconds. */
  presign(request: RawRequest, options: SignOptions & { readonly expiresS: number }): RawRequest {
    const time = timeText(options.nowMs)
    const query: Record<string, string> = {
      ...request.query,
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${this.#account.accessKeyId}/${this.#scope(time, options)}`,
      'X-Amz-Date': time,
      'X-Amz-Expires': String(options.expiresS),
      'X-Amz-SignedHeaders': 'host',
    }
    const headers = { host: this.#host }
    query['X-Amz-Signature'] = this.#signature(
      { ...request, headers, query },
      ['host'],
      'UNSIGNED-PAYLOAD',
      time,
      options,
    )
    return { ...request, query }
  }

  send({ method = 'GET', path, query, headers = {}, body }: RawRequest): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(`http://${this.#host}`)
      const wire = httpRequest(
        { hostname, port, method, path: query === undefined ? path : `${path}?${queryText(query)}`, headers },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            const code = /<Code>(.*)<\/Code>/.exec(text)?.[1]
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code })
          })
        },
      )
      wire.on('error', reject)
      wire.end(body)
    })
  }

  #scope(time: string, { region = this.#account.region }: SignOptions): string {
    return `${time.slice(0, 8)}/${region}/${SERVICE}/aws4_request`
  }

  #key(
    time: string,
    { region = this.#account.region, secret = this.#account.secretAccessKey }: SignOptions,
  ): Buffer {
    const date = hmac(`AWS4${secret}`, time.slice(0, 8))
    return hmac(hmac(hmac(date, region), SERVICE), 'aws4_request')
  }

  #signature(
    { method = 'GET', path, query = {}, headers = {} }: RawRequest,
    names: readonly string[],
    payload: string,
    time: string,
    options: SignOptions,
  ): string {
    const rows = names.map((name) => `${name}:${headers[name]}\n`).join('')
    const canonical = [method, path, queryText(query), rows, names.join(';'), payload].join('\n')
    const text = ['AWS4-HMAC-SHA256', time, this.#scope(time, options), sha256(canonical)].join('\n')
    return hmac(this.#key(time, options), text).toString('hex')
  }
}

export type Seed = {
  readonly key: Buffer
  readonly scope: string
  readonly time: string
  readonly signature: string
}

/** `aws-chunked`: each chunk signed over the signature before it. */
export function signedChunks({ key, scope, time, signature }: Seed, chunks: readonly string[]): string {
  let previous = signature
  return [...chunks, '']
    .map((chunk) => {
      previous = hmac(
        key,
        ['AWS4-HMAC-SHA256-PAYLOAD', time, scope, previous, sha256(''), sha256(chunk)].join('\n'),
      ).toString('hex')
      return `${Buffer.byteLength(chunk).toString(16)};chunk-signature=${previous}\r\n${chunk}\r\n`
    })
    .join('')
}

/** `20260101T000000Z` */
const timeText = (ms: number): string => `${new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
