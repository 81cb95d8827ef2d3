/** Rejects with the signal's reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
  })
}

/** Resolves after a while, or when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}

export const why = (problem: unknown): string =>
  problem instanceof Error ? problem.message : String(problem)

/** Calls once, when the video shows its next picture. */
export function onNextPicture(video: HTMLVideoElement, take: () => void, signal: AbortSignal): void {
  if ('requestVideoFrameCallback' in video) {
    const handle = video.requestVideoFrameCallback(() => take())
    signal.addEventListener('abort', () => video.cancelVideoFrameCallback(handle), { once: true })
    return
  }
  const element: HTMLVideoElement = video
  const look = (): void => {
    if (element.videoWidth === 0 || element.currentTime === 0) return
    element.removeEventListener('timeupdate', look)
    take()
  }
  element.addEventListener('timeupdate', look, { signal })
}

/** A muted video may begin by itself; where a browser still says no, it stays as it is until somebody touches it. */
export function playMuted(video: HTMLVideoElement): void {
  video.muted = true
  video.playsInline = true
  video.play().catch(() => {})
}

export type Messages = {
  readonly onText?: (text: string) => void
  readonly onBytes: (bytes: Uint8Array<ArrayBuffer>) => void
}

/** A WebSocket of our own device, closed with `signal`. Rejects when it ends. */
export function listenTo(path: string, { onText, onBytes }: Messages, signal: AbortSignal): Promise<never> {
  const socket = new WebSocket(new URL(path, location.href.replace(/^http/, 'ws')))
  socket.binaryType = 'arraybuffer'
  return new Promise((_resolve, reject) => {
    const end = (): void => socket.close()
    signal.addEventListener('abort', end, { once: true })
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (signal.aborted) return
      try {
        if (typeof data === 'string') onText?.(data)
        else onBytes(new Uint8Array(data))
      } catch (error) {
        socket.close()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
    socket.addEventListener('close', ({ reason, code }) => {
      signal.removeEventListener('abort', end)
      reject(new Error(reason === '' ? `the connection was closed (${code})` : reason))
    })
  })
}
