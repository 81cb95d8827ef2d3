import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { silentLog } from '../base/log.ts'
import { ffmpegReencoder } from '../drivers/ffmpeg/index.ts'
import { nodeClock as clock } from '../drivers/node-clock.ts'
import { nodeRandom } from '../drivers/node-random.ts'
import { openWebrtcPeers } from '../drivers/webrtc/index.ts'
import { hasChromium, launchChromium } from '../../scripts/chromium.ts'
import { playFilm, readFilm } from '../../scripts/live-lab/camera.ts'
import { createLive, type Live } from './index.ts'
import { makeDeviceKeys, servePage, signWith, type PageServer } from '../../scripts/live-lab/page-server.ts'

type State = {
  readonly phase: string
  readonly transport?: string
  readonly refused?: readonly { why: string }[]
  readonly why?: string
}

/** However slow the machine is. */
const PATIENCE_MS = 200_000

describe.skipIf(!hasChromium())('the live view in a browser', { timeout: 3 * PATIENCE_MS }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
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
      await nobodyWatches(door.live)
    })
  }

  it('takes the next way when the better one shows nothing, and says why', async () => {
    await using door = await openDoor('walk-up-night.mp4')
    door.page.refuse = new Set(['webrtc', 'fmp4'])
    const tab = await watch(browser, door.page, ['webrtc', 'fmp4', 'mpeg1'])
    expect(await stateWhen(tab, 'showing')).toMatchObject({
      transport: 'mpeg1',
      refused: [
        { transport: 'webrtc', why: 'nothing at /api/live/webrtc' },
        { transport: 'fmp4', why: 'fmp4 is refused here' },
      ],
    })
    await tab.close()
  })

  it('shows nothing, by any way, when a middleman swaps the fingerprint for his own', async () => {
    await using door = await openDoor('walk-up-night.mp4')
    door.page.tamper = ({ answer, ...reply }) => ({
      ...reply,
      answer: answer.replace(/(a=fingerprint:sha-256 )..:../g, '$100:11'),
    })
    const tab = await watch(browser, door.page, ['webrtc', 'fmp4', 'mpeg1'])
    expect(await stateWhen(tab, 'showing', 'forged', 'waiting')).toMatchObject({ phase: 'forged' })
    expect(await tab.evaluate(`document.getElementById('video').videoWidth`)).toBe(0)
    await tab.evaluate('done') // It does not try again.
    expect(await phasesOf(tab)).toEqual(['connecting', 'forged'])
    await tab.close()
    await nobodyWatches(door.live)
  })

  it('shows nothing when the fingerprint is the device’s own, signed by somebody else', async () => {
    await using door = await openDoor('walk-up-night.mp4')
    const other = signWith(makeDeviceKeys())
    door.page.tamper = (reply) => ({
      ...reply,
      signature: Buffer.from(other(Buffer.from('anything'))).toString('base64url'),
    })
    const tab = await watch(browser, door.page, ['webrtc'])
    expect(await stateWhen(tab, 'showing', 'forged', 'waiting')).toMatchObject({ phase: 'forged' })
    await tab.close()
  })

  it('shows a camera with B-frames by WebRTC and by Media Source', async () => {
    await using door = await openDoor('walk-up.mp4')
    for (const transport of ['webrtc', 'fmp4']) {
      const tab = await watch(browser, door.page, [transport])
      expect(await stateWhen(tab, 'showing', 'waiting')).toMatchObject({ phase: 'showing', transport })
      await tab.waitForFunction(`document.getElementById('video').currentTime > 3`)
      await tab.close()
    }
  })

  it('shows a camera with open groups of pictures by Media Source, as browsers refuse it in WebRTC', async () => {
    await using door = await openDoor('open-gop.mp4')
    await vi.waitFor(() => expect(door.keys()).toBeGreaterThan(1), { timeout: PATIENCE_MS }) // The very first is an IDR picture.
    const tab = await watch(browser, door.page, ['webrtc', 'fmp4'])
    expect(await stateWhen(tab, 'showing', 'waiting')).toMatchObject({
      phase: 'showing',
      transport: 'fmp4',
      refused: [{ why: expect.stringContaining('this camera sends open groups of pictures') }],
    })
    await tab.waitForFunction(`document.getElementById('video').currentTime > 3`)
    await tab.close()
  })

  it('says that it does not show HEVC by WebRTC', async () => {
    await using door = await openDoor('hevc.mp4')
    const tab = await watch(browser, door.page, ['webrtc', 'mpeg1'])
    expect(await stateWhen(tab, 'showing', 'waiting')).toMatchObject({
      phase: 'showing',
      transport: 'mpeg1',
      refused: [{ why: expect.stringContaining('this camera sends hevc') }],
    })
    await tab.close()
  })

  it('goes on with other pictures when the camera changes, by every way', async () => {
    await using door = await openDoor('walk-up-night.mp4')
    const tabs = await Promise.all(
      ['webrtc', 'fmp4', 'mpeg1'].map(async (transport) => {
        const tab = await watch(browser, door.page, [transport])
        await stateWhen(tab, 'showing')
        return { tab, transport }
      }),
    )
    await door.change('vfr.mp4')
    for (const { tab, transport } of tabs) {
      await tab.bringToFront() // Browsers draw nothing for those who do not look.
      if (transport !== 'mpeg1')
        await tab.waitForFunction(`document.getElementById('video').videoWidth === 320`, undefined, {
          timeout: PATIENCE_MS,
        })
      const before = await pictureOf(tab, transport)
      await vi.waitFor(async () => expect(await pictureOf(tab, transport)).not.toEqual(before), {
        timeout: PATIENCE_MS,
      })
      expect(await phasesOf(tab)).toEqual(['connecting', 'showing'])
      await tab.close()
    }
  })
})

type Door = AsyncDisposable & {
  readonly live: Live
  readonly page: PageServer
  /** How many key frames it has sent. */
  keys(): number
  /** The camera goes away, and comes back with another film. */
  change(film: string): Promise<void>
}

async function openDoor(film: string): Promise<Door> {
  const keys = makeDeviceKeys()
  let camera = playFilm(await readFilm(film), () => clock.mono())
  const live = createLive({
    clock,
    log: silentLog,
    random: nodeRandom,
    prerollSince: () => camera.since(),
    sign: signWith(keys),
    peers: openWebrtcPeers({ additionalHosts: ['127.0.0.1'] }),
    reencoder: ffmpegReencoder,
  })
  let stop = new AbortController()
  let playing = camera.run(live, stop.signal)
  const unplug = async (): Promise<void> => {
    stop.abort()
    await playing
  }
  const page = await servePage(live, keys)
  return {
    live,
    page,
    keys: () => camera.keys(),
    async change(next) {
      const other = playFilm(await readFilm(next), () => clock.mono())
      await unplug()
      stop = new AbortController()
      camera = other
      playing = camera.run(live, stop.signal)
    },
    async [Symbol.asyncDispose]() {
      await page[Symbol.asyncDispose]()
      await live[Symbol.asyncDispose]()
      await unplug()
    },
  }
}

/** Whoever closed the page is forgotten: at once, or when nothing was heard of them for a while. */
const nobodyWatches = (live: Live): Promise<void> =>
  vi.waitFor(() => expect(live.viewers()).toEqual([]), { timeout: PATIENCE_MS, interval: 100 })

const phasesOf = async (tab: Page): Promise<unknown> => tab.evaluate('states.map(({ phase }) => phase)')

async function watch(
  browser: Browser,
  { url, devicePublicKey }: PageServer,
  transports: readonly string[],
): Promise<Page> {
  const tab = await browser.newPage()
  tab.setDefaultTimeout(PATIENCE_MS)
  await tab.goto(url)
  await tab.waitForFunction('window.connectLive !== undefined')
  await tab.evaluate(`
    window.states = []
    window.stop = new AbortController()
    window.done = connectLive(
      { video: document.getElementById('video'), canvas: document.getElementById('canvas') },
      { devicePublicKey: ${JSON.stringify(devicePublicKey)}, transports: ${JSON.stringify(transports)}, patienceMs: ${PATIENCE_MS}, onState: (state) => states.push(state), signal: stop.signal },
    ); 0`)
  return tab
}

async function stateWhen(tab: Page, ...phases: readonly string[]): Promise<State> {
  const found = `states.find((state) => ${JSON.stringify(phases)}.includes(state.phase))`
  await tab.waitForFunction(`${found} !== undefined`)
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
