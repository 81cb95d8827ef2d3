/** The owner's page as a household uses it: a real browser before `lintel sim --serve`. The tests go on where the one before ended. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, launchChromium } from '../../scripts/chromium.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const VIDEO = join(ROOT, 'test-fixtures/walk-up.mp4')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PHONE = { width: 390, height: 844 }
const PASSPHRASE = 'correct horse battery'
const WORDS = /^[a-z]+( [a-z]+){23}$/

type Device = { readonly child: ChildProcess; readonly origin: string; readonly enrol: string; log: string }

const folder = mkdtempSync(join(tmpdir(), 'lintel-page-'))
let device: Device
let browser: Browser

describe.skipIf(!hasChromium())('the owner’s page', () => {
  let owner: Page
  let words: string

  beforeAll(async () => {
    device = await serve()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    if (device !== undefined && device.child.exitCode === null) {
      device.child.kill('SIGINT')
      await once(device.child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })

  it('shows strangers a way in, and tells them nothing of the door', async () => {
    const page = await newPage(browser)
    await page.goto(device.origin)
    await page.getByRole('button', { name: 'With your 24 words' }).waitFor()
    expect(await page.locator('body').innerText()).not.toMatch(/front door/i)
    for (const path of ['/api/me', '/api/clips', '/api/status', '/api/settings', '/api/members'])
      expect([path, (await page.request.get(`${device.origin}${path}`, SAME_SITE)).status()]).toEqual([
        path,
        401,
      ])
    await page.context().close()
  })

  it('enrols whoever has the code: the key is made in the page, 24 words are shown, and the door is seen live', async () => {
    owner = await newPage(browser)
    await owner.goto(device.enrol)
    await owner.getByLabel('Your name').fill('Maja')
    words = await makeKey(owner)
    expect(words).toMatch(WORDS)
    await owner.getByLabel('Passphrase').fill(PASSPHRASE)
    await owner.getByRole('button', { name: 'Finish' }).click()
    await owner.locator('.nav').waitFor()
    await live(owner, 'WebRTC')
    expect(new URL(owner.url()).hash).not.toContain('enrol')
  })

  it('lets nobody enrol a second time with the same code', async () => {
    const page = await newPage(browser)
    await page.goto(device.enrol)
    await page.locator('[role=alert]').waitFor()
    expect(await page.locator('.nav').count()).toBe(0)
    await page.context().close()
  })

  it.each([
    ['fMP4', 'delete globalThis.RTCPeerConnection'],
    [
      'MPEG-1',
      'delete globalThis.RTCPeerConnection; delete globalThis.MediaSource; delete globalThis.ManagedMediaSource',
    ],
  ])('shows the door by %s where the better ways are missing', async (transport, missing) => {
    const page = await newPage(browser, missing)
    await signIn(page, words)
    await live(page, transport)
    await page.context().close()
  })

  it('rings on every open page with a picture, until somebody answers', async () => {
    const other = await newPage(browser)
    await signIn(other, words)
    await other.locator('.live').first().waitFor()
    await owner.getByRole('button', { name: 'Press the button' }).click()
    for (const page of [owner, other]) await page.locator('.ring img.ring-picture').waitFor()
    await other.getByRole('button', { name: 'Answer' }).click()
    await owner.getByText('has answered').waitFor()
    await other.getByRole('button', { name: 'Done' }).click()
    await other.context().close()
    await owner.locator('.ring').waitFor({ state: 'detached' })
  })

  it('plays the clip of the visit, decrypted in the page, seeks in it, and says that it is genuine', async () => {
    await openEndedVisit(owner)
    await isTrue(owner, '(document.querySelector(".player video")?.currentTime ?? 0) > 0.2')
    await owner.evaluate(
      `(() => { const video = document.querySelector('.player video'); video.pause(); video.currentTime = 4 })()`,
    )
    await isTrue(
      owner,
      `(() => { const video = document.querySelector('.player video'); return !video.seeking && video.readyState >= 2 && Math.abs(video.currentTime - 4) < 0.5 })()`,
    )
    await owner.getByText('Genuine').waitFor()
  })

  it('gives the clip away as an MP4, and as a grant that only its receiver opens', async () => {
    const [download] = await Promise.all([
      owner.waitForEvent('download'),
      owner.getByRole('button', { name: 'Download' }).click(),
    ])
    await download.saveAs(join(folder, 'visit.mp4'))
    const film = readFileSync(join(folder, 'visit.mp4'))
    expect(film.subarray(4, 8).toString('latin1')).toBe('ftyp')
    await owner.getByRole('button', { name: 'Share' }).click()
    await owner.getByLabel('For whom').fill('Insurance')
    await owner.getByLabel('Their key').fill(RECEIVER)
    const [note] = await Promise.all([
      owner.waitForEvent('download'),
      owner.getByRole('button', { name: 'Make the note' }).click(),
    ])
    await note.saveAs(join(folder, 'visit.grant'))
    expect(readFileSync(join(folder, 'visit.grant'), 'utf8')).toContain(RECEIVER)
    await owner.locator('dialog[open]').getByRole('button', { name: 'Close' }).click()
  })

  it('holds a clip, and asks before it deletes one', async () => {
    await owner.getByRole('button', { name: 'Keep' }).click()
    await owner.getByText('Kept until you say otherwise').waitFor()
    await owner.getByRole('button', { name: 'Delete' }).click()
    await owner.locator('dialog[open]').waitFor()
    await owner.locator('dialog[open]').getByRole('button', { name: 'Cancel' }).click()
  })

  it('invites a second member, who makes a key of their own and is let in by the owner’s', async () => {
    const jan = await newPage(browser)
    await go(owner, 'people')
    await owner.getByLabel('Their name').fill('Jan')
    await owner.getByRole('button', { name: 'Make the invitation' }).click()
    await jan.goto(await owner.locator('.code').innerText())
    await makeKey(jan)
    await jan.getByLabel('Passphrase').fill('a long passphrase of Jan')
    await jan.getByRole('button', { name: 'Join' }).click()
    await jan.locator('.nav').waitFor()
    await owner.getByRole('button', { name: 'Let them open recordings' }).click()
    await owner.getByRole('button', { name: 'Yes, older ones too' }).click()
    await owner.getByText('opened for them').waitFor()
    await jan.reload()
    await openEndedVisit(jan)
    await isTrue(jan, '(document.querySelector(".player video")?.currentTime ?? 0) > 0')
    await removeMember(owner)
    await jan.reload()
    await jan.getByRole('button', { name: 'With your 24 words' }).waitFor()
    await jan.context().close()
  })

  it('writes down who did what', async () => {
    await go(owner, 'activity')
    const text = async (): Promise<string> => owner.locator('main').innerText()
    for (const what of ['became the owner', 'watched live', 'shared a clip', 'keeps a clip', 'joined'])
      await expect.poll(text).toContain(what)
  })

  it.each(['door', 'visits', 'activity', 'people', 'status', 'settings', 'zones', 'you', 'more'])(
    'has nothing at %s that axe would complain of, in both themes',
    async (place) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await owner.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await go(owner, place)
        await owner.locator('main h1').first().waitFor()
        expect([colorScheme, await complaintsOfAxe(owner)]).toEqual([colorScheme, []])
      }
    },
  )

  it('is there without the doorbell, as far as it was seen before', async () => {
    await go(owner, 'visits')
    await owner.locator('a.visit').first().waitFor()
    await owner.evaluate('navigator.serviceWorker.ready.then(() => {})')
    await owner.reload()
    await owner.locator('a.visit').first().waitFor()
    await owner.context().setOffline(true)
    await owner.reload()
    await owner.locator('.nav').waitFor()
    await owner.context().setOffline(false)
  })

  it('ends with 130 when it is interrupted, and has said nothing secret in its log', async () => {
    device.child.kill('SIGINT')
    const [code] = await once(device.child, 'exit')
    expect(code).toBe(130)
    for (const secret of [words, PASSPHRASE, 'AGE-SECRET-KEY-', device.enrol.split('#enrol=')[1]!])
      expect(device.log).not.toContain(secret)
  })
})

/** A key whose secret nobody kept. */
const RECEIVER = 'age1hgcwg4j9a5rn5hp6vn89u0y6dmvh5w5p7jlt3wk8plnxhhruzszq9vsnjr'
const SAME_SITE = { headers: { 'sec-fetch-site': 'same-origin' } }

async function serve(): Promise<Device> {
  const args = ['sim', VIDEO, '--serve', '--port', '0', '--data', join(folder, 'door')]
  const child = spawn(join(ROOT, 'scripts/lintel'), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const device = { child, log: '' }
  child.stderr.on('data', (bytes: Buffer) => (device.log += bytes.toString()))
  for await (const line of createInterface({ input: child.stdout })) {
    const link = /(http:\S+)\/#enrol=\S+/.exec(line)
    if (link?.[1] !== undefined) return Object.assign(device, { origin: link[1], enrol: link[0] })
  }
  throw new Error(`lintel sim --serve ended: ${device.log}`)
}

/** Its own context: another browser, as far as cookies and keys go. */
async function newPage(from: Browser, before?: string): Promise<Page> {
  const context: BrowserContext = await from.newContext({ viewport: PHONE, acceptDownloads: true })
  context.setDefaultTimeout(0) // Vitest's own patience is the only one.
  if (before !== undefined) await context.addInitScript(before)
  return context.newPage()
}

async function makeKey(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Make my key' }).click()
  await page.locator('.words li').first().waitFor()
  const shown = (await page.locator('.words li').allInnerTexts()).map((word) => word.trim())
  await page.getByRole('button', { name: 'I have written' }).click()
  for (const field of await page.locator('.field').all()) {
    const nth = Number(/\d+/.exec(await field.locator('label').innerText())?.[0])
    await field.locator('input').fill(shown[nth - 1] ?? '')
  }
  await page.getByRole('button', { name: 'Next' }).click()
  return shown.join(' ')
}

async function signIn(page: Page, words: string): Promise<void> {
  await page.goto(device.origin)
  await page.getByRole('button', { name: 'With your 24 words' }).click()
  await page.getByLabel('Your 24 words').fill(words)
  await page.getByRole('button', { name: 'Sign in', exact: true }).last().click()
  await page.locator('.nav').waitFor()
}

/** Pictures come by this way; on a machine that is busy, WebRTC may have had its few seconds in vain, and is given more. */
async function live(page: Page, transport: string): Promise<void> {
  const badge = page.locator('.live-badge', { hasText: 'Live ·' }).first()
  for (;;) {
    await badge.waitFor()
    if ((await badge.innerText()).endsWith(transport)) return
    await page.reload()
  }
}

/** The page's policy forbids what Playwright's own waiting for a text of code needs. */
async function isTrue(page: Page, code: string): Promise<void> {
  await expect.poll(() => page.evaluate(code)).toBe(true)
}

async function go(page: Page, place: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${place}'`)
}

async function openEndedVisit(page: Page): Promise<void> {
  await go(page, 'visits')
  await page.locator('a.visit', { hasNotText: 'being recorded' }).first().click()
  await page.locator('.player video').waitFor()
}

async function removeMember(page: Page): Promise<void> {
  await go(page, 'people')
  await page.getByRole('button', { name: 'Remove' }).first().click()
  await page.locator('dialog[open]').getByRole('button', { name: 'Remove' }).click()
  await page.locator('dialog[open]').waitFor({ state: 'detached' })
}

async function complaintsOfAxe(page: Page): Promise<unknown> {
  return page.evaluate(`(async () => {
    if (!globalThis.axe) { ${AXE} }
    const { violations } = await globalThis.axe.run(document)
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', '))
  })()`)
}
