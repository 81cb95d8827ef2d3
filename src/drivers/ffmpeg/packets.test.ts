import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concatBytes } from '../../base/bytes.ts'
import { fragment, initSegment, nalUnits } from '../../media/index.ts'
import { openLumaFrames, openPackets, probeVideo, type Sample, type SampleSource } from './index.ts'
import { ffprobeJson, hasFfmpeg, listPackets, makeVideos, type Videos } from './videos.fixture.ts'

const WITH_TIMES = [
  ...[
    'plain.mp4',
    'b-frames.mp4',
    'uneven-open.mp4',
    'open.hevc.mp4',
    'late.mp4',
    'trimmed.mp4',
    'b-frames.mov',
  ],
  ...['b-frames.mkv', 'late.mkv', 'uneven-open.mkv', 'open.hevc.mkv'],
]
const ANNEX_B = ['b-frames.ts', 'open.hevc.ts']
const WITHOUT_TIMES = ['b-frames.avi', 'b-frames.h264', 'open.hevc']

describe.skipIf(!hasFfmpeg)('packets through ffmpeg', () => {
  let videos: Videos
  beforeAll(() => (videos = makeVideos()))
  afterAll(() => videos[Symbol.dispose]())

  it.each([...WITH_TIMES, ...ANNEX_B])('of %s have the times of the source, to the tick', async (name) => {
    const path = videos.path(name)
    const facts = await probeVideo(path)
    const { init, samples } = await readAll(await openPackets(facts))
    const listed = listPackets(path)
    expect(samples).toHaveLength(listed.length)
    for (const [index, sample] of samples.entries()) {
      const { ptsS, dtsS, isKey } = listed[index]!
      expect(sample.pts / init.timescale).toBeCloseTo(ptsS - facts.zeroS, 5)
      // Matroska does not store decoding times; ffprobe does not guess the first ones.
      if (!Number.isNaN(dtsS)) expect(sample.dts / init.timescale).toBeCloseTo(dtsS - facts.zeroS, 5)
      expect(sample.isKey).toBe(isKey)
    }
  })

  it.each(WITH_TIMES)('of %s are the source’s, byte for byte', async (name) => {
    const path = videos.path(name)
    const { samples } = await readAll(await openPackets(await probeVideo(path)))
    expect(samples.map(({ data }) => md5(data))).toEqual(listPackets(path).map((packet) => packet.md5))
  })

  it.each(['b-frames.h264', 'open.hevc', 'b-frames.ts', 'open.hevc.ts'])(
    'of %s are the source’s NAL units, byte for byte',
    async (name) => {
      const path = videos.path(name)
      const { samples } = await readAll(await openPackets(await probeVideo(path)))
      const raw = name.endsWith('.ts')
        ? spawnSync('ffmpeg', ['-v', 'error', '-i', path, '-c', 'copy', '-f', name.includes('hevc') ? 'hevc' : 'h264', '-'], { maxBuffer: 1 << 28 }).stdout // prettier-ignore
        : readFileSync(path)
      const units = samples.flatMap(({ data }) => [...nalUnits(data)].map(withoutTrailingZeros).map(md5))
      expect(units).toEqual(annexBUnits(raw).map(md5))
    },
  )

  it.each(WITHOUT_TIMES)('of %s get the times that the container does not know', async (name) => {
    const source = name.startsWith('open') ? 'open.hevc.mp4' : 'b-frames.mp4'
    const { init, samples } = await readAll(await openPackets(await probeVideo(videos.path(name))))
    const wanted = listPackets(videos.path(source)).map(({ ptsS }) => ptsS)
    expect(samples).toHaveLength(wanted.length)
    for (const [index, { pts, dts, duration }] of samples.entries()) {
      expect(pts / init.timescale).toBeCloseTo(wanted[index]!, 6)
      expect(pts).toBeGreaterThanOrEqual(dts)
      expect(dts + duration).toBe(samples[index + 1]?.dts ?? dts + duration)
    }
  })

  it.each([...WITH_TIMES, ...ANNEX_B])(
    'of %s make a valid file with the same times when written again',
    async (name) => {
      const facts = await probeVideo(videos.path(name))
      const { init, samples } = await readAll(await openPackets(facts))
      const written = join(videos.folder, 'written.mp4')
      writeFileSync(written, write(init, samples))
      const { streams } = ffprobeJson(['-of', 'json', '-count_frames', '-show_entries', 'stream=time_base,nb_read_frames', `file:${written}`]) // prettier-ignore
      expect(streams).toEqual([{ time_base: `1/${init.timescale}`, nb_read_frames: String(samples.length) }])
      const listed = listPackets(written)
      // Durations are the steps from one decoding time to the next; of its own, ffprobe would guess them from the frame rate.
      expect(listed.map((packet) => packet.md5)).toEqual(samples.map(({ data }) => md5(data)))
      const firstPts = Math.min(...samples.map(({ pts }) => pts))
      for (const [index, { pts, dts }] of samples.entries()) {
        const packet = listed[index]!
        expect(packet.ptsS).toBeCloseTo((pts - firstPts) / init.timescale, 5)
        expect(packet.dtsS).toBeCloseTo((dts - firstPts) / init.timescale, 5)
      }
    },
  )

  it('end when they are closed in the middle', async () => {
    const source = await openPackets(await probeVideo(videos.path('b-frames.mp4')))
    await source.read()
    await source[Symbol.asyncDispose]()
    await source[Symbol.asyncDispose]()
  })

  it('are not opened for an aborted signal', async () => {
    const facts = await probeVideo(videos.path('b-frames.mp4'))
    await expect(openPackets(facts, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'aborted',
    })
  })
})

describe.skipIf(!hasFfmpeg)('small grey pictures through ffmpeg', () => {
  let videos: Videos
  beforeAll(() => (videos = makeVideos()))
  afterAll(() => videos[Symbol.dispose]())
  const options = { framesPerS: 5, widthMax: 320, referenceOnly: false, skipLoopFilter: false }

  it.each([...WITH_TIMES, ...ANNEX_B, ...WITHOUT_TIMES])(
    'of %s are shown when the source’s are, five a second',
    async (name) => {
      const facts = await probeVideo(videos.path(name))
      const packets = await readAll(await openPackets(facts))
      const { init, samples } = await readAll(await openLumaFrames(facts, options))
      const shown = new Set(packets.samples.map(({ pts }) => (pts / packets.init.timescale).toFixed(5)))
      expect(
        samples.map(({ pts }) => (pts / init.timescale).toFixed(5)).filter((at) => !shown.has(at)),
      ).toEqual([])
      const spanS = (samples.at(-1)!.pts - samples[0]!.pts) / init.timescale
      expect(samples.length / spanS).toBeGreaterThan(4)
      expect(samples.length / spanS).toBeLessThan(6)
    },
  )

  it('hold the pixels that ffmpeg decodes, row by row', async () => {
    const path = videos.path('plain.mp4')
    const { init, samples } = await readAll(await openLumaFrames(await probeVideo(path), options))
    expect([init.width, init.height]).toEqual([320, 240])
    const raw = spawnSync('ffmpeg', ['-v', 'error', '-i', path, '-vf', 'scale=320:-2:flags=area,format=gray', '-frames:v', '1', '-f', 'rawvideo', '-']) // prettier-ignore
    expect(raw.stdout.equals(samples[0]!.data)).toBe(true)
  })

  it.each([
    ['161x91', [160, 90]],
    ['1281x719', [320, 180]],
    ['90x640', [90, 640]],
  ])('of %s keep the shape, and are never enlarged', async (size, wanted) => {
    const path = videos.make(`${size}.mkv`, ['-f', 'lavfi', '-i', `testsrc=s=${size}:r=10`, '-t', '1', '-pix_fmt', 'yuv444p', '-c:v', 'libx264']) // prettier-ignore
    const { init, samples } = await readAll(await openLumaFrames(await probeVideo(path), options))
    expect([init.width, init.height]).toEqual(wanted)
    expect(samples.map(({ data }) => data.length)).toEqual(samples.map(() => wanted[0]! * wanted[1]!))
  })

  it('come from reference pictures alone when asked', async () => {
    const facts = await probeVideo(videos.path('b-frames.mp4'))
    const all = await readAll(await openLumaFrames(facts, options))
    const some = await readAll(await openLumaFrames(facts, { ...options, referenceOnly: true }))
    expect(some.samples.length).toBeGreaterThan(0)
    expect(some.samples.length).toBeLessThanOrEqual(all.samples.length)
  })
})

async function readAll(
  source: SampleSource,
): Promise<{ init: SampleSource['init']; samples: readonly Sample[] }> {
  await using open = source
  const samples: Sample[] = []
  for (;;) {
    const more = await open.read()
    if (more.length === 0) return { init: open.init, samples }
    samples.push(...more)
  }
}

function write(init: SampleSource['init'], samples: readonly Sample[]): Uint8Array {
  const first = samples[0]!
  const firstPts = Math.min(...samples.map(({ pts }) => pts))
  const parts: Uint8Array[] = [initSegment(init, { presentationOffset: firstPts - first.dts })]
  for (let from = 0; from < samples.length; from += 30) {
    const part = samples.slice(from, from + 30)
    parts.push(
      fragment({
        sequence: parts.length,
        baseDts: part[0]!.dts - first.dts,
        samples: part.map(({ data, pts, dts, duration, isKey }) => ({
          data,
          duration,
          isKey,
          compositionOffset: pts - dts,
        })),
      }),
    )
  }
  return concatBytes(parts)
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** ITU-T H.264, annex B: units between start codes; zero bytes before a start code belong to neither. */
function annexBUnits(stream: Buffer): readonly Uint8Array[] {
  const units: Uint8Array[] = []
  const code = Buffer.from([0, 0, 1])
  for (let at = stream.indexOf(code); at >= 0;) {
    const next = stream.indexOf(code, at + 3)
    units.push(withoutTrailingZeros(stream.subarray(at + 3, next < 0 ? stream.length : next)))
    at = next
  }
  return units
}

function withoutTrailingZeros(unit: Uint8Array): Uint8Array {
  let end = unit.length
  while (end > 0 && unit[end - 1] === 0) end--
  return unit.subarray(0, end)
}
