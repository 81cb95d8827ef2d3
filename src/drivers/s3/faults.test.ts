import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedCloud, type EmbeddedCloud } from '../../../sim/cloud/index.ts'
import { utf8 } from '../../base/bytes.ts'
import { isFault, type Fault } from '../../base/fault.ts'
import { silentLog } from '../../base/log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { faultOf } from './faults.ts'
import { openS3Store, type S3Options } from './index.ts'

const SECRET = 'a-secret-that-nobody-may-read'
const bytes = utf8('text')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const forever = { signal: new AbortController().signal }

const open = (options: Partial<S3Options>): Promise<ObjectStore & AsyncDisposable> =>
  openS3Store(
    {
      region: 'us-east-1',
      bucket: 'doorbell',
      pathStyle: true,
      credentials: { accessKeyId: 'KEY', secretAccessKey: SECRET },
      ...options,
    },
    { log: silentLog },
  )

/** What the first put to such a store fails with. */
async function faultWith(options: Partial<S3Options>): Promise<Fault> {
  await using store = await open(options)
  const error: unknown = await store
    .put('a', bytes, { sha256, ifAbsent: false, ...forever })
    .catch((e: unknown) => e)
  if (!isFault(error)) throw new Error(`wanted a Fault, got ${String(error)}`)
  return error
}

describe('what the S3 driver says of a store that', () => {
  let folder: string
  let cloud: EmbeddedCloud
  let now = Date.now()
  beforeEach(async () => {
    now = Date.now()
    folder = await mkdtemp(join(tmpdir(), 'lintel-cloud-'))
    cloud = await openEmbeddedCloud({ folder, log: silentLog, now: () => now })
  })
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('knows the key, but not with this secret', async () => {
    const { accessKeyId } = cloud.account
    const fault = await faultWith({
      endpoint: cloud.endpoint,
      credentials: { accessKeyId, secretAccessKey: SECRET },
    })
    expect(fault.kind).toBe('denied')
    expect(fault.message).toContain(`${cloud.endpoint}/doorbell: put a: 403 SignatureDoesNotMatch`)
    expect(fault.message).not.toContain(SECRET)
  })

  it.each<[string, Partial<S3Options>, string]>([
    [
      'does not know the key',
      { credentials: { accessKeyId: 'X', secretAccessKey: 'Y' } },
      'InvalidAccessKeyId',
    ],
    ['is in another region', { region: 'eu-west-1' }, 'AuthorizationHeaderMalformed'],
    ['has no such bucket', { bucket: 'another' }, 'NoSuchBucket'],
  ])('%s: denied, for that can be set right', async (_what, options, code) => {
    const fault = await faultWith({ endpoint: cloud.endpoint, credentials: cloud.account, ...options })
    expect(fault).toMatchObject({ kind: 'denied', message: expect.stringContaining(code) })
  })

  it('has another idea of the time: unavailable, for clocks get set', async () => {
    now += 3_600_000
    const fault = await faultWith({ endpoint: cloud.endpoint, credentials: cloud.account })
    expect(fault).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('RequestTimeTooSkewed'),
    })
  })

  it('is not there', async () => {
    const { endpoint } = cloud
    await cloud[Symbol.asyncDispose]()
    const fault = await faultWith({ endpoint })
    expect(fault).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('ECONNREFUSED') })
  })
})

describe('what the S3 driver says of an answer that', () => {
  let server: Server
  let asked: string[]
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  let store: ObjectStore & AsyncDisposable
  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      asked.push(String(request.method))
      request.resume().on('end', () => answer(request, response))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // It listens on TCP, so it has one.
    store = await open({ endpoint: `http://127.0.0.1:${port}` })
  })
  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const put = (): Promise<unknown> => store.put('a', bytes, { sha256, ifAbsent: false, ...forever })

  it('acknowledges other bytes: corrupt, and they are removed again', async () => {
    const md5 = createHash('md5').update('lies').digest('hex')
    answer = ({ method }, response) =>
      response.writeHead(method === 'PUT' ? 200 : 204, { etag: `"${md5}"` }).end()
    await expect(put()).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining(md5) })
    expect(asked).toEqual(['PUT', 'DELETE'])
  })

  it('acknowledges another SHA-256: corrupt', async () => {
    const wrong = createHash('sha256').update('lies').digest('base64')
    answer = (_request, response) =>
      response.writeHead(200, { etag: '"x"', 'x-amz-checksum-sha256': wrong }).end()
    await expect(put()).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining(wrong) })
  })

  it('has an entity tag that is no MD5: nothing', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { etag: '"d41d8cd98f00b204e9800998ecf8427e-2"' }).end()
    await expect(put()).resolves.toBe('stored')
  })

  it.each([
    [500, '', 'unavailable'],
    [503, '<Error><Code>SlowDown</Code><Message>slower</Message></Error>', 'unavailable'],
    [429, '', 'unavailable'],
    [507, '', 'full'],
    [403, '<Error><Code>QuotaExceeded</Code><Message>no room</Message></Error>', 'full'],
    [400, '<Error><Code>BadDigest</Code><Message>damaged</Message></Error>', 'corrupt'],
    [413, '<Error><Code>EntityTooLarge</Code><Message>too large</Message></Error>', 'invalid'],
    [405, '', 'denied'],
    [200, undefined, 'unavailable'],
  ] as const)('is %i %s: %s', async (status, body, kind) => {
    answer = (request, response) => {
      if (body === undefined) request.socket.destroy()
      else response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
    }
    await expect(put()).rejects.toMatchObject({ name: 'Fault', kind })
    expect(asked).toEqual(['PUT'])
  })

  it('ends too early: unavailable, not half of the object', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('half', () => response.destroy())
    }
    await expect(store.get('a', forever)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('never ends: aborted, as soon as somebody asks to stop', async () => {
    const stop = new AbortController()
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('half', () => stop.abort())
    }
    await expect(store.get('a', { signal: stop.signal })).rejects.toMatchObject({ kind: 'aborted' })
  })
})

describe('a fault of the S3 driver', () => {
  it('says what the first of several addresses said', async () => {
    const refused: unknown = await new Promise((resolve) => {
      connect({ host: 'localhost', port: 1 }).on('error', resolve)
    })
    const fault = faultOf(refused, { what: 'put a', where: 'https://example.org/doorbell' })
    expect(fault.message).toMatch(/^https:\/\/example\.org\/doorbell: put a: .*ECONNREFUSED/)
  })
})
