import { spawnSync } from 'node:child_process'
import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeOnce, probeVideo } from './index.ts'
import { hasFfmpeg, listPackets, makeVideos, type Videos } from './videos.fixture.ts'

const UNEVEN = ['-f', 'lavfi', '-i', 'testsrc=s=161x91:r=25', '-t', '5', '-vf', "select='not(eq(mod(n,7),3))'", '-fps_mode', 'vfr'] // prettier-ignore

describe.skipIf(!hasFfmpeg)('the camera’s encoder', () => {
  let videos: Videos
  let cacheFolder: string
  beforeAll(() => {
    videos = makeVideos()
    cacheFolder = join(videos.folder, 'cache')
  })
  afterAll(() => videos[Symbol.dispose]())

  it('leaves H.264 and HEVC alone', async () => {
    for (const name of ['b-frames.mp4', 'open.hevc.mp4']) {
      const facts = await probeVideo(videos.path(name))
      expect(await encodeOnce(facts, { cacheFolder })).toBe(facts)
    }
  })

  it.each([
    ['uneven.avi', ['-c:v', 'mpeg4']],
    ['uneven.webm', ['-c:v', 'libvpx', '-b:v', '300k']],
    ['uneven.ts', ['-c:v', 'mpeg2video', '-bf', '2']],
    ['late.mkv', ['-c:v', 'mjpeg', '-output_ts_offset', '7.25']],
  ])(
    'makes a twin of %s that has its times, key frames every two seconds and no B-frames',
    async (name, args) => {
      const path = videos.make(name, [...UNEVEN, ...args])
      const facts = await probeVideo(path)
      const twin = await encodeOnce(facts, { cacheFolder })
      expect(twin).toMatchObject({ codec: 'h264', width: 162, height: 92, isTimed: true, zeroS: facts.zeroS })
      const packets = listPackets(twin.path)
      const shown = shownAt(path)
      expect(packets.map(({ ptsS }) => ptsS.toFixed(5))).toEqual(shown.map((at) => at.toFixed(5)))
      expect(packets.every(({ ptsS, dtsS }) => ptsS === dtsS)).toBe(true)
      expect(twin.startS).toBeCloseTo(shown[0]! - facts.zeroS, 5)
      const keys = packets.filter(({ isKey }) => isKey).map(({ ptsS }) => ptsS)
      expect(keys).toHaveLength(3)
      for (const [index, key] of keys.slice(1).entries()) expect(key - keys[index]!).toBeCloseTo(2, 0)
    },
  )

  it('encodes once, and says how far it has come', async () => {
    const facts = await probeVideo(videos.make('once.avi', [...UNEVEN, '-c:v', 'mpeg4', '-q:v', '5']))
    const done: number[] = []
    let times = 0
    const options = { cacheFolder, onWork: () => times++, onProgress: (part: number) => done.push(part) }
    const twin = await encodeOnce(facts, options)
    expect(await encodeOnce(facts, options)).toEqual(twin)
    expect(times).toBe(1)
    expect(done.every((part, index) => part >= (done[index - 1] ?? 0) && part <= 1)).toBe(true)
    expect(done.at(-1)).toBeGreaterThan(0.9)
    expect(readdirSync(cacheFolder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('encodes again what was damaged in the cache', async () => {
    const facts = await probeVideo(videos.make('again.avi', [...UNEVEN, '-c:v', 'mpeg4', '-q:v', '9']))
    const { path } = await encodeOnce(facts, { cacheFolder })
    const { size } = statSync(path)
    truncateSync(path, size - 5000)
    await encodeOnce(facts, { cacheFolder })
    expect(statSync(path).size).toBe(size)
  })

  it('leaves nothing half done behind when it is stopped', async () => {
    const facts = await probeVideo(videos.make('stopped.avi', [...UNEVEN, '-c:v', 'mpeg4', '-q:v', '7']))
    const stop = new AbortController()
    const folder = join(videos.folder, 'stopped')
    const encoding = encodeOnce(facts, {
      cacheFolder: folder,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    await expect(encoding).rejects.toMatchObject({ kind: 'aborted' })
    // An encoder that was done before it could be stopped has made the whole.
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

/** When ffmpeg's decoder says that the pictures are shown. */
function shownAt(path: string): readonly number[] {
  const show = ['-v', 'error', '-select_streams', 'V:0', '-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0'] // prettier-ignore
  const { stdout } = spawnSync('ffprobe', [...show, path])
  return stdout
    .toString()
    .split('\n')
    .map(Number.parseFloat)
    .filter((at) => !Number.isNaN(at))
}
