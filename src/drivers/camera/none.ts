import type { Camera } from '../../ports/camera.ts'

/** Where no camera is set: the button rings, and `open` waits for good. */
export function noCamera(): Camera {
  return {
    hidesPrivate: true, // Nothing is recorded.
    path: () => ({ source: 'no camera', detection: 'none', why: 'camera.kind is none' }),
    open: ({ signal }) =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  }
}
