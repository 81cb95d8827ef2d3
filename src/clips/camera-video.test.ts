import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monoMs, ticks } from '../base/time.ts'
import { openNodeDisk } from '../drivers/node-disk.ts'
import { openSqliteRecords } from '../drivers/sqlite-records.ts'
import { Fmp4Reader } from '../media/index.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { ClipRules } from './index.ts'
import { filmOf, Rig, visitId } from './rig.fixture.ts'

const hasFfmpeg = spawnSync('ffprobe', ['-version']).status === 0

/** What cameras make: how frames depend on each other, and how regularly they come. */
const STREAMS: readonly (readonly [string, readonly string[]])[] = [
  ['no B-frames', ['-x264-params', 'keyint=25:min-keyint=25:scenecut=0:bframes=0']],
  [
    'B-frames and closed groups',
    ['-x264-params', 'keyint=25:min-keyint=25:scenecut=0:bframes=3:b-pyramid=normal'],
  ],
  [
    'B-frames and open groups',
    ['-x264-params', 'keyint=25:min-keyint=25:scenecut=0:bframes=3:open-gop=1:b-adapt=0'],
  ],
  [
    'a variable frame rate, B-frames and open groups',
    [
      ...['-vf', 'select=not(mod(n\\,3))+lt(mod(n\\,17)\\,6)', '-fps_mode', 'vfr'],
      ...['-x264-params', 'keyint=20:scenecut=0:bframes=2:open-gop=1'],
    ],
  ],
  ['one key frame every eight seconds', ['-x264-params', 'keyint=200:min-keyint=200:scenecut=0:bframes=2']],
]

describe.skipIf(!hasFfmpeg).each(STREAMS)('a clip of H.264 with %s', (_, encoding) => {
  let root: string
  let source: string
  let video: { track: Track; packets: readonly Packet[] }
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'lintel-video-'))
    source = join(root, 'source.mp4')
    encode(source, encoding)
    video = readVideo(source)
  })
  afterAll(() => rmSync(root, { recursive: true }))

  it('has the camera’s packets, byte for byte, with the times between them to the tick', async () => {
    const [clip] = await recordVisit({ sinceMs: 3000, pressMs: 5000, endMs: 9000, rules: {} })
    const [wanted, got] = [probe(source), probe(clip ?? '')]
    const start = wanted.findIndex(({ data_hash }) => data_hash === got[0]?.data_hash)
    expect(start).toBeGreaterThanOrEqual(0)
    expect(Number(wanted[start]?.pts_time) - Number(wanted[0]?.pts_time)).toBeLessThanOrEqual(3)
    const same = wanted.slice(start).filter(({ pts }) => pts >= (wanted[start]?.pts ?? 0))
    expect(relativeTo(got)).toEqual(relativeTo(same.slice(0, got.length)))
    expect(Number(got.at(-1)?.pts_time)).toBeGreaterThan(5)
  })

  it('begins at 0 and decodes to the very pictures of the source', async () => {
    const [clip] = await recordVisit({ sinceMs: 3000, pressMs: 5000, endMs: 9000, rules: {} })
    const [wanted, got] = [picturesOf(source), picturesOf(clip ?? '')]
    expect(probe(clip ?? '')[0]?.pts).toBe(0)
    expect(got).toHaveLength(probe(clip ?? '').length)
    const start = wanted.indexOf(got[0] ?? '')
    expect(got).toEqual(wanted.slice(start, start + got.length))
  })

  it('loses no picture of a visit so long that it needs several', async () => {
    const clips = await recordVisit({ sinceMs: 0, pressMs: 500, endMs: 20_000, rules: { clipMsMax: 2500 } })
    const packets = new Set(clips.flatMap((clip) => probe(clip).map(({ data_hash }) => data_hash)))
    expect(packets).toEqual(new Set(probe(source).map(({ data_hash }) => data_hash)))
    const pictures = new Set(clips.flatMap(picturesOf))
    expect(pictures).toEqual(new Set(picturesOf(source)))
  })

  type Visit = { sinceMs: number; pressMs: number; endMs: number; rules: Partial<ClipRules> }

  /** Runs the whole video past a recorder with its button pressed; the paths of the clips, unsealed. */
  async function recordVisit({ sinceMs, pressMs, endMs, rules }: Visit): Promise<readonly string[]> {
    const folder = mkdtempSync(join(root, 'data-'))
    const disk = await openNodeDisk(folder)
    await using records = await openSqliteRecords(join(folder, 'index.sqlite'))
    const rig = new Rig({ disk, records, rules })
    await rig.clips.open()
    await rig.clips.beginRun(video.track)
    const [before, during, after] = [0, pressMs, endMs].map((from, index) =>
      video.packets.filter(
        ({ dts }) => msOf(dts) >= from && msOf(dts) < ([pressMs, endMs, Infinity][index] ?? 0),
      ),
    )
    await rig.take(before ?? [])
    await rig.clips.begin({ visit: visitId(1), since: monoMs(sinceMs) })
    await rig.take(during ?? [])
    await rig.clips.end({ at: monoMs(endMs) })
    await rig.take(after ?? [])
    await rig.clips.endRun()
    const paths = rig.of('clip-sealed').map(async ({ clip }) => {
      const path = join(folder, `${clip}.mp4`)
      writeFileSync(path, await filmOf(disk, clip))
      return path
    })
    return Promise.all(paths)
  }

  const msOf = (t: number): number => ((t - (video.packets[0]?.dts ?? 0)) * 1000) / video.track.timescale
})

function encode(path: string, encoding: readonly string[]): void {
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=12', '-an', '-c:v', 'libx264'],
    ...['-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...encoding],
    ...['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', path],
  ])
}

/** The light of the first picture hits the sensor at 0. */
function readVideo(path: string): { track: Track; packets: readonly Packet[] } {
  const out = new Fmp4Reader().push(readFileSync(path))
  const init = out.find((item) => item.kind === 'init')
  const samples = out.filter((item) => item.kind === 'sample')
  if (init === undefined) throw new Error('no init segment')
  const firstPts = Math.min(...samples.map(({ pts }) => pts))
  const packets = samples.map((sample) => ({
    data: sample.data,
    pts: ticks(sample.pts),
    dts: ticks(sample.dts),
    duration: ticks(sample.duration),
    isKey: sample.isKey,
    at: monoMs(((sample.pts - firstPts) * 1000) / init.timescale),
  }))
  return { track: { ...init, codec: 'h264' }, packets }
}

type Probed = {
  readonly pts: number
  readonly dts: number
  readonly pts_time: string
  readonly data_hash: string
}

function probe(path: string): readonly Probed[] {
  const what = ['-show_packets', '-show_data_hash', 'sha256', '-of', 'json', path]
  const text = execFileSync('ffprobe', ['-v', 'error', '-select_streams', 'v', ...what], { maxBuffer: 1e8 })
  const { packets } = JSON.parse(text.toString()) as { packets: Probed[] } // As ffprobe's documentation has it.
  return packets
}

const relativeTo = (packets: readonly Probed[]): readonly unknown[] =>
  packets.map(({ pts, dts, data_hash }) => ({
    pts: pts - (packets[0]?.pts ?? 0),
    dts: dts - (packets[0]?.dts ?? 0),
    data_hash,
  }))

/** A hash of each decoded picture, in the order shown. Each picture of the source differs from all others. */
function picturesOf(path: string): readonly string[] {
  const out = execFileSync('ffmpeg', [
    ...['-v', 'fatal', '-i', path, '-fps_mode', 'passthrough', '-f', 'framehash', '-hash', 'md5', '-'],
  ])
  return out
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() ?? '')
}
