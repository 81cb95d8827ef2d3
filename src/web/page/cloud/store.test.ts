import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedCloud, readerOf, type EmbeddedCloud } from '../../../../sim/cloud/index.ts'
import { equalBytes, utf8 } from '../../../base/bytes.ts'
import { isFault } from '../../../base/fault.ts'
import { silentLog } from '../../../base/log.ts'
import { openS3Store } from '../../../drivers/s3/index.ts'
import { hex } from '../../../base/bytes.ts'
import { sha256 } from '../../../formats/index.ts'
import { accessInHash, readAccess, type CloudAccess, type KeptAccess } from './access.ts'
import { openStore, parseList, type Net } from './store.ts'

const NAMES = ['checkpoint', 'tile/0/000.p/3', 'a&b <c> +%', `${'ab'.repeat(16)}`]
const { signal } = new AbortController()

let folder: string
let cloud: EmbeddedCloud
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lintel-page-store-'))
  cloud = await openEmbeddedCloud({ folder, log: silentLog })
})
afterEach(async () => {
  await cloud[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const documentOf = (change: Partial<CloudAccess> = {}): CloudAccess => ({
  format: 'lintel-cloud-access/1',
  endpoint: cloud.endpoint,
  bucket: cloud.account.bucket,
  region: cloud.account.region,
  pathStyle: true,
  ...readerOf(cloud.account),
  ...change,
})
const accessOf = (change: Partial<CloudAccess> = {}): Promise<KeptAccess> =>
  readAccess(JSON.stringify(documentOf(change)))

async function fill(names: readonly string[]): Promise<void> {
  const { endpoint, account } = cloud
  const credentials = { accessKeyId: account.accessKeyId, secretAccessKey: account.secretAccessKey }
  await using store = await openS3Store(
    { endpoint, region: account.region, bucket: account.bucket, pathStyle: true, credentials },
    { log: silentLog },
  )
  for (const name of names)
    await store.put(name, utf8(`object ${name}`), {
      sha256: hex(sha256(utf8(`object ${name}`))),
      ifAbsent: true,
      signal,
    })
}

/** The real network, with troubles before it. */
function troubled(...troubles: readonly (number | 'lost')[]): Net & { readonly pauses: number[] } {
  const waiting = [...troubles]
  const pauses: number[] = []
  return {
    pauses,
    async fetch(address, init) {
      const trouble = waiting.shift()
      if (trouble === 'lost') throw new TypeError('Failed to fetch')
      return trouble === undefined ? fetch(address, init) : new Response('', { status: trouble })
    },
    nowUnixMs: () => Date.now(),
    pause: async (ms) => void pauses.push(ms),
  }
}

const kindOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (isFault(error) ? error.kind : 'other'),
  )

describe('a store that the page reads', () => {
  it('gives objects, ranges of them, and lists, to credentials that may only read', async () => {
    await fill(NAMES)
    const store = openStore(await accessOf())
    for (const name of NAMES) {
      const whole = utf8(`object ${name}`)
      expect([name, equalBytes((await store.get(name))!, whole)]).toEqual([name, true])
      expect(equalBytes((await store.get(name, { range: { from: 2, to: 8 } }))!, whole.subarray(2, 8))).toBe(
        true,
      )
    }
    expect(await store.get('nothing')).toBeUndefined()
    const listed = await listAll(store)
    expect(listed.map(({ name }) => name).toSorted()).toEqual(NAMES.toSorted())
    expect(listed.every(({ bytes, modifiedUnixMs }) => bytes > 6 && modifiedUnixMs > Date.UTC(2024, 0))).toBe(
      true,
    )
    expect((await listAll(store, 'tile/')).map(({ name }) => name)).toEqual(['tile/0/000.p/3'])
  })

  it('is listed to its end, however many objects there are', async () => {
    const names = Array.from({ length: 1200 }, (_, n) => `n${String(n).padStart(5, '0')}`)
    const answered: number[] = []
    const pages = [names.slice(0, 1000), names.slice(1000)]
    const store = openStore(await accessOf(), {
      ...troubled(),
      async fetch(address) {
        const token = new URL(address).searchParams.get('continuation-token')
        const page = pages[token === null ? 0 : 1] ?? []
        answered.push(page.length)
        const items = page.map(
          (name) =>
            `<Contents><Key>${name}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`,
        )
        const next =
          token === null
            ? '<IsTruncated>true</IsTruncated><NextContinuationToken>a+b/&amp;=</NextContinuationToken>'
            : '<IsTruncated>false</IsTruncated>'
        if (token !== null) expect(token).toBe('a+b/&=')
        return new Response(`<ListBucketResult>${items.join('')}${next}</ListBucketResult>`)
      },
    })
    expect((await listAll(store)).map(({ name }) => name)).toEqual(names)
    expect(answered).toEqual([1000, 200])
  })

  it('says what is wrong: a secret, a bucket, an address, something that is no store', async () => {
    const other = (change: Partial<CloudAccess>) =>
      accessOf(change).then((access) => openStore(access, troubled()))
    expect(await kindOf((await other({ secretAccessKey: 'wrong' })).get('checkpoint'))).toBe('denied')
    expect(await kindOf(listAll(await other({ bucket: 'another' })))).toBe('missing')
    expect(await kindOf((await other({ endpoint: 'http://127.0.0.1:1' })).get('checkpoint'))).toBe(
      'unavailable',
    )
    expect(() => parseList('<html>A page</html>')).toThrow('no S3-compatible store')
  })

  it('is asked again when it is busy or the network fails, and not for ever', async () => {
    await fill(['checkpoint'])
    const net = troubled(503, 'lost')
    expect(await openStore(await accessOf(), net).get('checkpoint')).toBeDefined()
    expect(net.pauses).toEqual([300, 1200])
    expect(
      await kindOf(openStore(await accessOf(), troubled('lost', 'lost', 'lost')).get('checkpoint')),
    ).toBe('unavailable')
    expect(await kindOf(openStore(await accessOf(), troubled(500, 500, 500)).get('checkpoint'))).toBe(
      'unavailable',
    )
  })

  it('lets pages of any address read it, and tells them why it refuses', async () => {
    await fill(['checkpoint'])
    const asking = {
      origin: 'https://pages.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'range',
    }
    const leave = await fetch(`${cloud.endpoint}/doorbell/checkpoint`, { method: 'OPTIONS', headers: asking })
    expect([leave.status, leave.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    expect(leave.headers.get('access-control-allow-methods')).toBe('GET, HEAD')
    expect(leave.headers.get('access-control-allow-headers')).toContain('range')
    const refused = await fetch(`${cloud.endpoint}/doorbell/checkpoint`, {
      headers: { origin: asking.origin },
    })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, '*'])
  })
})

async function listAll(store: ReturnType<typeof openStore>, prefix = '') {
  const all = []
  for await (const some of store.list({ prefix })) all.push(...some)
  return all
}

describe('the access to a store', () => {
  it('is read from a file or a link, and keeps no secret that can be read', async () => {
    const json = JSON.stringify(documentOf())
    expect(accessInHash(`#access=${Buffer.from(json).toString('base64url')}`)).toBe(json)
    expect(accessInHash('#/visits')).toBeUndefined()
    const kept = await readAccess(json)
    expect(JSON.stringify(kept)).not.toContain(documentOf().secretAccessKey)
    expect(kept.signing.extractable).toBe(false)
  })

  it.each<[string, object]>([
    ['an address without TLS elsewhere', { endpoint: 'http://store.example' }],
    ['an address with a path', { endpoint: 'https://store.example/door' }],
    ['an address with credentials', { endpoint: 'https://me:secret@store.example' }],
    ['a bucket that is none', { bucket: '../x' }],
    ['a member that nobody knows', { password: 'x' }],
    ['another format', { format: 'lintel-cloud-access/2' }],
    ['no secret', { secretAccessKey: '' }],
  ])('with %s is refused', async (_, change) => {
    const json = JSON.stringify({ ...documentOf(), ...change })
    expect(await kindOf(readAccess(json))).toBe('corrupt')
  })
})
