/** Hearing the door and talking there: a real browser with a made-up microphone before `lintel sim --serve`. The tests go on where the one before ended. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, launchChromium } from '../../scripts/chromium.ts'
import { energyShare } from '../drivers/audio/listen.fixture.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const VIDEO = join(ROOT, 'test-fixtures/walk-up.mp4')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PHONE = { width: 390, height: 844 }
/** What the doorbell hears, and what the household says. */
const [DOOR_HERTZ, VOICE_HERTZ] = [440, 700]
const WAV_HEAD_BYTES = 44

type Device = { readonly child: ChildProcess; readonly origin: string; readonly enrol: string }

const folder = mkdtempSync(join(tmpdir(), 'lintel-sound-'))
const speakerFile = join(folder, 'door/speaker.wav')
let device: Device
let browser: Browser

describe.skipIf(!hasChromium())('sound on the owner’s page', () => {
  let owner: Page
  let words: string

  beforeAll(async () => {
    const microphone = join(folder, 'voice.wav')
    writeFileSync(microphone, syllables())
    device = await serve()
    browser = await launchChromium([
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`,
    ])
  })
  afterAll(async () => {
    await browser?.close()
    if (device !== undefined && device.child.exitCode === null) {
      device.child.kill('SIGINT')
      await once(device.child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })

  it('is offered with the live view, silent at first, and no microphone is asked for', async () => {
    owner = await newPage()
    words = await enrol(owner)
    await owner.getByRole('button', { name: 'Hear the door' }).waitFor()
    await owner.getByRole('button', { name: /^Talk/ }).waitFor()
    expect(await owner.evaluate('[globalThis.played.length, globalThis.microphones.length]')).toEqual([0, 0])
  })

  it('lets the page hear what the doorbell’s microphone hears', async () => {
    await owner.getByRole('button', { name: 'Hear the door' }).click()
    await expect.poll(() => loudness(owner, DOOR_HERTZ)).toBeGreaterThan(LOUD)
    expect(await loudness(owner, 1500)).toBeLessThan(QUIET)
  })

  it('brings what is said in the page to the doorbell’s speaker, and the door is not heard meanwhile', async () => {
    expect(share()).toBeLessThan(0.05)
    await owner.getByRole('button', { name: /^Talk/ }).click()
    await owner.getByRole('button', { name: /^You are heard/ }).waitFor()
    await expect.poll(share).toBeGreaterThan(0.3)
    await expect.poll(() => loudness(owner, DOOR_HERTZ)).toBeLessThan(QUIET)
  })

  it('shows another member who talks', async () => {
    const other = await newPage()
    await signIn(other, words)
    const taken = other.getByRole('button', { name: 'Maja is talking' })
    await taken.waitFor()
    expect(await taken.isDisabled()).toBe(true)
    await other.context().close()
  })

  it('lets go of the microphone when the talk is over, and hears the door again', async () => {
    await owner.getByRole('button', { name: /^You are heard/ }).click()
    await owner.getByRole('button', { name: /^Talk/ }).waitFor()
    await expect
      .poll(() => owner.evaluate('globalThis.microphones.map(({ readyState }) => readyState)'))
      .toEqual(['ended'])
    await expect.poll(() => loudness(owner, DOOR_HERTZ)).toBeGreaterThan(LOUD)
  })

  it('rings through the speaker, and hears the door as soon as somebody answers', async () => {
    await owner.getByRole('button', { name: 'Hear the door' }).click()
    const before = said().length
    await owner.getByRole('button', { name: 'Press the button' }).click()
    await owner.getByRole('button', { name: 'Answer' }).click()
    const ring = owner.locator('dialog.ring')
    await ring.getByRole('button', { name: /^Talk/ }).waitFor()
    await expect.poll(() => energyShare(said().subarray(before), 659.25)).toBeGreaterThan(0.2)
    await expect.poll(() => loudness(owner, DOOR_HERTZ)).toBeGreaterThan(LOUD)
    for (const colorScheme of ['light', 'dark'] as const) {
      await owner.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect([colorScheme, await complaintsOfAxe(owner)]).toEqual([colorScheme, []])
    }
    await ring.getByRole('button', { name: 'Done' }).click()
  })

  it('talks for as long as the button is held', async () => {
    const button = owner.getByRole('button', { name: /^Talk/ })
    await button.hover()
    await owner.mouse.down()
    await owner.getByRole('button', { name: /^You are heard/ }).waitFor()
    const before = said().length
    await expect.poll(() => said().length).toBeGreaterThan(before + 96_000)
    await owner.mouse.up()
    await button.waitFor()
  })

  it('says that there is no sound where pictures come in another way', async () => {
    const page = await newPage('delete globalThis.RTCPeerConnection')
    await signIn(page, words)
    await page.getByText('Hearing and talking need a live view by WebRTC').waitFor()
    expect(await page.getByRole('button', { name: /^Talk/ }).count()).toBe(0)
    await page.context().close()
  })

  it('writes down that somebody talked, and records no sound', async () => {
    await owner.evaluate(`location.hash = '#/activity'`)
    await expect.poll(() => owner.locator('main').innerText()).toContain('talked at the door')
    await owner.evaluate(`location.hash = '#/settings'`)
    await owner.getByText('it is never recorded').waitFor()
    expect(await complaintsOfAxe(owner)).toEqual([])
  })
})

/** In decibels of the page's analyser: a tone at full level has about -20. */
const [LOUD, QUIET] = [-50, -70]

/** How loud this frequency is in what the page plays now. */
const loudness = (page: Page, hertz: number): Promise<unknown> =>
  page.evaluate(`globalThis.loudness(${hertz})`)

const said = (): Uint8Array => readFileSync(speakerFile).subarray(WAV_HEAD_BYTES)
const share = (): number => energyShare(said(), VOICE_HERTZ)

/** Before anything of the page runs: what is played, and which microphones it was given. */
const LISTEN = `
  globalThis.played = []
  globalThis.microphones = []
  const play = HTMLMediaElement.prototype.play
  HTMLMediaElement.prototype.play = function () {
    if (this instanceof HTMLAudioElement) globalThis.played.push(this)
    return play.call(this)
  }
  const devices = navigator.mediaDevices
  const open = devices.getUserMedia.bind(devices)
  devices.getUserMedia = async (wanted) => {
    const stream = await open(wanted)
    globalThis.microphones.push(...stream.getTracks())
    return stream
  }
  let ear
  globalThis.loudness = (hertz) => {
    const stream = globalThis.played.at(-1)?.srcObject
    if (!stream) return -Infinity
    if (ear?.stream !== stream) {
      const context = new AudioContext()
      const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0.2 })
      context.createMediaStreamSource(stream).connect(analyser)
      ear = { stream, context, analyser }
    }
    const levels = new Float32Array(ear.analyser.frequencyBinCount)
    ear.analyser.getFloatFrequencyData(levels)
    const bin = Math.round((hertz * 4096) / ear.context.sampleRate)
    return Math.max(...levels.slice(bin - 1, bin + 2), -1000)
  }
`

/** A tone in syllables: what is steady a browser takes for noise, and takes it away. */
function syllables(): Uint8Array {
  const samples = 48_000 * 4
  const wav = Buffer.alloc(WAV_HEAD_BYTES + samples * 2)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(wav.length - 8, 4)
  wav.write('WAVEfmt ', 8, 'latin1')
  for (const [at, value] of [
    [16, 16],
    [24, 48_000],
    [28, 96_000],
  ] as const)
    wav.writeUInt32LE(value, at)
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    wav.writeUInt16LE(value, at)
  wav.write('data', 36, 'latin1')
  wav.writeUInt32LE(samples * 2, 40)
  for (let n = 0; n < samples; n++) {
    const atS = n / 48_000
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 3 * atS)) ** 0.5
    const value = syllable * 12_000 * Math.sin(2 * Math.PI * VOICE_HERTZ * atS)
    wav.writeInt16LE(Math.round(value), WAV_HEAD_BYTES + n * 2)
  }
  return wav
}

async function serve(): Promise<Device> {
  const args = ['sim', VIDEO, '--serve', '--port', '0', '--data', join(folder, 'door'), '--sound', 'tone']
  const child = spawn(join(ROOT, 'scripts/lintel'), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()))
  for await (const line of createInterface({ input: child.stdout })) {
    const link = /(http:\S+)\/#enrol=\S+/.exec(line)
    if (link?.[1] !== undefined) return { child, origin: link[1], enrol: link[0] }
  }
  throw new Error(`lintel sim --serve ended: ${log}`)
}

async function newPage(before = ''): Promise<Page> {
  const context = await browser.newContext({ viewport: PHONE, permissions: ['microphone'] })
  context.setDefaultTimeout(0) // Vitest's own patience is the only one.
  await context.addInitScript(`${LISTEN};${before}`)
  return context.newPage()
}

async function enrol(page: Page): Promise<string> {
  await page.goto(device.enrol)
  await page.getByLabel('Your name').fill('Maja')
  await page.getByRole('button', { name: 'Make my key' }).click()
  await page.locator('.words li').first().waitFor()
  const shown = (await page.locator('.words li').allInnerTexts()).map((word) => word.trim())
  await page.getByRole('button', { name: 'I have written' }).click()
  for (const field of await page.locator('.field').all()) {
    const nth = Number(/\d+/.exec(await field.locator('label').innerText())?.[0])
    await field.locator('input').fill(shown[nth - 1] ?? '')
  }
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByLabel('Passphrase').fill('correct horse battery')
  await page.getByRole('button', { name: 'Finish' }).click()
  await page.locator('.nav').waitFor()
  return shown.join(' ')
}

async function signIn(page: Page, words: string): Promise<void> {
  await page.goto(device.origin)
  await page.getByRole('button', { name: 'With your 24 words' }).click()
  await page.getByLabel('Your 24 words').fill(words)
  await page.getByRole('button', { name: 'Sign in', exact: true }).last().click()
  await page.locator('.nav').waitFor()
}

async function complaintsOfAxe(page: Page): Promise<unknown> {
  return page.evaluate(`(async () => {
    if (!globalThis.axe) { ${AXE} }
    const { violations } = await globalThis.axe.run(document)
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', '))
  })()`)
}
