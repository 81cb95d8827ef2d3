import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { messageOf } from '../../base/fault.ts'
import { probeVideo } from './index.ts'
import { hasFfmpeg, makeVideos, type Videos } from './videos.fixture.ts'

describe.skipIf(!hasFfmpeg)('a look at a video', () => {
  let videos: Videos
  beforeAll(() => {
    videos = makeVideos()
    videos.path('b-frames.mp4')
  })
  afterAll(() => videos[Symbol.dispose]())

  it('tells codec, size and times', async () => {
    expect(await probeVideo(videos.path('b-frames.mp4'))).toEqual({
      path: join(videos.folder, 'b-frames.mp4'),
      codec: 'h264',
      width: 320,
      height: 240,
      startS: 0,
      durationS: 4,
      zeroS: 0,
      isTimed: true,
      isSeekable: true,
    })
  })

  it('tells when the first picture is shown, and where the time stamps begin to count', async () => {
    expect(await probeVideo(videos.path('late.mp4'))).toMatchObject({ startS: 5.5, durationS: 4, zeroS: 0 })
    expect(await probeVideo(videos.path('b-frames.ts'))).toMatchObject({
      startS: 0,
      durationS: 4,
      zeroS: 1.48,
    })
    expect(await probeVideo(videos.path('trimmed.mp4'))).toMatchObject({ startS: 0, zeroS: 0 })
    expect(await probeVideo(videos.path('b-frames.h264'))).toMatchObject({ isTimed: false, zeroS: 0 })
  })

  it.each(['-y.mp4', 'a%d:b.mp4', 'http:x.mp4', 'a|pts=1.mp4', 'concat:a.mp4', 'größe.mp4'])(
    'takes a name like %s for a name',
    async (name) => {
      copyFileSync(videos.path('b-frames.mp4'), join(videos.folder, name))
      expect(await probeVideo(join(videos.folder, name))).toMatchObject({ codec: 'h264', durationS: 4 })
    },
  )

  const refusals: readonly (readonly [string, (folder: string) => string, RegExp])[] = [
    ['an empty file', () => write('empty.mp4', ''), /^x: wanted a video file, this one is empty$/],
    [
      'text that is named .mp4',
      () => write('text.mp4', 'Dear diary\n'),
      /^x: no video that can be read: .+$/,
    ],
    [
      'an MP4 that was cut short before its index',
      () => cut('cut.mp4', []),
      /^x: cut short: its “mdat” box wants to reach byte \d+, the file ends at \d+$/,
    ],
    [
      'an MP4 that was cut short behind its index',
      () => cut('cut-late.mp4', ['-movflags', 'faststart']),
      /^x: cut short: its “mdat” box wants to reach byte \d+, the file ends at \d+$/,
    ],
    ['an MP4 whose track has no pictures', () => noPictures(), /^x: its video track has no pictures$/],
    [
      'times that begin in thousands of years',
      () => retimed('far.mp4', 'TS+1125899906842624'),
      /^x: absurd times: its first picture is shown at \d+ s$/,
    ],
    [
      'a gap of hours',
      () => retimed('gap.mp4', 'TS+gt(N\\,50)*90000000'),
      /^x: absurd times: packet 52 comes 7031.29 s after the one ahead of it$/,
    ],
    [
      'a still picture of 8K',
      () => videos.make('still.png', ['-f', 'lavfi', '-i', 'color=s=7680x4320', '-frames:v', '1']),
      /^x: wanted a video, this is a still picture of 7680×4320$/,
    ],
    [
      'a video of a single picture',
      () => videos.make('single.mp4', ['-f', 'lavfi', '-i', 'color=s=320x240', '-frames:v', '1']),
      /^x: wanted a video, this is a single picture of 320×240$/,
    ],
    [
      'sound alone',
      () => videos.make('sound.mp4', ['-f', 'lavfi', '-i', 'sine', '-t', '1']),
      /^x: there is no video in it, only sound$/,
    ],
    ['a folder', () => folder(), /^x: wanted a video file, this is a folder$/],
    ['a pipe', () => pipe(), /^x: wanted a video file, this is a device or a pipe$/],
    ['a device', () => '/dev/null', /^x: wanted a video file, this is a device or a pipe$/],
    ['a file that is not there', () => join(videos.folder, 'nowhere.mp4'), /^x: there is no such file$/],
    [
      'a video that only its own player may decrypt',
      () => encrypted(),
      /^x: its pictures are encrypted \(DRM\); only its own player can show them$/,
    ],
  ]

  it.each(refusals)('refuses %s in one sentence', async (_what, make, sentence) => {
    const fault = await probeVideo(make(videos.folder), { name: 'x' }).catch((error: unknown) => error)
    expect(fault).toMatchObject({ name: 'Fault', kind: expect.stringMatching(/^(invalid|missing)$/) })
    expect(messageOf(fault)).toMatch(sentence)
    expect(messageOf(fault)).not.toContain(videos.folder)
  })

  it.skipIf(process.getuid?.() === 0)('refuses a file that this user may not read', async () => {
    const path = write('secret.mp4', 'x')
    spawnSync('chmod', ['000', path])
    await expect(probeVideo(path, { name: 'x' })).rejects.toMatchObject({ kind: 'denied' })
  })

  it('stops when it is told to', async () => {
    const looking = probeVideo(videos.path('b-frames.mp4'), { signal: AbortSignal.abort() })
    await expect(looking).rejects.toMatchObject({ kind: 'aborted' })
  })

  function write(name: string, text: string): string {
    writeFileSync(join(videos.folder, name), text)
    return join(videos.folder, name)
  }

  function cut(name: string, args: readonly string[]): string {
    const path = videos.make(name, ['-i', 'b-frames.mp4', '-c', 'copy', ...args])
    truncateSync(path, readFileSync(path).length - 10_000)
    return path
  }

  /** What a recorder leaves behind that lost its power before the first picture. */
  function noPictures(): string {
    const args = ['-i', 'b-frames.mp4', '-c', 'copy', '-movflags', 'frag_every_frame+empty_moov']
    const bytes = readFileSync(videos.make('begun.mp4', args))
    const firstMoof = bytes.indexOf('moof') - 4
    writeFileSync(join(videos.folder, 'begun.mp4'), bytes.subarray(0, firstMoof))
    return join(videos.folder, 'begun.mp4')
  }

  const retimed = (name: string, expression: string): string =>
    videos.make(name, ['-i', 'b-frames.mp4', '-c', 'copy', '-bsf:v', `setts=ts=${expression}`])

  function folder(): string {
    mkdirSync(join(videos.folder, 'folder.mp4'), { recursive: true })
    return join(videos.folder, 'folder.mp4')
  }

  function pipe(): string {
    spawnSync('mkfifo', [join(videos.folder, 'pipe.mp4')])
    return join(videos.folder, 'pipe.mp4')
  }

  function encrypted(): string {
    const key = '00112233445566778899aabbccddeeff'
    const scheme = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', key, '-encryption_kid', key]
    return videos.make('drm.mp4', ['-i', 'b-frames.mp4', '-c', 'copy', ...scheme])
  }
})
