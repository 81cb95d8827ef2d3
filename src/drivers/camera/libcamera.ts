/** Camera modules of the Raspberry Pi (libcamera), through `rpicam-vid`. */
import { pipeline } from 'node:stream/promises'
import { Fault, isFault, messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { Camera, CameraRun, Track } from '../../ports/camera.ts'
import type { Clock } from '../../ports/clock.ts'
import { startTool, type Program, type Tool } from '../ffmpeg/index.ts'
import { openDrivenRun } from './driven-run.ts'
import { EncoderChoice } from './encoder-choice.ts'
import { encodingArgs, type Encoder, type PictureSettings } from './encoder.ts'
import { drivenPath } from './v4l2.ts'

export type LibcameraOptions = {
  readonly clock: Clock
  readonly log: Log
  /** As `rpicam-vid --list-cameras` counts. */
  readonly number: number
  readonly encoder: Encoder | 'auto'
  readonly pictures: PictureSettings
}

/** It has closed its output; its last words come with its end. */
const ENDING_MS_MAX = 1000

/** The newer name first; until 2023 it was the other one. */
const PROGRAMS: readonly Program[] = ['rpicam-vid', 'libcamera-vid']

/**
 * `rpicam-vid` can encode H.264, but has no way to give its low-resolution stream out beside it, and what it encodes has the private zones in it.
 * So it gives plain pictures, and all else is as with every other camera that we drive.
 */
export function createLibcameraCamera(options: LibcameraOptions): Camera {
  const { clock, log, pictures, number } = options
  const choice = new EncoderChoice(options.encoder, { log, pictures })
  const where = `camera module ${number}`
  let track: Track | undefined
  return {
    hidesPrivate: true,
    path: () => drivenPath(where, track, choice),
    async open({ signal }): Promise<CameraRun> {
      const encoder = await choice.choose(signal)
      const source = await startSource(options)
      const tool = startTool('ffmpeg', ffmpegArgs(pictures, encoder), { failure: 'unavailable', pipes: 2 })
      void pipeline(source.stdout, tool.stdin).catch(() => {}) // Whichever ended says why.
      const faultOf = (fault: Fault | undefined) => moduleFault(fault, source, where)
      const run = await choice.judge(
        openDrivenRun(tool, { clock, signal, where, times: 'count', faultOf, also: source }),
      )
      track = run.track
      return run
    },
  }
}

/** Turned by the camera itself where it can: upside down. */
export const libcameraArgs = ({
  number,
  pictures: { width, height, framesPerS, rotation },
}: Pick<LibcameraOptions, 'number' | 'pictures'>): readonly string[] => [
  ...['--timeout', '0', '--nopreview', '--camera', `${number}`, '--codec', 'yuv420', '--flush'],
  ...['--width', `${width}`, '--height', `${height}`, '--framerate', `${framesPerS}`],
  ...['--rotation', rotation === 180 ? '180' : '0', '--output', '-'],
]

const ffmpegArgs = (pictures: PictureSettings, encoder: Encoder): readonly string[] => {
  const { width, height, framesPerS, rotation } = pictures
  const left = rotation === 180 ? ({ ...pictures, rotation: 0 } as const) : pictures
  return [
    ...['-v', 'error', '-nostdin', '-f', 'rawvideo', '-pixel_format', 'yuv420p'],
    ...['-video_size', `${width}x${height}`, '-framerate', `${framesPerS}`, '-i', 'pipe:0'],
    ...encodingArgs(left, encoder),
  ]
}

async function startSource(options: LibcameraOptions): Promise<Tool> {
  for (const program of PROGRAMS) {
    const tool = startTool(program, libcameraArgs(options), { failure: 'unavailable' })
    tool.stdin.end()
    const isThere = await Promise.race([tool.ended, firstBytes(tool)]).then(
      () => true,
      (error: unknown) => !isFault(error, 'missing'),
    )
    if (isThere) return tool
  }
  throw new Fault(
    'missing',
    'neither rpicam-vid nor libcamera-vid is installed: type apt-get install rpicam-apps-lite',
  )
}

const firstBytes = (tool: Tool): Promise<void> =>
  new Promise((resolve) => {
    tool.stdout.once('readable', () => resolve())
  })

/** When the pictures stop, ffmpeg only says that there are no more; why is said by the one who made them. */
async function moduleFault(
  fault: Fault | undefined,
  source: Tool,
  where: string,
): Promise<Fault | undefined> {
  if (fault !== undefined && !isFault(fault, 'unavailable')) return fault
  const late = new Promise<undefined>((resolve) =>
    setTimeout(() => resolve(undefined), ENDING_MS_MAX).unref(),
  )
  const said = await Promise.race([source.ended.then(() => undefined, messageOf), late])
  const why = said ?? fault?.message
  if (why === undefined) return undefined
  const words = /no cameras? available|camera .*not found/i.test(why)
    ? 'there is none: look at its ribbon cable, and whether config.txt has camera_auto_detect=1'
    : why
  return new Fault('unavailable', `${where}: ${words}`, { cause: fault })
}
