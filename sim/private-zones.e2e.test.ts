import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SimSummary } from './summary.ts'

const MAIN = resolve(import.meta.dirname, '../src/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'lintel-private-'))
const cache = join(folder, 'cache')
const owner = join(folder, 'owner.txt')
const [WIDTH, HEIGHT] = [320, 240]
const WINDOW =
  'detect.zones=[{ name: window, mode: private, points: [[0, 0], [0.25, 0], [0.25, 1], [0, 1]] }]'
const GATE = 'detect.zones=[{ name: gate, mode: private, points: [[0.75, 0], [1, 0], [1, 1], [0.75, 1]] }]'

function lintel(...args: readonly string[]) {
  const whole = ['--disable-warning=ExperimentalWarning', MAIN, ...args]
  const env = { ...process.env, LINTEL_CACHE: cache, XDG_CONFIG_HOME: join(folder, 'config') }
  return spawnSync(process.execPath, whole, { cwd: folder, encoding: 'utf8', env })
}

function sim(video: string, data: string, ...sets: readonly string[]) {
  const settings = ['detect.recognise=false', ...sets].flatMap((set) => ['--set', set])
  return lintel('sim', video, '--data', data, '--owner', owner, '--press', '3', '--json', ...settings)
}

const summaryOf = (stdout: string): SimSummary => JSON.parse(stdout) as SimSummary

beforeAll(() => {
  expect(lintel('owner', 'init', '--owner', owner).status).toBe(0)
  for (const [name, codec] of [
    ['door.mp4', 'libx264'],
    ['door.avi', 'mjpeg'],
  ] as const) {
    // prettier-ignore
    const pattern = ['-v', 'error', '-f', 'lavfi', '-i', `testsrc=s=${WIDTH}x${HEIGHT}:r=15:d=6`]
    const made = spawnSync('ffmpeg', [...pattern, '-c:v', codec, '-g', '30', '-pix_fmt', 'yuvj420p', name], { cwd: folder }) // prettier-ignore
    expect(made.status).toBe(0)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a private zone', () => {
  it('in a stream that arrives encoded stops the start, before anything is written, with the choices', () => {
    const { status, stdout, stderr } = sim('door.mp4', 'refused', WINDOW)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /^lintel: door\.mp4: its stream arrives already encoded, so private zone “window” .*re-encode.*record.*\n$/,
    )
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })

  it.each([
    ['of H.264 that is encoded anew', 'door.mp4', ['privateZones=re-encode']],
    ['of pictures that we encode anyway, without a choice', 'door.avi', []],
  ])('%s is black in every picture of the clip, and all else is there', (_what, video, sets) => {
    const run = sim(video, `hidden-${video}`, WINDOW, ...sets)
    expect(run.status).toBe(0)
    expect(summaryOf(run.stdout)).not.toHaveProperty('privateRecorded')
    for (const { inside, outside } of pictures(`hidden-${video}`)) {
      expect(inside).toBeLessThan(40)
      expect(outside).toBeGreaterThan(200)
    }
  })

  it('is another twin when it is another zone', () => {
    const before = readdirSync(cache)
    expect(sim('door.mp4', 'other', GATE, 'privateZones=re-encode').status).toBe(0)
    expect(readdirSync(cache).length).toBe(before.length + 1)
    expect(sim('door.mp4', 'other-again', GATE, 'privateZones=re-encode').status).toBe(0)
    expect(readdirSync(cache).length).toBe(before.length + 1)
  })

  it('is recorded where the owner wants it so, and that is said in the log and the result', () => {
    const run = sim('door.mp4', 'recorded', WINDOW, 'privateZones=record')
    expect(run.status).toBe(0)
    expect(summaryOf(run.stdout).privateRecorded).toEqual(['window'])
    expect(run.stderr).toMatch(/"level":"warn".*"zones":"window".*"event":"private_zones\.recorded"/)
    for (const { inside } of pictures('recorded')) expect(inside).toBeGreaterThan(200)
  })
})

/** The brightest value well inside the zone (the codec rings along its edge), and outside, in each picture of the newest clip. */
function pictures(data: string): readonly { readonly inside: number; readonly outside: number }[] {
  const out = join(folder, `${data}.clip.mp4`)
  expect(lintel('owner', 'open', 'latest', '--data', data, '--owner', owner, '-o', out).status).toBe(0)
  const args = ['-v', 'error', '-i', out, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-']
  const { stdout } = spawnSync('ffmpeg', args, { maxBuffer: 1 << 28 })
  const count = stdout.length / (WIDTH * HEIGHT * 3)
  expect(count).toBeGreaterThan(60)
  return Array.from({ length: count }, (_, index) => {
    const brightest = (fromX: number, toX: number): number => {
      let most = 0
      for (let y = 0; y < HEIGHT; y++)
        for (let i = ((index * HEIGHT + y) * WIDTH + fromX) * 3, end = i + (toX - fromX) * 3; i < end; i++)
          most = Math.max(most, stdout[i] ?? 0)
      return most
    }
    return { inside: brightest(0, 72), outside: brightest(88, WIDTH) }
  })
}
