import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { ffmpegReencoder } from '../drivers/ffmpeg/index.ts'
import { nodeClock as clock } from '../drivers/node-clock.ts'
import { nodeRandom } from '../drivers/node-random.ts'
import { openWebrtcPeers } from '../drivers/webrtc/index.ts'
import { playFilm, readFilm } from './camera.fixture.ts'
import { createLive, type Live } from './index.ts'
import { makeDeviceKeys, servePage, signWith, type PageServer } from './page-server.fixture.ts'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--allow-loopback-in-peer-connection',
]

type State = {
  readonly phase: string
  readonly transport?: string
  readonly refused?: readonly { why: string }[]
  readonly why?: string
}

describe.skipIf(!existsSync(CHROMIUM))('the live view in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  })
  afterAll(() => browser.close())

  for (const transport of ['webrtc', 'fmp4', 'mpeg1'] as const) {
    it(`shows moving pictures of the camera by ${transport}`, async () => {
      await using door = await openDoor('walk-up-night.mp4')
      const tab = await watch(browser, door.page, [transport])
      expect(await stateWhen(tab, 'showing', 'forged', 'waiting')).toMatchObject({
        phase: 'showing',
        transport,
      })
      const [one, other] = [await pictureOf(tab, transport), await pictureOf(tab, transport, 2000)]
      expect(one.width).toBe(640)
      expect(one.colours).toBeGreaterThan(20)
      expect(other.digest).not.toBe(one.digest)
      expect(door.live.viewers()).toEqual([{ transport }])
      await tab.close()
    })
  }
})

type Door = AsyncDisposable & { readonly live: Live; readonly page: PageServer }

async function openDoor(film: string): Promise<Door> {
  const stop = new AbortController()
  const keys = makeDeviceKeys()
  const camera = playFilm(await readFilm(film), () => clock.mono())
  const live = createLive({
    clock,
    log: silentLog,
    random: nodeRandom,
    prerollSince: () => camera.since(),
    sign: signWith(keys),
    peers: openWebrtcPeers({ additionalHosts: ['127.0.0.1'] }),
    reencoder: ffmpegReencoder,
  })
  const playing = camera.run(live, stop.signal)
  const page = await servePage(live, keys)
  return {
    live,
    page,
    async [Symbol.asyncDispose]() {
      await page[Symbol.asyncDispose]()
      await live[Symbol.asyncDispose]()
      stop.abort()
      await playing
    },
  }
}

async function watch(
  browser: Browser,
  { url, devicePublicKey }: PageServer,
  transports: readonly string[],
): Promise<Page> {
  const tab = await browser.newPage()
  tab.on('console', (message) => console.log(message.text()))
  tab.on('pageerror', (error) => console.log(error))
  await tab.goto(url)
  await tab.waitForFunction('window.connectLive !== undefined')
  await tab.evaluate(`
    window.states = []
    window.stop = new AbortController()
    window.done = connectLive(
      { video: document.getElementById('video'), canvas: document.getElementById('canvas') },
      { devicePublicKey: ${JSON.stringify(devicePublicKey)}, transports: ${JSON.stringify(transports)}, onState: (state) => { states.push(state); console.log(JSON.stringify(state)) }, signal: stop.signal },
    ); 0`)
  return tab
}

async function stateWhen(tab: Page, ...phases: readonly string[]): Promise<State> {
  const found = `states.find((state) => ${JSON.stringify(phases)}.includes(state.phase))`
  await tab.waitForFunction(`${found} !== undefined`, undefined, { timeout: 60_000 })
  return (await tab.evaluate(found)) as State // Written by `watch`.
}

type Picture = { readonly width: number; readonly colours: number; readonly digest: string }

/** What is really to be seen there, `afterMs` of pictures later. */
async function pictureOf(tab: Page, transport: string, afterMs = 0): Promise<Picture> {
  return (await tab.evaluate(`(async () => {
    const source = document.getElementById(${JSON.stringify(transport === 'mpeg1' ? 'canvas' : 'video')})
    await new Promise((resolve) => setTimeout(resolve, ${afterMs}))
    const canvas = document.createElement('canvas')
    const width = source.videoWidth ?? source.width
    canvas.width = 64
    canvas.height = 36
    const pen = canvas.getContext('2d')
    await new Promise((resolve) => requestAnimationFrame(resolve))
    pen.drawImage(source, 0, 0, 64, 36)
    const { data } = pen.getImageData(0, 0, 64, 36)
    return { width, colours: new Set(new Uint32Array(data.buffer)).size, digest: data.join('') }
  })()`)) as Picture // Made right there.
}
