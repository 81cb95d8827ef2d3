/** The camera that the settings name. */
import type { Log } from '../base/log.ts'
import type { Config } from '../config/index.ts'
import type { Camera } from '../ports/camera.ts'
import type { Clock } from '../ports/clock.ts'

export type BoardCameraDeps = { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal }

/** No driver yet: the button rings, and `open` waits for good. */
export async function openCamera(_config: Config, _deps: BoardCameraDeps): Promise<Camera> {
  return {
    hidesPrivate: true, // Nothing is recorded.
    open: ({ signal }) =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  }
}
