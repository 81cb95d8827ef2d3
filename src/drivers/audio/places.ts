/** Where sound comes from and goes to: devices of ALSA on a board, files in the simulator. */
import { existsSync } from 'node:fs'
import { isFault } from '../../base/fault.ts'
import { runTool } from '../ffmpeg/run-tool.ts'

export type SoundSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'alsa'; readonly device: string }
  /** Again and again. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'tone'; readonly hertz: number }

export type SoundSink =
  | { readonly kind: 'none' }
  | { readonly kind: 'alsa'; readonly device: string }
  /** A WAV that is written anew with every start. */
  | { readonly kind: 'file'; readonly path: string }

/** What ffmpeg reads it with; undefined: there is nothing to read. */
export function inputArgs(source: SoundSource): readonly string[] | undefined {
  switch (source.kind) {
    case 'none':
      return undefined
    case 'alsa':
      return ['-f', 'alsa', '-ac', '1', '-sample_rate', '48000', '-i', source.device]
    case 'file':
      return existsSync(source.path) ? ['-re', '-stream_loop', '-1', '-vn', '-i', source.path] : undefined
    case 'tone':
      return ['-re', '-f', 'lavfi', '-i', `sine=frequency=${source.hertz}:sample_rate=48000`]
  }
}

export function nameOf(place: SoundSource | SoundSink): string {
  switch (place.kind) {
    case 'none':
      return 'none'
    case 'alsa':
      return place.device
    case 'file':
      return place.path
    case 'tone':
      return `a tone of ${place.hertz} Hz`
  }
}

/** `reason`: the last words of the program that could not open it. */
export function whyMissing(
  part: 'microphone' | 'speaker',
  place: SoundSource | SoundSink,
  reason = '',
): string {
  if (place.kind === 'none') return `No ${part} is set: sound.${part} is none.`
  if (place.kind !== 'alsa') return `The ${part} is the file ${nameOf(place)}, which cannot be used.`
  const said = reason === '' ? '' : ` (${reason})`
  return `The ${part} “${place.device}” cannot be opened: no such sound device, or somebody else uses it${said}. Look with aplay -l and arecord -l, and set sound.${part}.`
}

/** Whether there is sound in a file of any format; false also for what is no such file. */
export async function hasSound(path: string): Promise<boolean> {
  const args = ['-v', 'error', '-select_streams', 'a:0', '-show_entries', 'stream=index', '-of', 'csv=p=0']
  try {
    const found = await runTool('ffprobe', [...args, path], { failure: 'invalid', bytesMax: 4096 })
    return found.length > 0
  } catch (error) {
    if (isFault(error, 'invalid')) return false
    throw error
  }
}
