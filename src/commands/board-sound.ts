/** Which microphone and speaker: those of the board, or files in the simulator. */
import { join } from 'node:path'
import { Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Config } from '../config/index.ts'
import {
  hasSound,
  openFfmpegAudio,
  type FfmpegAudioOptions,
  type SoundSource,
} from '../drivers/audio/index.ts'
import type { Audio } from '../ports/audio.ts'
import type { Clock } from '../ports/clock.ts'

type Deps = { readonly clock: Clock; readonly log: Log }

/** What the settings name. */
export function openBoardSound(deps: Deps, { sound }: Config): Audio & AsyncDisposable {
  return openFfmpegAudio(deps, { microphone: alsa(sound.microphone), speaker: alsa(sound.speaker) })
}

const alsa = (device: string): { kind: 'none' } | { kind: 'alsa'; device: string } =>
  device === 'none' ? { kind: 'none' } : { kind: 'alsa', device }

const TONE: SoundSource = { kind: 'tone', hertz: 440 }
/** What was said through the speaker of a simulated board. */
export const SPEAKER_FILE = 'speaker.wav'

export type SimSound = {
  /** `video` (its own sound, or a tone where it has none), `tone`, `none`, `device` (this machine's), or a file. */
  readonly choice: string
  readonly video: string
  readonly folder: string
}

/** Of a simulated board. `none` in the settings stands there too. */
export async function openSimSound(
  deps: Deps,
  config: Config,
  sim: SimSound,
): Promise<Audio & AsyncDisposable> {
  if (sim.choice === 'device') return openBoardSound(deps, config)
  const { microphone, speaker } = config.sound
  const options: FfmpegAudioOptions = {
    microphone: microphone === 'none' ? { kind: 'none' } : await sourceOf(sim),
    speaker:
      speaker === 'none' || sim.choice === 'none'
        ? { kind: 'none' }
        : { kind: 'file', path: join(sim.folder, SPEAKER_FILE) },
  }
  return openFfmpegAudio(deps, options)
}

async function sourceOf({ choice, video }: SimSound): Promise<SoundSource> {
  if (choice === 'none') return { kind: 'none' }
  if (choice === 'tone') return TONE
  if (choice === 'video') return (await hasSound(video)) ? { kind: 'file', path: video } : TONE
  if (await hasSound(choice)) return { kind: 'file', path: choice }
  throw new Fault(
    'invalid',
    `--sound: wanted video, tone, none, device or a file with sound in it, got ${choice}`,
  )
}
