import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { keepWhole, settingsWith, type EncodeOptions } from './encode-once.ts'
import { hidingFilters } from './hide.ts'
import { probeVideo, type VideoFacts } from './probe.ts'
import { chunksOf, startTool } from './run-tool.ts'

/** Pictures that were made, not filmed. `key` names them: the same key always means the same pictures. */
export type Pictures = {
  readonly key: string
  readonly width: number
  readonly height: number
  readonly fps: number
  /** yuv420p, one after the other. */
  readonly frames: () => Iterable<Uint8Array>
}

/** Encodes them as a doorbell's camera would, once; kept in `cacheFolder` under the hash of their key, the settings and what is hidden. */
export async function encodePictures(pictures: Pictures, options: EncodeOptions): Promise<VideoFacts> {
  const { key, width, height, fps } = pictures
  const hiding = hidingFilters(options.hidden ?? [], pictures)
  const hash = createHash('sha256').update(JSON.stringify([settingsWith(hiding), key, width, height, fps]))
  const target = join(options.cacheFolder, `${hash.digest('hex').slice(0, 32)}.mp4`)
  const isThere = await access(target).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    options.onWork?.()
    await keepWhole(target, options.cacheFolder, (file) => encodeInto(file, pictures, options))
  }
  return probeVideo(target, {
    signal: options.signal,
    ...(options.name === undefined ? {} : { name: options.name }),
  })
}

async function encodeInto(
  file: FileHandle,
  { width, height, fps, frames }: Pictures,
  { signal, hidden = [] }: EncodeOptions,
): Promise<void> {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', String(fps)]
  const args = [
    '-v',
    'error',
    ...input,
    '-i',
    'pipe:0',
    ...settingsWith(hidingFilters(hidden, { width, height })),
    'pipe:1',
  ]
  await using tool = startTool('ffmpeg', args, { signal, failure: 'corrupt' })
  const feeding = pipeline(Readable.from(frames()), tool.stdin)
  feeding.catch(() => {}) // What ffmpeg says about it matters more.
  for await (const chunk of chunksOf(tool)) await file.appendFile(chunk)
  await feeding
}
