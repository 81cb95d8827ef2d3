/** 720p as a camera sends it, with the number of each picture burned into it: what is on a screen tells how old it is. */
import { mkdir, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { mustRun, ROOT } from '../checks/tools.ts'

export const LAB_VIDEO = {
  width: 1280,
  height: 720,
  fps: 30,
  seconds: 20,
  kbitPerS: 2000,
  bits: 10,
  square: 40,
} as const

export async function makeLabVideo(): Promise<string> {
  const { width, height, fps, seconds, kbitPerS, bits, square } = LAB_VIDEO
  const file = path.join(ROOT, '.cache/bench', `live-${height}p-${seconds}s-${kbitPerS}k.mp4`)
  if ((await stat(file).catch(() => undefined)) !== undefined) return file
  await mkdir(path.dirname(file), { recursive: true })
  const at = (bit: number): string => `x=${bit * square}:y=0:w=${square}:h=${square}`
  const squares = Array.from(
    { length: bits },
    (_, bit) => `drawbox=${at(bit)}:color=white:t=fill:enable='mod(floor(n/${2 ** bit})\\,2)'`,
  )
  const band = `drawbox=x=0:y=0:w=${bits * square}:h=${square}:color=black:t=fill`
  const making = `${file}.${process.pid}.making.mp4`
  await mustRun('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=${fps}:d=${seconds}`],
    ...['-vf', ['noise=alls=4:allf=t', band, ...squares].join(',')],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    ...[
      '-b:v',
      `${kbitPerS}k`,
      '-maxrate',
      `${kbitPerS}k`,
      '-bufsize',
      `${kbitPerS}k`,
      '-g',
      String(2 * fps),
    ],
    making,
  ])
  await rename(making, file)
  return file
}
