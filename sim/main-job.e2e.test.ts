import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SimSummary } from './summary.ts'

/** The command line, used as people use it: one folder for all tests, one data folder each. */
const MAIN = resolve(import.meta.dirname, '../src/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'lintel-main-job-'))
const owner = join(folder, 'owner.txt')
const still = join(folder, 'still.mp4')
const walker = join(folder, 'walker.mkv')
const hasAge = spawnSync('age', ['--version']).status === 0

type Outcome = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

function lintel(...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, ...args],
    {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, LINTEL_CACHE: join(folder, 'cache'), XDG_CONFIG_HOME: join(folder, 'config') },
    },
  )
  return { status, stdout, stderr }
}

function sim(video: string, data: string, ...more: readonly string[]): SimSummary {
  const run = lintel('sim', video, '--data', data, '--owner', owner, '--json', ...more)
  expect([run.status, run.stderr.split('\n').filter((line) => line.startsWith('lintel:'))]).toEqual([0, []])
  return JSON.parse(run.stdout) as SimSummary
}

const BLIND = ['--set', 'detect.recognise=false']

/** The visitor recorded once, for all tests that look at what was recorded; who changes it takes a copy. */
const walked = join(folder, 'walker')
let walkedSummary: SimSummary | undefined
const walk = (): SimSummary => (walkedSummary ??= sim(walker, walked, '--pir', '5', '--press', '7'))

function ffmpeg(...args: readonly string[]): void {
  const run = spawnSync('ffmpeg', ['-v', 'error', '-y', '-nostdin', ...args], { encoding: 'utf8' })
  expect([run.status, run.stderr]).toEqual([0, ''])
}

beforeAll(() => {
  expect(lintel('owner', 'init', '--owner', owner).status).toBe(0)
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p']
  ffmpeg('-f', 'lavfi', '-i', 'color=gray:s=320x240:r=15:d=20', ...encoder, '-g', '30', still)
  // A light square crosses from 6 s to 10 s; B-frames and open groups of pictures.
  const square =
    "color=white:s=60x120:r=15:d=25[s];color=gray:s=320x240:r=15:d=25[b];[b][s]overlay=x='(t-6)*80-60':y=80:enable='between(t,6,10)'"
  ffmpeg('-filter_complex', square, ...encoder, '-bf', '3', '-g', '30', '-x264-params', 'open-gop=1', walker)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a press', () => {
  it('makes a clip and a message although nothing moves, with the time before it in the clip', () => {
    const { visits, clips, presses, motion, mqtt } = sim(still, 'press', '--press', '10', ...BLIND)
    expect(motion).toEqual([])
    expect(presses).toEqual([{ atS: 10, visit: visits[0]?.id }])
    expect(visits).toMatchObject([{ fromS: 10, toS: 10, signs: ['press'], clips: [clips[0]?.id] }])
    expect(clips).toMatchObject([{ sealed: true, uploaded: true }])
    // Key frames come every two seconds: the clip begins with the one at or before 10 s − 6 s, and ends 8 s after the press.
    expect(clips[0]?.fromS).toBe(4)
    expect(clips[0]?.toS).toBeGreaterThanOrEqual(18)
    expect(mqtt.published).toBeGreaterThan(4)
  })

  it('marks the visit that is going on', () => {
    const { visits, clips, presses } = sim(walker, 'mark', '--press', '8', ...BLIND)
    expect(visits).toMatchObject([{ signs: ['motion', 'press'] }])
    expect(presses).toEqual([{ atS: 8, visit: visits[0]?.id }])
    expect(clips).toHaveLength(1)
  })

  it('after the video’s end is a mistake that is said', () => {
    const { status, stderr } = lintel('sim', still, '--data', 'late', '--owner', owner, '--press', '99')
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^lintel: button at 99 s: .*still\.mp4 is over after 20\.00 s\n$/),
    ])
  })
})

describe('a visitor', () => {
  it('is found, and the clip holds the packets of that time, untouched', () => {
    const { clips, motion } = walk()
    expect(motion).toHaveLength(1)
    expect(motion[0]?.fromS).toBeGreaterThan(5.5)
    expect(motion[0]?.fromS).toBeLessThan(7.5)
    const [clip] = clips
    const out = join(folder, 'walker.mp4')
    const opened = lintel('owner', 'open', clip?.id ?? '', '--data', walked, '--owner', owner, '-o', out)
    expect(opened.status).toBe(0)
    const [source, recorded] = [packetsOf(walker), packetsOf(out)]
    const first = source.findIndex(({ hash }) => hash === recorded[0]?.hash)
    expect(first).toBeGreaterThanOrEqual(0)
    const inRange = source.filter(
      ({ atMs }, index) =>
        index >= first && atMs >= (clip?.fromS ?? 0) * 1000 - 1 && atMs < (clip?.toS ?? 0) * 1000 - 1,
    )
    expect(recorded.map(({ hash }) => hash)).toEqual(inRange.map(({ hash }) => hash))
    expect(recorded.map(({ atMs }) => Math.round(atMs))).toEqual(
      inRange.map(({ atMs }) => Math.round(atMs - (inRange[0]?.atMs ?? 0))),
    )
  })

  it('gives the same visits, clips and ids in every run', () => {
    const [once, again] = [walk(), sim(walker, 'again', '--pir', '5', '--press', '7')]
    expect({ ...again, cost: once.cost }).toEqual(once)
  })

  it.skipIf(!hasAge)('is opened part by part with Debian’s age, and refused where a bit is flipped', () => {
    const { clips } = walk()
    const clipFolder = join(walked, 'clips', clips[0]?.id ?? '')
    const parts = readdirSync(clipFolder).filter((name) => /^\d+\.age$/.test(name))
    expect(parts).toHaveLength(clips[0]?.parts ?? 0)
    const opened = parts
      .sort()
      .map((name) => spawnSync('age', ['-d', '-i', owner, join(clipFolder, name)]).stdout)
    const film = join(folder, 'age.mp4')
    writeFileSync(film, Buffer.concat(opened))
    expect(packetsOf(film).length).toBeGreaterThan(100)
    const flipped = readFileSync(join(clipFolder, '0001.age'))
    flipped[flipped.length - 40] = (flipped[flipped.length - 40] ?? 0) ^ 1
    expect(spawnSync('age', ['-d', '-i', owner], { input: flipped }).status).not.toBe(0)
  })
})

describe('what was recorded', () => {
  it('is verified, and every change to it is found, named, and refused', () => {
    const data = join(folder, 'verify')
    const { clips } = walk()
    cpSync(walked, data, { recursive: true })
    expect(lintel('verify', data)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Everything is genuine.'),
    })
    const part = join(data, 'clips', clips[0]?.id ?? '', '0001.age')
    const bytes = readFileSync(part)
    bytes[300] = (bytes[300] ?? 0) ^ 1
    writeFileSync(part, bytes)
    expect(lintel('verify', data)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/CHANGED.*part 1 of clip/),
    })
    const stolen = join(data, 'cloud', 'objects', 'doorbell')
    const [object = ''] = readdirSync(stolen).filter((name) => /^[0-9a-f]{32}$/.test(name))
    rmSync(join(stolen, object))
    expect(lintel('verify', data)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/MISSING/),
    })
  })

  it('is all there after the process was killed during the visit: closed, uploaded, playable', async () => {
    const data = join(folder, 'killed')
    const args = [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      'sim',
      walker,
      '--speed',
      '1',
      '--press',
      '0.5',
      '--data',
      data,
      '--owner',
      owner,
      '--json',
    ]
    const child = spawn(process.execPath, args, { stdio: 'ignore' })
    await expect.poll(() => partsIn(data), { interval: 50 }).toBeGreaterThanOrEqual(3)
    child.kill('SIGKILL')
    await new Promise((done) => child.once('close', done))
    const [clip = ''] = readdirSync(join(data, 'clips'))
    const stored = readdirSync(join(data, 'clips', clip)).filter((name) => /^\d+\.age$/.test(name))
    const restarted = lintel('sim', '--data', data, '--json')
    expect(JSON.parse(restarted.stdout)).toEqual({ recovered: [clip], waiting: 0 })
    expect(lintel('verify', data).status).toBe(0)
    const out = join(folder, 'killed.mp4')
    expect(
      lintel('owner', 'open', clip, '--data', data, '--owner', owner, '--cloud', 'embedded', '-o', out)
        .status,
    ).toBe(0)
    // 1.5 s a part, fifteen pictures a second; one part may have been on the disk without being acknowledged yet.
    expect(packetsOf(out).length).toBeGreaterThanOrEqual((stored.length - 1) * 22)
  })
})

describe('bad input', () => {
  it.each([
    'empty',
    'text',
    'truncated',
    'no pictures',
    'absurd times',
    'still picture',
    'sound only',
    'missing',
    'a folder',
    'a device',
  ])('(%s) gives one clear sentence and exit code 2', (what) => {
    const { status, stdout, stderr } = lintel(
      'sim',
      hostile(what),
      '--data',
      'hostile',
      '--owner',
      owner,
      '--json',
    )
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^lintel: [^\n]{10,200}\n$/)
  })

  it('without an owner refuses, with the command that makes a key', () => {
    const { status, stderr } = lintel('sim', still, '--data', 'nobody')
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^lintel: [^\n]*lintel owner init --owner[^\n]*\n$/),
    ])
  })

  it.each([
    [['--speed', 'fast'], 'wanted max, or a factor of real time'],
    [['--press', '-1'], 'wanted seconds'],
    [['--set', 'visit.quietAftrMs=1'], 'did you mean “visit.quietAfterMs”'],
    [['--cloud', 'ftp://x'], 'wanted https://host[:port]/bucket'],
    [['--presss', '1'], 'unknown option'],
  ])('in the arguments %j is named', (args, message) => {
    const { status, stderr } = lintel('sim', still, '--data', 'arguments', '--owner', owner, ...args)
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

type PacketFacts = { readonly atMs: number; readonly hash: string }

function packetsOf(file: string): readonly PacketFacts[] {
  const args = [
    '-v',
    'error',
    '-select_streams',
    'v',
    '-show_entries',
    'packet=pts_time,data_hash',
    '-show_data_hash',
    'sha256',
    '-of',
    'json',
    file,
  ]
  const { stdout } = spawnSync('ffprobe', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  const { packets } = JSON.parse(stdout) as { packets: { pts_time: string; data_hash: string }[] }
  return packets.map(({ pts_time, data_hash }) => ({ atMs: Number(pts_time) * 1000, hash: data_hash }))
}

/** How many parts its only clip has; none before it is begun. */
function partsIn(data: string): number {
  const clips = join(data, 'clips')
  const [clip = ''] = existsSync(clips) ? readdirSync(clips) : []
  const names = existsSync(join(clips, clip)) ? readdirSync(join(clips, clip)) : []
  return names.filter((name) => /^\d+\.age$/.test(name)).length
}

function hostile(what: string): string {
  const file = join(folder, 'hostile', `${what}.mp4`)
  mkdirSync(join(folder, 'hostile'), { recursive: true })
  const make: Readonly<Record<string, () => string>> = {
    empty: () => (writeFileSync(file, ''), file),
    text: () => (writeFileSync(file, 'Dear doorbell,\n'), file),
    truncated: () => (copyFileSync(still, file), truncateSync(file, 4000), file),
    'no pictures': () => (
      ffmpeg('-f', 'lavfi', '-i', 'color=gray:s=64x64:r=10', '-frames:v', '0', file),
      file
    ),
    'absurd times': () => (
      ffmpeg('-f', 'lavfi', '-i', 'color=gray:s=64x64:r=10:d=1', '-output_ts_offset', '900000000', file),
      file
    ),
    'still picture': () => (
      ffmpeg('-f', 'lavfi', '-i', 'color=gray:s=7680x4320', '-frames:v', '1', `${file}.png`),
      `${file}.png`
    ),
    'sound only': () => (ffmpeg('-f', 'lavfi', '-i', 'sine', '-t', '1', file), file),
    missing: () => join(folder, 'nothing here.mp4'),
    'a folder': () => folder,
    'a device': () => '/dev/null',
  }
  return make[what]?.() ?? file
}
