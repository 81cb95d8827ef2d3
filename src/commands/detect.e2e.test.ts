import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { ffprobeJson, hasFfmpeg, makeVideos, type Videos } from '../drivers/ffmpeg/videos.fixture.ts'

const MAIN = resolve(import.meta.dirname, '../main.ts')
const FIXTURES = resolve(import.meta.dirname, '../../test-fixtures')
const WALK_UP = join(FIXTURES, 'walk-up.mp4')

const parent = mkdtempSync(join(tmpdir(), 'lintel-detect-'))
const folder = join(parent, 'here')
mkdirSync(folder)
const at = (name: string): string => join(folder, name)
afterEach(() => readdirSync(folder).forEach((name) => rmSync(at(name), { recursive: true })))
afterAll(() => rmSync(parent, { recursive: true, force: true }))

type Outcome = { readonly code: number | null; readonly out: string; readonly err: string }

function detect(...args: readonly string[]): Promise<Outcome> {
  return outcomeOf(start(args))
}

const start = (args: readonly string[]) =>
  spawn(process.execPath, [MAIN, 'detect', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })

function outcomeOf(child: ReturnType<typeof start>): Promise<Outcome> {
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', (code) => done({ code, out, err }))
  })
}

const Span = z.tuple([z.number(), z.number()])
const Box = z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
const Look = z.strictObject({
  atS: z.number(),
  score: z.number().min(0).max(1),
  moving: z.boolean(),
  boxes: z.array(Box),
})
const Summary = z.strictObject({
  video: z.string(),
  durationS: z.number(),
  frames: z.number(),
  motion: z.array(Span),
  looks: z.array(Look).optional(),
  labels: z.array(
    z.strictObject({
      ...{ movement: z.number(), label: z.enum(['person', 'vehicle', 'animal', 'carried']) },
      ...{ score: z.number().min(0.5).max(1), atS: z.number(), box: Box, zones: z.array(z.string()) },
    }),
  ),
})
const Manifest = z.object({
  generated: z.array(
    z.object({
      name: z.string(),
      labels: z.object({ motion: z.array(Span), quiet: z.array(Span) }).optional(),
    }),
  ),
})

function labelsOf(name: string): {
  readonly motion: (readonly number[])[]
  readonly quiet: (readonly number[])[]
} {
  const text = readFileSync(join(FIXTURES, 'MANIFEST.yaml'), 'utf8')
  return Manifest.parse(parse(text)).generated.find((each) => each.name === name)!.labels!
}

type Film = {
  readonly width: number
  readonly height: number
  readonly durationS: number
  readonly codec: string
}

function filmFacts(path: string): Film {
  const { streams, format } = z
    .object({
      streams: z.array(z.object({ width: z.number(), height: z.number(), codec_name: z.string() })),
      format: z.object({ duration: z.coerce.number() }),
    })
    .parse(ffprobeJson(['-of', 'json', '-show_streams', '-show_format', path]))
  const { width, height, codec_name: codec } = streams[0]!
  return { width, height, codec, durationS: format.duration }
}

/** Red, green and blue of a place in the `nth` picture. */
function pictureOf(path: string, nth: number): (x: number, y: number) => readonly number[] {
  const { width } = filmFacts(path)
  const args = ['-vf', `select=eq(n\\,${nth}),format=rgb24`, '-frames:v', '1', '-f', 'rawvideo', 'pipe:1']
  const { stdout } = spawnSync('ffmpeg', ['-v', 'error', '-i', path, ...args], { maxBuffer: 1 << 28 })
  return (x, y) => {
    const at = 3 * (Math.round(y) * width + Math.round(x))
    return [...stdout.subarray(at, at + 3)]
  }
}

const isNear = (colour: readonly number[], wanted: readonly number[]): boolean =>
  wanted.every((value, index) => Math.abs(value - colour[index]!) < 64)

const ORANGE = [255, 157, 30]
const CYAN = [47, 212, 255]
const GREEN = [61, 220, 132]
const BLACK = [0, 0, 0]

describe.skipIf(!hasFfmpeg)('lintel detect', () => {
  /** The beginnings of two fixtures, somebody in each: a film of them takes a second or two. */
  let videos: Videos
  let [arrival, unevenArrival] = ['', '']
  beforeAll(() => {
    videos = makeVideos()
    arrival = videos.make('arrival.mp4', [...['-i', WALK_UP, '-t', '8'], '-preset', 'veryfast', '-bf', '0'])
    unevenArrival = videos.make('uneven.mp4', ['-i', join(FIXTURES, 'vfr.mp4'), '-t', '12', '-c', 'copy'])
  })
  afterAll(() => videos[Symbol.dispose]())

  it('tells where the fixture moves, and nothing where it does not', async () => {
    const { code, out, err } = await detect(WALK_UP, '--json', '--looks')
    expect([code, err]).toEqual([0, ''])
    const summary = Summary.parse(JSON.parse(out))
    expect([summary.video, summary.durationS, summary.frames]).toEqual([WALK_UP, 28, 140])
    const { motion, quiet } = labelsOf('walk-up.mp4')
    const overlaps = ([from, to]: readonly number[], span: readonly number[]): boolean =>
      from! < span[1]! && to! > span[0]!
    expect(motion.filter((label) => !summary.motion.some((found) => overlaps(found, label)))).toEqual([])
    expect(summary.motion.filter((found) => quiet.some((label) => overlaps(found, label)))).toEqual([])
    expect(summary.looks).toHaveLength(140)
    expect(summary.looks!.filter(({ atS, boxes }) => atS < 2.5 && boxes.length > 0)).toEqual([])
    expect(
      summary.looks!.some(({ moving, score, boxes }) => moving && score === 1 && boxes.length === 1),
    ).toBe(true)
  })

  it('tells who moves and where, the same in every run, and leaves it out when told to', async () => {
    const [first, again] = [await detect(WALK_UP, '--json'), await detect(WALK_UP, '--json')]
    expect(again).toEqual(first)
    const [person, ...others] = Summary.parse(JSON.parse(first.out)).labels
    expect([person!.movement, person!.label, others]).toEqual([0, 'person', []])
    expect(person!.box.x).toBeGreaterThan(0.35) // They walk up in the middle.
    expect(person!.box.x + person!.box.width).toBeLessThan(0.65)
    for (const without of [['--no-recognise'], ['--set', 'detect.recognise=false']])
      expect(Summary.parse(JSON.parse((await detect(WALK_UP, '--json', ...without)).out)).labels).toEqual([])
  })

  it('prints a line for each movement, and says so when nothing moved', async () => {
    const moved = await detect(arrival)
    expect(moved.out).toMatch(
      /^ +\d+\.\d\d – +\d+\.\d\d s +\d+\.\d\d s long {2}largest box \d+ % × \d+ % at \d+ %, \d+ % {2}person 0\.\d\d\n/,
    )
    const still = await detect(join(FIXTURES, 'empty.mp4'))
    expect(still).toEqual({ code: 0, out: 'nothing moved\n', err: '' })
  })

  it('follows the sensitivity and the zones of the settings', async () => {
    writeFileSync(
      at('all.yaml'),
      'detect: { zones: [{ name: all, mode: ignore, points: [[0,0],[1,0],[1,1],[0,1]] }] }',
    )
    expect((await detect(WALK_UP, '--config', 'all.yaml')).out).toBe('nothing moved\n')
    expect((await detect(WALK_UP, '--set', 'detect.sensitivity=2')).code).toBe(2)
  })

  it('writes a film as long as the video with a box where something moves', async () => {
    const { code, out } = await detect(
      arrival,
      ...['--overlay', 'film.mp4', '--json', '--looks', '--no-recognise'],
    )
    expect(code).toBe(0)
    const film = filmFacts(at('film.mp4'))
    expect([film.codec, film.width, film.durationS]).toEqual(['h264', 640, 8])
    expect(film.height).toBeGreaterThan(360) // The video's own picture is above, whole.
    const { atS, boxes } = Summary.parse(JSON.parse(out)).looks!.find(
      (look) => look.atS > 6 && look.boxes.length === 1,
    )!
    const [box] = boxes
    const colourAt = pictureOf(at('film.mp4'), Math.round(atS * 15) + 1)
    const [left, middle] = [box!.x * 640, (box!.y + box!.height / 2) * 360]
    expect(isNear(colourAt(left, middle), ORANGE)).toBe(true)
    expect(isNear(colourAt(left + box!.width * 640, middle), ORANGE)).toBe(true)
    expect(isNear(colourAt(left - 12, middle), ORANGE)).toBe(false)
    expect(readdirSync(folder)).toEqual(['film.mp4'])
    const before = pictureOf(at('film.mp4'), 15) // Nobody is there yet.
    expect(isNear(before(left, middle), ORANGE)).toBe(false)
  })

  it('draws a box around who was recognised, in a colour of its own', async () => {
    const { out } = await detect(arrival, '--overlay', 'film.mp4', '--json')
    const [person] = Summary.parse(JSON.parse(out)).labels
    const hasCyan = (atS: number): boolean => {
      const colourAt = pictureOf(at('film.mp4'), Math.round(atS * 15))
      const places = Array.from({ length: 320 * 90 }, (_, n) => [2 * (n % 320), 4 * Math.floor(n / 320)])
      return places.some(([x, y]) => isNear(colourAt(x!, y!), CYAN))
    }
    expect([hasCyan(person!.atS), hasCyan(1)]).toEqual([true, false])
  })

  it('keeps the length of a video whose pictures come unevenly, and draws zones; what is private is black', async () => {
    writeFileSync(
      at('zones.yaml'),
      `detect:
  zones:
    - { name: path, mode: watch, points: [[0.25,0.25],[0.75,0.25],[0.75,0.9],[0.25,0.9]] }
    - { name: neighbour, mode: private, points: [[0.8,0.1],[1,0.1],[1,0.4],[0.8,0.4]] }
`,
    )
    const args = ['--overlay', 'film.mp4', '--config', 'zones.yaml', '--no-recognise']
    expect((await detect(unevenArrival, ...args)).code).toBe(0)
    const film = filmFacts(at('film.mp4'))
    expect(film.width).toBe(480) // The video has 320: too few to read anything on.
    expect(Math.abs(film.durationS - filmFacts(unevenArrival).durationS)).toBeLessThan(1 / 15)
    const colourAt = pictureOf(at('film.mp4'), 150)
    const [width, height] = [480, 270]
    const edge = [-2, -1, 0, 1, 2].map((aside) => colourAt(0.75 * width + aside, 0.6 * height))
    expect(edge.some((colour) => isNear(colour, GREEN))).toBe(true)
    for (const x of [0.81, 0.9, 0.99])
      expect(colourAt(x * width, 0.3 * height).every((n) => n < 12)).toBe(true)
    expect(isNear(colourAt(0.9 * width, 0.7 * height), BLACK)).toBe(false)
  })

  it('never replaces a film without being told to', async () => {
    writeFileSync(at('film.mp4'), 'a film of last year')
    const refused = await detect(WALK_UP, '--overlay', 'film.mp4')
    expect([refused.code, refused.out]).toEqual([2, ''])
    expect(refused.err).toBe('lintel: film.mp4 exists already; give another name, or --force to replace it\n')
    expect(readFileSync(at('film.mp4'), 'utf8')).toBe('a film of last year')
    const empty = join(FIXTURES, 'empty.mp4')
    expect((await detect(empty, '--overlay', 'film.mp4', '--force')).code).toBe(0)
    expect(filmFacts(at('film.mp4')).codec).toBe('h264')
  })

  it('leaves nothing half when it is interrupted', async () => {
    const begun = new Promise<void>((done) => {
      const watcher = watch(folder, () => {
        watcher.close()
        done()
      })
    })
    const child = start([WALK_UP, '--overlay', 'film.mp4', '--no-recognise'])
    const ended = outcomeOf(child)
    await begun
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: 130, out: '', err: '' })
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['a missing video', ['nowhere.mp4'], 'nowhere.mp4: there is no such file'],
    ['a text', [join(FIXTURES, 'damaged/text.mp4')], 'no video that can be read'],
    ['a video that was cut short', [join(FIXTURES, 'damaged/truncated.mp4')], 'cut short'],
    [
      'a folder that is not there',
      [WALK_UP, '--overlay', 'none/film.mp4'],
      'none: there is no such file or folder',
    ],
    ['a folder for a film', [WALK_UP, '--overlay', '.'], 'wanted the name of a file, this is a folder'],
    [
      'standard output for a film',
      [WALK_UP, '--overlay', '-'],
      'wanted the name of a file, got standard output',
    ],
    ['the video itself for a film', [WALK_UP, '--overlay', WALK_UP, '--force'], 'this is the video itself'],
    ['looks without JSON', [WALK_UP, '--looks'], '--looks is for --json'],
    ['a width without a film', [WALK_UP, '--width', '640'], '--width is for --overlay'],
    [
      'a width that nobody could read',
      [WALK_UP, '--overlay', 'f.mp4', '--width', '8'],
      'from 480 to 3840, got “8”',
    ],
    ['an option that does not exist', [WALK_UP, '--overlya', 'f.mp4'], "unknown option '--overlya'"],
    ['settings that are not there', [WALK_UP, '--config', 'none.yaml'], 'none.yaml: there is no such file'],
  ])('refuses %s in one sentence', async (_what, args, sentence) => {
    const { code, out, err } = await detect(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(sentence)
    expect(err).not.toContain('    at ')
    expect(readdirSync(folder)).toEqual([])
  })
})
