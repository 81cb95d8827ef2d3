import { isFault } from '../base/fault.ts'
import { filmOf } from '../media/index.ts'
import type { Packet, Track } from '../ports/camera.ts'
import type { ClipRules, ClipsDeps } from './clips.ts'

/** The key frame as JPEG; undefined, and logged, when it cannot be had. */
export async function posterOf(
  { stills, log }: Pick<ClipsDeps, 'stills' | 'log'>,
  { track, key, rules }: { track: Track; key: Packet; rules: Pick<ClipRules, 'posterWidthMax'> },
): Promise<Uint8Array | undefined> {
  const { signal } = new AbortController() // The driver bounds its own time; a clip that is being sealed waits for it.
  try {
    return await stills.jpegOf(filmOf(track, [{ ...key, pts: key.dts }]), {
      widthMax: rules.posterWidthMax,
      signal,
    })
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    log.warn('clips.no_poster', { problem: error.message })
    return undefined
  }
}
