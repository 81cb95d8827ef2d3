import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { CREDENTIALS_FILE, openEmbeddedCloud, readerOf, type EmbeddedCloud } from './index.ts'
import { RawS3, signedChunks, type RawAnswer, type RawRequest } from './raw-s3.fixture.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
const MINUTE = 60_000
const FOREVER = 7 * 24 * 3600

const digest = (kind: string, text: string): string => createHash(kind).update(text).digest('base64')

let folder: string
let cloud: EmbeddedCloud
let raw: RawS3
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-cloud-'))
  await openHere()
})
afterEach(async () => {
  await cloud[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function openHere(): Promise<void> {
  cloud = await openEmbeddedCloud({ folder, log: silentLog, now: () => NOW })
  raw = new RawS3(cloud.endpoint, cloud.account)
}

/** What AWS demands beside chunks. */
const decodedTo = (bytes: number): Record<string, string> => ({
  'x-amz-decoded-content-length': String(bytes),
})
const at = (name: string): string => `/doorbell/${name}`
const signed = (request: RawRequest): Promise<RawAnswer> => raw.signed(request, { nowMs: NOW })
const put = (name: string, body: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  signed({ method: 'PUT', path: at(name), body, headers })
const get = (name: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  signed({ path: at(name), headers })
const list = async (query: Record<string, string>): Promise<ListPage> => {
  const { text } = await signed({ path: '/doorbell', query: { 'list-type': '2', ...query } })
  const all = (tag: string): string[] =>
    [...text.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map(([, inner = '']) => inner)
  return {
    keys: all('Key'),
    prefixes: all('CommonPrefixes><Prefix').concat(
      [...text.matchAll(/<CommonPrefixes><Prefix>([^<]*)</g)].map(([, inner = '']) => inner),
    ),
    next: all('NextContinuationToken')[0],
    isTruncated: text.includes('<IsTruncated>true<'),
  }
}
type ListPage = { keys: string[]; prefixes: string[]; next: string | undefined; isTruncated: boolean }

describe('the embedded store lets nobody in who', () => {
  const request = { method: 'PUT', path: at('a'), body: 'text' }
  afterEach(async () => {
    expect((await list({})).keys).toEqual([])
  })

  it('did not sign', async () => {
    expect(await raw.send(request)).toMatchObject({ status: 403, code: 'AccessDenied' })
  })

  it('signed with another secret', async () => {
    const answer = await raw.signed(request, { nowMs: NOW, secret: 'guessed' })
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  it('has credentials that may only read, and wants to write', async () => {
    await put('kept', 'kept')
    const reader = new RawS3(cloud.endpoint, { ...cloud.account, ...readerOf(cloud.account) })
    const ask = (method: string, path: string): Promise<RawAnswer> =>
      reader.signed({ method, path, ...(method === 'PUT' ? { body: 'x' } : {}) }, { nowMs: NOW })
    expect(await ask('GET', at('kept'))).toMatchObject({ status: 200, text: 'kept' })
    for (const [method, path] of [
      ['PUT', at('kept')],
      ['PUT', at('new')],
      ['DELETE', at('kept')],
      ['PUT', '/another-bucket'],
    ] as const)
      expect(await ask(method, path)).toMatchObject({ status: 403, code: 'AccessDenied' })
    expect(await get('kept')).toMatchObject({ status: 200, text: 'kept' })
    await signed({ method: 'DELETE', path: at('kept') })
  })

  it('has an access key that nobody was given', async () => {
    const stranger = new RawS3(cloud.endpoint, { ...cloud.account, accessKeyId: 'STRANGER' })
    const answer = await stranger.signed(request, { nowMs: NOW })
    expect(answer).toMatchObject({ status: 403, code: 'InvalidAccessKeyId' })
  })

  it('signed for another region', async () => {
    const answer = await raw.signed(request, { nowMs: NOW, region: 'eu-west-1' })
    expect(answer).toMatchObject({ status: 400, code: 'AuthorizationHeaderMalformed' })
  })

  it.each([-16, 16])('signed %i minutes away from the server’s time', async (minutes) => {
    const answer = await raw.signed(request, { nowMs: NOW + minutes * MINUTE })
    expect(answer).toMatchObject({ status: 403, code: 'RequestTimeTooSkewed' })
  })

  it.each<[string, Partial<RawRequest>]>([
    ['address', { path: at('b') }],
    ['method', { method: 'POST' }],
    ['query', { query: { location: '' } }],
  ])('signed another %s', async (_what, changed) => {
    const answer = await raw.signed(request, { nowMs: NOW }, (same) => ({ ...same, ...changed }))
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  it('signed another body', async () => {
    const answer = await raw.signed(request, { nowMs: NOW }, (same) => ({ ...same, body: 'lies' }))
    expect(answer).toMatchObject({ status: 400, code: 'XAmzContentSHA256Mismatch' })
  })

  it('changed a header that was signed', async () => {
    const answer = await raw.signed(
      { ...request, headers: { 'if-none-match': '*' } },
      { nowMs: NOW },
      (same) => ({ ...same, headers: { ...same.headers, 'if-none-match': '"x"' } }),
    )
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  it('signed chunks and changed one of them', async () => {
    const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    const headers = decodedTo(16)
    const { request: head, seed } = raw.sign(
      { method: 'PUT', path: at('a'), headers },
      { nowMs: NOW, payload },
    )
    const body = signedChunks(seed, ['0123456789', 'abcdef']).replace('abc', 'abd')
    expect(await raw.send({ ...head, body })).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  it('sends rubbish for a presigned signature, of letters that are longer than they look', async () => {
    const address = raw.presign({ path: at('a') }, { nowMs: NOW, expiresS: 60 })
    const query = { ...address.query, 'X-Amz-Signature': 'ü'.repeat(64) }
    expect(await raw.send({ ...address, query })).toMatchObject({ status: 403 })
  })
})

describe('a presigned address of the embedded store', () => {
  const until = (ageMs: number, expiresS: number): Promise<RawAnswer> =>
    raw.send(raw.presign({ path: at('a') }, { nowMs: NOW - ageMs, expiresS }))
  beforeEach(async () => {
    await put('a', 'shared')
  })

  it('gives the object to whoever has it, until it expires', async () => {
    expect(await until(59_000, 60)).toMatchObject({ status: 200, text: 'shared' })
    expect(await until(61_000, 60)).toMatchObject({ status: 403, code: 'AccessDenied' })
  })

  it('works for at most seven days', async () => {
    expect(await until(0, FOREVER)).toMatchObject({ status: 200 })
    expect(await until(0, FOREVER + 1)).toMatchObject({ status: 400 })
    expect(await until(0, 0)).toMatchObject({ status: 400 })
  })

  it('cannot be made to last longer, or to give another object', async () => {
    await put('b', 'secret')
    const address = raw.presign({ path: at('a') }, { nowMs: NOW, expiresS: 60 })
    const longer = { ...address, query: { ...address.query, 'X-Amz-Expires': '6000' } }
    expect(await raw.send(longer)).toMatchObject({ status: 403 })
    expect(await raw.send({ ...address, path: at('b') })).toMatchObject({ status: 403 })
    expect(await raw.send({ ...address, method: 'DELETE' })).toMatchObject({ status: 403 })
  })
})

describe('the embedded store', () => {
  it('gives ranges of an object, and says what it has when there is no such range', async () => {
    await put('a', '0123456789')
    const range = async (text: string): Promise<RawAnswer> => get('a', { range: text })
    expect(await range('bytes=2-4')).toMatchObject({
      status: 206,
      text: '234',
      headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' },
    })
    expect(await range('bytes=7-')).toMatchObject({ status: 206, text: '789' })
    expect(await range('bytes=-2')).toMatchObject({ status: 206, text: '89' })
    expect(await range('bytes=-20')).toMatchObject({ status: 206, text: '0123456789' })
    expect(await range('bytes=10-')).toMatchObject({ status: 416, code: 'InvalidRange' })
    expect(await range('bytes=-0')).toMatchObject({ status: 416 })
    expect(await range('chapters=1-2')).toMatchObject({ status: 200, text: '0123456789' })
  })

  it('does not touch an object that must not be there, even when two come at once', async () => {
    const once = { 'if-none-match': '*' }
    const bodies = ['one', 'two', 'three', 'four']
    const answers = await Promise.all(bodies.map((body) => put('a', body, once)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412])
    const winner = answers.findIndex(({ status }) => status === 200)
    expect((await get('a')).text).toBe(bodies[winner])
    expect(await put('a', 'five', once)).toMatchObject({ status: 412, code: 'PreconditionFailed' })
  })

  it('replaces an object only from the state that was meant', async () => {
    const { headers } = await put('a', 'one')
    expect(await put('a', 'two', { 'if-match': String(headers.etag) })).toMatchObject({ status: 200 })
    expect(await put('a', 'three', { 'if-match': String(headers.etag) })).toMatchObject({ status: 412 })
    expect(await put('b', 'x', { 'if-match': '*' })).toMatchObject({ status: 412 })
  })

  it('never mixes two states of an object that are put at once', async () => {
    const bodies = Array.from({ length: 8 }, (_, i) => String(i).repeat(50 + i))
    await Promise.all(bodies.map((body) => put('a', body)))
    const { text, headers } = await get('a')
    expect(bodies).toContain(text)
    expect(headers.etag).toBe(`"${createHash('md5').update(text).digest('hex')}"`)
  })

  it.each([
    ['content-md5', digest('md5', 'lies')],
    ['x-amz-checksum-sha256', digest('sha256', 'lies')],
    ['x-amz-checksum-sha1', digest('sha1', 'lies')],
    ['x-amz-checksum-crc32', 'AAAAAA=='],
  ])('keeps nothing whose %s is wrong', async (header, value) => {
    expect(await put('a', 'text', { [header]: value })).toMatchObject({ status: 400, code: 'BadDigest' })
    expect(await get('a')).toMatchObject({ status: 404, code: 'NoSuchKey' })
  })

  it('tells the SHA-256 and MD5 of what it has, and gives back what was noted with it', async () => {
    const wanted = {
      'x-amz-checksum-sha256': digest('sha256', 'text'),
      etag: `"1cb251ec0d568de6a929b520c4aed8d1"`,
    }
    const noted = { 'x-amz-meta-colour': 'blue', 'content-type': 'text/plain' }
    expect((await put('a', 'text', noted)).headers).toMatchObject(wanted)
    const head = await signed({ method: 'HEAD', path: at('a') })
    expect(head.headers).toMatchObject({ ...wanted, ...noted, 'content-length': '4' })
    expect(head.text).toBe('')
  })

  it('puts together chunks that were signed one by one, across their limits', async () => {
    const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    const headers = decodedTo(25)
    const { request, seed } = raw.sign({ method: 'PUT', path: at('a'), headers }, { nowMs: NOW, payload })
    const chunks = ['first\r\n', 'second', 'third: 0\r\n\r\n']
    expect(await raw.send({ ...request, body: signedChunks(seed, chunks) })).toMatchObject({ status: 200 })
    expect((await get('a')).text).toBe(chunks.join(''))
  })

  it('checks the digest that comes after unsigned chunks', async () => {
    const send = (sha256: string): Promise<RawAnswer> =>
      raw.signed(
        {
          method: 'PUT',
          path: at('a'),
          headers: { ...decodedTo(4), 'x-amz-trailer': 'x-amz-checksum-sha256' },
          body: `4\r\ntext\r\n0\r\nx-amz-checksum-sha256:${sha256}\r\n\r\n`,
        },
        { nowMs: NOW, payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
      )
    expect(await send(digest('sha256', 'lies'))).toMatchObject({ status: 400, code: 'BadDigest' })
    expect(await send(digest('sha256', 'text'))).toMatchObject({ status: 200 })
    expect((await get('a')).text).toBe('text')
  })

  it.each(['4\r\nte', '', 'zz\r\n', '4\r\ntextXX0\r\n\r\n', 'ffffffff\r\nx', '-1\r\n\r\n', '4\r\ntext\r\n'])(
    'keeps nothing of the broken chunks %j',
    async (body) => {
      const answer = await raw.signed(
        { method: 'PUT', path: at('a'), headers: decodedTo(4), body },
        { nowMs: NOW, payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' },
      )
      expect(answer).toMatchObject({ status: 400, code: 'IncompleteBody' })
      expect(await get('a')).toMatchObject({ status: 404 })
    },
  )

  it('says so when an object is too large, without taking it in', async () => {
    const length = String(64 * 1024 * 1024 + 1)
    const { request } = raw.sign(
      { method: 'PUT', path: at('a'), headers: { 'content-length': length } },
      { nowMs: NOW, payload: 'UNSIGNED-PAYLOAD' },
    )
    expect(await answerBeforeBody(request)).toMatch(/^HTTP\/1\.1 413 /)
    expect(await get('a')).toMatchObject({ status: 404 })
  })

  it('says so too when the size was not told before', async () => {
    const { request } = raw.sign(
      { method: 'PUT', path: at('a') },
      { nowMs: NOW, payload: 'UNSIGNED-PAYLOAD' },
    )
    const body = new Uint8Array(64 * 1024 * 1024 + 1)
    const chunked = { ...request.headers, 'transfer-encoding': 'chunked' }
    expect(await raw.send({ ...request, headers: chunked, body })).toMatchObject({
      status: 413,
      code: 'EntityTooLarge',
    })
  })

  it.each([
    ['..%2Fx', '../x'],
    ['../x', '../x'],
    ['.', '.'],
    ['..', '..'],
    ['%2e%2e%2f%2e%2e%2fcredentials.json', '../../credentials.json'],
    ['a%20b%2B%C3%BC%25', 'a b+ü%'],
    ['a.tmp', 'a.tmp'],
    ['%25002e', '%002e'],
    ['CON', 'CON'],
    ['x*%3F%7C', 'x*?|'],
    ['b/c', 'b/c'],
  ])('keeps %s as the object %j, inside its folder', async (path, name) => {
    const encoded = path
      .split('/')
      .map((step) => encodeURIComponent(decodeURIComponent(step)).replaceAll('*', '%2A'))
    const { request } = raw.sign({ method: 'PUT', path: at(encoded.join('/')), body: 'text' }, { nowMs: NOW })
    expect(await raw.send({ ...request, path: at(path) })).toMatchObject({ status: 200 })
    expect((await list({})).keys).toEqual([name.replaceAll('&', '&amp;')])
    expect((await readdir(folder)).sort()).toEqual([CREDENTIALS_FILE, 'meta', 'objects'])
    expect(await readdir(join(folder, 'objects'))).toEqual(['doorbell'])
    expect(await readdir(join(folder, 'objects/doorbell'))).toHaveLength(1)
  })

  it('takes names of 1024 bytes and no more, and tells long ones apart', async () => {
    const name = 'n'.repeat(1024)
    const other = `${name.slice(1)}m`
    expect(await put(name, 'one')).toMatchObject({ status: 200 })
    expect(await put(other, 'two')).toMatchObject({ status: 200 })
    expect(await get(name)).toMatchObject({ text: 'one' })
    expect(await put(`${name}n`, 'x')).toMatchObject({ status: 400, code: 'KeyTooLongError' })
    expect((await list({})).keys).toEqual([other, name])
  })

  it.each(['/doorbell/%zz', '/doorbell/%C3', '/Door_bell/a', '/doorbell/a%00b'])(
    'refuses the address %s in words',
    async (path) => {
      expect(await raw.send({ path })).toMatchObject({ status: 400, code: expect.any(String) })
    },
  )

  it('refuses a query that cannot be decoded in words', async () => {
    const { request } = raw.sign({ path: '/doorbell' }, { nowMs: NOW })
    expect(await raw.send({ ...request, path: '/doorbell?prefix=%zz' })).toMatchObject({ status: 400 })
  })

  it('knows no other bucket and no other method', async () => {
    expect(await signed({ path: '/other/a' })).toMatchObject({ status: 404, code: 'NoSuchBucket' })
    expect(await signed({ method: 'POST', path: at('a') })).toMatchObject({ status: 405 })
    expect(await signed({ method: 'DELETE', path: '/doorbell' })).toMatchObject({ status: 405 })
  })

  it('goes on after a client that hangs up in the middle of a body', async () => {
    const { request } = raw.sign(
      { method: 'PUT', path: at('a'), headers: { 'content-length': '100' } },
      { nowMs: NOW, payload: 'UNSIGNED-PAYLOAD' },
    )
    await hangUp(request)
    expect(await put('b', 'text')).toMatchObject({ status: 200 })
    expect((await list({})).keys).toEqual(['b'])
  })
})

describe('the list of the embedded store', () => {
  const PICTURES = ['\u{1f514}', '\uff5e']

  it('comes in pages, each name once, sorted by the bytes of the names', async () => {
    const names = ['b', 'a/1', 'a/2', 'B', 'é', ...PICTURES]
    for (const name of names) await put(encodeURIComponent(name).replaceAll('%2F', '/'), name)
    const seen: string[] = []
    let next: string | undefined
    do {
      const page = await list({
        'max-keys': '2',
        ...(next === undefined ? {} : { 'continuation-token': next }),
      })
      expect(page.keys.length).toBeLessThanOrEqual(2)
      seen.push(...page.keys)
      next = page.next
    } while (next !== undefined)
    expect(seen).toEqual(['B', 'a/1', 'a/2', 'b', 'é', '\uff5e', '\u{1f514}'])
  })

  it('has what is below a prefix, and folds what is below a delimiter', async () => {
    for (const name of ['tile/0/000', 'tile/0/001', 'tile/entries/000', 'checkpoint', 'tilted'])
      await put(name, 'x')
    expect(await list({ prefix: 'tile/' })).toMatchObject({
      keys: ['tile/0/000', 'tile/0/001', 'tile/entries/000'],
    })
    expect(await list({ delimiter: '/' })).toMatchObject({
      keys: ['checkpoint', 'tilted'],
      prefixes: ['tile/'],
    })
    expect(await list({ prefix: 'tile/', delimiter: '/' })).toMatchObject({
      keys: [],
      prefixes: ['tile/0/', 'tile/entries/'],
    })
    expect(await list({ 'start-after': 'tile/0/001' })).toMatchObject({
      keys: ['tile/entries/000', 'tilted'],
    })
  })

  it('folds what is below a delimiter once, also over several pages', async () => {
    for (const name of ['a/1', 'a/2', 'b/1', 'c']) await put(name, 'x')
    const first = await list({ delimiter: '/', 'max-keys': '1' })
    expect(first).toMatchObject({ keys: [], prefixes: ['a/'], isTruncated: true })
    const second = await list({
      delimiter: '/',
      'max-keys': '2',
      'continuation-token': first.next ?? '',
    })
    expect(second).toMatchObject({ keys: ['c'], prefixes: ['b/'], isTruncated: false })
  })

  it('gives nothing, and no more pages, to who wants none', async () => {
    await put('a', 'x')
    expect(await list({ 'max-keys': '0' })).toMatchObject({ keys: [], isTruncated: false })
    const answer = await signed({ path: '/doorbell', query: { 'max-keys': 'many' } })
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument' })
  })

  it('encodes names on request, and escapes them always', async () => {
    await put('%3Ca%3E%20%26%2B', 'x')
    expect((await list({})).keys).toEqual(['&lt;a&gt; &amp;+'])
    expect((await list({ 'encoding-type': 'url' })).keys).toEqual(['%3Ca%3E%20%26%2B'])
  })
})

describe('the folder of the embedded cloud', () => {
  it('keeps objects and credentials over a restart', async () => {
    await put('a', 'kept', { 'x-amz-meta-colour': 'blue' })
    const { account } = cloud
    await cloud[Symbol.asyncDispose]()
    await openHere()
    expect(cloud.account).toEqual(account)
    expect(await get('a')).toMatchObject({ text: 'kept', headers: { 'x-amz-meta-colour': 'blue' } })
  })

  it('shows its credentials to nobody else on the machine', async () => {
    expect((await stat(join(folder, CREDENTIALS_FILE))).mode & 0o777).toBe(0o600)
  })

  it('makes other credentials for every cloud', async () => {
    const text = await readFile(join(folder, CREDENTIALS_FILE), 'utf8')
    await cloud[Symbol.asyncDispose]()
    await rm(join(folder, CREDENTIALS_FILE))
    await openHere()
    expect(await readFile(join(folder, CREDENTIALS_FILE), 'utf8')).not.toBe(text)
  })

  it.each(['no json', '{}', '"text"', 'null'])(
    'says what to do with credentials that read %s',
    async (text) => {
      await writeFile(join(folder, CREDENTIALS_FILE), text)
      const attempt = openEmbeddedCloud({ folder, log: silentLog })
      await expect(attempt).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' })
      await expect(attempt).rejects.toThrow(/credentials\.json.*remove it to have new credentials made/)
    },
  )

  it('says so when its port is taken', async () => {
    const port = Number(new URL(cloud.endpoint).port)
    const attempt = openEmbeddedCloud({ folder, port, log: silentLog })
    await expect(attempt).rejects.toMatchObject({ name: 'Fault', kind: 'invalid' })
    await expect(attempt).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`)
  })

  it('listens on loopback only', () => {
    expect(new URL(cloud.endpoint).hostname).toBe('127.0.0.1')
  })
})

const headText = ({ method = 'GET', path, headers = {} }: RawRequest): string =>
  `${method} ${path} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

/** Sends the head alone and waits for what the server says to it. */
function answerBeforeBody(request: RawRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(cloud.endpoint).port), '127.0.0.1')
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      socket.destroy()
      resolve(chunk.toString())
    })
    socket.write(headText(request))
  })
}

/** Sends the head and a little of the body, then closes. */
function hangUp(request: RawRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(cloud.endpoint).port), '127.0.0.1')
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.write(`${headText(request)}half`, () => socket.destroy())
  })
}
