import { execFileSync } from 'node:child_process'
import { createDecipheriv, createECDH, createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import type { BrowserKeys, PushServiceUnderTest } from '../../ports/push-service.contract.ts'
import { createPushService } from './index.ts'

const NAME = 'push.example.com'
/** Made once for all tests of a file. */
let tls: Tls | undefined
type Tls = { readonly cert: string; readonly key: string }

/** A service on this machine that its certificate calls `push.example.com`. */
export async function openHttpsPushService(): Promise<
  PushServiceUnderTest & { readonly headers: Record<string, unknown>[]; readonly tls: Tls }
> {
  tls ??= await selfSigned()
  const { cert, key } = tls
  const browsers = new Map<string, BrowserKeys>()
  const bodies: { readonly path: string; readonly body: Uint8Array }[] = []
  const headers: Record<string, unknown>[] = []
  let status = 201
  const server = createServer({ cert, key }, (request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (status === 201) bodies.push({ path: request.url ?? '', body: Buffer.concat(chunks) })
      headers.push(request.headers)
      reply.writeHead(status, { location: 'https://127.0.0.1/elsewhere' }).end('what people would read')
    })
  })
  const port = await listening(server)
  return {
    headers,
    tls,
    service: createPushService({
      ca: cert,
      addressesOf: async () => [{ address: '127.0.0.1', family: 4 }],
      isAllowed: (address) => address === '127.0.0.1',
    }),
    subscribe(keys) {
      const path = `/send/${browsers.size}`
      browsers.set(path, keys)
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
      return {
        endpoint: `https://${NAME}:${port}${path}`,
        p256dh: text(keys.publicKey),
        auth: text(keys.auth),
      }
    },
    async received({ endpoint }) {
      const { pathname } = new URL(endpoint)
      const keys = browsers.get(pathname)
      if (keys === undefined) return []
      return bodies.filter(({ path }) => path === pathname).map(({ body }) => opened(body, keys))
    },
    answer: (next) => void (status = next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)) // It listens on TCP.
  })

async function selfSigned(): Promise<Tls> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-push-'))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`]
  execFileSync('openssl', ['req', '-x509', ...newKey, '-out', cert, '-days', '2', ...subject], {
    stdio: 'pipe',
  })
  const tlsOf = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') }
  await rm(folder, { recursive: true })
  return tlsOf
}

/** RFC 8291 with one record of RFC 8188, from the browser's side. */
function opened(body: Uint8Array, { privateKey, publicKey, auth }: BrowserKeys): Uint8Array {
  const [salt, idLength] = [body.subarray(0, 16), body[20] ?? 0]
  const sender = body.subarray(21, 21 + idLength)
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(privateKey)
  const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
    createHmac('sha256', key).update(concatBytes(parts)).digest()
  const one = new Uint8Array([1])
  const shared = hmac(auth, pair.computeSecret(sender))
  const ikm = hmac(shared, utf8('WebPush: info\0'), publicKey, sender, one)
  const prk = hmac(salt, ikm)
  const key = hmac(prk, utf8('Content-Encoding: aes128gcm\0'), one).subarray(0, 16)
  const nonce = hmac(prk, utf8('Content-Encoding: nonce\0'), one).subarray(0, 12)
  const sealed = body.subarray(21 + idLength)
  const decipher = createDecipheriv('aes-128-gcm', key, nonce)
  decipher.setAuthTag(sealed.subarray(-16))
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  return new Uint8Array(padded.subarray(0, padded.lastIndexOf(2)))
}
