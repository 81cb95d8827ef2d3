import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SimSummary } from './summary.ts'

const MAIN = resolve(import.meta.dirname, '../src/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'lintel-gate-'))
const owner = join(folder, 'owner.txt')
const LENGTH_S = 330
/** Somebody walks by for six seconds from then on. */
const WALKS_S = [10, 40, 70, 100, 130, 210, 300]

/** A still picture with the noise of a sensor, through which somebody walks now and then. */
function drawFilm(name: string, encoder: readonly string[]): void {
  const there = WALKS_S.map((from) => `between(t\\,${from}\\,${from + 6})`).join('+')
  const walked = WALKS_S.map((from) => `(t-${from})*between(t\\,${from}\\,${from + 6})`).join('+')
  const graph = `[0][1]overlay=x='(W+w)*(${walked})/6-w':y=H/3:enable='${there}':shortest=0,noise=alls=2:allf=t:all_seed=7`
  const still = "mandelbrot=s=320x240:r=10,select='eq(n\\,0)',loop=-1:1,setpts=N/10/TB"
  const { status, stderr } = spawnSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', still, '-f', 'lavfi', '-i', 'color=c=0x404858:s=40x120:r=10'],
      ...[
        '-filter_complex',
        graph,
        '-t',
        String(LENGTH_S),
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-g',
        '20',
      ],
      ...[...encoder, '-pix_fmt', 'yuv420p', name],
    ],
    { cwd: folder, encoding: 'utf8' },
  )
  expect([status, stderr]).toEqual([0, ''])
}

function lintel(...args: readonly string[]) {
  const whole = ['--disable-warning=ExperimentalWarning', MAIN, ...args]
  const env = { ...process.env, XDG_CONFIG_HOME: join(folder, 'config') }
  return spawnSync(process.execPath, whole, { cwd: folder, encoding: 'utf8', env })
}

let runs = 0
function sim(video: string, ...more: readonly string[]): SimSummary {
  const options = ['--data', `data-${++runs}`, '--owner', owner, '--set', 'detect.recognise=false', '--json']
  const { status, stdout, stderr } = lintel('sim', video, ...options, ...more)
  expect([status, stderr.split('\n').filter((line) => /"level":"(warn|error)"/.test(line))]).toEqual([0, []])
  return JSON.parse(stdout) as SimSummary
}

/** Played once for all tests that look at it. */
let gatedSummary: SimSummary | undefined
const playGated = (): SimSummary => (gatedSummary ??= sim('honest.mp4'))

beforeAll(() => {
  expect(lintel('owner', 'init', '--owner', owner).status).toBe(0)
  drawFilm('honest.mp4', ['-crf', '23'])
  drawFilm('even.mp4', ['-b:v', '120k', '-maxrate', '120k', '-bufsize', '20k'])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('decoding only on suspicion', () => {
  it('finds the same visits with the same onsets in a stream of constant quality, and leaves most of it alone', () => {
    const [whole, gated] = [sim('honest.mp4', '--set', 'detect.decode=always'), playGated()]
    expect(whole.seeing.decoding).toMatchObject({
      trusted: false,
      decodedShare: 1,
      why: 'the settings say that everything is decoded',
    })
    expect(whole.motion).toHaveLength(WALKS_S.length)
    expect(gated.motion).toHaveLength(WALKS_S.length)
    for (const [index, { fromS }] of whole.motion.entries())
      expect(Math.abs(gated.motion[index]!.fromS - fromS)).toBeLessThan(0.3)
    expect(gated.visits.map(({ signs }) => signs)).toEqual(whole.visits.map(({ signs }) => signs))
    expect(gated.clips.map(({ parts }) => parts)).toEqual(whole.clips.map(({ parts }) => parts))
    expect(gated.seeing.decoding).toMatchObject({ trusted: true, missed: 0 })
    expect(gated.seeing.decoding.savedS).toBeGreaterThan(120)
  })

  it('decides the same in every run', () => {
    expect(tellable(sim('honest.mp4'))).toEqual(tellable(playGated()))
  })

  it('decodes all of a stream whose packets are as large whatever happens, and says why', () => {
    const { motion, seeing } = sim('even.mp4')
    expect(motion).toHaveLength(WALKS_S.length)
    expect(seeing.decoding).toMatchObject({ trusted: false, decodedShare: 1, savedS: 0 })
    expect(seeing.decoding.why).toMatch(/packets/)
  })
})

/** All but what is different in every run: names and costs. */
function tellable({ motion, visits, frames, seeing }: SimSummary) {
  return {
    motion,
    frames,
    seeing,
    visits: visits.map(({ fromS, toS, signs }) => ({ fromS, toS, signs })),
  }
}
