import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, launchChromium } from '../../scripts/chromium.ts'
import { storyPage } from './index.ts'
import { hostileOutcome, longWeek, strangerAtNight, type Played } from './outcome.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'lintel-report-'))

describe.skipIf(!hasChromium())('the page of a story in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const open = async (
    played: Played,
    { width = 1280, script = true } = {},
  ): Promise<{ readonly tab: Page; readonly troubles: readonly string[] }> => {
    const file = join(folder, `page-${width}.html`)
    writeFileSync(file, storyPage({ ...played, thumbnails: [], replayCommand: 'lintel sim night.yaml' }))
    const tab = await browser.newPage({ viewport: { width, height: 900 }, javaScriptEnabled: script })
    tab.setDefaultTimeout(0)
    const troubles: string[] = []
    tab.on('pageerror', ({ message }) => troubles.push(message))
    tab.on('console', (message) => troubles.push(message.text()))
    tab.on('dialog', (dialog) => {
      troubles.push(`dialog ${dialog.message()}`)
      void dialog.dismiss()
    })
    tab.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href) troubles.push(`asked for ${request.url()}`)
    })
    await tab.goto(pathToFileURL(file).href)
    return { tab, troubles }
  }

  it.each([1280, 400])(
    'shows the reason at once, and nothing wider than the screen, at %d px',
    async (width) => {
      const { tab, troubles } = await open(strangerAtNight(), { width })
      const reason = await tab.locator('.reason').boundingBox()
      expect((reason?.y ?? 900) + (reason?.height ?? 900)).toBeLessThan(300)
      expect(await tab.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0)
      expect(troubles).toEqual([])
    },
  )

  it('shows words beside the pointer, and filters the table', async () => {
    const { tab, troubles } = await open(strangerAtNight())
    await tab.locator('.badge.press').hover({ force: true })
    expect(await tab.locator('.tip').innerText()).toContain('told to the household at 63.2 s, 56.7 s later')
    await tab.locator('input[type=search]').fill('store unavailable')
    expect(await tab.locator('.filters output').innerText()).toMatch(/^10 of \d+ rows$/)
    expect(troubles).toEqual([])
  })

  it('brings the failure of a week into sight, drawn to the second', async () => {
    const { tab } = await open(longWeek(700))
    await tab.locator('#whole [data-go]').click()
    const line = await tab.locator('#whole .failure line').first().boundingBox()
    const view = await tab.locator('#whole .scroller').boundingBox()
    const middle = (view?.x ?? 0) + (view?.width ?? 0) / 2
    expect(Math.abs((line?.x ?? 0) - middle)).toBeLessThan(5)
  })

  it('lets nothing run that a story says, and asks for nothing', async () => {
    const { tab, troubles } = await open(hostileOutcome())
    expect(await tab.locator('body img, body style').count()).toBe(0)
    expect(await tab.locator('script').count()).toBe(1)
    expect(troubles).toEqual([])
  })

  it('can be read without its script', async () => {
    const { tab } = await open(strangerAtNight(), { script: false })
    expect(await tab.locator('.reason').innerText()).toContain('was notified at 63.2 s')
    expect(await tab.locator('.failure text').isVisible()).toBe(true)
    const before = await tab.locator('.plot').boundingBox()
    await tab.locator('label', { hasText: '5 × closer' }).click()
    const after = await tab.locator('.plot').boundingBox()
    expect((after?.width ?? 0) / (before?.width ?? 1)).toBeCloseTo(5, 1)
  })
})
