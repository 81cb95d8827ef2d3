import { spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { rectsOver, type Outline, type Rect } from './hide.ts'
import { encodeOnce, encodePictures, probeVideo } from './index.ts'
import { hasFfmpeg, listPackets, makeVideos } from './videos.fixture.ts'

const SIZE = { width: 320, height: 240 }
const LEFT: Outline = [
  [0, 0],
  [0.25, 0],
  [0.25, 1],
  [0, 1],
]
const SLANTED: Outline = [
  [0.5, 0.1],
  [0.9, 0.5],
  [0.4, 0.8],
]

const covers = (rects: readonly Rect[], x: number, y: number): boolean =>
  rects.some(({ fromX, fromY, toX, toY }) => x >= fromX && x < toX && y >= fromY && y < toY)

describe('the rectangles over an area', () => {
  it('are one for an upright rectangle, to the pixel', () => {
    expect(rectsOver([LEFT], SIZE)).toEqual([{ fromX: 0, fromY: 0, toX: 80, toY: 240 }])
  })

  it('take in a pixel that is only grazed', () => {
    const grazing: Outline = LEFT.map(([x, y]) => [x === 0 ? 0 : x + 1e-4, y] as const)
    expect(rectsOver([grazing], SIZE)).toEqual([{ fromX: 0, fromY: 0, toX: 81, toY: 240 }])
  })

  it('leave out what is inside twice, as a frame has a hole', () => {
    const frame: Outline = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0], [0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75], [0.25, 0.25]] // prettier-ignore
    const rects = rectsOver([frame], SIZE)
    expect([covers(rects, 10, 120), covers(rects, 310, 120), covers(rects, 160, 120)]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('cover every point of any area, however its edges cross, and no pixel that is far from it', () => {
    const at = fc.double({ min: 0, max: 1, noNaN: true })
    const outline = fc.array(fc.tuple(at, at), { minLength: 3, maxLength: 9 })
    fc.assert(
      fc.property(outline, fc.array(fc.tuple(at, at), { minLength: 50, maxLength: 50 }), (points, places) => {
        const rects = rectsOver([points], SIZE)
        for (const [x, y] of places) {
          const isCovered = covers(
            rects,
            Math.min(319, Math.floor(x * 320)),
            Math.min(239, Math.floor(y * 240)),
          )
          if (isInside(points, x, y)) expect(isCovered).toBe(true)
          else if (isCovered) expect(pixelsFrom(points, x, y)).toBeLessThan(3)
        }
      }),
    )
  })

  it('stay few where a zone has many slanted edges: then they cover a little more', () => {
    const comb: Outline = Array.from({ length: 32 }, (_, i) => [i / 31, i % 2 === 0 ? 0 : 1] as const)
    const rects = rectsOver(Array.from({ length: 16 }, () => comb), { width: 3840, height: 2160 }) // prettier-ignore
    expect(rects.length).toBeGreaterThan(0)
    expect(rects.length).toBeLessThanOrEqual(400)
  })

  it('are none for no areas', () => expect(rectsOver([], SIZE)).toEqual([]))
})

describe.skipIf(!hasFfmpeg)('a twin with hidden areas', () => {
  const videos = makeVideos()
  afterAll(() => videos[Symbol.dispose]())
  const cacheFolder = join(videos.folder, 'cache')

  it.each(['plain.mp4', 'b-frames.mp4', 'uneven-open.mkv', 'late.mkv', 'open.hevc.mp4', 'b-frames.ts'])(
    'of %s shows nothing of them in any picture, all of the rest, at the same times and size',
    async (name) => {
      const facts = await probeVideo(videos.path(name))
      const twin = await encodeOnce(facts, { cacheFolder, hidden: [LEFT, SLANTED] })
      expect(twin).toMatchObject({ codec: 'h264', width: facts.width, height: facts.height, isTimed: true })
      expect(twin.startS).toBeCloseTo(facts.startS, 3)
      const [source, masked] = [decode(facts.path), decode(twin.path)]
      expect(masked.length).toBe(source.length)
      const places = placesOver(rectsOver([LEFT, SLANTED], SIZE))
      for (const [index, picture] of masked.entries()) {
        const { insideMax, outsideMean } = compare(picture, source[index]!, places)
        expect(insideMax).toBeLessThan(40)
        expect(outsideMean).toBeLessThan(6)
      }
      const times = (path: string): readonly string[] =>
        listPackets(path).map(({ ptsS }) => ptsS).sort((a, b) => a - b).map((at) => at.toFixed(3)) // prettier-ignore
      expect(times(twin.path)).toEqual(times(facts.path))
      expect(listPackets(twin.path).every(({ ptsS, dtsS }) => ptsS === dtsS)).toBe(true)
    },
  )

  it('is the same to the last byte whatever happens in the hidden area', async () => {
    const twins: Uint8Array[] = []
    for (const inside of ['0x000000', '0xffffff', '0x20ff40']) {
      const box = `drawbox=x=0:y=0:w=80:h=240:color=${inside}:t=fill,format=yuv420p`
      const pattern = ['-f', 'lavfi', '-i', 'testsrc=s=320x240:r=25', '-t', '2', '-vf', box]
      const path = videos.make(`inside-${inside}.mp4`, [
        ...pattern,
        '-c:v',
        'libx264',
        '-qp',
        '0',
        '-bf',
        '0',
      ])
      const twin = await encodeOnce(await probeVideo(path), { cacheFolder, hidden: [LEFT] })
      twins.push(readFileSync(twin.path))
    }
    expect(twins[0]!.length).toBeGreaterThan(10_000)
    expect(twins.map((twin) => Buffer.compare(twin, twins[0]!))).toEqual([0, 0, 0])
  })

  it('is another file for other areas, and the same for the same', async () => {
    const facts = await probeVideo(videos.path('plain.mp4'))
    const [one, other, again] = [
      await encodeOnce(facts, { cacheFolder, hidden: [LEFT] }),
      await encodeOnce(facts, { cacheFolder, hidden: [SLANTED] }),
      await encodeOnce(facts, { cacheFolder, hidden: [LEFT] }),
    ]
    expect(again).toEqual(one)
    expect(other.path).not.toBe(one.path)
    expect(await encodeOnce(facts, { cacheFolder })).toBe(facts)
  })

  it('hides them also after the size of the pictures has changed in the middle of the stream', async () => {
    mkdirSync(join(videos.folder, 'sizes'), { recursive: true })
    const half = ['-f', 'lavfi', '-i', 'testsrc=s=640x480:r=25', '-t', '2', '-c:v', 'mjpeg', '-q:v', '3']
    const [small, large] = [
      videos.make('small.mjpeg', [...half, '-s', '320x240', '-f', 'mjpeg']),
      videos.make('large.mjpeg', [...half, '-f', 'mjpeg']),
    ]
    copyFileSync(small, join(videos.folder, 'both.mjpeg'))
    appendFileSync(join(videos.folder, 'both.mjpeg'), readFileSync(large))
    const path = videos.make('both.mkv', ['-f', 'mjpeg', '-r', '25', '-i', 'both.mjpeg', '-c', 'copy'])
    const facts = await probeVideo(path)
    const twin = await encodeOnce(facts, { cacheFolder, hidden: [LEFT] })
    const pictures = decode(twin.path)
    expect(pictures).toHaveLength(100)
    const places = placesOver(rectsOver([LEFT], SIZE))
    for (const picture of pictures) expect(compare(picture, picture, places).insideMax).toBeLessThan(40)
  })

  it('is refused where nobody knows when its pictures are shown', async () => {
    const facts = await probeVideo(videos.path('b-frames.h264'))
    await expect(encodeOnce(facts, { cacheFolder, hidden: [LEFT], name: 'raw' })).rejects.toThrow(
      'raw: cannot be encoded anew: its container does not say when each picture is shown',
    )
  })

  it('is made of drawn pictures, too', async () => {
    const frames = () => Array.from({ length: 10 }, () => new Uint8Array((320 * 240 * 3) / 2).fill(200))
    const pictures = { key: 'bright', ...SIZE, fps: 10, frames }
    const [open, hidden] = [
      await encodePictures(pictures, { cacheFolder }),
      await encodePictures(pictures, { cacheFolder, hidden: [LEFT] }),
    ]
    expect(hidden.path).not.toBe(open.path)
    for (const picture of decode(hidden.path))
      expect([picture[3 * (120 * 320 + 20)]! < 40, picture[3 * (120 * 320 + 200)]! > 150]).toEqual([
        true,
        true,
      ])
  })
})

/** As `zones.ts` and every other polygon of ours: a ray to the right crosses the outline an odd number of times. */
function isInside(points: Outline, x: number, y: number): boolean {
  return (
    points.filter(([bx, by], index) => {
      const [ax, ay] = points.at(index - 1)!
      return ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax
    }).length %
      2 ===
    1
  )
}

/** How far a place is from an area's outline, in pixels, across or down, whichever is more. */
function pixelsFrom(points: Outline, x: number, y: number): number {
  const distances = points.map(([bx, by], index) => {
    const [ax, ay] = points.at(index - 1)!
    let least = Infinity
    for (let part = 0; part <= 2000; part++) {
      const [px, py] = [ax + ((bx - ax) * part) / 2000, ay + ((by - ay) * part) / 2000]
      // Two rows at a time are filled in: what a flat edge sweeps of them may be wide.
      least = Math.min(least, Math.max(Math.abs(px - x) * 320, Math.abs(py - y) * 240))
    }
    return least
  })
  return Math.min(...distances)
}

/** Pictures of 320 × 240 pixels, three bytes each. */
function decode(path: string): readonly Uint8Array[] {
  const args = ['-v', 'error', '-nostdin', '-i', path, '-fps_mode', 'passthrough', '-s', '320x240', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'] // prettier-ignore
  const { stdout } = spawnSync('ffmpeg', args, { maxBuffer: 1 << 28 })
  const bytes = 320 * 240 * 3
  return Array.from({ length: stdout.length / bytes }, (_, i) => stdout.subarray(i * bytes, (i + 1) * bytes))
}

const isWellInside = (rects: readonly Rect[], x: number, y: number): boolean =>
  [-8, 0, 8].every((dx) =>
    [-8, 0, 8].every((dy) => covers(rects, clamped(x + dx, 319), clamped(y + dy, 239))),
  )

const clamped = (n: number, most: number): number => Math.min(most, Math.max(0, n))

type Place = 'inside' | 'outside' | 'edge'

/** Where each pixel is. The codec rings for a few pixels along a sharp edge; that this tells nothing is shown above, byte by byte. */
const placesOver = (rects: readonly Rect[]): readonly Place[] =>
  Array.from({ length: 320 * 240 }, (_, at) => {
    const [x, y] = [at % 320, Math.floor(at / 320)]
    if (isWellInside(rects, x, y)) return 'inside'
    return covers(rects, x, y) ? 'edge' : 'outside'
  })

/** The brightest value inside the areas (they are filled with black), and how much the rest differs on average. */
function compare(picture: Uint8Array, source: Uint8Array, places: readonly Place[]) {
  let [insideMax, sum, count] = [0, 0, 0]
  for (const [at, place] of places.entries())
    for (let i = 3 * at; i < 3 * at + 3; i++)
      if (place === 'inside') insideMax = Math.max(insideMax, picture[i]!)
      else if (place === 'outside') {
        sum += Math.abs(picture[i]! - source[i]!)
        count++
      }
  return { insideMax, outsideMean: sum / count }
}
