/**
 * What the live view costs, and how soon and how late its pictures are:
 *
 *   scripts/bench live                 1, 4 and 8 WebRTC viewers of 720p; every way of watching in a real browser
 *   scripts/bench live --long          and ten minutes with 8 viewers, to see whether memory grows
 *   scripts/bench live --seconds 20    how long each number of viewers is watched
 *
 * The device is a process of its own, and so are the viewers: only the device is counted. Numbers never make it fail.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { median, costOf } from './bench-parts.ts'
import { hasChromium, launchChromium } from './chromium.ts'
import type { DeviceHello, DeviceReply } from './live-lab/device.ts'
import { LAB_VIDEO, makeLabVideo } from './live-lab/video.ts'
import type { ViewerReply } from './live-lab/viewers.ts'

const VIEWERS = [1, 4, 8]
const SHARE_WANTED = 5
const FIRST_MS_WANTED = 700
const LONG_MINUTES = 10
const TRANSPORTS = ['webrtc', 'fmp4', 'mpeg1'] as const

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '5' },
    long: { type: 'boolean', default: false },
  },
})

const say = (text: string): void => console.log(text)

async function main(): Promise<void> {
  say(`${cpus().length} processors, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}\n`)
  const video = await makeLabVideo()
  await measureViewers(video)
  if (hasChromium()) await measureBrowser(video)
  else say('no chromium: times to the first picture are left out')
  if (values.long) await measureLong(video)
}

type Child = Disposable & { ask<Reply>(question: object): Promise<Reply>; readonly hello: Promise<unknown> }

function startChild(script: string, args: readonly string[]): Child {
  const file = path.join(import.meta.dirname, 'live-lab', script)
  const child: ChildProcess = fork(file, args, {
    execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'],
  })
  const hello = once(child, 'message').then(([message]: unknown[]) => message)
  const waiting = new Map<number, (reply: unknown) => void>()
  child.on('message', (reply: { readonly id?: number }) => waiting.get(reply.id ?? -1)?.(reply))
  let count = 0
  return {
    hello,
    ask<Reply>(question: object) {
      const id = count++
      return new Promise<Reply>((resolve) => {
        waiting.set(id, (reply) => resolve(reply as Reply)) // Whoever asks knows what is answered.
        child.send({ id, ...question })
      })
    },
    [Symbol.dispose]: () => void child.kill(),
  }
}

async function addViewer(device: Child, viewers: Child): Promise<void> {
  const { offer } = await viewers.ask<ViewerReply>({ what: 'offer' })
  const { answer } = await device.ask<DeviceReply>({ offer })
  await viewers.ask({ what: 'answer', answer })
}

/** Percent of one processor that the device takes while time passes. */
async function shareOf(device: Child, seconds: number): Promise<number> {
  const before = await device.ask<DeviceReply>({})
  const startedAt = performance.now()
  await sleep(seconds * 1000)
  const after = await device.ask<DeviceReply>({})
  return (((after.cpuS ?? 0) - (before.cpuS ?? 0)) * 100_000) / (performance.now() - startedAt)
}

async function measureViewers(video: string): Promise<void> {
  using device = startChild('device.ts', [video])
  await device.hello
  using viewers = startChild('viewers.ts', [])
  const seconds = Number(values.seconds)
  const decode = await costOf('ffmpeg', ['-v', 'error', '-threads', '1', '-i', video, '-f', 'null', '-'])
  const decodeShare = (decode.cpuS / LAB_VIDEO.seconds) * 100
  const idle = await shareOf(device, seconds)
  say(
    `${LAB_VIDEO.height}p, ${LAB_VIDEO.fps} pictures a second, ${LAB_VIDEO.kbitPerS} kbit/s, by WebRTC, ${seconds} s each; percent of one processor`,
  )
  say(`to decode it once: ${decodeShare.toFixed(1)} %    the device without viewers: ${idle.toFixed(1)} %\n`)
  say('viewers   device   each viewer   of one decode   of one viewer   packets lost    memory')
  let one: number | undefined
  for (let count = 0; count < Math.max(...VIEWERS);) {
    await addViewer(device, viewers)
    if (!VIEWERS.includes(++count)) continue
    await sleep(3000) // What was missed is sent, code is compiled.
    const before = await viewers.ask<ViewerReply>({ what: 'counts' })
    const share = await shareOf(device, seconds)
    const after = await viewers.ask<ViewerReply>({ what: 'counts' })
    const each = (share - idle) / count
    one ??= each
    const { rssMb = 0 } = await device.ask<DeviceReply>({})
    const came = (after.packets ?? 0) - (before.packets ?? 0)
    const lost = (after.lost ?? 0) - (before.lost ?? 0)
    say(
      [
        String(count).padStart(7),
        `${share.toFixed(1)} %`.padStart(9),
        `${each.toFixed(1)} %`.padStart(14),
        (each / decodeShare).toFixed(2).padStart(16),
        (each / one).toFixed(2).padStart(16),
        `${lost} of ${came + lost}`.padStart(15),
        `${rssMb.toFixed(0)} MB`.padStart(10),
      ].join(''),
    )
  }
  say(`\nwanted: at most ${SHARE_WANTED} % for each viewer\n`)
}

async function measureBrowser(video: string): Promise<void> {
  using device = startChild('device.ts', [video])
  const hello = (await device.hello) as DeviceHello // The first that it says.
  const browser = await launchChromium()
  try {
    say(`in Chromium, ${values.rounds} rounds each; in between the median`)
    say('way        first picture, ms (least, median, most)   from the camera to the screen, ms')
    for (const transport of TRANSPORTS) {
      const rounds: Seen[] = []
      for (let round = 0; round < Number(values.rounds); round++)
        rounds.push(await see(browser, hello, transport))
      const first = rounds.map(({ firstMs }) => firstMs).toSorted((a, b) => a - b)
      const lags = rounds.flatMap(({ lagsMs }) => lagsMs).toSorted((a, b) => a - b)
      const three = (list: readonly number[]): string =>
        [list[0], median(list), list.at(-1)].map((ms) => (ms ?? Number.NaN).toFixed(0)).join(', ')
      say(`${transport.padEnd(11)}${three(first).padEnd(44)}${three(lags)}`)
    }
    say(`\nwanted: the first picture within ${FIRST_MS_WANTED} ms\n`)
  } finally {
    await browser.close()
  }
}

type Seen = { readonly firstMs: number; readonly lagsMs: readonly number[] }

/** Watches for a few seconds; reads from the screen which picture it is, and so how old. */
async function see(browser: Browser, hello: DeviceHello, transport: string): Promise<Seen> {
  const tab = await browser.newPage()
  await tab.goto(hello.url)
  await tab.waitForFunction('window.connectLive !== undefined')
  const { bits, square, fps, width, seconds } = LAB_VIDEO
  const seen = (await tab.evaluate(`(async () => {
    const video = document.getElementById('video'), canvas = document.getElementById('canvas')
    const stop = new AbortController()
    const first = await new Promise((resolve) => connectLive({ video, canvas }, {
      devicePublicKey: ${JSON.stringify(hello.devicePublicKey)}, transports: ['${transport}'], signal: stop.signal,
      onState: (state) => state.phase === 'showing' && resolve(state.firstPictureMs),
    }))
    const source = ${transport === 'mpeg1' ? 'canvas' : 'video'}
    const board = new OffscreenCanvas(${bits}, 1), pen = board.getContext('2d', { willReadFrequently: true })
    const lagsMs = []
    const until = performance.now() + 6000
    const settled = performance.now() + 2000
    while (performance.now() < until) {
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const now = Date.now(), scale = (source.videoWidth ?? source.width) / ${width}
      pen.drawImage(source, 0, 0, ${bits * square} * scale, ${square} * scale, 0, 0, ${bits}, 1)
      const { data } = pen.getImageData(0, 0, ${bits}, 1)
      let number = 0
      for (let bit = 0; bit < ${bits}; bit++) if (data[bit * 4 + 1] > 127) number += 2 ** bit
      const ageMs = (now - ${hello.startUnixMs} - number * ${1000 / fps}) % ${seconds * 1000}
      if (performance.now() > settled) lagsMs.push(ageMs)
    }
    stop.abort()
    return { firstMs: first, lagsMs }
  })()`)) as Seen // Made right there.
  await tab.close()
  return seen
}

async function measureLong(video: string): Promise<void> {
  using device = startChild('device.ts', [video])
  await device.hello
  using viewers = startChild('viewers.ts', [])
  for (let count = 0; count < Math.max(...VIEWERS); count++) await addViewer(device, viewers)
  say(
    `${LONG_MINUTES} minutes with ${Math.max(...VIEWERS)} viewers; resident memory of the device after each, and what of it is in use, in MB`,
  )
  const after: string[] = []
  for (let minute = 0; minute < LONG_MINUTES; minute++) {
    await sleep(60_000)
    const { rssMb = 0, liveMb = 0, viewers: there } = await device.ask<DeviceReply>({})
    after.push(`${rssMb.toFixed(0)}/${liveMb.toFixed(0)} (${there})`)
  }
  say(`${after.join('  ')}    in brackets: viewers`)
}

await main()
