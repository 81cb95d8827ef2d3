import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hasChromium, launchChromium } from '../scripts/chromium.ts'
import { concatBytes } from '../src/base/bytes.ts'
import { openAge, pairOf, parseSecret } from '../src/formats/index.ts'
import type { SimSummary } from './summary.ts'

const MAIN = resolve(import.meta.dirname, '../src/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'lintel-playback-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a clip, its parts opened and put together', () => {
  it.skipIf(!hasChromium())(
    'plays in a browser: as a file, and part by part through Media Source',
    async () => {
      const { film, parts, durationS } = recordFilm()
      const { port, close } = await serve({
        '/': page(parts.length),
        '/film.mp4': film,
        ...Object.fromEntries(parts.map((part, index) => [`/part${index}`, part])),
      })
      const browser = await launchChromium()
      try {
        const tab = await browser.newPage()
        await tab.goto(`http://127.0.0.1:${port}/`, { timeout: 0 })
        const played = await tab.evaluate('playBoth()')
        // Without an index at its end a browser counts a fragmented film's length by decoding times: a frame or two less.
        expect(played).toEqual({
          file: {
            durationS: expect.closeTo(durationS, 0),
            width: 320,
            height: 240,
            endedAtS: expect.closeTo(durationS, 0),
          },
          source: { fromS: expect.closeTo(0, 1), toS: expect.closeTo(durationS, 0) },
        })
      } finally {
        await browser.close()
        close()
      }
    },
  )
})

/** A press on a short film with B-frames, recorded by the command line; the parts as the owner opens them. */
function recordFilm(): { film: Uint8Array; parts: readonly Uint8Array[]; durationS: number } {
  const [video, owner, data] = [join(folder, 'film.mp4'), join(folder, 'owner.txt'), join(folder, 'data')]
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '2', '-g', '30']
  expect(
    spawnSync('ffmpeg', [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=320x240:r=15:d=6',
      ...encoder,
      video,
    ]).status,
  ).toBe(0)
  const lintel = (...args: readonly string[]): string => {
    const run = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      encoding: 'utf8',
    })
    expect([run.status, run.stderr.match(/^lintel:.*/m)?.[0]]).toEqual([0, undefined])
    return run.stdout
  }
  lintel('owner', 'init', '--owner', owner)
  const [clip] = (
    JSON.parse(
      lintel('sim', video, '--press', '2', '--data', data, '--owner', owner, '--cloud', 'none', '--json'),
    ) as SimSummary
  ).clips
  const clipFolder = join(data, 'clips', clip?.id ?? '')
  const pair = pairOf(parseSecret(/AGE-SECRET-KEY-1\S+/.exec(readFileSync(owner, 'utf8'))?.[0] ?? ''))
  const names = readdirSync(clipFolder)
    .filter((name) => /^\d+\.age$/.test(name))
    .sort()
  const parts = names.map((name) => openAge(readFileSync(join(clipFolder, name)), [pair]))
  return { film: concatBytes(parts), parts, durationS: (clip?.toS ?? 0) - (clip?.fromS ?? 0) }
}

/** Plays the film at 16 times its speed to its end, then hands the parts to Media Source one by one. */
const page = (
  parts: number,
): string => `<!doctype html><video id="file" src="/film.mp4" muted></video><video id="source"></video><script>
const once = (target, name) => new Promise((done, fail) => { target.addEventListener(name, done, { once: true }); target.addEventListener('error', () => fail(new Error(name + ': ' + (target.error?.message ?? 'error'))), { once: true }) })
async function playFile() {
  const video = document.getElementById('file')
  video.playbackRate = 16
  const ended = once(video, 'ended')
  await video.play()
  await ended
  return { durationS: video.duration, width: video.videoWidth, height: video.videoHeight, endedAtS: video.currentTime }
}
async function playSource() {
  const video = document.getElementById('source'), media = new MediaSource()
  video.src = URL.createObjectURL(media)
  await once(media, 'sourceopen')
  const buffer = media.addSourceBuffer('video/mp4; codecs="avc1.64000d"')
  for (let part = 0; part < ${parts}; part++) {
    const bytes = await (await fetch('/part' + part)).arrayBuffer()
    const done = once(buffer, 'updateend')
    buffer.appendBuffer(bytes)
    await done
  }
  return { fromS: buffer.buffered.start(0), toS: buffer.buffered.end(0) }
}
async function playBoth() { return { file: await playFile(), source: await playSource() } }
</script>`

async function serve(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<{ port: number; close: () => void }> {
  const server = createServer((request, response) => {
    const content = files[request.url ?? '']
    const type = request.url === '/' ? 'text/html' : 'video/mp4'
    response.writeHead(content === undefined ? 404 : 200, { 'content-type': type }).end(content)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => void server.close(),
  }
}
