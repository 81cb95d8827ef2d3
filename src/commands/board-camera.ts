/** The camera that the settings name. */
import { assertNever } from '../base/assert.ts'
import type { Log } from '../base/log.ts'
import { areasToHide, planPrivacy, type Config } from '../config/index.ts'
import {
  createLibcameraCamera,
  createRtspCamera,
  createV4l2Camera,
  noCamera,
  type PictureSettings,
  type RtspCameraOptions,
} from '../drivers/camera/index.ts'
import {
  createLoopingCamera,
  encodeOnce,
  isEncodedFor,
  probeVideo,
  type ReplayVideo,
} from '../drivers/ffmpeg/index.ts'
import type { Camera } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'
import { cacheFolder } from './cache-folder.ts'
import { readFirstLine, readTextFile } from './owner-files.ts'

export type BoardCameraDeps = { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal }

/**
 * Does not wait for the camera: that is `open`. Faults: `invalid`, `missing` and `denied` for settings that can never work: a video
 * that is none, a password file that is not there, private zones in a stream that arrives encoded.
 */
export async function openCamera(config: Config, deps: BoardCameraDeps): Promise<Camera> {
  const { camera } = config
  switch (camera.kind) {
    case 'none':
      return noCamera()
    case 'file':
      return fileCamera(camera.file ?? '', config, deps)
    case 'rtsp':
      return createRtspCamera({ ...(await rtspOptions(camera)), clock: deps.clock, log: deps.log })
    case 'v4l2':
      return createV4l2Camera({ ...drivenOptions(config, deps), ...camera })
    case 'libcamera':
      return createLibcameraCamera({ ...drivenOptions(config, deps), ...camera })
    default:
      return assertNever(camera.kind)
  }
}

/** What is private is filled in before anything is encoded, so nobody has to choose. */
function drivenOptions(
  config: Config,
  { clock, log }: BoardCameraDeps,
): { readonly clock: Clock; readonly log: Log; readonly pictures: PictureSettings } {
  const hidden = areasToHide('the camera', planPrivacy(config, { isEncoded: false }))
  return { clock, log, pictures: { ...config.camera, hidden } }
}

type RtspSettings = Omit<RtspCameraOptions, 'clock' | 'log'>

/** Secrets are in files, so that they stand neither in a list of processes nor in a copy of the settings. */
async function rtspOptions({ rtsp }: Config['camera']): Promise<RtspSettings> {
  const { url = '', detectUrl, username, passwordFile, caFile } = rtsp // The settings were checked: there is an address.
  const password = passwordFile === undefined ? '' : await readFirstLine(passwordFile)
  return {
    ...{ url, detectUrl },
    account: username === undefined ? undefined : { username, password },
    ca: caFile === undefined ? undefined : await readTextFile(caFile),
  }
}

async function fileCamera(
  file: string,
  config: Config,
  { clock, log, signal }: BoardCameraDeps,
): Promise<Camera> {
  return createLoopingCamera({ clock, video: await readVideo(file, { config, log, signal }) })
}

export type Reading = { readonly config: Config; readonly log: Log; readonly signal: AbortSignal }

/** What is private is filled in before the doorbell gets to see any of it, or the video is refused, or the owner wants it recorded. */
export async function readVideo(name: string, { config, log, signal }: Reading): Promise<ReplayVideo> {
  const facts = await probeVideo(name, { signal, name })
  const hidden = areasToHide(name, planPrivacy(config, { isEncoded: isEncodedFor(facts) }))
  const onWork = (): void =>
    log.info('sim.encoding', { video: name, codec: facts.codec, hidden: hidden.length })
  const twin = await encodeOnce(facts, { cacheFolder: cacheFolder(), signal, name, hidden, onWork })
  return { name, facts: twin, hidesPrivate: hidden.length > 0 }
}
