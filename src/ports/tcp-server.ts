/** Plain TCP. Whoever fulfils it keeps the limits and knows of no protocol. */
export interface TcpServer {
  /** Faults: `unavailable` (address in use), `denied` (port below 1024). */
  listen(
    onConnection: (connection: TcpConnection) => Promise<void>,
    options: { readonly host: string; /** 0: any free one. */ readonly port: number },
  ): Promise<TcpListening>
}

export interface TcpListening extends AsyncDisposable {
  readonly port: number
}

export interface TcpConnection {
  /** Address of the other side, as text. */
  readonly peer: string
  /** Address of ours. */
  readonly local: string
  readonly chunks: AsyncIterable<Uint8Array>
  /** False: more than `TCP_LIMITS.bufferBytesMax` wait to be sent; nothing was sent. */
  send(bytes: Uint8Array): boolean
  /** Resolves when there is room again, rejects when the connection closes or `signal` is aborted. */
  drained(signal: AbortSignal): Promise<void>
  /** What was sent before is still delivered. */
  close(): void
  /** Aborted when the connection has closed. */
  readonly signal: AbortSignal
}

export const TCP_LIMITS = {
  connectionsMax: 16,
  bufferBytesMax: 1024 * 1024,
  /** Nothing came and nothing could be sent for so long. */
  idleMsMax: 90_000,
} as const
