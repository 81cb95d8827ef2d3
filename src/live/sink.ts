/** Where something is sent that can be full: a page's socket, an RTSP connection, an encoder. */
export type LiveSink = {
  /** False: no room, nothing was sent. */
  send(message: string | Uint8Array): boolean
  /** Resolves when there is room again; rejects when there never will be, or `signal` is aborted. */
  drained(signal: AbortSignal): Promise<void>
}

/** Only bytes go in. */
export type ByteSink = { send(bytes: Uint8Array): boolean } & Pick<LiveSink, 'drained'>

/** Waits until there was room for it. */
export async function sendWhole<M>(
  sink: { send(message: M): boolean } & Pick<LiveSink, 'drained'>,
  message: M,
  signal: AbortSignal,
): Promise<void> {
  while (!sink.send(message)) await sink.drained(signal)
}
