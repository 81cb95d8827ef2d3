/** The doorbell is gone, its store is there: the owner's page as files on any web space. The tests go on where the one before ended. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, launchChromium } from '../../scripts/chromium.ts'
import { openEmbeddedCloud, openReaderFile, type EmbeddedCloud } from '../../sim/cloud/index.ts'
import { hex } from '../base/bytes.ts'
import { silentLog } from '../base/log.ts'
import { openS3Store } from '../drivers/s3/index.ts'
import { sha256 } from '../formats/index.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const VIDEO = join(ROOT, 'test-fixtures/walk-up.mp4')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'lintel-away-'))
const [OWNER, DOOR, SITE] = [join(folder, 'owner.txt'), join(folder, 'door'), join(folder, 'site')]
const ACCESS = join(folder, 'access.json')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!hasChromium())('the owner’s page without the doorbell', () => {
  let words: string
  let oldCheckpoint: Uint8Array
  let cloud: EmbeddedCloud
  let site: Server
  let origin: string
  let link: string
  let browser: Browser
  let owner: Page
  /** Origins that any page of these tests asked. */
  const asked = new Set<string>()

  beforeAll(async () => {
    words = /(?:\d+ +[a-z]+\s+){24}/.exec(await lintel('owner', 'init', '--owner', OWNER))?.[0] ?? ''
    oldCheckpoint = await record()
    await record()
    cloud = await openEmbeddedCloud({ folder: join(DOOR, 'cloud'), log: silentLog })
    const address = `${cloud.endpoint}/${cloud.account.bucket}`
    await lintel('owner', 'page', '-o', SITE, '--cloud', address)
    site = await serveFiles(SITE)
    origin = `http://localhost:${(site.address() as AddressInfo).port}` // It listens on TCP.
    const reader = await openReaderFile(join(DOOR, 'cloud'), cloud.account)
    const access = [
      '--cloud',
      address,
      '--cloud-credentials',
      reader,
      '-o',
      ACCESS,
      '--page',
      `${origin}/index.html`,
    ]
    link = /http:\S+#access=\S+/.exec(await lintel('owner', 'cloud-access', ...access))?.[0] ?? ''
    expect(statSync(ACCESS).mode & 0o777).toBe(0o600)
    browser = await launchChromium()
    owner = await newPage()
  })
  afterAll(async () => {
    await browser?.close()
    site?.close()
    await cloud?.[Symbol.asyncDispose]()
  })

  async function newPage(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, acceptDownloads: true })
    context.setDefaultTimeout(0) // Vitest's own patience is the only one.
    const page = await context.newPage()
    page.on('request', (request) => {
      if (/^https?:/.test(request.url())) asked.add(new URL(request.url()).origin)
    })
    return page
  }

  it('opens the store with the access file and the 24 words', async () => {
    await owner.goto(`${origin}/index.html`)
    await owner.getByLabel('Access file').waitFor()
    expect(await axe(owner)).toEqual([])
    await owner.getByLabel('Access file').setInputFiles(ACCESS)
    await owner.getByLabel('Your 24 words').fill(words)
    expect(await axe(owner)).toEqual([])
    await owner.getByRole('button', { name: 'Open my recordings' }).click()
    await owner.locator('a.visit img.poster').first().waitFor()
    expect(await owner.locator('a.visit').count()).toBe(2)
    expect(await owner.locator('a.visit', { hasText: 'rang' }).count()).toBe(2)
    expect(await owner.locator('[role=alert]').count()).toBe(0)
  })

  it('plays a clip, says that it is genuine, and seeks by fetching what it shows', async () => {
    await owner.locator('a.visit').first().click()
    await isTrue(owner, '(document.querySelector(".player video")?.currentTime ?? 0) > 0.2')
    await owner.getByText('Genuine').waitFor()
    const ranges: string[] = []
    owner.on('request', (request) => ranges.push(request.headers()['range'] ?? 'whole'))
    const [clip] = await clips()
    await owner.evaluate(
      `(() => { const video = document.querySelector('.player video'); video.pause(); video.currentTime = video.duration - 2 })()`,
    )
    await isTrue(
      owner,
      `(() => { const video = document.querySelector('.player video'); return !video.seeking && video.readyState >= 2 && video.currentTime > video.duration - 3 })()`,
    )
    expect(ranges.length).toBeLessThan(clip!.parts)
    expect(ranges.filter((range) => range !== 'whole').length).toBeGreaterThan(0)
  })

  it('gives the clip as an MP4', async () => {
    const [download] = await Promise.all([
      owner.waitForEvent('download'),
      owner.getByRole('button', { name: 'Download' }).click(),
    ])
    await download.saveAs(join(folder, 'visit.mp4'))
    const film = readFileSync(join(folder, 'visit.mp4'))
    expect(film.subarray(4, 8).toString('latin1')).toBe('ftyp')
    const probe = spawnSync('ffprobe', [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name',
      '-of',
      'csv=p=0',
      join(folder, 'visit.mp4'),
    ])
    expect(probe.stdout.toString().trim()).toBe('h264')
  })

  it('keeps nothing that could be used elsewhere: neither the store’s secret nor the key can be read in the browser', async () => {
    const kept = await owner.evaluate(`(async () => {
      const database = await new Promise((done) => { const opening = indexedDB.open('lintel', 1); opening.onsuccess = () => done(opening.result) })
      const table = database.transaction('kept').objectStore('kept')
      const all = await new Promise((done) => { const asking = table.getAll(); asking.onsuccess = () => done(asking.result) })
      const keys = all.flatMap((each) => Object.values(each)).filter((each) => each instanceof CryptoKey)
      return { text: JSON.stringify(all) + JSON.stringify({ ...localStorage }), extractable: keys.map((key) => key.extractable) }
    })()`)
    const { text, extractable } = kept as { text: string; extractable: readonly boolean[] }
    expect(extractable).toEqual([false, false, false])
    const { secretAccessKey } = JSON.parse(readFileSync(ACCESS, 'utf8')) as { secretAccessKey: string }
    expect(text).not.toContain(secretAccessKey)
  })

  it.each(['visits', 'status'])(
    'has nothing at %s that axe would complain of, in both themes',
    async (place) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await owner.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await owner.evaluate(`location.hash = '#/${place}'`)
        await owner.locator('main h1').first().waitFor()
        expect([colorScheme, await axe(owner)]).toEqual([colorScheme, []])
      }
    },
  )

  it('opens by a link too, and leaves the access out of address and history', async () => {
    const page = await newPage()
    await page.goto(link)
    await page.getByLabel('Your 24 words').waitFor()
    expect(page.url()).toBe(`${origin}/index.html#/visits`)
    expect(await page.evaluate('history.length')).toBeLessThanOrEqual(2)
    await page.getByLabel('Your 24 words').fill(OTHER_WORDS)
    await page.getByRole('button', { name: 'Open my recordings' }).click()
    await page.getByText('cannot be opened').first().waitFor()
    expect(await page.locator('img.poster').count()).toBe(0)
    await page.context().close()
  })

  it('refuses a part that was exchanged', async () => {
    const [clip] = await clips()
    const sealed = readFileSync(join(DOOR, 'clips', clip!.id, '0001.age'))
    const name = nameInStore(DOOR, clip!.id, 1)
    await putObject(
      name,
      new Uint8Array(sealed.map((byte, n) => (n === sealed.length - 20 ? byte ^ 1 : byte))),
    )
    await owner.goto(`${origin}/index.html`)
    await owner.locator('a.visit').first().click()
    await owner.getByText('Do not trust this clip').waitFor()
    await putObject(name, new Uint8Array(sealed))
  })

  it('notices that an old state is shown, and keeps saying so until somebody accepts it', async () => {
    await putObject('checkpoint', oldCheckpoint)
    for (let round = 0; round < 2; round++) {
      await owner.goto(`${origin}/index.html?${round}`)
      await owner.locator('.banner.wrong', { hasText: 'The store shows an old state' }).waitFor()
    }
    // What the old state does not name is there all the same, and nobody vouches for it.
    await owner.locator('a.visit', { hasText: 'not signed' }).click()
    await owner.getByText('Not signed').waitFor()
    await isTrue(owner, '(document.querySelector(".player video")?.currentTime ?? 0) > 0.2')
    await owner.getByRole('button', { name: 'I know why: accept it' }).click()
    await owner.locator('.banner.wrong').waitFor({ state: 'detached' })
    await owner.reload()
    await owner.locator('.player video').waitFor()
    expect(await owner.locator('.banner.wrong').count()).toBe(0)
  })

  it('shows what it remembers when there is no network, and works in no frame of another page', async () => {
    await owner.evaluate(`location.hash = '#/visits'`)
    await owner.locator('a.visit img.poster').first().waitFor()
    await owner.evaluate('navigator.serviceWorker.ready.then(() => {})')
    await owner.reload()
    await owner.locator('a.visit img.poster').first().waitFor()
    await owner.context().setOffline(true)
    await owner.reload()
    await owner.getByText('You see what this device remembers').waitFor()
    await owner.locator('a.visit img.poster').first().waitFor()
    await owner.context().setOffline(false)
    const page = await newPage()
    await page.goto(`${origin}/frame`)
    await page.frameLocator('iframe').getByText('does not work inside another page').waitFor()
    await page.context().close()
  })

  it('forgets everything when it is told to', async () => {
    await owner.goto(`${origin}/index.html#/status`)
    await owner.getByRole('button', { name: 'Forget store and key' }).click()
    await owner.getByLabel('Access file').waitFor()
    await owner.reload()
    await owner.getByLabel('Access file').waitFor()
  })

  it('has asked its own web space and the store, and nobody else', () => {
    expect([...asked].toSorted()).toEqual([origin, cloud.endpoint].toSorted())
  })

  async function putObject(name: string, bytes: Uint8Array): Promise<void> {
    const { region, bucket, accessKeyId, secretAccessKey } = cloud.account
    const credentials = { accessKeyId, secretAccessKey }
    await using store = await openS3Store(
      { endpoint: cloud.endpoint, region, bucket, pathStyle: true, credentials },
      { log: silentLog },
    )
    const { signal } = new AbortController()
    await store.put(name, bytes, { sha256: hex(sha256(bytes)), ifAbsent: false, signal })
  }
})

describe('lintel owner page and cloud-access', () => {
  const [full, file] = [join(folder, 'full'), join(folder, 'there.json')]
  beforeAll(() => {
    mkdirSync(full, { recursive: true })
    writeFileSync(join(full, 'mine.txt'), 'mine')
    writeFileSync(file, 'mine')
  })

  it.each<[string, readonly string[], number, RegExp]>([
    ['a folder that is not empty', ['page', '-o', full], 2, /full: wanted a new or empty folder/],
    [
      'an address without a bucket',
      ['page', '-o', 'x', '--cloud', 'https://s3.example'],
      2,
      /wanted https:\/\/host/,
    ],
    ['no folder', ['page'], 2, /--out/],
    ['no store', ['cloud-access', '-o', 'x'], 2, /--cloud/],
    [
      'a page that is no address',
      ['cloud-access', '--cloud', 'https://s3.example/door', '-o', 'x', '--page', 'door'],
      2,
      /--page door: wanted the address of the page/,
    ],
    [
      'no credentials',
      ['cloud-access', '--cloud', 'https://s3.example/door', '-o', 'x'],
      2,
      /no credentials for the store/,
    ],
    [
      'a store that does not answer',
      [
        'cloud-access',
        '--cloud',
        'http://127.0.0.1:1/door',
        '--cloud-credentials',
        'CREDENTIALS',
        '-o',
        file,
      ],
      1,
      /127\.0\.0\.1:1/,
    ],
  ])('refuse %s in a sentence, and change nothing', (_, args, code, says) => {
    const credentials = join(folder, 'credentials.json')
    writeFileSync(credentials, JSON.stringify({ accessKeyId: 'a', secretAccessKey: 'b' }))
    const env = { ...process.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
    const given = args.map((arg) => (arg === 'CREDENTIALS' ? credentials : arg))
    const run = spawnSync(join(ROOT, 'scripts/lintel'), ['owner', ...given], {
      cwd: folder,
      encoding: 'utf8',
      env,
    })
    expect([run.status, run.stdout]).toEqual([code, ''])
    expect(run.stderr).toMatch(says)
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(readdirSync(full)).toEqual(['mine.txt'])
  })
})

/** BIP 39's own example: a key to which nothing here is sealed. */
const OTHER_WORDS = `${'abandon '.repeat(23)}art`

/** Beside the store, which lives in this process. */
async function lintel(...args: readonly string[]): Promise<string> {
  const child = spawn(join(ROOT, 'scripts/lintel'), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [said, complained]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => complained.push(bytes))
  const [code] = (await once(child, 'close')) as [number | null] // As Node documents it.
  expect([code, /^lintel:.*/m.exec(Buffer.concat(complained).toString())?.[0]]).toEqual([0, undefined])
  return Buffer.concat(said).toString()
}

const clips = async (): Promise<readonly { readonly id: string; readonly parts: number }[]> =>
  JSON.parse(await lintel('owner', 'clips', '--owner', OWNER, '--data', DOOR, '--json')) as {
    id: string
    parts: number
  }[] // As the command line describes it.

/** One start of the doorbell with a visitor who presses; what the store then has as its checkpoint. */
async function record(): Promise<Uint8Array> {
  await lintel('sim', VIDEO, '--press', '8', '--data', DOOR, '--owner', OWNER, '--cloud', 'embedded')
  return new Uint8Array(readFileSync(join(DOOR, 'cloud/objects/doorbell/checkpoint')))
}

/** As the signed manifest names it. */
function nameInStore(door: string, clip: string, part: number): string {
  const note = readFileSync(join(door, 'clips', clip, 'manifest.note'), 'utf8')
  const { parts } = JSON.parse(note.slice(0, note.indexOf('\n'))) as { parts: { name: string }[] }
  return parts[part]?.name ?? ''
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}

/** As plain as web space is: files by their names, and a page that frames ours. */
async function serveFiles(root: string): Promise<Server> {
  writeFileSync(join(root, 'frame.html'), '<iframe src="./index.html" width="600" height="600"></iframe>')
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = join(root, pathname === '/frame' ? 'frame.html' : pathname)
    try {
      const bytes = readFileSync(file)
      response
        .writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
        .end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((listening) => server.listen(0, 'localhost', listening))
  return server
}

/** The page's policy forbids what Playwright's own waiting for a text of code needs. */
async function isTrue(page: Page, code: string): Promise<void> {
  await expect.poll(() => page.evaluate(code)).toBe(true)
}

async function axe(page: Page): Promise<unknown> {
  return page.evaluate(`(async () => {
    if (!globalThis.axe) { ${AXE} }
    const { violations } = await globalThis.axe.run(document)
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', '))
  })()`)
}
