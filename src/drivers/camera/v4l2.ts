/** USB and other cameras that the kernel knows (Video4Linux2), through ffmpeg. */
import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { Fault, isFault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { Camera, CameraPath, CameraRun, Track } from '../../ports/camera.ts'
import type { Clock } from '../../ports/clock.ts'
import { SOURCE_TIMES, startTool } from '../ffmpeg/index.ts'
import { openDrivenRun } from './driven-run.ts'
import { EncoderChoice } from './encoder-choice.ts'
import { encodingArgs, type Encoder, type PictureSettings } from './encoder.ts'

export type V4l2CameraOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly device: string
  /** ffmpeg’s name of a format, or `auto`. */
  readonly format: string
  readonly encoder: Encoder | 'auto'
  readonly pictures: PictureSettings
}

/** Encodes here; private zones are filled in before. Faults: `unavailable` (unplugged, busy, silent), `denied`, `missing` (no ffmpeg). */
export function createV4l2Camera(options: V4l2CameraOptions): Camera {
  const { clock, log, device, format, pictures } = options
  const choice = new EncoderChoice(options.encoder, { log, pictures })
  let track: Track | undefined
  return {
    hidesPrivate: true,
    path: () => drivenPath(`camera ${device}`, track, choice),
    async open({ signal }): Promise<CameraRun> {
      const encoder = await choice.choose(signal)
      const args = [
        '-v',
        'error',
        '-nostdin',
        ...v4l2Input({ device, format, pictures }),
        ...encodingArgs(pictures, encoder),
      ]
      const tool = startTool('ffmpeg', args, { failure: 'unavailable', pipes: 2 })
      tool.stdin.end()
      const where = `camera ${device}`
      const faultOf = async (fault: Fault | undefined): Promise<Fault | undefined> =>
        fault === undefined ? undefined : deviceFault(fault, device)
      const run = await choice.judge(openDrivenRun(tool, { clock, signal, where, times: 'kernel', faultOf }))
      track = run.track
      return run
    },
  }
}

/** The kernel’s own times (`-ts default`), untouched. The name is absolute, so it cannot be taken for an option. */
export const v4l2Input = ({
  device,
  format,
  pictures: { width, height, framesPerS },
}: Pick<V4l2CameraOptions, 'device' | 'format' | 'pictures'>): readonly string[] => [
  ...[...SOURCE_TIMES, '-f', 'v4l2', '-ts', 'default', '-thread_queue_size', '8'],
  ...(format === 'auto' ? [] : ['-input_format', format]),
  ...['-framerate', `${framesPerS}`, '-video_size', `${width}x${height}`, '-i', device],
]

export function drivenPath(source: string, track: Track | undefined, choice: EncoderChoice): CameraPath {
  const size = track === undefined ? '' : `: H.264 ${track.width}×${track.height}`
  const why = `nothing has to be decoded; ${choice.says()}`
  return { source: `${source}${size}`, detection: 'raw', why }
}

/** Why ffmpeg gave up on the device, as somebody who has to mend it would like to hear it. */
export async function deviceFault(fault: Fault, device: string): Promise<Fault> {
  if (!isFault(fault, 'unavailable')) return fault
  const options = { cause: fault }
  const said = fault.message
  if (/No such (file|device)/i.test(said))
    return new Fault(
      'unavailable',
      `there is no camera at ${device}: is it plugged in? \`ls /dev/v4l/by-id/\` shows which there are`,
      options,
    )
  if (/Permission denied/i.test(said))
    return new Fault('denied', `this user may not use ${device}: it has to be in the group video`, options)
  if (/busy/i.test(said)) {
    const holders = await holdersOf(device)
    const who = holders.length === 0 ? 'another program' : holders.join(', ')
    return new Fault('unavailable', `${device} is in use by ${who}`, options)
  }
  if (/Inappropriate ioctl|not a video capture device/i.test(said))
    return new Fault(
      'unavailable',
      `${device} is no camera; many have a second device beside the one with pictures`,
      options,
    )
  if (/format|Invalid argument/i.test(said))
    return new Fault(
      'unavailable',
      `${device} does not offer what camera.format, camera.width and camera.height ask for (${said}); \`ffmpeg -f v4l2 -list_formats all -i ${device}\` shows what it does`,
      options,
    )
  return new Fault('unavailable', `${device}: ${said}`, options)
}

/** Programs that have it open, as far as this user may know. */
async function holdersOf(device: string): Promise<readonly string[]> {
  const path = await realpath(device).catch(() => device)
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found: string[] = []
  for (const pid of pids) {
    const open = await readdir(`/proc/${pid}/fd`).catch(() => []) // Gone, or somebody else’s.
    const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
    if (!links.includes(path)) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')
    found.push(`${name.trim()} (process ${pid})`)
  }
  return found
}
