/** What a household does with its page, in a real browser; the tests go on where the one before ended. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, launchChromium } from '../scripts/chromium.ts'
import { openPageFiles } from './drivers/page-files.ts'
import { openHttpsPushService } from './drivers/push/https-service.fixture.ts'
import { formatRecipient, makePair, openAge, type X25519Pair } from './formats/index.ts'
import { openHouse, type House } from './household.fixture.ts'
import { parseIdentity, pairsOf, readGrant, secretOfWords, withGrantHeader } from './owner/index.ts'
import { makeBrowserKeys, type PushServiceUnderTest } from './ports/push-service.contract.ts'
import type { PushTarget } from './ports/push-service.ts'

const ROOT = join(import.meta.dirname, '..')
const PHONE = { width: 390, height: 844 }
const HOUR_MS = 3_600_000
const folder = mkdtempSync(join(tmpdir(), 'lintel-house-'))

let house: House
let pushes: PushServiceUnderTest
let browser: Browser

describe.skipIf(!hasChromium())('a household and its page', () => {
  let owner: Page
  let words: string
  let jan: { readonly page: Page; readonly pair: X25519Pair }

  beforeAll(async () => {
    execFileSync(join(ROOT, 'scripts/page'), { stdio: 'ignore' })
    const page = await openPageFiles(join(ROOT, '.cache/page'))
    if (page === undefined) throw new Error('scripts/page has built nothing')
    pushes = await openHttpsPushService()
    house = await openHouse({ page, push: pushes.service })
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await house?.[Symbol.asyncDispose]()
    await pushes?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is enrolled with a passkey, and signs in with it again', async () => {
    owner = await newPage()
    await addAuthenticator(owner)
    await owner.goto(`${house.origin}/#enrol=${await house.household.enrolment()}`)
    await owner.getByLabel('Your name').fill('Maja')
    words = await makeKey(owner)
    await owner.getByRole('button', { name: 'Use a passkey' }).click()
    await owner.locator('.nav').waitFor()
    await go(owner, 'you')
    await owner.getByText('1 passkey.').waitFor()
    await owner.getByRole('button', { name: 'Sign out', exact: true }).click()
    await owner.getByRole('button', { name: 'Sign in with your passkey' }).click()
    await owner.locator('.nav').waitFor()
    await go(owner, 'door')
    await owner.locator('.live-badge', { hasText: 'Live ·' }).first().waitFor()
  })

  it('sees the clip of a press on a second browser, once the 24 words are typed there', async () => {
    await ring(owner)
    const second = await newPage()
    await second.goto(house.origin)
    await second.getByRole('button', { name: 'With your 24 words' }).click()
    await second.getByLabel('Your 24 words').fill(words)
    await second.getByRole('button', { name: 'Sign in', exact: true }).last().click()
    await second.locator('.nav').waitFor()
    await openVisit(second)
    await isTrue(second, '(document.querySelector(".player video")?.currentTime ?? 0) > 0')
    await second.context().close()
  })

  it('shares a clip as a grant that opens it, and it alone, for its receiver alone', async () => {
    await ring(owner)
    await openVisit(owner)
    const receiver = makePair()
    await owner.getByRole('button', { name: 'Share' }).click()
    await owner.getByLabel('For whom').fill('Insurance')
    await owner.getByLabel('Their key').fill(formatRecipient(receiver.publicKey))
    const [download] = await Promise.all([
      owner.waitForEvent('download'),
      owner.getByRole('button', { name: 'Make the note' }).click(),
    ])
    await download.saveAs(join(folder, 'clip.grant'))
    await owner.locator('dialog[open]').getByRole('button', { name: 'Close' }).click()
    const grant = readGrant('clip.grant', readFileSync(join(folder, 'clip.grant'), 'utf8'), [])
    const parts = await partsOf(grant.clip.id)
    expect(parts.length).toBeGreaterThan(0)
    for (const part of parts) {
      expect(() => openAge(part, [receiver])).toThrow()
      const film = openAge(withGrantHeader(grant, part), [receiver])
      expect(Buffer.from(film).includes('moof')).toBe(true)
      expect(() => openAge(withGrantHeader(grant, part), [makePair()])).toThrow()
    }
    const [other] = (await clipIds()).filter((id) => id !== grant.clip.id)
    const [foreign] = await partsOf(other ?? '')
    expect(() => withGrantHeader(grant, foreign ?? new Uint8Array())).toThrow(/no object of clip/)
  })

  it('holds a clip, which then cannot be deleted; released and deleted, it is gone from list, disk and store', async () => {
    const visits = owner.locator('a.visit')
    await openVisit(owner)
    const before = await clipIds()
    const objects = new Map<string, readonly string[]>()
    for (const id of before) objects.set(id, await objectsOf(id))
    for (const each of objects.values()) expect(stored(each)).toEqual(each)
    await owner.getByRole('button', { name: 'Keep', exact: true }).click()
    await owner.getByText('Kept until you say otherwise').waitFor()
    await owner.getByRole('button', { name: 'Delete' }).click()
    await owner.getByText('Say “do not keep” first').waitFor()
    expect(await owner.locator('dialog[open]').getByRole('button', { name: 'Delete' }).count()).toBe(0)
    await owner.locator('dialog[open]').getByRole('button', { name: 'Cancel' }).click()
    expect(await clipIds()).toEqual(expect.arrayContaining([...before]))
    await owner.getByRole('button', { name: 'Do not keep' }).click()
    await owner.getByText('Kept until you say otherwise').waitFor({ state: 'detached' })
    await owner.getByRole('button', { name: 'Delete' }).click()
    await owner.locator('dialog[open]').getByRole('button', { name: 'Delete' }).click()
    const gone = async (): Promise<readonly string[]> => {
      const left = await clipIds()
      return before.filter((id) => !left.includes(id))
    }
    await expect.poll(async () => (await gone()).length).toBe(1) // Which one lies where is known by its id, and ids have no order.
    const [deleted = ''] = await gone()
    await go(owner, 'visits')
    await expect.poll(async () => (await visits.count()) - (await clipIds()).length).toBe(0)
    await expect.poll(() => stored(objects.get(deleted) ?? [])).toEqual([])
  })

  it('seals to a member who was let in', async () => {
    const page = await invite(owner, 'Jan', 'Household')
    const secret = secretOfWords(await makeKey(page))
    const [pair] = pairsOf(await parseIdentity('jan', secret))
    if (pair === undefined) throw new Error('no key')
    jan = { page, pair }
    await page.getByLabel('Passphrase').fill('a long passphrase of Jan')
    await page.getByRole('button', { name: 'Join' }).click()
    await page.locator('.nav').waitFor()
    await owner.getByRole('button', { name: 'Let them open recordings' }).click()
    await owner.getByRole('button', { name: 'Only what comes from now on' }).click()
    const clip = await ring(owner)
    const parts = await partsOf(clip)
    expect(parts.length).toBeGreaterThan(0)
    for (const part of parts) expect(openAge(part, [jan.pair]).length).toBeGreaterThan(0)
  })

  it('signs somebody who is removed out at once, wherever they are, and seals nothing to them any more', async () => {
    await go(jan.page, 'visits')
    await jan.page.locator('a.visit').first().waitFor()
    await go(owner, 'people')
    const row = owner.locator('li.member', { hasText: 'Jan' })
    await row.getByRole('button', { name: 'Remove' }).click()
    await owner.locator('dialog[open]').getByRole('button', { name: 'Remove' }).click()
    await row.waitFor({ state: 'detached' })
    await jan.page.getByRole('button', { name: 'With your 24 words' }).waitFor()
    const clip = await ring(owner)
    const parts = await partsOf(clip)
    expect(parts.length).toBeGreaterThan(0)
    for (const part of parts) expect(() => openAge(part, [jan.pair])).toThrow()
    await jan.page.context().close()
  })

  it('lets a guest see who rings and the live picture and nothing else, and only as long as it was said', async () => {
    const guest = await invite(owner, 'Gast', 'Guest')
    await guest.getByRole('button', { name: 'I am a guest' }).click()
    await guest.getByLabel('Passphrase').fill('a long passphrase of Gast')
    await guest.getByRole('button', { name: 'Join' }).click()
    await guest.locator('.nav').waitFor()
    expect(await guest.locator('.nav a').allInnerTexts()).toEqual(expect.not.arrayContaining(['Visits']))
    await guest.locator('.live-badge', { hasText: 'Live ·' }).first().waitFor()
    for (const path of ['clips', 'activity', 'status', 'settings', 'members'])
      expect([path, await statusIn(guest, `/api/${path}`)]).toEqual([path, 403])
    await house.press()
    await guest.locator('dialog.ring').waitFor()
    expect(await guest.locator('.ring-picture').count()).toBe(0)
    await guest.getByRole('button', { name: 'Ignore' }).click()
    house.moveTime(25 * HOUR_MS)
    await guest.reload()
    await guest.getByRole('button', { name: 'With your 24 words' }).waitFor()
    expect(await statusIn(guest, '/api/me')).toBe(401)
    house.moveTime(-25 * HOUR_MS)
    await guest.context().close()
  })

  it('is told of a press with the page closed: the message says nothing, the notice shows who it was', async () => {
    const keys = makeBrowserKeys()
    const target = pushes.subscribe(keys)
    const context = owner.context()
    await context.grantPermissions(['notifications'], { origin: house.origin })
    // Browsers get their address from their maker's service, which no test should call; from there on everything is real.
    await owner.evaluate(subscribesTo(target))
    await go(owner, 'settings')
    await owner.getByRole('button', { name: 'Switch on' }).click()
    await owner.getByText('Notices are on for this device').waitFor()
    await ring(owner)
    await expect.poll(async () => (await pushes.received(target)).length).toBe(1)
    const [bytes = new Uint8Array()] = await pushes.received(target)
    const message = Buffer.from(bytes).toString()
    expect(message).toMatch(/^\{"v":1,"what":"press","press":"[0-9a-f]+"\}$/)
    const shown = await noticesIn(owner)
    await deliver(owner, message)
    await expect.poll(() => shown).toContainEqual(expect.stringContaining('Somebody is at the door'))
  })

  it('is silent in quiet hours that are set on the page, and shows who rings all the same', async () => {
    await go(owner, 'settings')
    await owner.getByRole('button', { name: 'Add quiet hours' }).click()
    await owner.getByLabel('From', { exact: true }).fill('00:00')
    await owner.getByLabel('To', { exact: true }).fill('00:00')
    await owner
      .locator('form', { has: owner.locator('.quiet-time') })
      .getByRole('button', { name: 'Save' })
      .click()
    await owner.getByText('Time zone of the doorbell').waitFor()
    await expect.poll(() => house.household.doorbell()?.quiet().is).toBe('quiet')
    await house.press()
    await owner.getByText('Quiet hours: without a sound').waitFor()
    await owner.getByRole('button', { name: 'Ignore' }).click()
    await go(owner, 'status')
    await owner.getByText('Everything is recorded').waitFor()
  })

  it('starts without the doorbell, and shows what this browser remembers', async () => {
    await go(owner, 'visits')
    await owner.locator('a.visit').first().waitFor()
    await owner.evaluate('navigator.serviceWorker.ready.then(() => {})')
    await house[Symbol.asyncDispose]()
    const page = await owner.context().newPage()
    await page.goto(house.origin)
    await page.locator('.nav').waitFor()
    await page.getByText('You see what this device remembers').waitFor()
  })
})

/** Its own context: another browser, as far as cookies and keys go. */
async function newPage(): Promise<Page> {
  const context: BrowserContext = await browser.newContext({ viewport: PHONE, acceptDownloads: true })
  context.setDefaultTimeout(0) // Vitest's own patience is the only one.
  return context.newPage()
}

/** As a phone has one: it says yes by itself. */
async function addAuthenticator(page: Page): Promise<void> {
  const line = await page.context().newCDPSession(page)
  await line.send('WebAuthn.enable')
  await line.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal' },
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
      automaticPresenceSimulation: true,
    },
  })
}

/** A press that nobody answers, and its clip, when it has ended and is in the store. */
async function ring(page: Page): Promise<string> {
  const uploaded = (): readonly string[] =>
    house.happenings.flatMap((it) => (it.kind === 'clip-uploaded' ? [it.clip] : []))
  const before = uploaded().length
  await house.press()
  await page.getByRole('button', { name: 'Ignore' }).click()
  await expect.poll(() => uploaded().length).toBeGreaterThan(before)
  return uploaded().at(-1) ?? ''
}

const clipIds = async (): Promise<readonly string[]> =>
  (await house.disk.list('clips')).map(({ name }) => name)

async function partsOf(clip: string): Promise<readonly Uint8Array[]> {
  const files = (await house.disk.list(`clips/${clip}`)).filter(({ name }) => /^\d+\.age$/.test(name))
  return Promise.all(files.map(({ name }) => house.disk.read(`clips/${clip}/${name}`)))
}

/** Names in the store of all that belongs to a clip. */
async function objectsOf(clip: string): Promise<readonly string[]> {
  const { clips = [] } = (await house.household.doorbell()?.clips.list({ limit: 100 })) ?? {}
  return clips.find((it) => it.clip === clip)?.objects.map(({ name }) => name) ?? []
}
const stored = (names: readonly string[]): readonly string[] =>
  names.filter((name) => house.store.objects.has(name))

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

async function openVisit(page: Page): Promise<void> {
  await go(page, 'visits')
  await page.locator('a.visit', { hasNotText: 'being recorded' }).first().click()
  await page.locator('.player video').waitFor()
}

/** Gives the page of whoever was invited, in a browser of their own. */
async function invite(owner: Page, name: string, role: string): Promise<Page> {
  await go(owner, 'people')
  await owner.getByLabel('Their name').fill(name)
  await owner.getByRole('radio', { name: role }).check()
  await owner.getByRole('button', { name: 'Make the invitation' }).click()
  const link = await owner.locator('.code').innerText()
  // A notice of what was done before may have a button of the same name.
  await owner.locator(':has(> .code)').getByRole('button', { name: 'Close' }).click()
  const page = await newPage()
  await page.goto(link)
  return page
}

async function go(page: Page, place: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${place}'`)
}

/** The page's policy forbids what Playwright's own waiting for a text of code needs. */
async function isTrue(page: Page, code: string): Promise<void> {
  await expect.poll(() => page.evaluate(code)).toBe(true)
}

const statusIn = (page: Page, path: string): Promise<unknown> =>
  page.evaluate(`fetch('${path}').then(({ status }) => status)`)

/** What a browser would have been given by its maker's service. */
const subscribesTo = ({ endpoint, p256dh, auth }: PushTarget): string => `(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)).buffer
  const made = { endpoint: '${endpoint}', getKey: (name) => bytes(name === 'auth' ? '${auth}' : '${p256dh}'), unsubscribe: async () => true }
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly || applicationServerKey.byteLength !== 65) throw new Error('no browser takes this')
    return made
  }
})()`

/** What the browser writes down of notices that it has displayed. */
async function noticesIn(page: Page): Promise<readonly string[]> {
  const notices: string[] = []
  const line = await page.context().newCDPSession(page)
  line.on('BackgroundService.backgroundServiceEventReceived', ({ backgroundServiceEvent: event }) =>
    notices.push(`${event.eventName} ${JSON.stringify(event.eventMetadata)}`),
  )
  for (const service of ['notifications', 'pushMessaging'] as const) {
    await line.send('BackgroundService.startObserving', { service })
    await line.send('BackgroundService.setRecording', { shouldRecord: true, service })
  }
  return notices
}

/** As the browser does when its maker's service calls it. */
async function deliver(page: Page, data: string): Promise<void> {
  const line = await page.context().newCDPSession(page)
  const registration = new Promise<string>((resolve) =>
    line.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [first] }) => {
      if (first !== undefined) resolve(first.registrationId)
    }),
  )
  await line.send('ServiceWorker.enable')
  await line.send('ServiceWorker.deliverPushMessage', {
    origin: house.origin,
    registrationId: await registration,
    data,
  })
}
