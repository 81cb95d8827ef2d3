import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { crc32cOf } from './checksums.ts'
import { openEmbeddedCloud, type EmbeddedCloud } from './index.ts'
import { RawS3, type RawAnswer, type RawRequest } from './raw-s3.fixture.ts'

const NOW = Date.UTC(2026, 0, 1, 12)

let folder: string
let cloud: EmbeddedCloud
let raw: RawS3
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-cloud-'))
  await openHere({})
})
afterEach(async () => {
  await cloud[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function openHere(options: { readonly patienceMs?: number }): Promise<void> {
  cloud = await openEmbeddedCloud({ folder, log: silentLog, now: () => NOW, ...options })
  raw = new RawS3(cloud.endpoint, cloud.account)
}

const signed = (request: RawRequest): Promise<RawAnswer> => raw.signed(request, { nowMs: NOW })
const put = (name: string, body: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  signed({ method: 'PUT', path: `/doorbell/${name}`, body, headers })
const get = (name: string): Promise<RawAnswer> => signed({ path: `/doorbell/${name}` })
const objectFile = (name: string): string => join(folder, 'objects/doorbell', name)

describe('the embedded store takes nothing for what it is not:', () => {
  it.each(['acl', 'tagging', 'uploads', 'versionId'])('?%s is not the object', async (query) => {
    await put('a', 'text')
    const request = { path: '/doorbell/a', query: { [query]: 'x' } }
    expect(await signed({ ...request, method: 'PUT', body: '<Tagging/>' })).toMatchObject({ status: 501 })
    expect(await signed(request)).toMatchObject({ status: 501, code: 'NotImplemented' })
    expect((await get('a')).text).toBe('text')
  })

  it('a copy is not an empty object', async () => {
    expect(await put('b', '', { 'x-amz-copy-source': '/doorbell/a' })).toMatchObject({ status: 501 })
    expect(await get('b')).toMatchObject({ status: 404 })
  })

  it('a checksum it does not know is not a right one', async () => {
    expect(await put('a', 'text', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' })).toMatchObject({
      status: 501,
    })
  })

  it('a header that was added after signing is not from who signed', async () => {
    const request = { method: 'PUT', path: '/doorbell/a', body: 'text' }
    const answer = await raw.signed(request, { nowMs: NOW }, (same) => ({
      ...same,
      headers: { ...same.headers, 'x-amz-meta-colour': 'red' },
    }))
    expect(answer).toMatchObject({ status: 403, code: 'AccessDenied' })
  })

  it('a signed header named like something that every object has is no crash', async () => {
    const { request } = raw.sign({ path: '/doorbell/a' }, { nowMs: NOW })
    const authorization = String(request.headers?.authorization).replace(
      'host;',
      '__proto__;constructor;host;',
    )
    expect(await raw.send({ ...request, headers: { ...request.headers, authorization } })).toMatchObject({
      status: 403,
    })
  })
})

describe('checksums of the embedded store', () => {
  it('know Castagnoli’s polynomial (RFC 3720, B.4)', () => {
    expect(crc32cOf(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32cOf(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  it('come back with the object', async () => {
    const checksum = { 'x-amz-checksum-crc32c': '4waSgw==' }
    expect((await put('a', '123456789', checksum)).headers).toMatchObject(checksum)
    expect((await get('a')).headers).toMatchObject(checksum)
    expect(await put('b', '12345678', checksum)).toMatchObject({ status: 400, code: 'BadDigest' })
  })

  it('are believed in a trailer only when the trailer is signed as the chunks are', async () => {
    const send = (spoil: (signature: string) => string): Promise<RawAnswer> => {
      const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
      const headers = { 'x-amz-decoded-content-length': '9', 'x-amz-trailer': 'x-amz-checksum-crc32c' }
      const head = { method: 'PUT', path: '/doorbell/a', headers }
      const { request, seed } = raw.sign(head, { nowMs: NOW, payload })
      return raw.send({ ...request, body: chunksWithTrailer(seed, '123456789', spoil) })
    }
    expect(await send((signature) => signature.replace(/^./, (c) => (c === '0' ? '1' : '0')))).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
    })
    expect(await send((signature) => signature)).toMatchObject({ status: 200 })
    expect((await get('a')).text).toBe('123456789')
  })
})

type Seed = ReturnType<RawS3['sign']>['seed']

function chunksWithTrailer(
  { key, scope, time, signature }: Seed,
  text: string,
  spoil: (signature: string) => string,
): string {
  const sha256 = (bytes: string): string => createHash('sha256').update(bytes).digest('hex')
  const sign = (lines: readonly string[]): string =>
    createHmac('sha256', key).update(lines.join('\n')).digest('hex')
  const chunk = (previous: string, bytes: string): string =>
    sign(['AWS4-HMAC-SHA256-PAYLOAD', time, scope, previous, sha256(''), sha256(bytes)])
  const first = chunk(signature, text)
  const last = chunk(first, '')
  const trailer = 'x-amz-checksum-crc32c:4waSgw=='
  const end = sign(['AWS4-HMAC-SHA256-TRAILER', time, scope, last, sha256(`${trailer}\n`)])
  return [
    `${text.length.toString(16)};chunk-signature=${first}\r\n${text}\r\n`,
    `0;chunk-signature=${last}\r\n${trailer}\r\n`,
    `x-amz-trailer-signature:${spoil(end)}\r\n\r\n`,
  ].join('')
}

describe('the folder of the embedded store', () => {
  it('is the truth: an object whose file was changed by hand is described anew', async () => {
    await put('a', 'text', { 'x-amz-meta-colour': 'blue' })
    await writeFile(objectFile('a'), 'lies')
    const { headers, text } = await get('a')
    expect(text).toBe('lies')
    expect(headers.etag).toBe(`"${createHash('md5').update('lies').digest('hex')}"`)
    expect(headers['x-amz-meta-colour']).toBeUndefined()
  })

  it('may be touched or copied: what was noted with an object stays true', async () => {
    await put('a', 'text', { 'x-amz-meta-colour': 'blue' })
    await utimes(objectFile('a'), 1, 1)
    expect((await get('a')).headers).toMatchObject({ 'x-amz-meta-colour': 'blue' })
  })

  it('shows no files that are not ours, and does not stumble over them', async () => {
    await put('a', 'text')
    await writeFile(objectFile('.DS_Store'), 'x')
    await writeFile(objectFile('100%'), 'x')
    await writeFile(objectFile('%0000'), 'x')
    const { text } = await signed({ path: '/doorbell', query: { 'list-type': '2' } })
    expect([...text.matchAll(/<Key>([^<]*)/g)].map(([, name]) => name)).toEqual(['a'])
  })

  it('loses what was left half written, once nobody can be writing it any more', async () => {
    await writeFile(objectFile('old.tmp'), 'half')
    await writeFile(objectFile('new.tmp'), 'half')
    const before = (NOW - 2 * 3_600_000) / 1000
    await utimes(objectFile('old.tmp'), before, before)
    await utimes(objectFile('new.tmp'), NOW / 1000, NOW / 1000)
    await cloud[Symbol.asyncDispose]()
    await openHere({})
    expect(await readdir(join(folder, 'objects/doorbell'))).toEqual(['new.tmp'])
  })

  it('may be served by two processes: one account, and one of them wins a name', async () => {
    await using other = await openEmbeddedCloud({ folder, log: silentLog, now: () => NOW })
    expect(other.account).toEqual(cloud.account)
    const there = new RawS3(other.endpoint, other.account)
    const request = { method: 'PUT', path: '/doorbell/a', headers: { 'if-none-match': '*' } }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 === 0 ? raw : there).signed({ ...request, body: String(n) }, { nowMs: NOW }),
      ),
    )
    const winners = answers.flatMap(({ status }, n) => (status === 200 ? [String(n)] : []))
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(9)
    expect(await readFile(objectFile('a'), 'utf8')).toBe(winners[0])
  })

  it('gets one account when several processes make it at once', async () => {
    await cloud[Symbol.asyncDispose]()
    await rm(join(folder, 'credentials.json'))
    const clouds = await Promise.all(
      Array.from({ length: 5 }, () => openEmbeddedCloud({ folder, log: silentLog })),
    )
    expect(new Set(clouds.map(({ account }) => account.secretAccessKey)).size).toBe(1)
    for (const each of clouds) await each[Symbol.asyncDispose]()
  })
})

describe('the embedded store cuts off a client that', () => {
  /** Sends this and nothing more; resolves with what came until the connection was closed. */
  const closedAfter = (text: string): Promise<string> =>
    new Promise((resolve) => {
      let heard = ''
      const socket = connect(Number(new URL(cloud.endpoint).port), '127.0.0.1', () => socket.write(text))
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
      socket.on('error', () => {}) // It closes as well.
      socket.on('close', () => resolve(heard))
    })
  beforeEach(async () => {
    await cloud[Symbol.asyncDispose]()
    await openHere({ patienceMs: 100 })
  })

  it('does not end its headers', async () => {
    expect(await closedAfter('GET / HTTP/1.1\r\nhost: x\r\n')).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('does not end its body', async () => {
    const { request } = raw.sign(
      { method: 'PUT', path: '/doorbell/a', headers: { 'content-length': '100' } },
      { nowMs: NOW, payload: 'UNSIGNED-PAYLOAD' },
    )
    const lines = Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
    await closedAfter(`PUT /doorbell/a HTTP/1.1\r\n${lines.join('')}\r\nhalf`)
    expect(await get('a')).toMatchObject({ status: 404 })
  })

  it.each([
    'rubbish\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(40_000)}\r\n\r\n`,
    'PUT /doorbell/a HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ])('sends %j', async (text) => {
    expect(await closedAfter(text)).toMatch(/^HTTP\/1\.1 4/)
    expect(await put('b', 'still here')).toMatchObject({ status: 200 })
  })
})
