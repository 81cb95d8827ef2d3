import type { Show } from './types.ts'
import { listenTo } from './waiting.ts'

/** For browsers that play nothing: decoded by a script and drawn on the canvas. */
export const showMpeg1: Show = async ({ canvas }, { onPicture, signal }) => {
  const { default: JSMpeg } = await import('@cycjimmy/jsmpeg-player')
  let write: ((bytes: Uint8Array) => void) | undefined
  /** Hands on what comes from our own socket; jsmpeg's would open one by itself, again and again. */
  class SocketSource {
    readonly streaming = true
    readonly established = true
    readonly completed = false
    readonly progress = 1
    #sink: { write(bytes: Uint8Array): void } | undefined
    connect(sink: { write(bytes: Uint8Array): void }): void {
      this.#sink = sink
    }
    start(): void {
      write = (bytes) => this.#sink?.write(bytes)
    }
    resume(): void {}
    destroy(): void {
      write = undefined
    }
  }
  const player = new JSMpeg.Player('', {
    canvas,
    source: SocketSource,
    audio: false,
    disableWebAssembly: true, // The page’s policy allows scripts of its own, and nothing else.
    pauseWhenHidden: false,
    onVideoDecode: onPicture,
  })
  try {
    return await listenTo('/api/live/mpeg1', { onBytes: (bytes) => write?.(bytes) }, signal)
  } finally {
    player.destroy()
  }
}
